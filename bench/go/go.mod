module rxjs-ctx/bench

go 1.19

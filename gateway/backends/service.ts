import { finalize, map, type Observable, takeWhile, timer } from 'rxjs';

/** A backend's own work: looks for rows, and knows at once how many there are. */
export type Service = (text: string) => { readonly total: number; readonly rows$: Observable<object> };

/**
 * A row when its time has come, and not fetched before: a slow disk, a busy service. Unsubscribing closes the iterator,
 * and what that holds open.
 */
export function paced<T>(rows: Iterable<T>, firstMs: number, everyMs: number): Observable<T> {
  const iterator = rows[Symbol.iterator]();
  return timer(firstMs, everyMs).pipe(
    map(() => iterator.next()),
    takeWhile((row) => row.done !== true),
    map(({ value }): T => value),
    finalize(() => iterator.return?.()),
  );
}

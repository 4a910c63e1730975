// Package bench measures what Go's own benchmarks of context leave out: single operations, and bytes.
package bench

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"
)

type key struct{}

var (
	sinkContext context.Context
	sinkCancel  context.CancelFunc
)

func BenchmarkDeriveCancel(b *testing.B) {
	parent, cancelParent := context.WithCancel(context.Background())
	defer cancelParent()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		ctx, cancel := context.WithCancel(parent)
		sinkContext, sinkCancel = ctx, cancel
		cancel()
	}
}

func BenchmarkDeriveValue(b *testing.B) {
	parent, cancelParent := context.WithCancel(context.Background())
	defer cancelParent()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		sinkContext = context.WithValue(parent, key{}, i)
	}
}

// The nearest to a listener: a goroutine that waits for Done.
func BenchmarkDeriveHeard(b *testing.B) {
	parent, cancelParent := context.WithCancel(context.Background())
	defer cancelParent()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		ctx, cancel := context.WithCancel(parent)
		heard(ctx, cancel)
	}
}

func BenchmarkTimeoutHeard(b *testing.B) {
	parent, cancelParent := context.WithCancel(context.Background())
	defer cancelParent()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		ctx, cancel := context.WithTimeout(parent, time.Hour)
		heard(ctx, cancel)
	}
}

func heard(ctx context.Context, cancel context.CancelFunc) {
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		<-ctx.Done()
		wg.Done()
	}()
	runtime.Gosched()
	cancel()
	wg.Wait()
}

// Go's BenchmarkCommonParentCancel without the divisions that it does in between.
func BenchmarkCommonParentCancelOnly(b *testing.B) {
	root := context.WithValue(context.Background(), key{}, "value")
	shared, cancelShared := context.WithCancel(root)
	defer cancelShared()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		ctx, cancel := context.WithCancel(shared)
		if ctx.Value(key{}).(string) != "value" {
			b.Fatal("not to be reached")
		}
		cancel()
	}
}

func BenchmarkHeldContext(b *testing.B) {
	measureHeld(b, func(parent context.Context) any {
		ctx, cancel := context.WithCancel(parent)
		_ = cancel
		return ctx
	})
}

func BenchmarkHeldCancel(b *testing.B) {
	measureHeld(b, func(parent context.Context) any {
		ctx, cancel := context.WithCancel(parent)
		return &struct {
			ctx    context.Context
			cancel context.CancelFunc
		}{ctx, cancel}
	})
}

func BenchmarkHeldValue(b *testing.B) {
	measureHeld(b, func(parent context.Context) any {
		return context.WithValue(parent, key{}, 1)
	})
}

func BenchmarkHeldTimeout(b *testing.B) {
	measureHeld(b, func(parent context.Context) any {
		ctx, cancel := context.WithTimeout(parent, time.Hour)
		_ = cancel
		return ctx
	})
}

// The stack of the goroutine counts: it is what a listener costs in Go 1.19, which has no AfterFunc.
func BenchmarkHeldListener(b *testing.B) {
	measureHeld(b, func(parent context.Context) any {
		ctx, cancel := context.WithCancel(parent)
		_ = cancel
		go func() { <-ctx.Done() }()
		runtime.Gosched()
		return nil
	})
}

func BenchmarkForgottenChild(b *testing.B) {
	measureHeld(b, func(parent context.Context) any {
		_, cancel := context.WithCancel(parent)
		_ = cancel
		return nil
	})
}

func BenchmarkForgottenTimeout(b *testing.B) {
	measureHeld(b, func(parent context.Context) any {
		_, cancel := context.WithTimeout(parent, time.Hour)
		_ = cancel
		return nil
	})
}

func measureHeld(b *testing.B, make1 func(parent context.Context) any) {
	parent, cancelParent := context.WithCancel(context.Background())
	all := make([]any, b.N)
	before := heldBytes()
	for i := range all {
		all[i] = make1(parent)
	}
	b.ReportMetric(float64(heldBytes()-before)/float64(b.N), "B/held")
	runtime.KeepAlive(all)
	cancelParent()
}

func heldBytes() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc + stats.StackInuse)
}

package matmul

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// BenchmarkMul reports each product of a training step as a percentage of
// the peak of multiply-adds on registers, measured just before and after
// each sample. The best of many short samples of both counts: the machine
// may be shared.
func BenchmarkMul(b *testing.B) {
	for _, l := range levels() {
		b.Run(l.String(), func(b *testing.B) {
			withLevel(b, l)
			b.Run("f32", benchShapes[float32])
			b.Run("f64", benchShapes[float64])
		})
	}
}

func benchShapes[T array.Float](b *testing.B) {
	for _, s := range tileShapes {
		k, n := s[0], s[1]
		for _, tile := range []int{64, 96} {
			b.Run(fmt.Sprintf("forward/T%d/%dx%d", tile, k, n), func(b *testing.B) {
				benchShape[T](b, tile, n, k, false, false)
			})
		}
		b.Run(fmt.Sprintf("gradient/T%d/%dx%d", 64, k, n), func(b *testing.B) {
			benchShape[T](b, k, n, 64, true, true)
		})
	}
}

// padded is a row length with one more cache line where a row is an even
// number of lines.
func padded[T array.Float](n int) int {
	line := 16
	if _, double := any(T(0)).(float64); double {
		line = 8
	}
	if n%(2*line) == 0 && n > 4*line {
		return n + line
	}
	return n
}

func benchShape[T array.Float](b *testing.B, m, n, k int, transposed, acc bool) {
	p := &problem[T]{m: m, n: n, k: k, ldc: padded[T](n), ars: padded[T](k), acs: 1, ldb: padded[T](n)}
	if transposed {
		p.ars, p.acs = 1, padded[T](m)
	}
	p.fill(rand.New(rand.NewPCG(1, 1)))
	flops := 2 * m * n * k
	calls := 1 + 2_000_000/flops
	best, top := 0.0, 0.0
	for range b.N {
		top = max(top, peakRate[T]())
		start := time.Now()
		for range calls {
			Mul(p.c, p.ldc, p.a, p.ars, p.acs, p.b, p.ldb, p.m, p.n, p.k, acc)
		}
		best = max(best, float64(flops*calls)/time.Since(start).Seconds())
	}
	b.ReportMetric(best/1e9, "GFLOP/s")
	b.ReportMetric(100*best/top, "%peak")
	b.ReportMetric(0, "ns/op")
}

// peakRate is the rate of multiply-adds on registers over some 20 µs.
func peakRate[T array.Float]() float64 {
	rounds := 2000
	if current == plain {
		rounds = 4000
	}
	start := time.Now()
	flops := FMALoop[T](rounds)
	return float64(flops) / time.Since(start).Seconds()
}

package linalg

import (
	"fmt"
	"math"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/lapack/lapack64"

	"github.com/gakuri-lab/gakuri/engine/kernel/matmul"
)

// cpuTime is the processor time of this process, all threads.
func cpuTime() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}

// rate runs do b.N times and reports the best wall and processor times, and
// the rate by processor time as a percentage of the multiply-adds one core
// can do on registers, measured in between. Waiting for a busy machine counts
// in the wall time only.
func rate(b *testing.B, flops float64, do func()) {
	wall, cpu, peak := math.Inf(1), math.Inf(1), 0.0
	for range b.N {
		start := time.Now()
		n := matmul.FMALoop[float64](20000)
		peak = max(peak, float64(n)/time.Since(start).Seconds())
		start = time.Now()
		used := cpuTime()
		do()
		cpu = min(cpu, cpuTime()-used)
		wall = min(wall, time.Since(start).Seconds())
	}
	b.ReportMetric(wall*1e3, "wall-ms")
	b.ReportMetric(cpu*1e3, "cpu-ms")
	b.ReportMetric(100*flops/cpu/peak, "%peak-cpu")
	b.ReportMetric(0, "ns/op")
}

// The sizes of a Gauss-Newton step: JᵀJ for J 3000 × 1200, J·Jᵀ for
// J 1002 × 4289.
func BenchmarkProducts(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, s := range []struct {
		name  string
		n, k  int
		trans bool
	}{{"JTJ", 1200, 3000, true}, {"JJT", 1002, 4289, false}, {"256", 256, 256, true}} {
		ld := s.k
		a := matrix(rng, s.n, s.k, s.k)
		if s.trans {
			ld = s.n
			a = matrix(rng, s.k, s.n, s.n)
		}
		n, k := s.n, s.k
		c := make([]float64, n*n)
		flops := float64(n) * float64(n) * float64(k)
		for _, threads := range []int{1, 2} {
			name := [3]string{"", "1thread", "2threads"}[threads]
			b.Run("syrk/"+s.name+"/"+name, func(b *testing.B) {
				rate(b, flops, func() { Syrk(c, n, s.trans, a, ld, n, k, 1, 0, threads) })
			})
			b.Run("gemm/"+s.name+"/"+name, func(b *testing.B) {
				rate(b, 2*flops, func() { Gemm(c, n, s.trans, !s.trans, a, ld, a, ld, n, n, k, 1, 0, threads) })
			})
		}
		b.Run("syrk/"+s.name+"/gonum", func(b *testing.B) {
			rate(b, flops, func() { gonum.Implementation{}.Dsyrk(blas.Upper, transpose(s.trans), n, k, 1, a, ld, 0, c, n) })
		})
		b.Run("gemm/"+s.name+"/gonum", func(b *testing.B) {
			rate(b, 2*flops, func() {
				gonum.Implementation{}.Dgemm(transpose(s.trans), transpose(!s.trans), n, n, k, 1, a, ld, a, ld, 0, c, n)
			})
		})
	}
}

// Cholesky of a Gauss-Newton matrix: ours, gonum's over our BLAS, gonum's.
func BenchmarkCholesky(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{100, 500, 1200, 2000} {
		a := positive(rng, n)
		u := make([]float64, n*n)
		flops := float64(n) * float64(n) * float64(n) / 3
		potrf := func(impl blas.Float64) func() {
			return func() {
				old := blas64.Implementation()
				defer blas64.Use(old)
				blas64.Use(impl)
				copy(u, a)
				lapack64.Potrf(blas64.Symmetric{Uplo: blas.Upper, N: n, Data: u, Stride: n})
			}
		}
		ours := func(threads int) func() {
			return func() {
				copy(u, a)
				_ = Cholesky(u, n, n, threads)
			}
		}
		for _, way := range []struct {
			name string
			do   func()
		}{{"1thread", ours(1)}, {"2threads", ours(2)}, {"potrf", potrf(BLAS{})}, {"gonum", potrf(gonum.Implementation{})}} {
			b.Run(fmt.Sprintf("%d/%s", n, way.name), func(b *testing.B) { rate(b, flops, way.do) })
		}
	}
}

// Small products beside gonum's own: the BLAS must not be slower anywhere.
func BenchmarkSmall(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, s := range [][3]int{{2, 2, 2}, {4, 4, 4}, {6, 6, 6}, {8, 8, 8}, {10, 10, 10}, {16, 16, 16}, {32, 32, 32}, {64, 64, 64},
		{100, 1, 100}, {1, 100, 100}, {100, 100, 1}, {3, 300, 3}, {300, 3, 3}} {
		m, n, k := s[0], s[1], s[2]
		x, c := matrix(rng, 1, 10000, 10000), make([]float64, m*n)
		for flags := range 4 {
			tA, tB := transpose(flags&1 != 0), transpose(flags&2 != 0)
			lda, ldb := k, n
			if tA == blas.Trans {
				lda = m
			}
			if tB == blas.Trans {
				ldb = k
			}
			for name, impl := range map[string]blas.Float64{"ours": BLAS{all: true}, "gonum": gonum.Implementation{}} {
				b.Run(fmt.Sprintf("%dx%dx%d/%c%c/%s", m, n, k, tA, tB, name), func(b *testing.B) {
					for range b.N {
						impl.Dgemm(tA, tB, m, n, k, -1, x, lda, x, ldb, 1, c, n)
					}
				})
			}
		}
	}
}

package linalg

import (
	"math"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

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

package optim

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// methods is one of each rule, with every option that adds work switched on.
func methods[T array.Float](n int) []*Method[T] {
	fade := Cosine(3, 40, 0.1)
	return []*Method[T]{
		NewSGD[T](n, SGDOptions{Rate: 1e-4, Decay: 0.01, Schedule: fade}),
		NewSGD[T](n, SGDOptions{Rate: 1e-4, Momentum: 0.9}),
		NewSGD[T](n, SGDOptions{Momentum: 0.9, Nesterov: true, MaxNorm: 1}),
		NewRMSprop[T](n, RMSpropOptions{Schedule: fade}),
		NewRMSprop[T](n, RMSpropOptions{Momentum: 0.5, Centred: true, Decay: 0.01}),
		NewAdam[T](n, AdamOptions{MaxNorm: 0.5}),
		NewAdamW[T](n, AdamWOptions{AdamOptions: AdamOptions{Schedule: fade}}),
	}
}

func random[T array.Float](rng *rand.Rand, n int) []T {
	v := make([]T, n)
	for i := range v {
		v[i] = T(rng.NormFloat64())
	}
	return v
}

func TestUpdateInRanges(t *testing.T) {
	t.Run("float64", updateInRanges[float64])
	t.Run("float32", updateInRanges[float32])
}

// updateInRanges demands the same bits however the vector is cut.
func updateInRanges[T array.Float](t *testing.T) {
	const n = 211
	rng := rand.New(rand.NewPCG(1, 2))
	start, grad := random[T](rng, n), random[T](rng, n)
	for k, whole := range methods[T](n) {
		cut := methods[T](n)[k]
		x, y := append([]T(nil), start...), append([]T(nil), start...)
		for range 5 {
			scale := 1.0
			if cut.maxNorm > 0 {
				scale = ClipScale(Norm(grad), cut.maxNorm)
			}
			whole.Step(x, grad)
			cut.Begin(scale)
			for lo := 0; lo < n; {
				hi := min(n, lo+1+rng.IntN(60))
				cut.Update(y, grad, lo, hi)
				lo = hi
			}
		}
		for i := range x {
			if x[i] != y[i] {
				t.Fatalf("%s: element %d is %v whole and %v in ranges", whole.Name(), i, x[i], y[i])
			}
		}
	}
}

// TestFusedIsLoop demands from the vector kernels the bits of the plain loops,
// also for numbers at the ends of the range.
func TestFusedIsLoop(t *testing.T) {
	t.Run("float64", fusedIsLoop[float64])
	t.Run("float32", fusedIsLoop[float32])
}

func fusedIsLoop[T array.Float](t *testing.T) {
	const n = 1000
	rng := rand.New(rand.NewPCG(7, 8))
	for k, m := range methods[T](n) {
		if m.fused == nil {
			t.Skip("no vector kernels on this processor or in this build")
		}
		plain := methods[T](n)[k]
		plain.fused = nil
		x := random[T](rng, n)
		y := append([]T(nil), x...)
		for step := range 4 {
			grad := random[T](rng, n)
			for i := range grad {
				grad[i] *= T(math.Exp(40 * rng.NormFloat64())) // to overflow in float32
			}
			if step == 3 {
				grad[0], grad[1] = T(math.NaN()), T(math.Inf(1))
			}
			m.Step(x, grad)
			plain.Step(y, grad)
		}
		same := func(name string, a, b []T) {
			for i := range a {
				if a[i] != b[i] && (a[i] == a[i] || b[i] == b[i]) {
					t.Fatalf("%s: %s[%d] is %v by kernel, %v by loop", m.Name(), name, i, a[i], b[i])
				}
			}
		}
		same("params", x, y)
		for i, name := range m.rule.slots {
			same(name, m.slots[i], plain.slots[i])
		}
	}
}

// TestUpdateOnWorkers updates ranges at the same time; the race detector and
// the bits are the judges.
func TestUpdateOnWorkers(t *testing.T) {
	const n, workers = 4000, 4
	rng := rand.New(rand.NewPCG(9, 10))
	x, grad := random[float32](rng, n), random[float32](rng, n)
	y := append([]float32(nil), x...)
	a, b := NewAdam[float32](n, AdamOptions{}), NewAdam[float32](n, AdamOptions{})
	for range 3 {
		a.Step(x, grad)
		b.Begin(1)
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() { b.Update(y, grad, w*n/workers+w%3, (w+1)*n/workers+(w+1)%workers%3) })
		}
		wg.Wait()
	}
	for i := range x {
		if x[i] != y[i] {
			t.Fatalf("element %d is %v alone and %v on %d workers", i, x[i], y[i], workers)
		}
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	const n = 1000
	rng := rand.New(rand.NewPCG(3, 4))
	x, grad := random[float32](rng, n), random[float32](rng, n)
	for _, m := range methods[float32](n) {
		if a := testing.AllocsPerRun(20, func() { m.Step(x, grad) }); a != 0 {
			t.Errorf("%s: %v allocations a step", m.Name(), a)
		}
	}
}

// TestDescentRate measures how fast descent contracts on the quadratic
// ½(x₁² + κx₂²) at the best rates and compares with the closed forms.
//
// Source: Polyak 1964; Recht's derivation in Goh, Distill 2017: with
// α = 2/(1+κ) the factor is (κ-1)/(κ+1); with α = (2/(1+√κ))² and
// μ = ((√κ-1)/(√κ+1))² it is √μ, up to a factor linear in the step because
// both eigenvalues of the step are then double.
func TestDescentRate(t *testing.T) {
	const kappa, steps = 100.0, 400
	root := math.Sqrt(kappa)
	beta := (root - 1) / (root + 1)
	tests := []struct {
		name string
		o    SGDOptions
		want float64
		tol  float64
	}{
		{"plain", SGDOptions{Rate: 2 / (1 + kappa)}, (kappa - 1) / (kappa + 1), 1e-12},
		// Double eigenvalues: |x| ~ k βᵏ, so the factor over the second half
		// exceeds β by 2^(1/200) = 1.0035.
		{"momentum", SGDOptions{Rate: 4 / ((1 + root) * (1 + root)), Momentum: beta * beta}, beta, 5e-3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := NewSGD[float64](2, tt.o)
			x, g := []float64{1, 1}, make([]float64, 2)
			var half float64
			for k := range steps {
				if k == steps/2 {
					half = Norm(x)
				}
				g[0], g[1] = x[0], kappa*x[1]
				m.Step(x, g)
			}
			got := math.Pow(Norm(x)/half, 2.0/steps)
			if math.Abs(got-tt.want) > tt.tol {
				t.Errorf("contraction %.9f a step, want %.9f ± %.0e", got, tt.want, tt.tol)
			}
		})
	}
}

func TestSchedules(t *testing.T) {
	tests := []struct {
		name string
		s    Schedule
		step int
		want float64
	}{
		{"constant", Constant(0.3), 99, 0.3},
		{"step decay, before", StepDecay(10, 0.5), 9, 1},
		{"step decay, after two", StepDecay(10, 0.5), 25, 0.25},
		{"exponential, half way", Exponential(10, 0.25), 5, 0.5},
		{"warm-up, first", Cosine(4, 104, 0.1), 0, 0.25},
		{"warm-up, last", Cosine(4, 104, 0.1), 3, 1},
		{"cosine, top", Cosine(4, 104, 0.1), 4, 1},
		{"cosine, middle", Cosine(4, 104, 0.1), 54, 0.55},
		{"cosine, a third", Cosine(0, 90, 0), 30, 0.75},
		{"cosine, end", Cosine(4, 104, 0.1), 104, 0.1},
		{"cosine, past the end", Cosine(4, 104, 0.1), 1000, 0.1},
		{"piecewise, first", Piecewise([]int{5, 8}, []float64{1, 0.5, 0.1}), 4, 1},
		{"piecewise, at a bound", Piecewise([]int{5, 8}, []float64{1, 0.5, 0.1}), 5, 0.5},
		{"piecewise, last", Piecewise([]int{5, 8}, []float64{1, 0.5, 0.1}), 8, 0.1},
		{"one cycle, first", OneCycle(100, OneCycleOptions{}), 0, 0.04},
		{"one cycle, peak", OneCycle(100, OneCycleOptions{}), 29, 1},
		{"one cycle, middle of the fall", OneCycle(100, OneCycleOptions{End: 0.5}), 64, 0.75},
		{"one cycle, last", OneCycle(100, OneCycleOptions{}), 99, 4e-6},
		{"one cycle of one step", OneCycle(1, OneCycleOptions{}), 0, 4e-6},
	}
	for _, tt := range tests {
		// A cosine and a few sums.
		if got := tt.s(tt.step); !(math.Abs(got-tt.want) <= 4e-16) {
			t.Errorf("%s: %.17g, want %.17g", tt.name, got, tt.want)
		}
	}
}

func TestClipping(t *testing.T) {
	g := []float64{3, -4, math.NaN()}
	if n := Norm(g[:2]); n != 5 {
		t.Errorf("norm %v, want 5", n)
	}
	if s := ClipScale(5, 2); s != 0.4 {
		t.Errorf("scale %v, want 0.4", s)
	}
	if a, b := ClipScale(5, 0), ClipScale(1, 2); a != 1 || b != 1 {
		t.Errorf("scales %v and %v, want 1", a, b)
	}
	ClipValue(g, 3.5)
	if g[0] != 3 || g[1] != -3.5 || g[2] == g[2] {
		t.Errorf("clipped to %v", g)
	}
	// A step of plain descent moves by rate·MaxNorm.
	x := []float64{0, 0}
	NewSGD[float64](2, SGDOptions{Rate: 0.1, MaxNorm: 2}).Step(x, []float64{30, 40})
	if math.Abs(Norm(x)-0.2) > 1e-16 {
		t.Errorf("clipped step of length %v, want 0.2", Norm(x))
	}
}

// TestAverage follows θₜ = t, whose average after T steps is
// Σ βᵀ⁻ᵗ t / Σ βᵀ⁻ᵗ, summed here term by term.
func TestAverage(t *testing.T) {
	const beta, last = 0.9, 30
	e := NewAverage[float64](1, beta)
	got := make([]float64, 1)
	var sum, weight float64
	for k := 1; k <= last; k++ {
		e.Add([]float64{float64(k)})
		w := math.Pow(beta, float64(last-k))
		sum += w * float64(k)
		weight += w
	}
	e.Value(got)
	if want := sum / weight; math.Abs(got[0]-want) > 1e-14*want {
		t.Errorf("average %.17g, want %.17g", got[0], want)
	}
}

func BenchmarkAdam(b *testing.B) {
	b.Run("fused", func(b *testing.B) { benchmarkAdam(b, true) })
	b.Run("loop", func(b *testing.B) { benchmarkAdam(b, false) })
}

func benchmarkAdam(b *testing.B, fused bool) {
	const n = 4289
	rng := rand.New(rand.NewPCG(5, 6))
	x, grad := random[float32](rng, n), random[float32](rng, n)
	m := NewAdam[float32](n, AdamOptions{})
	if !fused {
		m.fused = nil
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Step(x, grad)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
}

package optim

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/train"
)

func TestLBFGSOnMGH(t *testing.T) {
	for _, q := range mgh() {
		t.Run(q.name, func(t *testing.T) {
			c := &curve{n: q.n, p: q.p, resid: q.resid}
			x := append([]float64(nil), q.start...)
			res := minimise(t, NewLBFGS(sumOfSquares{c}, x, LBFGSOptions{}), 500)
			// As for Gauss-Newton: minima printed with 6 digits.
			if math.Abs(res.Loss-q.min) > 3e-6*q.min+1e-18 {
				t.Errorf("f = %.8g, want %.6g", res.Loss, q.min)
			}
			if res.Stop != train.Converged && res.Stop != train.Stalled || res.Reason == "" {
				t.Errorf("ended %q: %s", res.Stop, res.Reason)
			}
			// A search takes two evaluations when it goes well; the last,
			// which find only rounding, up to 25 each.
			if c.jacs > 3*res.Step+150 {
				t.Errorf("%d evaluations for %d steps", c.jacs, res.Step)
			}
			tol := 1e-10
			if q.min != 0 {
				tol = 2e-4 // printed with 4 to 6 digits
			}
			for j, want := range q.at {
				if math.Abs(x[j]-want) > tol*max(math.Abs(want), 1) {
					t.Errorf("x[%d] = %.10g, want %.10g (%s)", j, x[j], want, res.Reason)
				}
			}
		})
	}
}

// TestLBFGSPrecisions reaches the minimum of the chained Rosenbrock function at
// ones as near as the precision allows: the condition number there is about
// 2500 a pair, and the gradient is known to 400 units.
func TestLBFGSPrecisions(t *testing.T) {
	t.Run("float64", func(t *testing.T) { chained[float64](t, 100, 1e-12) })
	t.Run("float32", func(t *testing.T) { chained[float32](t, 100, 1e-5) })
}

func chained[T array.Float](t *testing.T, n int, tol float64) {
	x := start[T](n)
	res := minimise(t, NewLBFGS(rosenbrock[T]{}, x, LBFGSOptions{}), 1000)
	for i, v := range x {
		if math.Abs(float64(v)-1) > tol {
			t.Fatalf("x[%d] = %v after %d steps (%s), want 1 ± %.0e", i, v, res.Step, res.Reason, tol)
		}
	}
}

// lossFunc is a function as a Loss.
type lossFunc func(x, g []float64) float64

func (f lossFunc) Eval(x, g []float64) float64 { return f(x, g) }

func TestLBFGSReasons(t *testing.T) {
	parabola := func(x, g []float64) float64 { g[0] = x[0]; return x[0] * x[0] / 2 }
	tests := []struct {
		name string
		loss lossFunc
		opt  LBFGSOptions
		stop train.Stop
		word string
	}{
		{"exact", parabola, LBFGSOptions{}, train.Converged, "gradient element 0"},
		{"tolerance", func(x, g []float64) float64 { g[0] = math.Sinh(x[0]); return math.Cosh(x[0]) },
			LBFGSOptions{GradTol: 1e-3}, train.Converged, "gradient"},
		{"wrong gradient", func(x, g []float64) float64 { g[0] = -x[0]; return x[0] * x[0] / 2 },
			LBFGSOptions{}, train.Stalled, "wrong gradient"},
		{"no lower bound", func(x, g []float64) float64 { g[0] = 1; return x[0] }, LBFGSOptions{}, train.Budget, "steps"},
		{"not a number", func(x, g []float64) float64 { g[0] = 1; return math.NaN() }, LBFGSOptions{}, train.Diverged, "NaN"},
		// -log is NaN beyond 0: the search must come back into the domain.
		{"domain", func(x, g []float64) float64 { g[0] = 1 - 1e-3/x[0]; return x[0] - 1e-3*math.Log(x[0]) },
			LBFGSOptions{GradTol: 1e-9}, train.Converged, "gradient"},
	}
	for _, tt := range tests {
		x := []float64{3}
		res, err := train.Run(context.Background(), NewLBFGS(tt.loss, x, tt.opt), train.Options{Steps: 40}, nil)
		if res.Stop != tt.stop || !strings.Contains(res.Reason, tt.word) {
			t.Errorf("%s: %q, %q, error %v; want %q with %q", tt.name, res.Stop, res.Reason, err, tt.stop, tt.word)
		}
		if tt.name == "domain" && math.Abs(x[0]-1e-3) > 1e-9 {
			t.Errorf("domain: x = %v, want 1e-3", x[0])
		}
	}
}

// TestLineSearch checks both Wolfe conditions on the functions of Moré and
// Thuente 1994, section 5, from their four first steps 1e-3 … 1e3.
func TestLineSearch(t *testing.T) {
	tests := []struct {
		name string
		phi  func(a float64) (f, s float64)
	}{
		{"5.1, β = 2", func(a float64) (float64, float64) {
			d := a*a + 2
			return -a / d, (a*a - 2) / (d * d)
		}},
		{"5.2, β = 0.004", func(a float64) (float64, float64) {
			b := a + 0.004
			return math.Pow(b, 5) - 2*math.Pow(b, 4), 5*math.Pow(b, 4) - 8*math.Pow(b, 3)
		}},
		{"5.4, β₁ = β₂ = 0.001", func(a float64) (float64, float64) {
			const b = 0.001
			c := math.Sqrt(1+b*b) - b
			u, v := math.Hypot(1-a, b), math.Hypot(a, b)
			return c*u + c*v, c*(a-1)/u + c*a/v
		}},
	}
	for _, tt := range tests {
		for _, first := range []float64{1e-3, 1e-1, 10, 1e3} {
			evals := 0
			w := &wolfe{evals: 25, phi: func(a float64) (float64, float64) { evals++; return tt.phi(a) }}
			w.f0, w.s0 = tt.phi(0)
			p, ok := w.search(first)
			f, s := tt.phi(p.a)
			if !ok || f > w.f0+wolfeFall*p.a*w.s0 || math.Abs(s) > wolfeSlope*math.Abs(w.s0) {
				t.Errorf("%s from %g: step %g, φ = %g, φ' = %g after %d evaluations, found %v", tt.name, first, p.a, f, s, evals, ok)
			}
		}
	}
}

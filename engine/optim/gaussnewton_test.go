package optim

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/train"
)

// minimise runs a stepper to its own end.
func minimise(t *testing.T, s train.Stepper, steps int) train.Result {
	t.Helper()
	res, err := train.Run(context.Background(), s, train.Options{Steps: steps}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

var gaussNewtonVariants = []struct {
	name  string
	opt   GaussNewtonOptions
	steps int // bound on the steps of every problem: about 1.5 times the most seen
}{
	{"bent", GaussNewtonOptions{}, 100},
	{"straight", GaussNewtonOptions{Bend: -1}, 100},
	// Scaling is slow on Brown and Dennis, where the columns shrink on the way.
	{"scaled", GaussNewtonOptions{Scale: true}, 500},
}

func TestGaussNewtonOnMGH(t *testing.T) {
	for _, v := range gaussNewtonVariants {
		for _, q := range mgh() {
			t.Run(v.name+"/"+q.name, func(t *testing.T) {
				c := &curve{n: q.n, p: q.p, resid: q.resid}
				x := append([]float64(nil), q.start...)
				steps := v.steps
				res := minimise(t, NewGaussNewton(c, x, v.opt), steps)
				// The paper prints minima with 6 digits (Freudenstein and
				// Roth cut, not rounded) and those of zero exactly. There the
				// largest parameter is 1e6, and ending some tens of its
				// spacings (1.2e-10) away, as happens where the compiler fuses
				// multiply-adds, leaves f = 4e-17.
				if f := 2 * res.Loss; math.Abs(f-q.min) > 3e-6*q.min+1e-16 {
					t.Errorf("f = %.8g, want %.6g", f, q.min)
				}
				if !q.slow && res.Stop == train.Budget {
					t.Errorf("not finished after %d steps", res.Step)
				}
				tol := 1e-10 // zero residuals: rounding times condition
				if q.min != 0 {
					tol = 2e-4 // printed with 4 to 6 digits
				}
				if q.slow {
					tol = 1e-4 // f ~ x⁴ at a singular Jacobian
				}
				for j, want := range q.at {
					if math.Abs(x[j]-want) > tol*max(math.Abs(want), 1) {
						t.Errorf("x[%d] = %.10g, want %.10g (%s)", j, x[j], want, res.Reason)
					}
				}
			})
		}
	}
}

// TestGaussNewtonSides demands the same first step from JᵀJ and from JJᵀ: the
// problem with its parameters repeated has P > N and, by symmetry, twice the
// same half step.
func TestGaussNewtonSides(t *testing.T) {
	base := mgh()[6] // Wood: N = 6, P = 4
	primal := &curve{n: 6, p: 4, resid: base.resid}
	dual := &curve{n: 6, p: 8, resid: func(x, r []complex128) {
		z := make([]complex128, 4)
		for j := range z {
			z[j] = (x[j] + x[4+j]) / complex(math.Sqrt2, 0)
		}
		base.resid(z, r)
	}}
	x := append([]float64(nil), base.start...)
	y := append(append([]float64(nil), base.start...), base.start...)
	for j := range y {
		y[j] /= math.Sqrt2
	}
	a, b := NewGaussNewton(primal, x, GaussNewtonOptions{}), NewGaussNewton(dual, y, GaussNewtonOptions{Damping: 1e-3})
	// The first damping is a part of the largest diagonal element, which
	// differs between the sides; give both the same.
	a.mu, b.mu = 10, 10
	for k := range 5 {
		fa, _ := a.Step()
		fb, _ := b.Step()
		if math.Abs(fa-fb) > 1e-11*fa {
			t.Fatalf("step %d: loss %.15g from JᵀJ and %.15g from JJᵀ", k+1, fa, fb)
		}
		for j := range x {
			if z := (y[j] + y[4+j]) / math.Sqrt2; math.Abs(z-x[j]) > 1e-10*max(1, math.Abs(x[j])) {
				t.Fatalf("step %d: x[%d] = %.15g from JᵀJ and %.15g from JJᵀ", k+1, j, x[j], z)
			}
		}
	}
}

// TestGaussNewtonUnits: with Scale a change of the parameters' units by powers
// of two changes no bit of the path.
func TestGaussNewtonUnits(t *testing.T) {
	q := mgh()[6]
	units := []float64{1 << 20, 1, 0x1p-30, 8}
	other := &curve{n: q.n, p: q.p, resid: func(x, r []complex128) {
		z := make([]complex128, len(x))
		for j := range x {
			z[j] = x[j] * complex(units[j], 0)
		}
		q.resid(z, r)
	}}
	x, y := append([]float64(nil), q.start...), append([]float64(nil), q.start...)
	for j := range y {
		y[j] /= units[j]
	}
	a := NewGaussNewton(&curve{n: q.n, p: q.p, resid: q.resid}, x, GaussNewtonOptions{Scale: true})
	b := NewGaussNewton(other, y, GaussNewtonOptions{Scale: true})
	for k := range 12 {
		fa, _ := a.Step()
		fb, _ := b.Step()
		if fa != fb {
			t.Fatalf("step %d: loss %v, in other units %v", k+1, fa, fb)
		}
	}
}

func TestGaussNewtonReasons(t *testing.T) {
	flat := &curve{n: 2, p: 1, resid: func(_, r []complex128) { r[0], r[1] = 1, 2 }}
	nan := &curve{n: 1, p: 1, resid: func(x, r []complex128) { r[0] = complex(math.NaN(), 0) }}
	wood := mgh()[6]
	tests := []struct {
		name  string
		c     *curve
		start []float64
		opt   GaussNewtonOptions
		stop  train.Stop
		word  string
	}{
		{"constant residuals", flat, []float64{1}, GaussNewtonOptions{}, train.Converged, "orthogonal"},
		{"at the solution", &curve{n: 6, p: 4, resid: wood.resid}, []float64{1, 1, 1, 1}, GaussNewtonOptions{}, train.Converged, "zero"},
		{"gradient tolerance", &curve{n: 20, p: 4, resid: mgh()[7].resid}, mgh()[7].start, GaussNewtonOptions{GradTol: 1e-3}, train.Converged, "orthogonal"},
		{"not a number", nan, []float64{1}, GaussNewtonOptions{}, train.Diverged, "NaN"},
	}
	for _, tt := range tests {
		res, err := train.Run(context.Background(), NewGaussNewton(tt.c, tt.start, tt.opt), train.Options{Steps: 50}, nil)
		if res.Stop != tt.stop || !strings.Contains(res.Reason, tt.word) {
			t.Errorf("%s: %q, %q, error %v; want %q with %q", tt.name, res.Stop, res.Reason, err, tt.stop, tt.word)
		}
	}
}

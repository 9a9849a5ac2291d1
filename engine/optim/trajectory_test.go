package optim

import (
	"math"
	"math/big"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// big300 does the arithmetic of the papers' formulas with 300 bits, so that
// the trajectories here share no code and no rounding with the methods.
type big300 struct{ *big.Float }

func num(x float64) big300           { return big300{new(big.Float).SetPrec(300).SetFloat64(x)} }
func (a big300) add(b big300) big300 { return big300{num(0).Add(a.Float, b.Float)} }
func (a big300) sub(b big300) big300 { return big300{num(0).Sub(a.Float, b.Float)} }
func (a big300) mul(b big300) big300 { return big300{num(0).Mul(a.Float, b.Float)} }
func (a big300) div(b big300) big300 { return big300{num(0).Quo(a.Float, b.Float)} }
func (a big300) sqrt() big300        { return big300{num(0).Sqrt(a.Float)} }
func (a big300) pow(n int) big300 {
	p := num(1)
	for range n {
		p = p.mul(a)
	}
	return p
}

// decimal is the exact decimal number, not its nearest float64.
func decimal(s string) big300 {
	f, _, err := big.ParseFloat(s, 10, 300, big.ToNearestEven)
	if err != nil {
		panic(err)
	}
	return big300{f}
}

// The descent is on ½Σ hᵢxᵢ² with gradient hᵢxᵢ, from these points; each
// element is its own problem.
var (
	startAt   = []float64{1, -2, 0.5, 3, -0.25, 1e-3}
	curvature = []float64{1, 4, 0.25, 1e-3, 16, 30}
)

func TestTrajectories(t *testing.T) {
	one := num(1)
	tests := []struct {
		name string
		make func(n int) (*Method[float64], *Method[float32])
		// next is one step of the paper's formula for one element.
		next func(t int, x, g big300, s *[2]big300) big300
		from string
	}{
		{"sgd", both(NewSGD[float64], NewSGD[float32], SGDOptions{}),
			func(_ int, x, g big300, _ *[2]big300) big300 { return x.sub(decimal("0.01").mul(g)) },
			"x - αg"},
		{"momentum", both(NewSGD[float64], NewSGD[float32], SGDOptions{Momentum: 0.9, Rate: 0.02}),
			func(_ int, x, g big300, s *[2]big300) big300 {
				// Sutskever eq. (1)-(2): velocity holds -α times PyTorch's.
				s[0] = decimal("0.9").mul(s[0]).sub(decimal("0.02").mul(g))
				return x.add(s[0])
			}, "Sutskever et al. 2013, eqs. (1)-(2)"},
		{"nesterov", both(NewSGD[float64], NewSGD[float32], SGDOptions{Momentum: 0.9, Rate: 0.02, Nesterov: true, Decay: 0.1}),
			func(_ int, x, g big300, s *[2]big300) big300 {
				// PyTorch, torch.optim.SGD: b ← μb + g, x ← x - α(g + μb).
				g = g.add(decimal("0.1").mul(x))
				s[0] = decimal("0.9").mul(s[0]).add(g)
				return x.sub(decimal("0.02").mul(g.add(decimal("0.9").mul(s[0]))))
			}, "PyTorch's SGD formula"},
		{"rmsprop", both(NewRMSprop[float64], NewRMSprop[float32], RMSpropOptions{}),
			func(_ int, x, g big300, s *[2]big300) big300 {
				s[0] = decimal("0.9").mul(s[0]).add(decimal("0.1").mul(g).mul(g))
				return x.sub(decimal("0.001").mul(g).div(s[0].sqrt().add(decimal("1e-8"))))
			}, "Tieleman and Hinton 2012, lecture 6e"},
		{"adam", both(NewAdam[float64], NewAdam[float32], AdamOptions{}),
			func(t int, x, g big300, s *[2]big300) big300 {
				return x.sub(adamStep(t, g, s).mul(decimal("0.001")))
			}, "Kingma and Ba 2015, Algorithm 1"},
		{"adamw", both(NewAdamW[float64], NewAdamW[float32], AdamWOptions{Decay: 0.1}),
			func(t int, x, g big300, s *[2]big300) big300 {
				keep := one.sub(decimal("0.001").mul(decimal("0.1")))
				return x.mul(keep).sub(adamStep(t, g, s).mul(decimal("0.001")))
			}, "Loshchilov and Hutter 2019, Algorithm 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m64, m32 := tt.make(len(startAt))
			want := exactPath(tt.next)
			// Ten steps of about ten roundings each; the sums involved do
			// not cancel, so the error stays near the unit roundoff.
			checkPath(t, m64, want, 4e-15)
			checkPath(t, m32, want, 2e-6)
		})
	}
}

// adamStep returns m̂/(√v̂ + ε) with the published β₁, β₂, ε.
func adamStep(t int, g big300, s *[2]big300) big300 {
	one, b1, b2 := num(1), decimal("0.9"), decimal("0.999")
	s[0] = b1.mul(s[0]).add(one.sub(b1).mul(g))
	s[1] = b2.mul(s[1]).add(one.sub(b2).mul(g).mul(g))
	mHat := s[0].div(one.sub(b1.pow(t)))
	vHat := s[1].div(one.sub(b2.pow(t)))
	return mHat.div(vHat.sqrt().add(decimal("1e-8")))
}

func both[O any](a func(int, O) *Method[float64], b func(int, O) *Method[float32], o O) func(int) (*Method[float64], *Method[float32]) {
	return func(n int) (*Method[float64], *Method[float32]) { return a(n, o), b(n, o) }
}

// exactPath is ten steps of the formula for every element.
func exactPath(next func(int, big300, big300, *[2]big300) big300) [10][]float64 {
	var path [10][]float64
	for i := range startAt {
		x := num(startAt[i])
		s := [2]big300{num(0), num(0)}
		for k := range path {
			x = next(k+1, x, num(curvature[i]).mul(x), &s)
			f, _ := x.Float64()
			path[k] = append(path[k], f)
		}
	}
	return path
}

func checkPath[T array.Float](t *testing.T, m *Method[T], want [10][]float64, tol float64) {
	t.Helper()
	x, g := make([]T, len(startAt)), make([]T, len(startAt))
	for i := range x {
		x[i] = T(startAt[i])
	}
	for k := range want {
		for i := range x {
			g[i] = T(curvature[i]) * x[i]
		}
		m.Step(x, g)
		for i := range x {
			// Relative to the start: an element may pass near zero.
			if d := math.Abs(float64(x[i]) - want[k][i]); d > tol*math.Abs(startAt[i]) {
				t.Errorf("%T step %d element %d: %.17g, want %.17g", x[i], k+1, i, float64(x[i]), want[k][i])
			}
		}
	}
}

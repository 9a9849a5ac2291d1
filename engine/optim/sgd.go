package optim

import "github.com/gakuri-lab/gakuri/engine/array"

// SGDOptions configures gradient descent. The zero value is plain descent at
// rate 0.01; the literature fixes no rate.
type SGDOptions struct {
	Rate     float64  // step size α; 0 means 0.01
	Schedule Schedule // factor on Rate; nil means 1
	Momentum float64  // μ; 0 means none
	Nesterov bool     // look ahead by one momentum step; needs Momentum
	Decay    float64  // λ, adds λθ to the gradient; 0 means none
	MaxNorm  float64  // gradient clip in Step; 0 means none
}

// NewSGD returns gradient descent on n parameters,
//
//	g ← s·∇ + λθ
//	v ← μv + g
//	θ ← θ - α v          or, with Nesterov,   θ ← θ - α (g + μv),
//
// where s is the clipping factor. Without momentum v = g and nothing is kept.
//
// Source: Polyak, USSR Comp. Math. 4 (1964) 1, eq. (9) for the heavy ball;
// Sutskever et al., ICML 2013, eqs. (3)-(4), in the variables of PyTorch, for
// Nesterov.
func NewSGD[T array.Float](n int, o SGDOptions) *Method[T] {
	r := rule[T]{name: "sgd", code: sgdCode, loop: sgdLoop[T]}
	if o.Momentum != 0 {
		r.slots = []string{"v"}
		r.code, r.loop = momentumCode, momentumLoop[T]
		if o.Nesterov {
			r.code, r.loop = nesterovCode, nesterovLoop[T]
		}
	}
	r.coefficients = func(_ int, rate float64) [numCoef]T {
		return [numCoef]T{1: T(o.Decay), 2: T(rate), 3: T(o.Momentum)}
	}
	return newMethod(n, r, or(o.Rate, 0.01), o.Schedule, o.MaxNorm)
}

// The conversions T(·) in the loops of this package forbid the compiler to
// fuse a product with a sum, so that every processor gives the same bits.

func sgdLoop[T array.Float](p, g []T, _ slots[T], c *[numCoef]T) {
	scale, decay, rate := c[0], c[1], c[2]
	for i, x := range p {
		d := T(scale*g[i]) + T(decay*x)
		p[i] = x - T(rate*d)
	}
}

func momentumLoop[T array.Float](p, g []T, s slots[T], c *[numCoef]T) {
	v := s[0]
	scale, decay, rate, mu := c[0], c[1], c[2], c[3]
	for i, x := range p {
		d := T(scale*g[i]) + T(decay*x)
		v[i] = T(mu*v[i]) + d
		p[i] = x - T(rate*v[i])
	}
}

func nesterovLoop[T array.Float](p, g []T, s slots[T], c *[numCoef]T) {
	v := s[0]
	scale, decay, rate, mu := c[0], c[1], c[2], c[3]
	for i, x := range p {
		d := T(scale*g[i]) + T(decay*x)
		v[i] = T(mu*v[i]) + d
		p[i] = x - T(rate*(d+T(mu*v[i])))
	}
}

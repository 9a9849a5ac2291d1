package optim

import (
	"math"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// RMSpropOptions configures RMSprop. The zero value is the setting of the
// lecture that introduced it.
type RMSpropOptions struct {
	Rate     float64  // step size α; 0 means 1e-3
	Schedule Schedule // factor on Rate; nil means 1
	Average  float64  // ρ of the running mean square; 0 means 0.9 (PyTorch has 0.99)
	Epsilon  float64  // ε in the denominator; 0 means 1e-8 (PyTorch; the lecture has none)
	Momentum float64  // μ of the step itself; 0 means none
	Centred  bool     // subtract the squared running mean from the mean square
	Decay    float64  // λ, adds λθ to the gradient; 0 means none
	MaxNorm  float64  // gradient clip in Step; 0 means none
}

// NewRMSprop returns RMSprop on n parameters,
//
//	g ← s·∇ + λθ
//	v ← ρv + (1-ρ)g²
//	θ ← θ - α g/(√v + ε).
//
// With Momentum or Centred it is the form of Graves, with κ = 1 if Centred,
//
//	m ← ρm + (1-ρ)g
//	b ← μb + g/(√(v - κm²) + ε)
//	θ ← θ - α b.
//
// Source: Tieleman and Hinton, Neural Networks for Machine Learning (2012),
// lecture 6e; Graves, arXiv:1308.0850, eqs. (38)-(41), with ε outside the root
// and the rate outside b as PyTorch has them.
func NewRMSprop[T array.Float](n int, o RMSpropOptions) *Method[T] {
	rho, eps := or(o.Average, 0.9), or(o.Epsilon, 1e-8)
	r := rule[T]{name: "rmsprop", slots: []string{"v"}, code: rmspropCode, loop: rmspropLoop[T]}
	if o.Momentum != 0 || o.Centred {
		r.slots = []string{"v", "m", "b"}
		r.code, r.loop = gravesCode, gravesLoop[T]
	}
	centre := 0.0
	if o.Centred {
		centre = 1
	}
	r.coefficients = func(_ int, rate float64) [numCoef]T {
		return [numCoef]T{1: T(o.Decay), 2: T(rho), 3: T(1 - rho), 4: T(eps), 5: T(rate), 6: T(centre), 7: T(o.Momentum)}
	}
	return newMethod(n, r, or(o.Rate, 1e-3), o.Schedule, o.MaxNorm)
}

func rmspropLoop[T array.Float](p, g []T, s slots[T], c *[numCoef]T) {
	v := s[0]
	scale, decay, rho, rho1, eps, rate := c[0], c[1], c[2], c[3], c[4], c[5]
	for i, x := range p {
		d := T(scale*g[i]) + T(decay*x)
		v[i] = T(rho*v[i]) + T(rho1*T(d*d))
		p[i] = x - T(rate*d)/(sqrt(v[i])+eps)
	}
}

func gravesLoop[T array.Float](p, g []T, s slots[T], c *[numCoef]T) {
	v, m, b := s[0], s[1], s[2]
	scale, decay, rho, rho1, eps, rate, centre, mu := c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
	for i, x := range p {
		d := T(scale*g[i]) + T(decay*x)
		v[i] = T(rho*v[i]) + T(rho1*T(d*d))
		m[i] = T(rho*m[i]) + T(rho1*d)
		// Never negative but for rounding.
		spread := max(v[i]-T(centre*T(m[i]*m[i])), 0)
		b[i] = T(mu*b[i]) + d/(sqrt(spread)+eps)
		p[i] = x - T(rate*b[i])
	}
}

// sqrt is rounded correctly in T: the square root of a float32 taken in
// float64 and rounded is the nearest float32.
func sqrt[T array.Float](x T) T { return T(math.Sqrt(float64(x))) }

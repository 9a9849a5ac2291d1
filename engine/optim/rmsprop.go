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
	Decay    float64  // λ, adds λθ to the gradient; 0 means none
	MaxNorm  float64  // gradient clip in Step; 0 means none
}

// NewRMSprop returns RMSprop on n parameters,
//
//	g ← s·∇ + λθ
//	v ← ρv + (1-ρ)g²
//	θ ← θ - α g/(√v + ε).
//
// Source: Tieleman and Hinton, Neural Networks for Machine Learning (2012),
// lecture 6e.
func NewRMSprop[T array.Float](n int, o RMSpropOptions) *Method[T] {
	rho, eps := or(o.Average, 0.9), or(o.Epsilon, 1e-8)
	r := rule[T]{name: "rmsprop", slots: []string{"v"}, code: rmspropCode, loop: rmspropLoop[T]}
	r.coefficients = func(_ int, rate float64) [numCoef]T {
		return [numCoef]T{1: T(o.Decay), 2: T(rho), 3: T(1 - rho), 4: T(eps), 5: T(rate)}
	}
	return newMethod(n, r, or(o.Rate, 1e-3), o.Schedule, o.MaxNorm)
}

func rmspropLoop[T array.Float](p, g, v, _ []T, c *[numCoef]T) {
	scale, decay, rho, rho1, eps, rate := c[0], c[1], c[2], c[3], c[4], c[5]
	for i, x := range p {
		d := T(scale*g[i]) + T(decay*x)
		v[i] = T(rho*v[i]) + T(rho1*T(d*d))
		p[i] = x - T(rate*d)/(sqrt(v[i])+eps)
	}
}

// sqrt is rounded correctly in T: the square root of a float32 taken in
// float64 and rounded is the nearest float32.
func sqrt[T array.Float](x T) T { return T(math.Sqrt(float64(x))) }

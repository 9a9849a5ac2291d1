package optim

import (
	"math"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// AdamOptions configures Adam. The zero value is the setting suggested by
// Kingma and Ba, arXiv:1412.6980, Algorithm 1.
type AdamOptions struct {
	Rate     float64  // step size α; 0 means 1e-3
	Schedule Schedule // factor on Rate; nil means 1
	Beta1    float64  // β₁ of the running mean; 0 means 0.9
	Beta2    float64  // β₂ of the running mean square; 0 means 0.999
	Epsilon  float64  // ε in the denominator; 0 means 1e-8
	MaxNorm  float64  // gradient clip in Step; 0 means none
}

// AdamWOptions configures AdamW: Adam with decoupled weight decay.
type AdamWOptions struct {
	AdamOptions
	// Decay is λ; 0 means 0.01, PyTorch's default (for none use Adam). A step
	// multiplies θ by 1-αλ with the scheduled α, as PyTorch does; Loshchilov
	// and Hutter write λ for what is αλ here.
	Decay float64
}

// NewAdam returns Adam on n parameters: at step t = 1, 2, …
//
//	g ← s·∇
//	m ← β₁m + (1-β₁)g
//	v ← β₂v + (1-β₂)g²
//	θ ← θ - α/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε).
//
// Source: Kingma and Ba, arXiv:1412.6980, Algorithm 1.
func NewAdam[T array.Float](n int, o AdamOptions) *Method[T] {
	return newAdam[T](n, "adam", o, 0)
}

// NewAdamW returns AdamW on n parameters: Adam, but with
//
//	θ ← (1-αλ)θ - α/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε).
//
// Source: Loshchilov and Hutter, arXiv:1711.05101, Algorithm 2.
func NewAdamW[T array.Float](n int, o AdamWOptions) *Method[T] {
	return newAdam[T](n, "adamw", o.AdamOptions, or(o.Decay, 0.01))
}

func newAdam[T array.Float](n int, name string, o AdamOptions, decay float64) *Method[T] {
	b1, b2, eps := or(o.Beta1, 0.9), or(o.Beta2, 0.999), or(o.Epsilon, 1e-8)
	r := rule[T]{name: name, slots: []string{"m", "v"}, code: adamCode, loop: adamLoop[T]}
	r.coefficients = func(t int, rate float64) [numCoef]T {
		// 1-βᵗ by expm1, which keeps its digits while βᵗ is near 1.
		c1 := -math.Expm1(float64(t) * math.Log(b1))
		c2 := -math.Expm1(float64(t) * math.Log(b2))
		return [numCoef]T{
			1: T(b1), 2: T(1 - b1), 3: T(b2), 4: T(1 - b2),
			5: T(1 / math.Sqrt(c2)), 6: T(eps), 7: T(rate / c1), 8: T(1 - rate*decay),
		}
	}
	return newMethod(n, r, or(o.Rate, 1e-3), o.Schedule, o.MaxNorm)
}

func adamLoop[T array.Float](p, g []T, s slots[T], c *[numCoef]T) {
	m, v := s[0], s[1]
	scale, b1, a1, b2, a2, root, eps, rate, keep := c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]
	for i, x := range p {
		d := T(scale * g[i])
		m[i] = T(b1*m[i]) + T(a1*d)
		v[i] = T(b2*v[i]) + T(a2*T(d*d))
		p[i] = T(keep*x) - T(rate*m[i])/(T(sqrt(v[i])*root)+eps)
	}
}

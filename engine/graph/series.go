package graph

import (
	"fmt"
	"math"

	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// series returns the Taylor coefficients c₁ … c_K of the one-argument
// element-wise function y = f(z) at z,
//
//	f(z+δ) = y + c₁δ + c₂δ² + …,   c_k = f⁽ᵏ⁾(z)/k!,
//
// as expressions in y and z. A nil coefficient is zero everywhere; the slice
// ends early where all further ones are zero.
func series(y *Node, order int) []*Node {
	z := y.In[0]
	g := y.Graph
	c := make([]*Node, 0, order)
	switch y.Fn {
	case kernel.Neg:
		return append(c, g.Const(-1))
	case kernel.Abs:
		return append(c, z.Sign())
	case kernel.Sign:
		return nil
	case kernel.Exp:
		f := 1.0
		for k := 1; k <= order; k++ {
			f /= float64(k)
			c = append(c, y.Scale(f))
		}
	case kernel.Log:
		// d/dz log = 1/z;  c_k = (-1)^(k+1) z⁻ᵏ/k
		r := z.Recip()
		p := r
		for k := 1; k <= order; k++ {
			c = append(c, p.Scale(math.Pow(-1, float64(k+1))/float64(k)))
			p = p.Mul(r)
		}
	case kernel.Sin, kernel.Cos:
		// sin' = cos, cos' = -sin
		d := z.Cos()
		if y.Fn == kernel.Cos {
			d = z.Sin().Neg()
		}
		f := 1.0
		for k := 1; k <= order; k++ {
			f /= float64(k)
			switch k % 4 {
			case 1:
				c = append(c, d.Scale(f))
			case 2:
				c = append(c, y.Scale(-f))
			case 3:
				c = append(c, d.Scale(-f))
			case 0:
				c = append(c, y.Scale(f))
			}
		}
	case kernel.Tanh:
		// t' = 1 - t²
		return recurrence(y, []float64{1, 0, -1}, order)
	case kernel.Sigmoid:
		// s' = s - s²
		return recurrence(y, []float64{0, 1, -1}, order)
	case kernel.Softplus:
		// softplus' = sigmoid;  c_k = sigmoid's c_(k-1)/k
		s := z.Sigmoid()
		c = append(c, s)
		for k, d := range series(s, order-1) {
			c = append(c, d.Scale(1/float64(k+2)))
		}
	case kernel.Erf:
		// erf⁽ᵏ⁾ = 2/√π e^(-z²) (-1)^(k-1) H_(k-1)(z), H_n = 2z H_(n-1) - 2(n-1) H_(n-2)
		e := z.Square().Neg().Exp().Scale(2 / math.Sqrt(math.Pi))
		before, h := []float64{}, []float64{1}
		f := 1.0
		for k := 1; k <= order; k++ {
			f /= float64(k)
			sign := math.Pow(-1, float64(k-1))
			c = append(c, e.Mul(polynomial(scaled(h, f*sign), z)))
			next := append([]float64{0}, scaled(h, 2)...)
			for i, b := range before {
				next[i] -= 2 * float64(k-1) * b
			}
			before, h = h, next
		}
	case kernel.Sqrt:
		return power(y, z, 0.5, order)
	case kernel.Recip:
		// c_k = (-1)ᵏ y^(k+1)
		p := y
		for k := 1; k <= order; k++ {
			p = p.Mul(y)
			c = append(c, p.Scale(math.Pow(-1, float64(k))))
		}
	case kernel.PowC:
		return power(y, z, y.X, order)
	default:
		panic(fmt.Sprintf("graph: no derivative of %v", y.Fn))
	}
	return c
}

// power returns the coefficients of zᵖ: binomial(p, k) z^(p-k).
func power(y, z *Node, p float64, order int) []*Node {
	var c []*Node
	b := 1.0
	whole := p == math.Trunc(p)
	var r *Node
	if !whole {
		r = z.Recip()
	}
	v := y
	for k := 1; k <= order; k++ {
		b *= (p - float64(k-1)) / float64(k)
		if b == 0 {
			break
		}
		switch {
		case p == float64(k):
			v = y.Graph.Const(1)
		case whole:
			v = z.PowConst(p - float64(k))
		default:
			v = v.Mul(r)
		}
		c = append(c, v.Scale(b))
	}
	return c
}

// recurrence returns the coefficients of a function that obeys y' = p(y) for
// a polynomial p: y⁽ᵏ⁾ = p(y)·q_k(y) with q₁ = 1, q_(k+1) = (p·q_k)'.
func recurrence(y *Node, p []float64, order int) []*Node {
	slope := polynomial(p, y)
	q := []float64{1}
	f := 1.0
	var c []*Node
	for k := 1; k <= order; k++ {
		f /= float64(k)
		c = append(c, slope.Mul(polynomial(scaled(q, f), y)))
		q = derivative(times(p, q))
	}
	return c
}

// polynomial returns Σ cᵢ xⁱ by Horner's rule, in x² if only even or only odd
// powers occur.
func polynomial(c []float64, x *Node) *Node {
	even, odd := true, true
	for i, v := range c {
		if v != 0 {
			even = even && i%2 == 0
			odd = odd && i%2 == 1
		}
	}
	if odd || even {
		var half []float64
		for i, v := range c {
			if i%2 == 0 == even {
				half = append(half, v)
			}
		}
		if len(half) == 1 {
			if even {
				return x.Graph.Const(half[0])
			}
			return x.Scale(half[0])
		}
		p := horner(half, x.Square())
		if odd {
			p = x.Mul(p)
		}
		return p
	}
	return horner(c, x)
}

func horner(c []float64, x *Node) *Node {
	for len(c) > 1 && c[len(c)-1] == 0 {
		c = c[:len(c)-1]
	}
	p := x.Graph.Const(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		p = p.Mul(x).AddConst(c[i])
	}
	return p
}

func scaled(c []float64, f float64) []float64 {
	d := make([]float64, len(c))
	for i, v := range c {
		d[i] = v * f
	}
	return d
}

func times(a, b []float64) []float64 {
	c := make([]float64, len(a)+len(b)-1)
	for i, x := range a {
		for j, y := range b {
			c[i+j] += x * y
		}
	}
	return c
}

func derivative(c []float64) []float64 {
	if len(c) == 1 {
		return []float64{0}
	}
	d := make([]float64, len(c)-1)
	for i := range d {
		d[i] = float64(i+1) * c[i+1]
	}
	return d
}

package graph

import (
	"fmt"
	"math"
	"math/big"
	"testing"
)

// Taylor arithmetic in 320-bit numbers: the slow route to every derivative.
// It knows each function by its differential equation or its definition and
// shares nothing with series.go.

const precision = 320 // bits

// taylor is a truncated power series Σ cₖ tᵏ.
type taylor []*big.Float

func number(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }
func fresh() *big.Float           { return new(big.Float).SetPrec(precision) }
func plus(a, b *big.Float) *big.Float {
	return fresh().Add(a, b)
}
func minus(a, b *big.Float) *big.Float { return fresh().Sub(a, b) }
func mult(a, b *big.Float) *big.Float  { return fresh().Mul(a, b) }
func over(a, b *big.Float) *big.Float  { return fresh().Quo(a, b) }

// pi has 80 digits (OEIS A000796); TestBigFunctions checks it by sin π = 0.
func pi() *big.Float {
	p, _, err := big.ParseFloat("3.1415926535897932384626433832795028841971693993751058209749445923078164062862090", 10, precision, big.ToNearestEven)
	if err != nil {
		panic(err)
	}
	return p
}

// bigExp sums the power series at x/2¹⁶ and squares 16 times.
func bigExp(x *big.Float) *big.Float {
	const halvings = 16
	small := mult(x, number(math.Ldexp(1, -halvings)))
	sum, term := number(1), number(1)
	for k := 1; k < 40; k++ {
		term = over(mult(term, small), number(float64(k)))
		sum = plus(sum, term)
	}
	for range halvings {
		sum = mult(sum, sum)
	}
	return sum
}

// bigLog solves eʸ = x by Newton's method.
func bigLog(x *big.Float) *big.Float {
	f, _ := x.Float64()
	y := number(math.Log(f))
	for range 5 {
		y = plus(y, minus(over(x, bigExp(y)), number(1)))
	}
	return y
}

// alternating sums Σ (-1)ᵏ x^(2k+first)/(2k+first)!.
func alternating(x *big.Float, first int) *big.Float {
	term := number(1)
	if first == 1 {
		term = x
	}
	sum := term
	for k := first + 2; k < 160; k += 2 {
		term = over(mult(mult(term, x), x), number(-float64(k*(k-1))))
		sum = plus(sum, term)
	}
	return sum
}

// bigErf sums 2/√π Σ (-1)ⁿ x^(2n+1)/(n!(2n+1)).
func bigErf(x *big.Float) *big.Float {
	power, sum := x, x
	for n := 1; n < 200; n++ {
		power = over(mult(mult(power, x), x), number(-float64(n)))
		sum = plus(sum, over(power, number(float64(2*n+1))))
	}
	return mult(sum, over(number(2), fresh().Sqrt(pi())))
}

func constant(x float64, like taylor) taylor {
	c := make(taylor, len(like))
	for k := range c {
		c[k] = number(0)
	}
	c[0] = number(x)
	return c
}

func (a taylor) each(b taylor, f func(x, y *big.Float) *big.Float) taylor {
	c := make(taylor, len(a))
	for k := range c {
		c[k] = f(a[k], b[k])
	}
	return c
}

func (a taylor) add(b taylor) taylor { return a.each(b, plus) }
func (a taylor) sub(b taylor) taylor { return a.each(b, minus) }
func (a taylor) scale(x float64) taylor {
	return a.each(a, func(v, _ *big.Float) *big.Float { return mult(v, number(x)) })
}

func (a taylor) mul(b taylor) taylor {
	c := constant(0, a)
	for i := range a {
		for j := range len(a) - i {
			c[i+j] = plus(c[i+j], mult(a[i], b[j]))
		}
	}
	return c
}

// div solves q·b = a for q, term by term.
func (a taylor) div(b taylor) taylor {
	q := make(taylor, len(a))
	for k := range q {
		r := a[k]
		for j := range k {
			r = minus(r, mult(q[j], b[k-j]))
		}
		q[k] = over(r, b[0])
	}
	return q
}

// chain returns f(z) for f' = slope: k·fₖ = Σⱼ j·zⱼ·slope_(k-j). The slope may
// be f itself.
func (z taylor) chain(f0 *big.Float, slope func(f taylor) taylor) taylor {
	f := make(taylor, len(z))
	f[0] = f0
	for k := 1; k < len(z); k++ {
		s := slope(f)
		sum := number(0)
		for j := 1; j <= k; j++ {
			sum = plus(sum, mult(mult(number(float64(j)), z[j]), s[k-j]))
		}
		f[k] = over(sum, number(float64(k)))
	}
	return f
}

func (z taylor) exp() taylor {
	return z.chain(bigExp(z[0]), func(f taylor) taylor { return f })
}

func (z taylor) log() taylor {
	r := constant(1, z).div(z)
	return z.chain(bigLog(z[0]), func(taylor) taylor { return r })
}

// sinCos solves s' = c, c' = -s together.
func (z taylor) sinCos() (s, c taylor) {
	s, c = make(taylor, len(z)), make(taylor, len(z))
	s[0], c[0] = alternating(z[0], 1), alternating(z[0], 0)
	for k := 1; k < len(z); k++ {
		ds, dc := number(0), number(0)
		for j := 1; j <= k; j++ {
			w := mult(number(float64(j)), z[j])
			ds = plus(ds, mult(w, c[k-j]))
			dc = minus(dc, mult(w, s[k-j]))
		}
		s[k], c[k] = over(ds, number(float64(k))), over(dc, number(float64(k)))
	}
	return s, c
}

func (z taylor) sigmoid() taylor {
	one := constant(1, z)
	return one.div(one.add(z.scale(-1).exp()))
}

func (z taylor) tanh() taylor {
	e, one := z.scale(2).exp(), constant(1, z)
	return e.sub(one).div(e.add(one))
}

func (z taylor) erf() taylor {
	slope := z.mul(z).scale(-1).exp()
	factor := over(number(2), fresh().Sqrt(pi()))
	for k := range slope {
		slope[k] = mult(slope[k], factor)
	}
	return z.chain(bigErf(z[0]), func(taylor) taylor { return slope })
}

// pow returns zᵖ by products for whole p, otherwise as exp(p·log z).
func (z taylor) pow(p float64) taylor {
	if p != math.Trunc(p) {
		return z.log().scale(p).exp()
	}
	v := constant(1, z)
	for range int(math.Abs(p)) {
		v = v.mul(z)
	}
	if p < 0 {
		return constant(1, z).div(v)
	}
	return v
}

func TestBigFunctions(t *testing.T) {
	check := func(name string, got *big.Float, want, tol float64) {
		t.Helper()
		f, _ := got.Float64()
		if math.Abs(f-want) > tol {
			t.Errorf("%s = %.17g, want %.17g", name, f, want)
		}
	}
	// 80 digits of π leave sin π below 1e-79.
	check("sin π", alternating(pi(), 1), 0, 1e-78)
	for _, x := range []float64{-3, -0.4, 0, 0.7, 2.5} {
		b := number(x)
		// Package math is good to 1 ulp; the values are below 16.
		check(fmt.Sprint("exp ", x), bigExp(b), math.Exp(x), 4e-15)
		check(fmt.Sprint("erf ", x), bigErf(b), math.Erf(x), 3e-16)
		check(fmt.Sprint("sin ", x), alternating(b, 1), math.Sin(x), 3e-16)
		check(fmt.Sprint("cos ", x), alternating(b, 0), math.Cos(x), 3e-16)
		check(fmt.Sprint("log exp ", x), minus(bigLog(bigExp(b)), b), 0, 1e-90)
	}
}

package kernel

import (
	"math"
	"math/big"
)

// The references: each function by its plainest series in 480-bit numbers,
// sharing nothing with the kernels.
const bigPrec = 480

func bf(x float64) *big.Float { return new(big.Float).SetPrec(bigPrec).SetFloat64(x) }

func bnew() *big.Float { return new(big.Float).SetPrec(bigPrec) }

// tiny reports whether the term t no longer counts beside s.
func tiny(t, s *big.Float) bool {
	return t.Sign() == 0 || t.MantExp(nil) < s.MantExp(nil)-200
}

// bigExp is Taylor's series of x/2ᵏ, squared k times.
func bigExp(x *big.Float) *big.Float {
	k := max(0, x.MantExp(nil)) + 8
	r := bnew().SetMantExp(x, -k)
	s, t := bf(1), bf(1)
	for n := 1; ; n++ {
		t.Mul(t, r).Quo(t, bf(float64(n)))
		s.Add(s, t)
		if tiny(t, s) {
			break
		}
	}
	for range k {
		s.Mul(s, s)
	}
	return s
}

// bigLog solves e^y = x by Newton's method from the float64 logarithm.
func bigLog(x *big.Float) *big.Float {
	f, _ := bnew().SetMantExp(x, -x.MantExp(nil)).Float64()
	y := bf(math.Log(f) + float64(x.MantExp(nil))*math.Ln2)
	for range 4 {
		e := bigExp(bnew().Neg(y))
		y.Add(y, e.Mul(e, x).Sub(e, bf(1)))
	}
	return y
}

// series adds x^(2n+first) (-1)ⁿ/(2n+first)! for sin (1) and cos (0).
func series(x *big.Float, first int) *big.Float {
	t := bf(1)
	if first == 1 {
		t.Set(x)
	}
	s, x2 := bnew().Set(t), bnew().Mul(x, x)
	for n := first + 1; ; n += 2 {
		t.Mul(t, x2).Quo(t, bf(float64(n*(n+1)))).Neg(t)
		s.Add(s, t)
		if tiny(t, s) {
			return s
		}
	}
}

// bigPi is Machin's 16 arctan(1/5) - 4 arctan(1/239).
var bigPi = func() *big.Float {
	arctan := func(d float64) *big.Float {
		p := bnew().Quo(bf(1), bf(d))
		s, d2 := bnew().Set(p), bf(d*d)
		for n := 3.0; n < 500; n += 2 {
			p.Quo(p, d2).Neg(p)
			s.Add(s, bnew().Quo(p, bf(n)))
		}
		return s
	}
	a, b := arctan(5), arctan(239)
	return a.Mul(a, bf(16)).Sub(a, b.Mul(b, bf(4)))
}()

func bigCircle(x *big.Float, first int) *big.Float {
	twoPi := bnew().Mul(bigPi, bf(2))
	k, _ := bnew().Quo(x, twoPi).Int(nil)
	r := bnew().SetInt(k)
	return series(r.Sub(x, r.Mul(r, twoPi)), first)
}

func bigErf(x *big.Float) *big.Float {
	x2, p := bnew().Mul(x, x), bnew().Set(x)
	s := bnew().Set(x)
	for n := 1; ; n++ {
		p.Mul(p, x2).Quo(p, bf(float64(n))).Neg(p)
		t := bnew().Quo(p, bf(float64(2*n+1)))
		s.Add(s, t)
		if tiny(t, s) {
			break
		}
	}
	return s.Mul(s, bf(2)).Quo(s, bnew().Sqrt(bigPi))
}

// bigOp is op(x) for a finite x in the domain of op.
func bigOp(op Op, v float64) *big.Float {
	x, one := bf(v), bf(1)
	switch op {
	case Exp:
		return bigExp(x)
	case Log:
		return bigLog(x)
	case Sin:
		return bigCircle(x, 1)
	case Cos:
		return bigCircle(x, 0)
	case Tanh:
		if math.Abs(v) < 1e-20 {
			return x // to 130 bits
		}
		e := bigExp(bnew().Mul(x, bf(2)))
		return bnew().Quo(bnew().Sub(e, one), bnew().Add(e, one))
	case Erf:
		return bigErf(x)
	case Sigmoid:
		e := bigExp(bnew().Neg(x))
		return bnew().Quo(one, e.Add(e, one))
	case Softplus:
		e := bigExp(x)
		if v < -100 { // log(1+e) = e - e²/2 to 280 bits
			return e.Sub(e, bnew().Quo(bnew().Mul(e, e), bf(2)))
		}
		return bigLog(e.Add(e, one))
	case Sqrt:
		return bnew().Sqrt(x)
	case Recip:
		return bnew().Quo(one, x)
	}
	panic("no reference")
}

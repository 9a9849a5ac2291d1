package main

import (
	"fmt"
	"math"

	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// apply writes the code operation s on a, b, c in vector operations.
func (b *builder) apply(s kernel.Instr, v []*value) *value {
	switch s.Op {
	case kernel.Const:
		return b.num(s.X)
	case kernel.Neg:
		return b.xor(v[0], b.sign())
	case kernel.Abs:
		return b.abs(v[0])
	case kernel.Sign:
		one := b.or(b.and(v[0], b.sign()), b.num(1))
		return b.choose(b.cmp(v[0], ordNotEq, b.num(0)), one, v[0])
	case kernel.Sqrt:
		return b.op(opSqrt, v[0])
	case kernel.Exp:
		return b.exp(v[0])
	case kernel.Log:
		return b.log(v[0])
	case kernel.Sin:
		return b.circle(v[0], true)
	case kernel.Cos:
		return b.circle(v[0], false)
	case kernel.Tanh:
		return b.tanh(v[0])
	case kernel.Erf:
		return b.erf(v[0])
	case kernel.Sigmoid:
		return b.sigmoid(v[0])
	case kernel.Softplus:
		return b.softplus(v[0])
	case kernel.Recip:
		return b.div(b.num(1), v[0])
	case kernel.Add:
		return b.add(v[0], v[1])
	case kernel.Sub:
		return b.sub(v[0], v[1])
	case kernel.Mul:
		return b.mul(v[0], v[1])
	case kernel.Div:
		return b.div(v[0], v[1])
	case kernel.Max:
		return b.extreme(opMax, v[0], v[1])
	case kernel.Min:
		return b.extreme(opMin, v[0], v[1])
	case kernel.Less:
		return b.choose(b.cmp(v[0], less, v[1]), b.num(1), b.num(0))
	case kernel.Equal:
		return b.choose(b.cmp(v[0], equal, v[1]), b.num(1), b.num(0))
	case kernel.MulAdd:
		return b.fma(v[0], v[1], v[2])
	case kernel.MulSub:
		return b.fms(v[0], v[1], v[2])
	case kernel.NegMulAdd:
		return b.fnma(v[0], v[1], v[2])
	case kernel.Where:
		if m := b.comparison(v[0]); m != nil {
			return b.choose(m, v[1], v[2])
		}
		return b.choose(b.cmp(v[0], notEqual, b.num(0)), v[1], v[2])
	}
	panic(fmt.Sprintf("no vector form of %v", s.Op))
}

// comparison returns the mask behind a value that is 1 where a comparison
// holds and 0 elsewhere, nil for other values.
func (b *builder) comparison(v *value) *value {
	if b.reuseMasks && v.op == opSelect && v.arg[1] == b.num(1) && v.arg[2] == b.num(0) {
		return v.arg[0]
	}
	return nil
}

// extreme is the larger or smaller of x and y, NaN if either is: the
// processor's instruction drops a NaN in its first operand.
func (b *builder) extreme(o opcode, x, y *value) *value {
	if y.op == opConst {
		x, y = y, x
	}
	m := b.op(o, x, y)
	if x.op == opConst {
		return m
	}
	return b.choose(b.cmp(x, unordered, x), x, m)
}

// reduced is x = n·ln2 + r with |r| ≤ ln2/2; t holds n in its low bits.
type reduced struct{ t, n, r *value }

func (b *builder) reduce(x *value) reduced {
	ln2 := ln2Parts64
	if b.size == 4 {
		ln2 = ln2Parts32
	}
	t := b.fma(x, b.num(math.Log2E), b.magic())
	n := b.sub(t, b.magic())
	r := b.fnma(n, b.num(ln2[0]), x)
	return reduced{t, n, b.fnma(n, b.num(ln2[1]), r)}
}

// expm1 is e^r - 1 for the reduced r, with small relative error.
func (b *builder) expm1(r *value) *value {
	q := b.poly(r, b.coef().expm1)
	return b.fma(b.mul(r, r), q, r)
}

// power2 is 2ⁿ for the n in the low bits of t, where that is normal.
func (b *builder) power2(t *value) *value {
	return b.op(opIAdd, b.shl(t, b.mantissa()), b.num(1))
}

// exp is e^x: x is clamped to where the result is 0 or +Inf after rounding,
// so that the last scaling, rounded once, gives 0, Inf and denormals.
func (b *builder) exp(x *value) *value {
	return b.expBelow(b.min(b.pick(89, 710), x))
}

// expBelow is exp for x known not to be large.
func (b *builder) expBelow(x *value) *value {
	x = b.max(b.pick(-104, -746), x)
	d := b.reduce(x)
	p := b.add(b.expm1(d.r), b.num(1))
	if b.wide {
		return b.op(opScale, p, d.n)
	}
	half := b.fma(x, b.num(math.Log2E/2), b.magic())
	rest := b.op(opISub, d.t, half)
	return b.mul(b.mul(p, b.power2(half)), b.power2(rest))
}

// tanh goes by f = 1 - e^(-2|x|), with small relative error near 0 as well:
// tanh|x| = f/(2-f).
func (b *builder) tanh(x *value) *value {
	y := b.min(b.pick(10, 20), b.abs(x))
	d := b.reduce(b.mul(y, b.num(-2)))
	var s *value
	if b.wide {
		s = b.op(opScale, b.num(1), d.n)
	} else {
		s = b.power2(d.t)
	}
	f := b.fnma(s, b.expm1(d.r), b.sub(b.num(1), s))
	return b.or(b.div(f, b.sub(b.num(2), f)), b.and(x, b.sign()))
}

// sigmoid is 1/(1+z) or z/(1+z) with z = e^(-|x|).
func (b *builder) sigmoid(x *value) *value {
	z := b.expBelow(b.or(x, b.sign()))
	num := b.choose(b.cmp(x, less, b.num(0)), z, b.num(1))
	return b.div(num, b.add(z, b.num(1)))
}

// softplus is max(x,0) + log(1+z), z = e^(-|x|); log(1+z) = 2 artanh(z/(2+z)).
func (b *builder) softplus(x *value) *value {
	z := b.expBelow(b.or(x, b.sign()))
	s := b.div(z, b.add(z, b.num(2)))
	w := b.mul(s, s)
	l := b.fma(b.mul(s, w), b.poly(w, b.coef().log1p), b.add(s, s))
	return b.add(l, b.max(b.num(0), x))
}

// log splits x = 2^e·m, 3/4 ≤ m < 3/2, and with f = m-1, s = f/(2+f) adds
// e·ln2 + f - (f²/2 - s(f²/2 + R(s²))).
func (b *builder) log(x *value) *value {
	ln2 := ln2Parts64
	if b.size == 4 {
		ln2 = ln2Parts32
	}
	e, m := b.split(x)
	f := b.sub(m, b.num(1))
	s := b.div(f, b.add(f, b.num(2)))
	z := b.mul(s, s)
	r := b.mul(z, b.poly(z, b.coef().log))
	h := b.mul(b.mul(f, b.num(0.5)), f)
	low := b.fma(e, b.num(ln2[1]), b.mul(s, b.add(h, r)))
	y := b.fma(e, b.num(ln2[0]), b.sub(f, b.sub(h, low)))
	if b.wide {
		return y // the split gives ±Inf and NaN where they belong
	}
	y = b.choose(b.cmp(x, equal, b.num(math.Inf(1))), x, y)
	y = b.choose(b.cmp(x, equal, b.num(0)), b.num(math.Inf(-1)), y)
	return b.choose(b.cmp(x, notGE, b.num(0)), b.raw(b.bitsOf(math.Inf(1))|1<<(b.mantissa()-1)), y)
}

func (b *builder) split(x *value) (e, m *value) {
	if b.wide {
		m = b.op(opMant, x)
		return b.sub(b.op(opExp2, x), b.op(opExp2, m)), m
	}
	k := b.mantissa()
	tiny := b.cmp(x, less, b.num(math.Ldexp(1, map[int]int{4: -126, 8: -1022}[b.size])))
	x = b.choose(tiny, b.mul(x, b.num(math.Ldexp(1, k+1))), x)
	top := b.raw((1<<(8*b.size-k) - 1) << k) // sign and exponent
	d := b.and(b.op(opISub, x, b.num(0.75)), top)
	m = b.op(opISub, x, d)
	// The exponent plus 2^(bits-1), positive, goes to the low bits of 2^k.
	bias := math.Ldexp(1, map[int]int{4: 7, 8: 10}[b.size])
	e = b.shr(b.op(opIAdd, d, b.raw(uint64(bias)<<k)), k)
	e = b.sub(b.or(e, b.num(math.Ldexp(1, k))), b.choose(tiny, b.num(math.Ldexp(1, k)+bias+float64(k+1)), b.num(math.Ldexp(1, k)+bias)))
	return e, m
}

// circle is sin x or cos x: n = round(x·2/π), r = x - n·π/2 in three parts
// by fused multiply-adds, then a series for each half of the quadrants. The
// rounding of x·2/π takes |r| beyond π/4, up to 0.8; r is clamped there, so that
// the result stays near [-1,1] where n has lost its bits.
func (b *builder) circle(x *value, sine bool) *value {
	p := halfPiParts64
	if b.size == 4 {
		p = halfPiParts32
	}
	y := b.abs(x)
	t := b.fma(y, b.num(2/math.Pi), b.magic())
	n := b.sub(t, b.magic())
	r := y
	for _, part := range p {
		r = b.fnma(n, b.num(part), r)
	}
	r = b.min(b.num(0.8), b.max(b.num(-0.8), r))
	z := b.mul(r, r)
	sn := b.fma(b.mul(r, z), b.poly(z, b.coef().sin), r)
	cs := b.fma(b.mul(z, z), b.poly(z, b.coef().cos), b.fnma(z, b.num(0.5), b.num(1)))
	flip := t
	if !sine {
		flip = b.op(opIAdd, t, b.raw(1))
	}
	odd := b.odd(flip)
	v := b.choose(odd, cs, sn)
	flip = b.shl(flip, 8*b.size-2)
	if sine {
		flip = b.xor(flip, x)
	}
	return b.xor(v, b.and(flip, b.sign()))
}

// erf is x + x·E(x²) up to 1 and 1 - e^(-x²)·W((x-2)/(x+2)) beyond.
func (b *builder) erf(x *value) *value {
	y := b.min(b.pick(4, 6), b.abs(x))
	z := b.mul(y, y)
	near := b.fma(y, b.poly(z, b.coef().erf), y)
	d := b.reduce(b.xor(z, b.sign()))
	var e *value
	if b.wide {
		e = b.op(opScale, b.add(b.expm1(d.r), b.num(1)), d.n)
	} else {
		e = b.mul(b.add(b.expm1(d.r), b.num(1)), b.power2(d.t))
	}
	w := b.poly(b.div(b.sub(y, b.num(2)), b.add(y, b.num(2))), b.coef().erfc)
	far := b.fnma(e, w, b.num(1))
	return b.or(b.choose(b.cmp(y, less, b.num(1)), near, far), b.and(x, b.sign()))
}

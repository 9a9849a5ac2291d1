package kernel

import (
	"math"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// Eval runs c on one element: in holds one value for each operand, the result
// one value for each output. It is the meaning of a code, in plain Go; every
// compiled program agrees with it within the accuracy stated in [Accuracy].
func Eval[T array.Float](c Code, in []T) []T {
	v := make([]T, len(c.In), len(c.In)+len(c.Ins))
	copy(v, in)
	for _, s := range c.Ins {
		var a [3]T
		for k, ref := range [3]int{s.A, s.B, s.C} {
			if k < s.Op.Arity() {
				a[k] = v[ref]
			}
		}
		v = append(v, evalOp(s.Op, a[0], a[1], a[2], s.X))
	}
	out := make([]T, len(c.Out))
	for i, ref := range c.Out {
		out[i] = v[ref]
	}
	return out
}

// evalOp computes one operation in float64 and rounds to T.
func evalOp[T array.Float](op Op, ta, tb, tc T, x float64) T {
	a, b, c := float64(ta), float64(tb), float64(tc)
	is := func(yes bool) T {
		if yes {
			return 1
		}
		return 0
	}
	switch op {
	case Const:
		return T(x)
	case Neg:
		return -ta
	case Abs:
		return T(math.Abs(a))
	case Sign:
		if a > 0 {
			return 1
		}
		if a < 0 {
			return -1
		}
		return ta // ±0 and NaN
	case Sqrt:
		return T(math.Sqrt(a))
	case Exp:
		return T(exp64(a))
	case Log:
		return T(log64(a))
	case Sin:
		return T(math.Sin(a))
	case Cos:
		return T(math.Cos(a))
	case Tanh:
		return T(math.Tanh(a))
	case Erf:
		return T(math.Erf(a))
	case Sigmoid:
		z := math.Exp(-math.Abs(a))
		if a < 0 {
			return T(z / (1 + z))
		}
		return T(1 / (1 + z))
	case Softplus:
		return T(max(a, 0) + math.Log1p(math.Exp(-math.Abs(a))))
	case Recip:
		return 1 / ta
	case PowC:
		return T(math.Pow(a, x))
	case Add:
		return ta + tb
	case Sub:
		return ta - tb
	case Mul:
		return ta * tb
	case Div:
		return ta / tb
	case Max:
		return max(ta, tb)
	case Min:
		return min(ta, tb)
	case Less:
		return is(ta < tb)
	case Equal:
		return is(ta == tb)
	case MulAdd:
		return T(math.FMA(a, b, c))
	case MulSub:
		return T(math.FMA(a, b, -c))
	case NegMulAdd:
		return T(math.FMA(-a, b, c))
	case Where:
		if ta != 0 {
			return tb
		}
		return tc
	}
	panic("kernel: unknown operation")
}

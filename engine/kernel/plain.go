package kernel

import (
	"math"
	"unsafe"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// plainBlock is the length of the buffers that hold a broadcast operand.
const plainBlock = 256

// plainStep is the portable one-operation kernel: the loop of the
// interpreter where no generated kernel exists.
func plainStep[T array.Float](s *step[T], o *opArgs) {
	var buf [3][plainBlock]T
	var zero T
	size := unsafe.Sizeof(zero)
	for r := range uintptr(o.Rows) {
		var x [3][]T
		for k := range s.n {
			p := unsafe.Add(o.In[k], r*o.InStride[k])
			if !s.bcast[k] {
				x[k] = unsafe.Slice((*T)(p), o.N)
				continue
			}
			x[k] = buf[k][:min(o.N, plainBlock)]
			v := *(*T)(p)
			for j := range x[k] {
				x[k][j] = v
			}
		}
		dst := unsafe.Slice((*T)(unsafe.Add(o.Out, r*o.OutStride)), o.N)
		for j := 0; j < o.N; j += plainBlock {
			m := min(plainBlock, o.N-j)
			var y [3][]T
			for k := range s.n {
				if s.bcast[k] {
					y[k] = x[k][:m]
				} else {
					y[k] = x[k][j : j+m]
				}
			}
			if size == 4 {
				plainMath32(s.op, dst[j:j+m], y[0], y[1], y[2])
			} else {
				plainMath64(s.op, dst[j:j+m], y[0], y[1], y[2])
			}
		}
	}
}

func plainMath32[T array.Float](op Op, dst, a, b, c []T) {
	var f func(float32) float32
	switch op {
	case Exp:
		f = exp32
	case Log:
		f = log32
	case Sin:
		f = sin32
	case Cos:
		f = cos32
	case Tanh:
		f = tanh32
	case Erf:
		f = erf32
	case Sigmoid:
		f = sigmoid32
	case Softplus:
		f = softplus32
	default:
		plainSimple(op, dst, a, b, c)
		return
	}
	for j, x := range a {
		dst[j] = T(f(float32(x)))
	}
}

func plainMath64[T array.Float](op Op, dst, a, b, c []T) {
	var f func(float64) float64
	switch op {
	case Exp:
		f = exp64
	case Log:
		f = log64
	case Sin:
		f = math.Sin
	case Cos:
		f = math.Cos
	case Tanh:
		f = tanh64
	case Erf:
		f = math.Erf
	case Sigmoid:
		f = sigmoid64
	case Softplus:
		f = softplus64
	default:
		plainSimple(op, dst, a, b, c)
		return
	}
	for j, x := range a {
		dst[j] = T(f(float64(x)))
	}
}

// plainSimple does the operations that need no series.
func plainSimple[T array.Float](op Op, dst, a, b, c []T) {
	a = a[:len(dst)]
	switch op.width() {
	case 2:
		plainBinary(op, dst, a, b[:len(dst)])
		return
	case 3:
		plainTernary(op, dst, a, b[:len(dst)], c[:len(dst)])
		return
	}
	switch op {
	case copyOp:
		copy(dst, a)
	case Neg:
		for j, x := range a {
			dst[j] = -x
		}
	case Abs:
		for j, x := range a {
			dst[j] = T(math.Abs(float64(x)))
		}
	case Sign:
		for j, x := range a {
			dst[j] = evalOp(Sign, x, 0, 0, 0)
		}
	case Sqrt:
		for j, x := range a {
			dst[j] = T(math.Sqrt(float64(x)))
		}
	case Recip:
		for j, x := range a {
			dst[j] = 1 / x
		}
	}
}

func (o Op) width() int {
	if o == copyOp {
		return 1
	}
	return o.Arity()
}

func plainBinary[T array.Float](op Op, dst, a, b []T) {
	switch op {
	case Add:
		for j, x := range a {
			dst[j] = x + b[j]
		}
	case Sub:
		for j, x := range a {
			dst[j] = x - b[j]
		}
	case Mul:
		for j, x := range a {
			dst[j] = x * b[j]
		}
	case Div:
		for j, x := range a {
			dst[j] = x / b[j]
		}
	case Max:
		for j, x := range a {
			dst[j] = max(x, b[j])
		}
	case Min:
		for j, x := range a {
			dst[j] = min(x, b[j])
		}
	case Less:
		for j, x := range a {
			dst[j] = mask[T](x < b[j])
		}
	case Equal:
		for j, x := range a {
			dst[j] = mask[T](x == b[j])
		}
	}
}

func mask[T array.Float](yes bool) T {
	if yes {
		return 1
	}
	return 0
}

// plainTernary rounds a·b + c once in float64. In float32 it rounds the sum
// with the exact product to float64 first, which changes the result about once
// in 2²⁹ cases.
func plainTernary[T array.Float](op Op, dst, a, b, c []T) {
	var zero T
	single := unsafe.Sizeof(zero) == 4
	switch {
	case op == Where:
		for j, x := range a {
			if x != 0 {
				dst[j] = b[j]
			} else {
				dst[j] = c[j]
			}
		}
	case single:
		sa, sc := 1.0, 1.0
		if op == NegMulAdd {
			sa = -1
		}
		if op == MulSub {
			sc = -1
		}
		for j, x := range a {
			dst[j] = T(sa*float64(x)*float64(b[j]) + sc*float64(c[j]))
		}
	case op == MulAdd:
		for j, x := range a {
			dst[j] = T(math.FMA(float64(x), float64(b[j]), float64(c[j])))
		}
	case op == MulSub:
		for j, x := range a {
			dst[j] = T(math.FMA(float64(x), float64(b[j]), -float64(c[j])))
		}
	case op == NegMulAdd:
		for j, x := range a {
			dst[j] = T(math.FMA(-float64(x), float64(b[j]), float64(c[j])))
		}
	}
}

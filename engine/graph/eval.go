package graph

import (
	"fmt"
	"math"

	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// Values are the leaves of a program for one evaluation.
type Values struct {
	Batch    int                  // number of samples, 1 or more
	Params   []float64            // flat parameter vector
	Inputs   map[string][]float64 // batch × size, row-major
	Settings map[string]float64
}

// Eval returns the values of ys, computed in float64 one element at a time:
// the meaning of a program, against which package exec is tested. It takes its
// functions from package math and shares no code with the kernels.
//
// Shapes: batch × size, row-major, for a batched node; otherwise size.
func Eval(b Values, ys ...*Node) [][]float64 {
	if b.Batch < 1 {
		panic(fmt.Sprintf("graph: evaluation of a batch of %d samples", b.Batch))
	}
	e := evaluation{b, map[*Node][]float64{}}
	out := make([][]float64, len(ys))
	for i, y := range ys {
		out[i] = e.value(y)
	}
	return out
}

type evaluation struct {
	Values
	known map[*Node][]float64
}

// samples returns the number of rows that n has.
func (e *evaluation) samples(n *Node) int {
	if n.Batched {
		return e.Batch
	}
	return 1
}

// sample returns the elements of n for sample s.
func (e *evaluation) sample(n *Node, s int) []float64 {
	v := e.value(n)
	if !n.Batched {
		return v
	}
	return v[s*n.Size() : (s+1)*n.Size()]
}

func (e *evaluation) value(n *Node) []float64 {
	if v, ok := e.known[n]; ok {
		return v
	}
	size := n.Size()
	v := make([]float64, e.samples(n)*size)
	switch n.Op {
	case Input:
		data := e.Inputs[n.Name]
		if len(data) != len(v) {
			panic(fmt.Sprintf("graph: input %s: %d numbers for %d samples of shape %v", n.Name, len(data), e.Batch, n.Shape))
		}
		copy(v, data)
	case Param:
		if n.Offset+size > len(e.Params) {
			panic(fmt.Sprintf("graph: parameter %s: elements %d to %d of %d", n.Name, n.Offset, n.Offset+size, len(e.Params)))
		}
		copy(v, e.Params[n.Offset:])
	case Setting:
		x, ok := e.Settings[n.Name]
		if !ok {
			panic(fmt.Sprintf("graph: setting %s has no value", n.Name))
		}
		v[0] = x
	case SumBatch:
		for s := range e.samples(n.In[0]) {
			for i, x := range e.sample(n.In[0], s) {
				v[i] += x
			}
		}
	case Contract:
		e.contract(v, n)
	default:
		for s := range e.samples(n) {
			e.one(v[s*size:(s+1)*size], n, s)
		}
	}
	e.known[n] = v
	return v
}

// contract adds up, for each pair, the products of the last axes over all
// others: v[i, j] = Σ a[…, i]·b[…, j]; over the batch also if n is unbatched.
func (e *evaluation) contract(v []float64, n *Node) {
	rows, cols := n.Shape[0], n.Shape[1]
	for p := 0; p < len(n.In); p += 2 {
		a, b := n.In[p], n.In[p+1]
		samples := 1
		if a.Batched || b.Batched || n.Batched {
			samples = e.Batch
		}
		for s := range samples {
			x, y := e.sample(a, s), e.sample(b, s)
			dst := v
			if n.Batched {
				dst = v[s*rows*cols:]
			}
			for k := range a.Size() / rows {
				for i := range rows {
					for j := range cols {
						dst[i*cols+j] += x[k*rows+i] * y[k*cols+j]
					}
				}
			}
		}
	}
}

// one stores in dst the elements of n for sample s.
func (e *evaluation) one(dst []float64, n *Node, s int) {
	in := make([][]float64, len(n.In))
	for i, m := range n.In {
		in[i] = e.sample(m, s)
	}
	switch n.Op {
	case Const:
		dst[0] = n.X
	case Tensor:
		copy(dst, n.Data)
	case BatchSize:
		dst[0] = float64(e.Batch)
	case Reshape, Stop:
		copy(dst, in[0])
	case Elem:
		var x [3]float64
		for i := range dst {
			for k, m := range n.In {
				x[k] = in[k][stretched(i, n.Shape, m.Shape)]
			}
			dst[i] = element(n.Fn, n.X, x)
		}
	case Broadcast:
		for i := range dst {
			dst[i] = in[0][stretched(i, n.Shape, n.In[0].Shape)]
		}
	case MatMul, EachMul:
		a, b := n.In[0].Shape, n.In[1].Shape
		k, cols := a[len(a)-1], b[len(b)-1]
		rows := product(a) / k
		each := rows // rows of the left that meet one matrix of the right
		if n.Op == EachMul {
			each = a[len(a)-2]
		}
		for i := range rows {
			for j := range cols {
				for l := range k {
					dst[i*cols+j] += in[0][i*k+l] * in[1][(i/each*k+l)*cols+j]
				}
			}
		}
	case Transpose:
		src := n.In[0].Shape
		at := make([]int, len(src))
		for i := range dst {
			for k, c := range coordinates(i, n.Shape) {
				at[n.Ints[k]] = c
			}
			dst[i] = in[0][position(at, src)]
		}
	case Join:
		a, first := n.Ints[0], 0
		for k, m := range n.In {
			for i, x := range in[k] {
				c := coordinates(i, m.Shape)
				c[a] += first
				dst[position(c, n.Shape)] = x
			}
			first += m.Shape[a]
		}
	default:
		alongAxis(dst, in[0], n)
	}
}

// alongAxis computes the operations that act along axis Ints[0] and leave all
// others alone.
func alongAxis(dst, src []float64, n *Node) {
	a := n.Ints[0]
	to, from := n.Shape, n.In[0].Shape
	// line calls f with a function that finds place k of each line of src, and
	// the same for dst.
	line := func(f func(d, s func(k int) *float64)) {
		inner := product(to[a+1:])
		for o := range product(to[:a]) {
			for i := range inner {
				f(func(k int) *float64 { return &dst[(o*to[a]+k)*inner+i] },
					func(k int) *float64 { return &src[(o*from[a]+k)*inner+i] })
			}
		}
	}
	switch n.Op {
	case Sum:
		line(func(d, s func(int) *float64) {
			for k := range from[a] {
				*d(0) += *s(k)
			}
		})
	case MaxAxis:
		line(func(d, s func(int) *float64) {
			*d(0) = math.Inf(-1)
			for k := range from[a] {
				*d(0) = math.Max(*d(0), *s(k))
			}
		})
	case CumSum:
		line(func(d, s func(int) *float64) {
			sum := 0.0
			for k := range from[a] {
				if n.Ints[1] == 1 {
					k = from[a] - 1 - k
				}
				sum += *s(k)
				*d(k) = sum
			}
		})
	case Slice:
		line(func(d, s func(int) *float64) {
			for k := range to[a] {
				*d(k) = *s(n.Ints[1] + k)
			}
		})
	case Pad:
		line(func(d, s func(int) *float64) {
			for k := range from[a] {
				*d(n.Ints[1] + k) = *s(k)
			}
		})
	case Gather:
		line(func(d, s func(int) *float64) {
			for k, place := range n.Ints[1:] {
				*d(k) = *s(place)
			}
		})
	case Scatter:
		line(func(d, s func(int) *float64) {
			for k, place := range n.Ints[2:] {
				*d(place) += *s(k)
			}
		})
	default:
		panic(fmt.Sprintf("graph: no value of %v", n.Op))
	}
}

// coordinates returns the index along each axis of element i.
func coordinates(i int, shape []int) []int {
	c := make([]int, len(shape))
	for a := len(shape) - 1; a >= 0; a-- {
		c[a] = i % shape[a]
		i /= shape[a]
	}
	return c
}

// position is the inverse of coordinates.
func position(c, shape []int) int {
	i := 0
	for a, d := range shape {
		i = i*d + c[a]
	}
	return i
}

// stretched returns which element of an operand of shape small stands at
// element i of shape big.
func stretched(i int, big, small []int) int {
	c := coordinates(i, big)[len(big)-len(small):]
	for a, d := range small {
		if d == 1 {
			c[a] = 0
		}
	}
	return position(c, small)
}

// element computes one element-wise operation.
func element(fn kernel.Op, p float64, x [3]float64) float64 {
	mask := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	a, b, c := x[0], x[1], x[2]
	switch fn {
	case kernel.Const:
		return p
	case kernel.Neg:
		return -a
	case kernel.Abs:
		return math.Abs(a)
	case kernel.Sign:
		return mask(a > 0) - mask(a < 0)
	case kernel.Sqrt:
		return math.Sqrt(a)
	case kernel.Exp:
		return math.Exp(a)
	case kernel.Log:
		return math.Log(a)
	case kernel.Sin:
		return math.Sin(a)
	case kernel.Cos:
		return math.Cos(a)
	case kernel.Tanh:
		return math.Tanh(a)
	case kernel.Erf:
		return math.Erf(a)
	case kernel.Sigmoid:
		return 1 / (1 + math.Exp(-a))
	case kernel.Softplus:
		return math.Max(a, 0) + math.Log1p(math.Exp(-math.Abs(a)))
	case kernel.Recip:
		return 1 / a
	case kernel.PowC:
		return math.Pow(a, p)
	case kernel.Add:
		return a + b
	case kernel.Sub:
		return a - b
	case kernel.Mul:
		return a * b
	case kernel.Div:
		return a / b
	case kernel.Max:
		return math.Max(a, b)
	case kernel.Min:
		return math.Min(a, b)
	case kernel.Less:
		return mask(a < b)
	case kernel.Equal:
		return mask(a == b)
	case kernel.MulAdd:
		return math.FMA(a, b, c)
	case kernel.MulSub:
		return math.FMA(a, b, -c)
	case kernel.NegMulAdd:
		return math.FMA(-a, b, c)
	case kernel.Where:
		if a != 0 {
			return b
		}
		return c
	}
	panic(fmt.Sprintf("graph: no value of %v", fn))
}

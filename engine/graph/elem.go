package graph

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// broadcastShape returns the common shape of operands by NumPy's rule: shapes
// are aligned at the right, and an axis of length 1 stretches.
func broadcastShape(name string, in ...*Node) []int {
	rank := 0
	for _, n := range in {
		rank = max(rank, len(n.Shape))
	}
	out := make([]int, rank)
	for i := range out {
		out[i] = 1
		for _, n := range in {
			k := i - rank + len(n.Shape)
			if k < 0 || n.Shape[k] == 1 {
				continue
			}
			if out[i] != 1 && out[i] != n.Shape[k] {
				shapes := make([][]int, len(in))
				for j, m := range in {
					shapes[j] = m.Shape
				}
				panic(fmt.Sprintf("graph: %s: shapes %v do not broadcast: %d against %d", name, shapes, out[i], n.Shape[k]))
			}
			out[i] = n.Shape[k]
		}
	}
	return out
}

func (g *Graph) elem(fn kernel.Op, x float64, in ...*Node) *Node {
	shape := broadcastShape(fn.String(), in...)
	batched := anyBatched(in)
	constants := make([]float64, 0, len(in))
	for _, n := range in {
		if v, ok := n.number(); ok {
			constants = append(constants, v)
		}
	}
	if len(constants) == len(in) {
		return g.Const(fold(fn, x, constants)).BroadcastTo(shape...)
	}
	return g.add(Node{Op: Elem, Fn: fn, X: x, In: lean(fn, in...), Shape: shape, Batched: batched})
}

// lean returns the operands of fn with each broadcast one in its small form
// where that gives the same result.
func lean(fn kernel.Op, in ...*Node) []*Node {
	in = slices.Clone(in)
	isBroadcast := func(n *Node) bool { return n.Op == Broadcast }
	if !slices.ContainsFunc(in, isBroadcast) {
		return in
	}
	shape, batched := broadcastShape(fn.String(), in...), anyBatched(in)
	for i, n := range in {
		if !isBroadcast(n) {
			continue
		}
		in[i] = n.In[0]
		if anyBatched(in) != batched || !slices.Equal(broadcastShape(fn.String(), in...), shape) {
			in[i] = n
		}
	}
	return in
}

// fold computes fn on constants.
func fold(fn kernel.Op, x float64, v []float64) float64 {
	c := kernel.Code{In: make([]kernel.Kind, len(v)), Ins: []kernel.Instr{{Op: fn, A: 0, B: 1, C: 2, X: x}}, Out: []int{len(v)}}
	return kernel.Eval(c, v)[0]
}

func (n *Node) unary(fn kernel.Op) *Node { return n.Graph.elem(fn, 0, n) }

// Exp returns eⁿ.
func (n *Node) Exp() *Node { return n.unary(kernel.Exp) }

// Log returns the natural logarithm; n > 0.
func (n *Node) Log() *Node { return n.unary(kernel.Log) }

// Sin returns the sine of n in radians.
func (n *Node) Sin() *Node { return n.unary(kernel.Sin) }

// Cos returns the cosine of n in radians.
func (n *Node) Cos() *Node { return n.unary(kernel.Cos) }

// Tanh returns the hyperbolic tangent.
func (n *Node) Tanh() *Node { return n.unary(kernel.Tanh) }

// Erf returns the error function 2/√π ∫₀ⁿ e^(-s²) ds.
func (n *Node) Erf() *Node { return n.unary(kernel.Erf) }

// Sigmoid returns 1/(1+e⁻ⁿ).
func (n *Node) Sigmoid() *Node { return n.unary(kernel.Sigmoid) }

// Softplus returns log(1+eⁿ).
func (n *Node) Softplus() *Node { return n.unary(kernel.Softplus) }

// Abs returns |n|, with derivative 0 at 0.
func (n *Node) Abs() *Node { return n.unary(kernel.Abs) }

// Sign returns -1, 0 or +1.
func (n *Node) Sign() *Node { return n.unary(kernel.Sign) }

// Sqrt returns √n.
func (n *Node) Sqrt() *Node { return n.unary(kernel.Sqrt) }

// Recip returns 1/n.
func (n *Node) Recip() *Node { return n.unary(kernel.Recip) }

// Square returns n².
func (n *Node) Square() *Node { return n.Mul(n) }

// Relu returns max(n, 0), with derivative 0 at 0.
func (n *Node) Relu() *Node { return n.Max(n.Graph.Const(0)) }

// Gelu returns n·Φ(n) = n/2·(1 + erf(n/√2)), the exact form of Hendrycks and
// Gimpel, arXiv:1606.08415.
func (n *Node) Gelu() *Node {
	return n.Scale(0.5).Mul(n.Scale(1 / math.Sqrt2).Erf().AddConst(1))
}

// Silu returns n·sigmoid(n).
func (n *Node) Silu() *Node { return n.Mul(n.Sigmoid()) }

// Neg returns -n.
func (n *Node) Neg() *Node {
	if n.Op == Elem && n.Fn == kernel.Neg {
		return n.In[0]
	}
	return n.unary(kernel.Neg)
}

// PowConst returns n^p. For p that is not an integer, n > 0.
func (n *Node) PowConst(p float64) *Node {
	switch p {
	case 0:
		return n.Graph.Const(1).BroadcastTo(n.Shape...)
	case 1:
		return n
	case 2:
		return n.Square()
	case 0.5:
		return n.Sqrt()
	case -1:
		return n.Recip()
	}
	return n.Graph.elem(kernel.PowC, p, n)
}

// Pow returns n^m = exp(m·log n), n > 0.
func (n *Node) Pow(m *Node) *Node {
	if m.Op == Const {
		return n.PowConst(m.X)
	}
	return n.Log().Mul(m).Exp()
}

// Scale returns c·n for a number c.
func (n *Node) Scale(c float64) *Node { return n.Mul(n.Graph.Const(c)) }

// AddConst returns n + c for a number c.
func (n *Node) AddConst(c float64) *Node { return n.Add(n.Graph.Const(c)) }

func anyBatched(in []*Node) bool {
	return slices.ContainsFunc(in, func(n *Node) bool { return n.Batched })
}

// ordered puts the operands of a commutative operation into an order that
// depends on what they are rather than on when they were made, so that the
// same mathematics gives the same element-wise code and finds its kernel.
func ordered(n, m *Node) (*Node, *Node) {
	batched := func(n *Node) int {
		if n.Batched {
			return 0
		}
		return 1
	}
	if cmp.Or(batched(n)-batched(m), cmp.Compare(n.Op, m.Op), cmp.Compare(n.Fn, m.Fn), n.height-m.height, n.ID-m.ID) > 0 {
		return m, n
	}
	return n, m
}

// Add returns n + m.
func (n *Node) Add(m *Node) *Node {
	in := lean(kernel.Add, n, m)
	n, m = in[0], in[1]
	switch {
	case m.isConst(0):
		return n
	case n.isConst(0):
		return m
	case m.Op == Elem && m.Fn == kernel.Neg:
		return n.Sub(m.In[0])
	case n.Op == Elem && n.Fn == kernel.Neg:
		return m.Sub(n.In[0])
	case n == m:
		return n.Scale(2)
	case n.Op == Contract && m.Op == Contract && slices.Equal(n.Shape, m.Shape) && n.Batched == m.Batched &&
		anyBatched(n.In) == anyBatched(m.In):
		return n.Graph.contract(n.Batched, append(slices.Clone(n.In), m.In...))
	}
	n, m = ordered(n, m)
	return n.Graph.elem(kernel.Add, 0, n, m)
}

// Sub returns n - m.
func (n *Node) Sub(m *Node) *Node {
	in := lean(kernel.Sub, n, m)
	n, m = in[0], in[1]
	switch {
	case m.isConst(0):
		return n
	case n.isConst(0):
		return m.Neg()
	case m.Op == Elem && m.Fn == kernel.Neg:
		return n.Add(m.In[0])
	}
	return n.Graph.elem(kernel.Sub, 0, n, m)
}

// Mul returns n·m, element by element. The product with the constant 0 is an
// unbatched zero of the same shape, whatever the other operand.
func (n *Node) Mul(m *Node) *Node {
	in := lean(kernel.Mul, n, m)
	n, m = in[0], in[1]
	if m.Op == Const {
		n, m = m, n
	}
	switch {
	case n.isConst(1):
		return m
	case n.isConst(-1):
		return m.Neg()
	case n.isConst(0):
		return n.BroadcastTo(m.Shape...)
	case n.Op == Const && m.Op == Elem && m.Fn == kernel.Mul && m.In[0].Op == Const:
		return m.In[1].Scale(n.X * m.In[0].X)
	case n.Op == Const && m.Op == Elem && m.Fn == kernel.Neg:
		return m.In[0].Scale(-n.X)
	case m.Op == Elem && m.Fn == kernel.Neg:
		return n.Mul(m.In[0]).Neg()
	case n.Op == Elem && n.Fn == kernel.Neg:
		return n.In[0].Mul(m).Neg()
	}
	if n.Op != Const {
		n, m = ordered(n, m)
	}
	return n.Graph.elem(kernel.Mul, 0, n, m)
}

// Div returns n/m, element by element.
func (n *Node) Div(m *Node) *Node {
	if m.Op == Const {
		return n.Scale(1 / m.X)
	}
	if n.isConst(1) {
		return m.Recip()
	}
	return n.Graph.elem(kernel.Div, 0, n, m)
}

// Max returns the larger of n and m. Where they are equal, derivatives are
// those of m.
func (n *Node) Max(m *Node) *Node { return n.Graph.elem(kernel.Max, 0, n, m) }

// Min returns the smaller of n and m. Where they are equal, derivatives are
// those of m.
func (n *Node) Min(m *Node) *Node { return n.Graph.elem(kernel.Min, 0, n, m) }

// Less returns 1 where n < m, else 0; its derivative is zero.
func (n *Node) Less(m *Node) *Node { return n.Graph.elem(kernel.Less, 0, n, m) }

// Equal returns 1 where n = m, else 0; its derivative is zero.
func (n *Node) Equal(m *Node) *Node { return n.Graph.elem(kernel.Equal, 0, n, m) }

// Where returns a where n ≠ 0, else b.
func (n *Node) Where(a, b *Node) *Node { return n.Graph.elem(kernel.Where, 0, n, a, b) }

// StopGradient returns n with derivative zero.
func (n *Node) StopGradient() *Node {
	return n.Graph.add(Node{Op: Stop, In: []*Node{n}, Shape: n.Shape, Batched: n.Batched})
}

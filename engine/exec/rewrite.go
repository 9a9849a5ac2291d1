package exec

import (
	"slices"

	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// rewriter brings a program into the form that the executor runs: element-wise
// operands only of the four kinds of kernel.Kind, outer products as
// element-wise products, no StopGradient.
type rewriter struct{ done map[*graph.Node]*graph.Node }

func (r *rewriter) node(n *graph.Node) *graph.Node {
	if m := r.done[n]; m != nil {
		return m
	}
	m := r.rewrite(n)
	r.done[n] = m
	return m
}

func (r *rewriter) rewrite(n *graph.Node) *graph.Node {
	if len(n.In) == 0 {
		return n
	}
	in := make([]*graph.Node, len(n.In))
	for i, m := range n.In {
		in[i] = r.node(m)
	}
	switch n.Op {
	case graph.Stop:
		return in[0]
	case graph.MatMul:
		// [… × 1]·[1 × n] multiplies a column by a row: part of the element-wise
		// work around it.
		if k := in[1].Shape[0]; k == 1 && in[1].Shape[1] > 1 {
			return r.operands(in[0].Mul(in[1].Reshape(in[1].Shape[1])))
		}
	case graph.Elem:
		m := n.Rebuild(in)
		return r.operands(m)
	}
	return n.Rebuild(in)
}

// operands writes out the operands of an element-wise node that no kind
// covers.
func (r *rewriter) operands(m *graph.Node) *graph.Node {
	if m.Op != graph.Elem {
		return m
	}
	in := slices.Clone(m.In)
	for i, o := range in {
		if _, ok := kindOf(o, m); !ok {
			o = o.BroadcastTo(m.Shape...)
			if m.Batched {
				o = o.Batch()
			}
			in[i] = o
		}
	}
	return m.Rebuild(in)
}

func columns(n *graph.Node) int {
	if len(n.Shape) == 0 {
		return 1
	}
	return n.Shape[len(n.Shape)-1]
}

// kindOf returns how operand o varies over the elements of m.
func kindOf(o, m *graph.Node) (kernel.Kind, bool) {
	n, rows := columns(m), m.Size()/columns(m)
	switch {
	case o.Size() == 1 && !o.Batched:
		return kernel.Scalar, true
	case o.Size() == m.Size() && o.Batched == m.Batched:
		return kernel.Full, true
	case n > 1 && !o.Batched && o.Size() == n && columns(o) == n:
		return kernel.Row, true
	case n > 1 && columns(o) == 1 && o.Batched == m.Batched && o.Size() == rows:
		return kernel.Col, true
	}
	return 0, false
}

package graph

import (
	"fmt"
	"slices"

	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// Gradient returns ∂y/∂xᵢ for a number y (shape [], unbatched), by reverse
// mode. The result has the shapes of xs; an x on which y does not depend has
// gradient 0.
func Gradient(y *Node, xs ...*Node) []*Node {
	if y.Batched || y.Size() != 1 {
		panic(fmt.Sprintf("graph: gradient of %v: want one unbatched number; use SumBatch, MeanBatch or Sum", y))
	}
	return VJP([]*Node{y}, []*Node{y.Graph.Const(1).BroadcastTo(y.Shape...)}, xs...)
}

// VJP returns Σⱼ seedⱼ·∂yⱼ/∂xᵢ for each x: the vector-Jacobian products. Seeds
// have the shapes of ys.
func VJP(ys, seeds []*Node, xs ...*Node) []*Node {
	if len(ys) == 0 || len(ys) != len(seeds) {
		panic(fmt.Sprintf("graph: VJP with %d seeds for %d values", len(seeds), len(ys)))
	}
	r := reverse{g: ys[0].Graph}
	return r.run(ys, seeds, xs)
}

// Jacobian returns, for each parameter, the derivative of one residual per
// sample (batched, shape [] or [1]) by it: batched arrays of the parameters'
// shapes. Row i of the Jacobian is sample i. The residual of a sample must not
// depend on other samples.
func Jacobian(r *Node, params ...*Node) []*Node {
	if !r.Batched || r.Size() != 1 {
		panic(fmt.Sprintf("graph: Jacobian rows of %v: want one batched number", r))
	}
	rev := reverse{g: r.Graph, each: true}
	rows := rev.run([]*Node{r}, []*Node{r.Graph.Const(1).BroadcastTo(r.Shape...)}, params)
	for i, d := range rows {
		rows[i] = d.Batch() // the same row for every sample
	}
	return rows
}

// HVP returns H·v for the Hessian of the number y by xs, forward over
// reverse. The vs have the shapes of xs.
func HVP(y *Node, xs, vs []*Node) []*Node {
	return JVP(Gradient(y, xs...), xs, vs)
}

const wholeBatch = "graph: Jacobian rows of a residual that depends on the whole batch"

// reverse is one reverse sweep.
type reverse struct {
	g       *Graph
	each    bool // keep what each sample contributes to unbatched nodes apart
	adjoint map[*Node]*Node
}

func (r *reverse) run(ys, seeds, xs []*Node) []*Node {
	// Only nodes between xs and ys take part.
	depends := map[*Node]bool{}
	for _, x := range xs {
		depends[x] = true
	}
	var reach func(n *Node) bool
	seen := map[*Node]bool{}
	var order []*Node
	reach = func(n *Node) bool {
		if seen[n] {
			return depends[n]
		}
		seen[n] = true
		d := depends[n]
		for _, in := range n.In {
			if reach(in) && n.Op != Stop {
				d = true
			}
		}
		if d {
			depends[n] = true
			order = append(order, n)
		}
		return d
	}
	r.adjoint = map[*Node]*Node{}
	for i, y := range ys {
		if !slices.Equal(y.Shape, seeds[i].Shape) {
			panic(fmt.Sprintf("graph: seed of shape %v for a value of shape %v", seeds[i].Shape, y.Shape))
		}
		if reach(y) {
			r.accumulate(y, seeds[i])
		}
	}
	slices.SortFunc(order, func(a, b *Node) int { return b.ID - a.ID })
	for _, n := range order {
		if a := r.adjoint[n]; a != nil && !slices.Contains(xs, n) || a != nil && len(n.In) > 0 {
			r.back(n, a, depends)
		}
	}
	out := make([]*Node, len(xs))
	for i, x := range xs {
		out[i] = r.adjoint[x]
		if out[i] == nil {
			out[i] = r.g.Const(0).BroadcastTo(x.Shape...)
		}
	}
	return out
}

func (r *reverse) accumulate(n, a *Node) {
	if old := r.adjoint[n]; old != nil {
		a = old.Add(a)
	}
	r.adjoint[n] = a
}

// give adds to the adjoint of n, an operand of the node from, the contribution
// a, which has the shape of from or of n: sums undo broadcasting.
func (r *reverse) give(n, a, from *Node) {
	for len(a.Shape) > len(n.Shape) {
		rest := a.Shape[1:]
		a = a.SumAxis(0).Reshape(rest...)
	}
	for i, d := range n.Shape {
		if d == 1 && a.Shape[i] != 1 {
			a = a.SumAxis(i)
		}
	}
	if !slices.Equal(a.Shape, n.Shape) {
		a = a.BroadcastTo(n.Shape...)
	}
	if !n.Batched && !r.each {
		if a.Batched {
			a = a.SumBatch()
		} else if from.Batched {
			a = a.Mul(r.g.BatchSize())
		}
	}
	r.accumulate(n, a)
}

// back gives the operands of n their contributions, where a is the adjoint
// of n.
func (r *reverse) back(n, a *Node, depends map[*Node]bool) {
	give := func(i int, c func() *Node) {
		if depends[n.In[i]] {
			r.give(n.In[i], c(), n)
		}
	}
	in := n.In
	switch n.Op {
	case Elem:
		r.backElem(n, a, give)
	case MatMul:
		give(0, func() *Node { return a.MatMul(in[1].Transpose()) })
		give(1, func() *Node { return Outer(in[0], a) })
	case EachMul:
		give(0, func() *Node { return a.MatMul(in[1].Transpose()) })
		give(1, func() *Node { return in[0].Transpose().MatMul(a) })
	case Contract:
		if r.each && !n.Batched && anyBatched(in) {
			panic(wholeBatch)
		}
		for i := 0; i < len(in); i += 2 {
			give(i, func() *Node { return eachRow(in[i+1], a.Transpose()) })
			give(i+1, func() *Node { return eachRow(in[i], a) })
		}
	case Reshape:
		give(0, func() *Node { return a.Reshape(in[0].Shape...) })
	case Transpose:
		give(0, func() *Node {
			inverse := make([]int, len(n.Ints))
			for i, p := range n.Ints {
				inverse[p] = i
			}
			return a.Transpose(inverse...)
		})
	case Broadcast:
		give(0, func() *Node { return a })
	case Sum:
		give(0, func() *Node { return a.BroadcastTo(in[0].Shape...) })
	case MaxAxis:
		give(0, func() *Node { return n.selection().Mul(a) })
	case CumSum:
		give(0, func() *Node { return a.cumSum(n.Ints[0], 1-n.Ints[1]) })
	case Slice:
		give(0, func() *Node { return a.Pad(n.Ints[0], n.Ints[1], in[0].Shape[n.Ints[0]]) })
	case Pad:
		give(0, func() *Node { return a.Slice(n.Ints[0], n.Ints[1], n.Ints[1]+in[0].Shape[n.Ints[0]]) })
	case Join:
		at := 0
		for i, m := range in {
			lo := at
			at += m.Shape[n.Ints[0]]
			give(i, func() *Node { return a.Slice(n.Ints[0], lo, lo+m.Shape[n.Ints[0]]) })
		}
	case Gather:
		give(0, func() *Node { return a.scatter(n.Ints[0], in[0].Shape[n.Ints[0]], n.Ints[1:]) })
	case Scatter:
		give(0, func() *Node { return a.Gather(n.Ints[0], n.Ints[2:]...) })
	case SumBatch:
		if r.each {
			panic(wholeBatch)
		}
		give(0, func() *Node { return a })
	}
}

// selection returns, for a MaxAxis node, weights that are 1/m at the m
// largest elements and 0 elsewhere.
func (n *Node) selection() *Node {
	x := n.In[0]
	mask := x.Equal(n.StopGradient())
	return mask.Mul(mask.SumAxis(n.Ints[0]).Recip()).StopGradient()
}

// eachRow multiplies the last axis of x by m [k × n], which may differ from
// sample to sample.
func eachRow(x, m *Node) *Node {
	if !m.Batched {
		return x.MatMul(m)
	}
	k := x.Shape[len(x.Shape)-1]
	shape := append(slices.Clone(x.Shape[:len(x.Shape)-1]), m.Shape[1])
	return x.Reshape(x.Size()/k, k).MatMul(m).Reshape(shape...)
}

func (r *reverse) backElem(n, a *Node, give func(int, func() *Node)) {
	in := n.In
	switch n.Fn {
	case kernel.Add:
		give(0, func() *Node { return a })
		give(1, func() *Node { return a })
	case kernel.Sub:
		give(0, func() *Node { return a })
		give(1, func() *Node { return a.Neg() })
	case kernel.Mul:
		give(0, func() *Node { return a.Mul(in[1]) })
		give(1, func() *Node { return a.Mul(in[0]) })
	case kernel.Div:
		give(0, func() *Node { return a.Mul(in[1].Recip()) })
		give(1, func() *Node { return a.Mul(n).Mul(in[1].Recip()).Neg() })
	case kernel.Max:
		give(0, func() *Node { return in[1].Less(in[0]).Where(a, r.g.Const(0)) })
		give(1, func() *Node { return in[1].Less(in[0]).Where(r.g.Const(0), a) })
	case kernel.Min:
		give(0, func() *Node { return in[0].Less(in[1]).Where(a, r.g.Const(0)) })
		give(1, func() *Node { return in[0].Less(in[1]).Where(r.g.Const(0), a) })
	case kernel.Less, kernel.Equal:
	case kernel.Where:
		give(1, func() *Node { return in[0].Where(a, r.g.Const(0)) })
		give(2, func() *Node { return in[0].Where(r.g.Const(0), a) })
	default:
		if c := series(n, 1); len(c) > 0 {
			give(0, func() *Node { return a.Mul(c[0]) })
		}
	}
}

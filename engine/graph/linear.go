package graph

import (
	"fmt"
	"math"
	"slices"

	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// axis resolves a negative axis and checks it.
func (n *Node) axis(op string, a int) int {
	if a < -len(n.Shape) || a >= len(n.Shape) {
		panic(fmt.Sprintf("graph: %s: axis %d of shape %v", op, a, n.Shape))
	}
	if a < 0 {
		a += len(n.Shape)
	}
	return a
}

// with returns a one-operand node of another shape.
func (n *Node) with(op Op, shape []int, ints ...int) *Node {
	return n.Graph.add(Node{Op: op, In: []*Node{n}, Shape: shape, Batched: n.Batched, Ints: ints})
}

// MatMul returns the matrix product.
//
// If m is unbatched with shape [k × n], it acts on the last axis of n:
// [… × k]·[k × n] = [… × n], one matrix product for the whole batch.
// Otherwise the products are taken for each sample on the last two axes, and
// all axes before them must agree: [… × m × k]·[… × k × n] = [… × m × n].
func (n *Node) MatMul(m *Node) *Node {
	bad := func(want string) {
		panic(fmt.Sprintf("graph: matrix product of %v and %v: %s", n.Shape, m.Shape, want))
	}
	if len(n.Shape) < 1 || len(m.Shape) < 2 {
		bad("want [… × k] and [k × n]")
	}
	k := n.Shape[len(n.Shape)-1]
	if k != m.Shape[len(m.Shape)-2] {
		bad(fmt.Sprintf("%d columns against %d rows", k, m.Shape[len(m.Shape)-2]))
	}
	shape := slices.Clone(n.Shape)
	shape[len(shape)-1] = m.Shape[len(m.Shape)-1]
	if !m.Batched && len(m.Shape) == 2 {
		return n.Graph.add(Node{Op: MatMul, In: []*Node{n, m}, Shape: shape, Batched: n.Batched})
	}
	if len(n.Shape) == 1 && len(m.Shape) == 2 {
		return n.Reshape(1, k).MatMul(m).Reshape(m.Shape[1])
	}
	if len(n.Shape) != len(m.Shape) || !slices.Equal(n.Shape[:len(n.Shape)-2], m.Shape[:len(m.Shape)-2]) {
		bad("leading axes must be the same")
	}
	return n.Graph.add(Node{Op: EachMul, In: []*Node{n, m}, Shape: shape, Batched: n.Batched || m.Batched})
}

// contract returns Σᵢ in[2i]ᵀ·in[2i+1] over pairs and all axes but the last,
// for each sample if each is set, otherwise also summed over the batch.
func (g *Graph) contract(each bool, in []*Node) *Node {
	a, b := in[0].Shape, in[1].Shape
	shape := []int{a[len(a)-1], b[len(b)-1]}
	sum := 1
	if each {
		sum = 0
	}
	return g.add(Node{Op: Contract, In: in, Shape: shape, Batched: each, Ints: []int{sum}})
}

// Outer returns Σ aᵀ·b over all axes but the last, for each sample:
// [… × m], [… × n] → [m × n].
func Outer(a, b *Node) *Node {
	if len(a.Shape) == 0 || len(b.Shape) == 0 || !slices.Equal(a.Shape[:len(a.Shape)-1], b.Shape[:len(b.Shape)-1]) {
		panic(fmt.Sprintf("graph: outer product of %v and %v: leading axes must be the same", a.Shape, b.Shape))
	}
	return a.Graph.contract(a.Batched || b.Batched, []*Node{a, b})
}

// Reshape returns the elements of n in row-major order under another shape.
func (n *Node) Reshape(shape ...int) *Node {
	checkShape("reshape", shape)
	if product(shape) != n.Size() {
		panic(fmt.Sprintf("graph: reshape %v to %v: %d elements against %d", n.Shape, shape, n.Size(), product(shape)))
	}
	if n.Op == Reshape {
		n = n.In[0]
	}
	if slices.Equal(shape, n.Shape) {
		return n
	}
	return n.with(Reshape, slices.Clone(shape))
}

// Transpose exchanges axes: axis i of the result is axis perm[i] of n. Without
// arguments it exchanges the last two.
func (n *Node) Transpose(perm ...int) *Node {
	r := len(n.Shape)
	if len(perm) == 0 && r >= 2 {
		for i := range r {
			perm = append(perm, i)
		}
		perm[r-1], perm[r-2] = r-2, r-1
	}
	seen := make([]bool, r)
	shape := make([]int, r)
	for i, p := range perm {
		if len(perm) != r || p < 0 || p >= r || seen[p] {
			panic(fmt.Sprintf("graph: transpose of shape %v by %v: want each axis once", n.Shape, perm))
		}
		seen[p] = true
		shape[i] = n.Shape[p]
	}
	if len(perm) != r {
		panic(fmt.Sprintf("graph: transpose of shape %v by %v: want each axis once", n.Shape, perm))
	}
	if n.Op == Transpose {
		q := make([]int, r)
		same := true
		for i, p := range perm {
			q[i] = n.Ints[p]
			same = same && q[i] == i
		}
		if same {
			return n.In[0]
		}
		return n.In[0].Transpose(q...)
	}
	return n.with(Transpose, shape, perm...)
}

// BroadcastTo repeats n along axes of length 1 and new leading axes.
func (n *Node) BroadcastTo(shape ...int) *Node {
	if slices.Equal(n.Shape, shape) {
		return n
	}
	checkShape("broadcast", shape)
	for i := range n.Shape {
		k := len(shape) - len(n.Shape) + i
		if k < 0 || n.Shape[i] != 1 && n.Shape[i] != shape[k] {
			panic(fmt.Sprintf("graph: broadcast of %v to %v", n.Shape, shape))
		}
	}
	if n.Op == Broadcast && n.In[0].Batched == n.Batched {
		n = n.In[0]
	}
	return n.with(Broadcast, slices.Clone(shape))
}

// SumAxis sums over one axis, which stays with length 1.
func (n *Node) SumAxis(axis int) *Node {
	a := n.axis("sum", axis)
	if n.Shape[a] == 1 {
		return n
	}
	shape := slices.Clone(n.Shape)
	shape[a] = 1
	return n.with(Sum, shape, a)
}

// MeanAxis averages over one axis, which stays with length 1.
func (n *Node) MeanAxis(axis int) *Node {
	return n.SumAxis(axis).Scale(1 / float64(n.Shape[n.axis("mean", axis)]))
}

// Sum sums all elements of a sample; the result has shape [].
func (n *Node) Sum() *Node {
	if len(n.Shape) == 0 {
		return n
	}
	return n.Reshape(n.Size()).SumAxis(0).Reshape()
}

// MaxAxis returns the largest element along an axis, which stays with length
// 1. Where several are the largest, the derivative is their mean.
func (n *Node) MaxAxis(axis int) *Node {
	a := n.axis("max", axis)
	if n.Shape[a] == 1 {
		return n
	}
	shape := slices.Clone(n.Shape)
	shape[a] = 1
	return n.with(MaxAxis, shape, a)
}

// CumSum returns the running sum along an axis: yᵢ = Σⱼ≤ᵢ xⱼ.
func (n *Node) CumSum(axis int) *Node { return n.cumSum(n.axis("cumulative sum", axis), 0) }

func (n *Node) cumSum(axis, reverse int) *Node { return n.with(CumSum, n.Shape, axis, reverse) }

// Slice returns elements lo ≤ i < hi of an axis.
func (n *Node) Slice(axis, lo, hi int) *Node {
	a := n.axis("slice", axis)
	if lo < 0 || hi > n.Shape[a] || lo >= hi {
		panic(fmt.Sprintf("graph: slice %d:%d of axis %d of shape %v", lo, hi, a, n.Shape))
	}
	if lo == 0 && hi == n.Shape[a] {
		return n
	}
	shape := slices.Clone(n.Shape)
	shape[a] = hi - lo
	return n.with(Slice, shape, a, lo, hi)
}

// Pad puts n into zeros along an axis of the new length, starting at lo.
func (n *Node) Pad(axis, lo, length int) *Node {
	a := n.axis("pad", axis)
	if lo < 0 || lo+n.Shape[a] > length {
		panic(fmt.Sprintf("graph: pad axis %d of shape %v at %d to %d", a, n.Shape, lo, length))
	}
	shape := slices.Clone(n.Shape)
	shape[a] = length
	return n.with(Pad, shape, a, lo, length)
}

// Concat joins nodes along an axis; all other axes must agree.
func Concat(axis int, in ...*Node) *Node {
	if len(in) == 0 {
		panic("graph: concat of nothing")
	}
	first := in[0]
	a := first.axis("concat", axis)
	shape := slices.Clone(first.Shape)
	shape[a] = 0
	batched := false
	for _, n := range in {
		same := len(n.Shape) == len(shape)
		for i := range n.Shape {
			same = same && (i == a || n.Shape[i] == first.Shape[i])
		}
		if !same {
			panic(fmt.Sprintf("graph: concat along axis %d of shapes %v and %v", a, first.Shape, n.Shape))
		}
		shape[a] += n.Shape[a]
		batched = batched || n.Batched
	}
	return first.Graph.add(Node{Op: Join, In: slices.Clone(in), Shape: shape, Batched: batched, Ints: []int{a}})
}

// Gather returns the elements of an axis at fixed places, which may repeat.
func (n *Node) Gather(axis int, index ...int) *Node {
	a := n.axis("gather", axis)
	for _, i := range index {
		if i < 0 || i >= n.Shape[a] {
			panic(fmt.Sprintf("graph: gather place %d of axis %d of shape %v", i, a, n.Shape))
		}
	}
	shape := slices.Clone(n.Shape)
	shape[a] = len(index)
	checkShape("gather", shape)
	return n.with(Gather, shape, append([]int{a}, index...)...)
}

// scatter is the adjoint of Gather.
func (n *Node) scatter(axis, length int, index []int) *Node {
	shape := slices.Clone(n.Shape)
	shape[axis] = length
	return n.with(Scatter, shape, append([]int{axis, length}, index...)...)
}

// Take returns row i of the table, where i is a whole number known only at
// run time: [v × d], index [] → [d].
func (n *Node) Take(index *Node) *Node {
	if len(n.Shape) != 2 || index.Size() != 1 {
		panic(fmt.Sprintf("graph: take from %v by an index of shape %v: want [v × d] and []", n.Shape, index.Shape))
	}
	places := make([]float64, n.Shape[0])
	for i := range places {
		places[i] = float64(i)
	}
	oneHot := n.Graph.Tensor(places, len(places)).Equal(index.Reshape())
	return oneHot.MatMul(n)
}

// LogSumExp returns log Σ eˣ along an axis, which stays with length 1,
// without overflow.
func (n *Node) LogSumExp(axis int) *Node {
	m := n.MaxAxis(axis).StopGradient()
	return n.Sub(m).Exp().SumAxis(axis).Log().Add(m)
}

// LogSoftmax returns x - log Σ eˣ along an axis.
func (n *Node) LogSoftmax(axis int) *Node {
	d := n.Sub(n.MaxAxis(axis).StopGradient())
	return d.Sub(d.Exp().SumAxis(axis).Log())
}

// Softmax returns eˣ/Σ eˣ along an axis.
func (n *Node) Softmax(axis int) *Node {
	e := n.Sub(n.MaxAxis(axis).StopGradient()).Exp()
	return e.Mul(e.SumAxis(axis).Recip())
}

// SumBatch sums over the samples; the result is unbatched.
func (n *Node) SumBatch() *Node {
	g := n.Graph
	if !n.Batched {
		return n.Mul(g.BatchSize())
	}
	if n.Op == Contract {
		return g.sumContract(n)
	}
	if n.Op == Reshape {
		return n.In[0].SumBatch().Reshape(n.Shape...)
	}
	return g.add(Node{Op: SumBatch, In: []*Node{n}, Shape: n.Shape})
}

// sumContract sums a contraction over the batch. A pair of which one side is
// unbatched needs only the sum of the other.
func (g *Graph) sumContract(n *Node) *Node {
	var both []*Node
	var total *Node
	for i := 0; i < len(n.In); i += 2 {
		a, b := n.In[i], n.In[i+1]
		if a.Batched && b.Batched {
			both = append(both, a, b)
			continue
		}
		if a.Batched {
			a = a.SumBatch()
		} else {
			b = b.SumBatch()
		}
		t := g.contract(false, []*Node{a, b})
		if total == nil {
			total = t
		} else {
			total = total.Add(t)
		}
	}
	if both == nil {
		return total
	}
	t := g.contract(false, both)
	if total == nil {
		return t
	}
	return g.elem(kernel.Add, 0, t, total)
}

// MeanBatch averages over the samples; the result is unbatched.
func (n *Node) MeanBatch() *Node { return n.SumBatch().Mul(n.Graph.BatchSize().Recip()) }

// MeanSquare returns the mean of n² over the batch and all elements.
func (n *Node) MeanSquare() *Node {
	return n.Square().Sum().MeanBatch().Scale(1 / math.Max(1, float64(n.Size())))
}

// Batch repeats n for every sample: the same value, batched.
func (n *Node) Batch() *Node {
	if n.Batched {
		return n
	}
	return n.Graph.add(Node{Op: Broadcast, In: []*Node{n}, Shape: n.Shape, Batched: true})
}

package graph

import (
	"fmt"
	"slices"

	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// An Algebra says how the streams of a jet multiply. A jet is a truncated
// polynomial Σ uₛ eₛ in small quantities: stream 0 is the value (e₀ = 1), and
// every other basis element is nilpotent. Taylor series in one or several
// variables and the collapsed Laplacian differ in nothing else.
//
// Source of the collapsed form: Dangel et al., Collapsing Taylor Mode
// Automatic Differentiation, NeurIPS 2025.
type Algebra struct {
	size int
	mul  [][][]term // mul[i][j]: eᵢ·eⱼ as a combination
}

type term struct {
	k int
	w float64
}

func newAlgebra(size int) *Algebra {
	a := &Algebra{size: size, mul: make([][][]term, size)}
	for i := range a.mul {
		a.mul[i] = make([][]term, size)
	}
	for i := range size {
		a.mul[0][i] = []term{{i, 1}}
		a.mul[i][0] = []term{{i, 1}}
	}
	return a
}

// Multi returns the algebra of polynomials in several variables spanned by
// the given multi-indices and all below them, and the indices of its streams
// in order. Stream α holds the Taylor coefficient ∂^α u/α!.
func Multi(orders ...[]int) (*Algebra, [][]int) {
	d := len(orders[0])
	var index [][]int
	place := map[string]int{}
	var fill func(alpha []int)
	fill = func(alpha []int) {
		if _, ok := place[fmt.Sprint(alpha)]; ok {
			return
		}
		place[fmt.Sprint(alpha)] = 0
		for i, k := range alpha {
			if k > 0 {
				below := slices.Clone(alpha)
				below[i]--
				fill(below)
			}
		}
		index = append(index, slices.Clone(alpha))
	}
	fill(make([]int, d))
	for _, alpha := range orders {
		if len(alpha) != d {
			panic(fmt.Sprintf("graph: multi-indices %v and %v: want the same length", orders[0], alpha))
		}
		fill(alpha)
	}
	for i, alpha := range index {
		place[fmt.Sprint(alpha)] = i
	}
	a := newAlgebra(len(index))
	sum := make([]int, d)
	for i, alpha := range index {
		for j, beta := range index {
			for c := range sum {
				sum[c] = alpha[c] + beta[c]
			}
			if k, ok := place[fmt.Sprint(sum)]; ok && i > 0 && j > 0 {
				a.mul[i][j] = []term{{k, 1}}
			}
		}
	}
	return a, index
}

// Collapsed returns the algebra for Σᵣ wᵣ·(top Taylor coefficient along
// direction r): the directions' streams of orders 1 to order-1 are kept apart,
// the weighted sum of those of the highest order is one stream, the last.
// Stream 1 + r·(order-1) + (k-1) is the coefficient of order k along
// direction r.
func Collapsed(order int, weights []float64) *Algebra {
	if order < 2 {
		panic(fmt.Sprintf("graph: collapsed jets of order %d: want 2 or more", order))
	}
	low := order - 1
	a := newAlgebra(2 + len(weights)*low)
	at := func(r, k int) int { return 1 + r*low + k - 1 }
	for r, w := range weights {
		for j := 1; j <= low; j++ {
			for k := 1; k <= low; k++ {
				switch {
				case j+k < order:
					a.mul[at(r, j)][at(r, k)] = []term{{at(r, j+k), 1}}
				case j+k == order && w != 0:
					a.mul[at(r, j)][at(r, k)] = []term{{a.size - 1, w}}
				}
			}
		}
	}
	return a
}

// Jet is a value as its streams; a nil stream is zero.
type Jet []*Node

// Jets pushes jets through a program: seeds gives the jets of some nodes
// (stream 0 is the node itself), everything not made from them is constant.
func (a *Algebra) Jets(seeds map[*Node]Jet, ys ...*Node) []Jet {
	p := &pusher{a: a, known: map[*Node]Jet{}, moves: map[*Node]bool{}, asked: map[*Node]bool{}}
	for n, j := range seeds {
		if len(j) != a.size || j[0] != n {
			panic(fmt.Sprintf("graph: seed of %v has %d streams, want %d beginning with the node itself", n, len(j), a.size))
		}
		for _, s := range j {
			if s != nil && !slices.Equal(s.Shape, n.Shape) {
				panic(fmt.Sprintf("graph: seed of shape %v for a value of shape %v", s.Shape, n.Shape))
			}
		}
		p.known[n] = j
		p.moves[n], p.asked[n] = true, true
	}
	out := make([]Jet, len(ys))
	for i, y := range ys {
		out[i] = p.jet(y)
	}
	return out
}

type pusher struct {
	a            *Algebra
	known        map[*Node]Jet
	moves, asked map[*Node]bool
}

// moving reports whether n depends on a seed.
func (p *pusher) moving(n *Node) bool {
	if !p.asked[n] {
		p.asked[n] = true
		for _, in := range n.In {
			if n.Op != Stop && p.moving(in) {
				p.moves[n] = true
			}
		}
	}
	return p.moves[n]
}

func (p *pusher) jet(n *Node) Jet {
	if j := p.known[n]; j != nil {
		return j
	}
	j := make(Jet, p.a.size)
	if p.moving(n) {
		p.push(n, j)
	}
	j[0] = n
	for _, s := range j[1:] {
		if s != nil && !slices.Equal(s.Shape, n.Shape) {
			panic(fmt.Sprintf("graph: jet of %v: stream of shape %v", n, s.Shape))
		}
	}
	p.known[n] = j
	return j
}

// push fills in the streams above 0 of n.
func (p *pusher) push(n *Node, j Jet) {
	in := n.In
	linear := func(f func(*Node) *Node) {
		for k, s := range p.jet(in[0]) {
			if k > 0 && s != nil {
				j[k] = f(s)
			}
		}
	}
	switch n.Op {
	case Elem:
		p.pushElem(n, j)
	case MatMul:
		p.product(j, p.jet(in[0]), p.jet(in[1]), eachRow)
	case EachMul:
		p.product(j, p.jet(in[0]), p.jet(in[1]), (*Node).MatMul)
	case Contract:
		sum := !n.Batched && anyBatched(in)
		for i := 0; i < len(in); i += 2 {
			p.product(j, p.jet(in[i]), p.jet(in[i+1]), func(x, y *Node) *Node {
				c := Outer(x, y)
				if sum {
					c = c.SumBatch()
				}
				return c
			})
		}
	case Reshape:
		linear(func(s *Node) *Node { return s.Reshape(n.Shape...) })
	case Transpose:
		linear(func(s *Node) *Node { return s.Transpose(n.Ints...) })
	case Broadcast:
		linear(func(s *Node) *Node { return s.BroadcastTo(n.Shape...) })
	case Sum:
		linear(func(s *Node) *Node { return s.SumAxis(n.Ints[0]) })
	case MaxAxis:
		w := n.selection()
		linear(func(s *Node) *Node { return w.Mul(s).SumAxis(n.Ints[0]) })
	case CumSum:
		linear(func(s *Node) *Node { return s.cumSum(n.Ints[0], n.Ints[1]) })
	case Slice:
		linear(func(s *Node) *Node { return s.Slice(n.Ints[0], n.Ints[1], n.Ints[2]) })
	case Pad:
		linear(func(s *Node) *Node { return s.Pad(n.Ints[0], n.Ints[1], n.Ints[2]) })
	case Gather:
		linear(func(s *Node) *Node { return s.Gather(n.Ints[0], n.Ints[1:]...) })
	case Scatter:
		linear(func(s *Node) *Node { return s.scatter(n.Ints[0], n.Ints[1], n.Ints[2:]) })
	case SumBatch:
		linear((*Node).SumBatch)
	case Join:
		for k := 1; k < p.a.size; k++ {
			parts := make([]*Node, len(in))
			some := false
			for i, m := range in {
				parts[i] = p.jet(m)[k]
				some = some || parts[i] != nil
			}
			if !some {
				continue
			}
			for i, m := range in {
				if parts[i] == nil {
					parts[i] = n.Graph.Const(0).BroadcastTo(m.Shape...)
				}
			}
			j[k] = Concat(n.Ints[0], parts...)
		}
	}
}

// addTo adds s to stream k.
func (j Jet) addTo(k int, s *Node) {
	if j[k] != nil {
		s = j[k].Add(s)
	}
	j[k] = s
}

// product adds the streams above 0 of a bilinear operation.
func (p *pusher) product(j, x, y Jet, mul func(x, y *Node) *Node) {
	for a, xs := range x {
		for b, ys := range y {
			if a+b == 0 || xs == nil || ys == nil {
				continue
			}
			for _, t := range p.a.mul[a][b] {
				j.addTo(t.k, mul(xs, ys).Scale(t.w))
			}
		}
	}
}

func (p *pusher) pushElem(n *Node, j Jet) {
	in := n.In
	fit := func() {
		for k := 1; k < len(j); k++ {
			if j[k] != nil {
				j[k] = j[k].BroadcastTo(n.Shape...)
			}
		}
	}
	defer fit()
	choose := func(mask *Node, x, y Jet) {
		zero := n.Graph.Const(0)
		for k := 1; k < p.a.size; k++ {
			if x[k] == nil && y[k] == nil {
				continue
			}
			a, b := x[k], y[k]
			if a == nil {
				a = zero
			}
			if b == nil {
				b = zero
			}
			j[k] = mask.Where(a, b)
		}
	}
	switch n.Fn {
	case kernel.Add, kernel.Sub:
		x, y := p.jet(in[0]), p.jet(in[1])
		for k := 1; k < p.a.size; k++ {
			if x[k] != nil {
				j.addTo(k, x[k])
			}
			if y[k] != nil {
				s := y[k]
				if n.Fn == kernel.Sub {
					s = s.Neg()
				}
				j.addTo(k, s)
			}
		}
	case kernel.Mul:
		p.product(j, p.jet(in[0]), p.jet(in[1]), (*Node).Mul)
	case kernel.Div:
		r := p.jet(in[1].Recip())
		p.product(j, p.jet(in[0]), r, (*Node).Mul)
	case kernel.Max:
		choose(in[1].Less(in[0]), p.jet(in[0]), p.jet(in[1]))
	case kernel.Min:
		choose(in[0].Less(in[1]), p.jet(in[0]), p.jet(in[1]))
	case kernel.Less, kernel.Equal:
	case kernel.Where:
		choose(in[0], p.jet(in[1]), p.jet(in[2]))
	default:
		p.compose(n, j)
	}
}

// compose fills in the streams of f(z₀+δ) = f(z₀) + c₁δ + c₂δ² + …
func (p *pusher) compose(n *Node, j Jet) {
	z := p.jet(n.In[0])
	delta := slices.Clone(z)
	delta[0] = nil
	// Powers of δ vanish from some power on; find how many are needed first, so
	// that no coefficient is written that nobody uses.
	var powers []Jet
	for pow := delta; ; {
		powers = append(powers, pow)
		next := make(Jet, p.a.size)
		p.product(next, pow, delta, (*Node).Mul)
		if !slices.ContainsFunc(next, func(s *Node) bool { return s != nil }) {
			break
		}
		pow = next
	}
	for k, c := range series(n, len(powers)) {
		for i, s := range powers[k] {
			if s != nil {
				j.addTo(i, c.Mul(s))
			}
		}
	}
}

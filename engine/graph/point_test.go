package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// point is a program with values for its leaves and directions to move them.
type point struct {
	Values
	g      *Graph
	y      *Node
	leaves []*Node
	moves  map[*Node][]*Node // first- and second-order direction of each leaf
}

// at draws a point of the program that is clear of kinks.
func (pr program) at(batch int, seed uint64) *point {
	for try := range uint64(1000) {
		if p := pr.draw(batch, rand.New(rand.NewPCG(seed, try))); p.clear(p.y) {
			return p
		}
	}
	panic("no point clear of kinks: " + pr.name)
}

// some reports whether f holds for n or a node below it.
func (n *Node) some(f func(n *Node) bool) bool {
	seen := map[*Node]bool{}
	var walk func(n *Node) bool
	walk = func(n *Node) bool {
		if seen[n] {
			return false
		}
		seen[n] = true
		return f(n) || slices.ContainsFunc(n.In, walk)
	}
	return walk(n)
}

// clear reports whether no comparison in y changes within 0.02, ten times the
// step of the differences.
func (p *point) clear(y *Node) bool {
	const room = 0.02
	var gaps []*Node
	y.some(func(n *Node) bool {
		switch {
		case n.Op == Elem && (n.Fn == kernel.Max || n.Fn == kernel.Min || n.Fn == kernel.Less):
			gaps = append(gaps, n.In[0].Sub(n.In[1]))
		case n.Op == Elem && (n.Fn == kernel.Abs || n.Fn == kernel.Sign):
			gaps = append(gaps, n.In[0])
		case n.Op == MaxAxis:
			// The largest stands off from all others if it alone is close to itself.
			close := n.AddConst(-room).Less(n.In[0]).SumAxis(n.Ints[0])
			gaps = append(gaps, close.AddConst(-2))
		}
		return false
	})
	for _, v := range Eval(p.Values, gaps...) {
		if slices.ContainsFunc(v, func(x float64) bool { return math.Abs(x) < room }) {
			return false
		}
	}
	return true
}

func (pr program) draw(batch int, rng *rand.Rand) *point {
	g := New()
	p := &point{Values: Values{Batch: batch, Inputs: map[string][]float64{}, Settings: map[string]float64{}}, g: g, moves: map[*Node][]*Node{}}
	p.y = pr.build(g)
	draw := func(n int, lo, hi float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = lo + (hi-lo)*rng.Float64()
		}
		return v
	}
	p.Params = draw(g.ParamSize(), pr.lo, pr.hi)
	for _, n := range g.Params() {
		p.leaves = append(p.leaves, n)
		for range 2 {
			p.moves[n] = append(p.moves[n], g.Tensor(draw(n.Size(), -1, 1), n.Shape...))
		}
	}
	for _, n := range g.Settings() {
		p.leaves = append(p.leaves, n)
		p.Settings[n.Name] = draw(1, pr.lo, pr.hi)[0]
		p.moves[n] = []*Node{g.Const(rng.Float64()), g.Const(rng.Float64())}
	}
	for _, n := range append([]*Node{}, g.Inputs()...) {
		p.leaves = append(p.leaves, n)
		p.Inputs[n.Name] = draw(batch*n.Size(), pr.lo, pr.hi)
		for k := range 2 {
			if rng.IntN(3) == 0 { // the same direction for every sample
				p.moves[n] = append(p.moves[n], g.Tensor(draw(n.Size(), -1, 1), n.Shape...))
				continue
			}
			d := g.Input(fmt.Sprint(n.Name, " direction ", k+1), n.Shape...)
			p.Inputs[d.Name] = draw(batch*n.Size(), -1, 1)
			p.moves[n] = append(p.moves[n], d)
		}
	}
	return p
}

// direction returns the first-order directions of the leaves.
func (p *point) direction() []*Node {
	v := make([]*Node, len(p.leaves))
	for i, n := range p.leaves {
		v[i] = p.moves[n][0]
	}
	return v
}

// shifted returns the values with element i of leaf n moved by h.
func (p *point) shifted(n *Node, i int, h float64) Values {
	v := p.Values
	switch n.Op {
	case Param:
		v.Params = append([]float64{}, v.Params...)
		v.Params[n.Offset+i] += h
	case Setting:
		v.Settings = map[string]float64{}
		for k, x := range p.Settings {
			v.Settings[k] = x
		}
		v.Settings[n.Name] += h
	case Input:
		v.Inputs = map[string][]float64{}
		for k, x := range p.Inputs {
			v.Inputs[k] = x
		}
		v.Inputs[n.Name] = append([]float64{}, p.Inputs[n.Name]...)
		v.Inputs[n.Name][i] += h
	}
	return v
}

// size returns the number of numbers that leaf n has in a run.
func (p *point) size(n *Node) int {
	if n.Batched {
		return p.Batch * n.Size()
	}
	return n.Size()
}

// difference returns df/dx of the number f by element i of leaf n, from
// central differences at h and h/2, extrapolated (Richardson): error O(h⁴).
func (p *point) difference(n *Node, i int, f func(Values) float64) float64 {
	const h = 2e-3 // h⁴ = 1.6e-11; rounding 1e-16/h = 5e-14
	d := func(h float64) float64 { return (f(p.shifted(n, i, h)) - f(p.shifted(n, i, -h))) / (2 * h) }
	return (4*d(h/2) - d(h)) / 3
}

// full returns the values of n as they stand for every sample if like is
// batched.
func (p *point) full(n, like *Node) []float64 {
	v := Eval(p.Values, n)[0]
	if like.Batched && !n.Batched {
		row := v
		v = nil
		for range p.Batch {
			v = append(v, row...)
		}
	}
	return v
}

// total returns Σ w·y over samples and elements, with a different weight for
// each, and the nodes of the weights.
func (p *point) total(y *Node, seed uint64) (sum, w *Node) {
	rng := rand.New(rand.NewPCG(seed, 2))
	name := fmt.Sprint("weights ", seed, " of ", y.ID)
	n := y.Size()
	if y.Batched {
		w = p.g.Input(name, y.Shape...)
		n *= p.Batch
	}
	data := make([]float64, n)
	for i := range data {
		data[i] = 0.2 + rng.Float64()
	}
	if y.Batched {
		p.Inputs[name] = data
		return y.Mul(w).Sum().SumBatch(), w
	}
	w = p.g.Tensor(data, y.Shape...)
	return y.Mul(w).Sum(), w
}

// within reports whether got is want to a relative tolerance, or an absolute
// one below 1.
func within(got, want, tol float64) bool {
	return math.Abs(got-want) <= tol*math.Max(1, math.Abs(want))
}

package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// A program is one case for all transforms: leaves are drawn between lo and
// hi, the safe interval of its operations.
type program struct {
	name   string
	lo, hi float64
	build  func(g *Graph) *Node
}

// onInput makes a program of a function of one batched array [3].
func onInput(f func(x *Node) *Node) func(g *Graph) *Node {
	return func(g *Graph) *Node { return f(g.Input("x", 3)) }
}

// elementary are the functions of one number, each also inside and outside of
// another. Intervals keep clear of kinks, poles and, for ill-conditioned
// derivatives, of saturation.
var elementary = []program{
	{"exp", -2, 2, onInput((*Node).Exp)},
	{"log", 0.5, 3, onInput((*Node).Log)},
	{"sin", -4, 4, onInput((*Node).Sin)},
	{"cos", -4, 4, onInput((*Node).Cos)},
	{"tanh", -2, 2, onInput((*Node).Tanh)},
	{"erf", -2, 2, onInput((*Node).Erf)},
	{"sigmoid", -3, 3, onInput((*Node).Sigmoid)},
	{"softplus", -3, 3, onInput((*Node).Softplus)},
	{"sqrt", 0.5, 3, onInput((*Node).Sqrt)},
	{"recip", 0.5, 3, onInput((*Node).Recip)},
	{"recip of negative", -3, -0.5, onInput((*Node).Recip)},
	{"neg", -2, 2, onInput((*Node).Neg)},
	{"abs", 0.1, 2, onInput((*Node).Abs)},
	{"abs of negative", -2, -0.1, onInput((*Node).Abs)},
	{"sign", 0.1, 2, onInput((*Node).Sign)},
	{"square", -2, 2, onInput((*Node).Square)},
	{"relu", 0.1, 2, onInput((*Node).Relu)},
	{"relu of negative", -2, -0.1, onInput((*Node).Relu)},
	{"gelu", -2, 2, onInput((*Node).Gelu)},
	{"silu", -2, 2, onInput((*Node).Silu)},
	{"power 0", -2, 2, onInput(func(x *Node) *Node { return x.PowConst(0) })},
	{"power 1", -2, 2, onInput(func(x *Node) *Node { return x.PowConst(1) })},
	{"power 3", -2, 2, onInput(func(x *Node) *Node { return x.PowConst(3) })},
	{"power 4 of negative", -2, -0.5, onInput(func(x *Node) *Node { return x.PowConst(4) })},
	{"power 9", -1.5, 1.5, onInput(func(x *Node) *Node { return x.PowConst(9) })},
	{"power -1", 0.5, 2, onInput(func(x *Node) *Node { return x.PowConst(-1) })},
	{"power -3", 0.5, 2, onInput(func(x *Node) *Node { return x.PowConst(-3) })},
	{"power -2 of negative", -2, -0.5, onInput(func(x *Node) *Node { return x.PowConst(-2) })},
	{"power 0.5", 0.5, 2, onInput(func(x *Node) *Node { return x.PowConst(0.5) })},
	{"power 2.5", 0.5, 2, onInput(func(x *Node) *Node { return x.PowConst(2.5) })},
	{"power -1.5", 0.5, 2, onInput(func(x *Node) *Node { return x.PowConst(-1.5) })},
	{"power of itself", 0.5, 2, onInput(func(x *Node) *Node { return x.Pow(x.Sin()) })},
	{"power const node", 0.5, 2, onInput(func(x *Node) *Node { return x.Pow(x.Graph.Const(1.5)) })},
	{"less", -2, 2, onInput(func(x *Node) *Node { return x.Less(x.Graph.Const(0.1)).Mul(x) })},
	{"equal", -2, 2, onInput(func(x *Node) *Node { return x.Equal(x.Scale(1)).Mul(x) })},
	{"where", -2, 2, onInput(func(x *Node) *Node { return x.Less(x.Cos()).Where(x.Sin(), x.Exp()) })},
	{"max", -2, 2, onInput(func(x *Node) *Node { return x.Sin().Max(x.Exp().AddConst(-1.3)) })},
	{"min", -2, 2, onInput(func(x *Node) *Node { return x.Sin().Min(x.Exp().AddConst(-1.3)) })},
	{"product", -2, 2, onInput(func(x *Node) *Node { return x.Exp().Mul(x.Sin()).Mul(x) })},
	{"quotient", -2, 2, onInput(func(x *Node) *Node { return x.Sin().Div(x.Square().AddConst(1)) })},
	{"constant quotient", 0.5, 2, onInput(func(x *Node) *Node { return x.Graph.Const(2).Div(x).Div(x.Graph.Const(-3)) })},
	{"stop", -2, 2, onInput(func(x *Node) *Node { return x.Sin().StopGradient().Mul(x.Square()) })},
	{"exp sin square", -1.5, 1.5, onInput(func(x *Node) *Node { return x.Square().Sin().Exp() })},
	{"tanh tanh", -2, 2, onInput(func(x *Node) *Node { return x.Scale(1.3).Tanh().AddConst(0.2).Tanh() })},
	{"log of exp sum", -2, 2, onInput(func(x *Node) *Node { return x.Exp().Add(x.Cos().Square()).Log() })},
	{"erf of sqrt", 0.5, 2, onInput(func(x *Node) *Node { return x.Sqrt().Sub(x.Recip()).Erf() })},
	{"softplus gelu silu", -2, 2, onInput(func(x *Node) *Node { return x.Softplus().Gelu().Add(x.Silu().Sigmoid()) })},
}

// on23 makes a program of a batched array [2 × 3].
func on23(f func(x *Node) *Node) func(g *Graph) *Node {
	return func(g *Graph) *Node { return f(g.Input("x", 2, 3)) }
}

// structural move, add and multiply whole arrays.
var structural = []program{
	{"softmax", -2, 2, on23(func(x *Node) *Node { return x.Softmax(-1) })},
	{"softmax of other axis", -2, 2, on23(func(x *Node) *Node { return x.Softmax(0) })},
	{"log softmax", -2, 2, on23(func(x *Node) *Node { return x.LogSoftmax(1) })},
	{"logsumexp", -2, 2, on23(func(x *Node) *Node { return x.LogSumExp(1) })},
	{"logsumexp of other axis", -2, 2, on23(func(x *Node) *Node { return x.LogSumExp(0) })},
	{"sum", -2, 2, on23(func(x *Node) *Node { return x.Sin().SumAxis(0) })},
	{"mean", -2, 2, on23(func(x *Node) *Node { return x.Sin().MeanAxis(-1).Mul(x) })},
	{"sum of all", -2, 2, on23(func(x *Node) *Node { return x.Exp().Sum() })},
	{"max of axis", -2, 2, on23(func(x *Node) *Node { return x.Exp().MaxAxis(1).Mul(x) })},
	{"max of axis 0", -2, 2, on23(func(x *Node) *Node { return x.Square().MaxAxis(0) })},
	{"cumsum", -2, 2, on23(func(x *Node) *Node { return x.Sin().CumSum(1).Exp() })},
	{"cumsum of axis 0", -2, 2, on23(func(x *Node) *Node { return x.Sin().CumSum(0).Square() })},
	{"cumsum from the end", -2, 2, on23(func(x *Node) *Node { return x.Sin().cumSum(1, 1).Square() })},
	{"slice", -2, 2, on23(func(x *Node) *Node { return x.Sin().Slice(1, 1, 3).Exp() })},
	{"slice of axis 0", -2, 2, on23(func(x *Node) *Node { return x.Sin().Slice(0, 0, 1).Mul(x) })},
	{"pad", -2, 2, on23(func(x *Node) *Node { return x.Exp().Pad(1, 2, 6).Sin() })},
	{"pad of axis 0", -2, 2, on23(func(x *Node) *Node { return x.Exp().Pad(0, 0, 3).Sin() })},
	{"concat", -2, 2, on23(func(x *Node) *Node { return Concat(1, x.Sin(), x.Graph.Param("p", 2, 1), x.Exp()).Square() })},
	{"concat of axis 0", -2, 2, on23(func(x *Node) *Node { return Concat(-2, x, x.Exp().Slice(0, 1, 2)).Tanh() })},
	{"concat of constants", -2, 2, on23(func(x *Node) *Node { return Concat(0, x.Graph.Tensor([]float64{1, 2, 3}, 1, 3), x.Sin()) })},
	{"gather", -2, 2, on23(func(x *Node) *Node { return x.Sin().Gather(1, 2, 0, 2, 1, 2).Exp() })},
	{"gather of axis 0", -2, 2, on23(func(x *Node) *Node { return x.Exp().Gather(0, 1, 1).Square() })},
	{"scatter", -2, 2, on23(func(x *Node) *Node { return x.Sin().scatter(1, 4, []int{3, 1, 3}).Square() })},
	{"reshape", -2, 2, on23(func(x *Node) *Node { return x.Sin().Reshape(3, 2).Mul(x.Transpose()) })},
	{"transpose", -2, 2, func(g *Graph) *Node { return g.Input("x", 2, 3, 2).Exp().Transpose(2, 0, 1).Square() }},
	{"broadcast", -2, 2, func(g *Graph) *Node { return g.Input("x", 2, 1).Exp().BroadcastTo(3, 2, 4).Square() }},
	{"broadcast of parameter", -2, 2, func(g *Graph) *Node {
		return g.Param("p", 3).Exp().BroadcastTo(2, 3).SumAxis(0).Mul(g.Input("x", 1, 3))
	}},
	{"batched copy", -2, 2, func(g *Graph) *Node { return g.Param("p", 3).Exp().Batch().BroadcastTo(2, 3).Sin() }},
	{"take", -2, 2, func(g *Graph) *Node {
		return g.Param("table", 4, 3).Sin().Take(g.Const(2)).Mul(g.Input("x", 3))
	}},
	{"where of parameter", -2, 2, func(g *Graph) *Node {
		x, p := g.Input("x", 2, 3), g.Param("p", 3)
		return x.Less(p).Where(p.Exp(), x.Sin())
	}},
	{"matmul", -2, 2, func(g *Graph) *Node { return g.Input("x", 3).MatMul(g.Param("w", 3, 4)).Sin() }},
	{"matmul with rows", -2, 2, func(g *Graph) *Node { return g.Input("x", 2, 3).MatMul(g.Param("w", 3, 4).Sin()).Sin() }},
	{"matmul with planes", -2, 2, func(g *Graph) *Node { return g.Input("x", 2, 2, 3).MatMul(g.Param("w", 3, 2)).Square() }},
	{"matmul of parameters", -1, 1, func(g *Graph) *Node {
		a, b := g.Param("a", 2, 3), g.Param("b", 3, 2)
		return a.MatMul(b).MatMul(a).Sin()
	}},
	{"matmul left unbatched", -2, 2, func(g *Graph) *Node { return g.Param("w", 4, 2).MatMul(g.Input("x", 2, 3)).Sin() }},
	{"matmul of samples", -2, 2, func(g *Graph) *Node { return g.Input("x", 2, 3).MatMul(g.Input("z", 3, 2)).Sin() }},
	{"vector times matrix of samples", -2, 2, func(g *Graph) *Node { return g.Input("x", 3).MatMul(g.Input("z", 3, 2)).Sin() }},
	{"parameter vector times matrix of samples", -2, 2, func(g *Graph) *Node { return g.Param("p", 3).MatMul(g.Input("z", 3, 2)).Sin() }},
	{"planes of samples", -2, 2, func(g *Graph) *Node {
		x := g.Input("x", 2, 2, 3)
		return x.MatMul(x.Sin().Transpose()).Square()
	}},
	{"planes of parameters", -2, 2, func(g *Graph) *Node {
		return g.Input("x", 2, 1, 3).MatMul(g.Param("w", 2, 3, 2)).Square()
	}},
	{"planes of parameters on the left", -2, 2, func(g *Graph) *Node {
		return g.Param("w", 2, 1, 3).MatMul(g.Input("x", 2, 3, 2)).Square()
	}},
	{"planes, both parameters", -2, 2, func(g *Graph) *Node {
		return g.Param("w", 2, 1, 3).MatMul(g.Param("v", 2, 3, 2)).Square()
	}},
	{"contraction of each sample", -2, 2, func(g *Graph) *Node { return Outer(g.Input("x", 2, 3), g.Input("z", 2, 2)).Sin() }},
	{"contraction, left unbatched", -2, 2, func(g *Graph) *Node { return Outer(g.Param("p", 2, 3), g.Input("z", 2, 2)).Sin() }},
	{"contraction, right unbatched", -2, 2, func(g *Graph) *Node { return Outer(g.Input("x", 2, 3), g.Param("p", 2, 2)).Sin() }},
	{"contraction of parameters", -2, 2, func(g *Graph) *Node { return Outer(g.Param("p", 2, 3), g.Param("q", 2, 2)).Sin() }},
	{"contraction of vectors", -2, 2, func(g *Graph) *Node { return Outer(g.Input("x", 3), g.Input("z", 2)).Sin() }},
	{"contraction, four pairs over the batch", -2, 2, func(g *Graph) *Node {
		x, z, p, q := g.Input("x", 2, 3), g.Input("z", 2, 2), g.Param("p", 2, 3), g.Param("q", 2, 2)
		each := Outer(x, z).Add(Outer(p.Exp(), z.Sin())).Add(Outer(x.Cos(), q)).Add(Outer(x.Sin(), z.Exp()))
		return each.SumBatch().Add(Outer(p, q)).Scale(0.3).Sin()
	}},
	{"sum over batch", -2, 2, on23(func(x *Node) *Node { return x.Sin().SumBatch().Square() })},
	{"sum over batch of unbatched", -2, 2, func(g *Graph) *Node { return g.Param("p", 2).Sin().SumBatch().Square() }},
	{"mean over batch", -2, 2, on23(func(x *Node) *Node { return x.Sub(x.MeanBatch()).MeanSquare().Exp() })},
	{"setting", -2, 2, func(g *Graph) *Node { return g.Setting("c").Mul(g.Input("x", 3)).Sin().Mul(g.Setting("d").Exp()) }},
	{"zero", -2, 2, on23(func(x *Node) *Node { return x.Scale(0).Add(x.Graph.Param("p", 3)).SumAxis(0).Exp() })},
	{"zero alone", -2, 2, on23(func(x *Node) *Node { return x.Scale(0).SumAxis(0) })},
	{"network", -1, 1, func(g *Graph) *Node {
		h := g.Input("x", 2).MatMul(g.Param("w1", 2, 4)).Add(g.Param("b1", 4)).Tanh()
		h = h.MatMul(g.Param("w2", 4, 3)).Add(g.Param("b2", 3)).Silu()
		return h.MatMul(g.Param("w3", 3, 2)).Add(g.Param("b3", 2))
	}},
}

// broadcasts returns every operation on two numbers with every pattern of
// shapes and of batchedness.
func broadcasts() []program {
	shapes := [][2][]int{
		{{2, 3}, {2, 3}}, {{2, 3}, {3}}, {{2, 1}, {1, 3}}, {{2, 3}, {2, 1}}, {{}, {2, 2}}, {{1}, {3}}, {{1, 1}, {2}}, {{}, {}},
	}
	ops := []struct {
		name string
		f    func(a, b *Node) *Node
	}{
		{"add", (*Node).Add}, {"sub", (*Node).Sub}, {"mul", (*Node).Mul}, {"div", (*Node).Div}, {"max", (*Node).Max},
		{"min", (*Node).Min}, {"pow", (*Node).Pow},
		{"where", func(a, b *Node) *Node { return a.Less(b).Where(a.Exp(), b) }},
		{"where of mixed shapes", func(a, b *Node) *Node { return a.Less(a.Graph.Const(1.2)).Where(b, a.Graph.Setting("c")) }},
	}
	var all []program
	for _, op := range ops {
		for _, s := range shapes {
			for kind := range 8 {
				leaf := func(g *Graph, name string, batched bool, shape []int) *Node {
					if batched {
						return g.Input(name, shape...)
					}
					return g.Param(name, shape...)
				}
				all = append(all, program{fmt.Sprintf("%s %v %03b", op.name, s, kind), 0.5, 2, func(g *Graph) *Node {
					a, b := leaf(g, "a", kind&1 > 0, s[0]), leaf(g, "b", kind&2 > 0, s[1])
					if kind&4 > 0 {
						a, b = b, a
					}
					return op.f(a, b).Square()
				}})
			}
		}
	}
	return all
}

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

func each(t *testing.T, programs []program, f func(t *testing.T, p *point)) {
	t.Helper()
	for i, pr := range programs {
		t.Run(pr.name, func(t *testing.T) { f(t, pr.at(3, uint64(i))) })
	}
}

func all() []program {
	return append(append(append([]program{}, elementary...), structural...), broadcasts()...)
}

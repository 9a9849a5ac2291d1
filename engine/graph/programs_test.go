package graph

import (
	"fmt"
	"testing"
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

func each(t *testing.T, programs []program, f func(t *testing.T, p *point)) {
	t.Helper()
	for i, pr := range programs {
		t.Run(pr.name, func(t *testing.T) { f(t, pr.at(3, uint64(i))) })
	}
}

func all() []program {
	return append(append(append([]program{}, elementary...), structural...), broadcasts()...)
}

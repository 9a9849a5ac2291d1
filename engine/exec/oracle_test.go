package exec_test

import (
	"fmt"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// shapes are those of the element-wise tests: whole vectors of either
// precision, parts of one, columns, one row, more axes.
var shapes = [][]int{{}, {1}, {7}, {16}, {20}, {3, 5}, {4, 1}, {1, 6}, {2, 3, 4}}

// few returns the list, or in short mode its first n.
func few[E any](list []E, n int) []E {
	if testing.Short() {
		return list[:min(n, len(list))]
	}
	return list
}

var unary = []struct {
	name   string
	lo, hi float64 // away from poles and kinks
	f      func(x *graph.Node) *graph.Node
}{
	{"neg", -2, 2, (*graph.Node).Neg},
	{"abs", -2, 2, (*graph.Node).Abs},
	{"sign", -2, 2, (*graph.Node).Sign},
	{"sqrt", 0.5, 2, (*graph.Node).Sqrt},
	{"exp", -2, 2, (*graph.Node).Exp},
	{"log", 0.5, 3, (*graph.Node).Log},
	{"sin", -4, 4, (*graph.Node).Sin},
	{"cos", -4, 4, (*graph.Node).Cos},
	{"tanh", -3, 3, (*graph.Node).Tanh},
	{"erf", -2, 2, (*graph.Node).Erf},
	{"sigmoid", -4, 4, (*graph.Node).Sigmoid},
	{"softplus", -4, 4, (*graph.Node).Softplus},
	{"recip", 0.5, 2, (*graph.Node).Recip},
	{"square", -2, 2, (*graph.Node).Square},
	{"relu", -2, 2, (*graph.Node).Relu},
	{"gelu", -2, 2, (*graph.Node).Gelu},
	{"silu", -2, 2, (*graph.Node).Silu},
	{"cube", -2, 2, func(x *graph.Node) *graph.Node { return x.PowConst(3) }},
	{"power -1.5", 0.5, 2, func(x *graph.Node) *graph.Node { return x.PowConst(-1.5) }},
	{"power 2.5", 0.5, 2, func(x *graph.Node) *graph.Node { return x.PowConst(2.5) }},
	{"power -3", -2, -0.5, func(x *graph.Node) *graph.Node { return x.PowConst(-3) }},
	{"stopped", -2, 2, func(x *graph.Node) *graph.Node { return x.Sin().StopGradient().Mul(x) }},
}

var binary = []struct {
	name string
	f    func(a, b *graph.Node) *graph.Node
}{
	{"add", (*graph.Node).Add},
	{"sub", (*graph.Node).Sub},
	{"mul", (*graph.Node).Mul},
	{"div", (*graph.Node).Div},
	{"max", (*graph.Node).Max},
	{"min", (*graph.Node).Min},
	{"pow", (*graph.Node).Pow},
	{"less", (*graph.Node).Less},
	{"equal", func(a, b *graph.Node) *graph.Node { return a.Sign().Equal(b.Sign().Mul(a.Sub(b).Sign())) }},
	{"where", func(a, b *graph.Node) *graph.Node { return a.Less(a.Graph.Const(1.2)).Where(a, b) }},
	{"muladd", func(a, b *graph.Node) *graph.Node { return a.Mul(b).AddConst(0.3) }},
	{"mulsub", func(a, b *graph.Node) *graph.Node { return a.Mul(b).Sub(b) }},
	{"negmuladd", func(a, b *graph.Node) *graph.Node { return a.Sub(a.Mul(b)) }},
}

// Each element-wise function on every shape, batched and not. Functions are
// good to 4 ulp and compositions add up some; powers magnify the error of a
// logarithm.
func TestUnary(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	for _, u := range unary {
		for _, shape := range few(shapes, 5) {
			p := program{fmt.Sprint(u.name, shape), u.lo, u.hi, func(g *graph.Graph) []*graph.Node {
				return []*graph.Node{u.f(g.Input("x", shape...)), u.f(g.Param("p", shape...)), u.f(g.Setting("c")), u.f(g.Param("q", shape...)).Batch()}
			}}
			for _, batch := range []int{1, 5} {
				compare(t, p.at(batch, 1), pool, 32)
			}
		}
	}
}

// operands returns values of every pattern that may meet an array of a shape.
func operands(g *graph.Graph, side string, shape []int) []*graph.Node {
	list := []*graph.Node{g.Input(side+"full", shape...), g.Param(side+"same", shape...), g.Input(side + "number"),
		g.Param(side + "same number"), g.Setting(side + "setting"), g.Const(0.75)}
	if n := len(shape); n > 0 {
		column := append([]int{}, shape...)
		column[n-1] = 1
		row := shape[n-1]
		list = append(list, g.Input(side+"row", row), g.Param(side+"same row", row),
			g.Input(side+"column", column...), g.Param(side+"same column", column...))
		if n > 1 {
			list = append(list, g.Input(side+"plane", shape[1:]...), g.Param(side+"same plane", shape[1:]...))
		}
	}
	return list
}

// Each function of two numbers with every pattern of operands: rounded once or
// twice, 4 ulp for the functions in a power.
func TestBinary(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	for _, b := range binary {
		for _, shape := range few(shapes, 6) {
			p := program{fmt.Sprint(b.name, shape), 0.5, 2, func(g *graph.Graph) []*graph.Node {
				var ys []*graph.Node
				right := operands(g, "right ", shape)
				for _, x := range operands(g, "left ", shape) {
					for _, y := range right {
						ys = append(ys, b.f(x, y))
					}
				}
				return ys
			}}
			compare(t, p.at(3, 2), pool, 24)
		}
	}
}

package exec_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// network is a dense network from x on.
func network(x *graph.Node, activation func(*graph.Node) *graph.Node, widths ...int) *graph.Node {
	g := x.Graph
	for i, n := range widths {
		x = x.MatMul(g.Param(fmt.Sprint("w", i), x.Shape[0], n)).Add(g.Param(fmt.Sprint("b", i), n))
		if i < len(widths)-1 {
			x = activation(x)
		}
	}
	return x
}

// regression returns the mean square of a network's error, its gradient, the
// output and the rows of its Jacobian.
func regression(inputs int, activation func(*graph.Node) *graph.Node, widths ...int) func(g *graph.Graph) []*graph.Node {
	return func(g *graph.Graph) []*graph.Node {
		y := network(g.Input("x", inputs), activation, widths...)
		r := y.Sub(g.Input("t", widths[len(widths)-1]))
		loss := r.MeanSquare()
		ys := append([]*graph.Node{loss, y}, graph.Gradient(loss, g.Params()...)...)
		return append(ys, graph.Jacobian(r.Sum(), g.Params()...)...)
	}
}

// heat is a physics-informed program: the residual ∂u/∂t - c·∂²u/∂x² + u³ of a
// network, its mean square, gradient and Jacobian.
func heat(widths ...int) func(g *graph.Graph) []*graph.Node {
	return func(g *graph.Graph) []*graph.Node {
		x := g.Input("x", 2)
		u := network(x, (*graph.Node).Tanh, widths...).Reshape()
		d := graph.Partials(u, x, []int{1, 0}, []int{0, 2})
		r := d[0].Sub(g.Setting("c").Mul(d[1])).Add(u.PowConst(3)).Mul(g.Input("weight"))
		loss := r.Square().SumBatch()
		ys := append([]*graph.Node{loss, r}, graph.Gradient(loss, g.Params()...)...)
		return append(ys, graph.Jacobian(r, g.Params()...)...)
	}
}

func hvp(g *graph.Graph, loss *graph.Node) []*graph.Node {
	var vs []*graph.Node
	for i, p := range g.Params() {
		vs = append(vs, g.Param(fmt.Sprint("v", i), p.Shape...))
	}
	return graph.HVP(loss, g.Params()[:len(vs)], vs)
}

// Networks of many widths. Sums of a few hundred terms lose some ten units; a
// second derivative of three layers a few hundred.
func TestNetworks(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	for _, w := range []int{1, 2, 7, 20, 50, 64, 128, 130, 256} {
		if testing.Short() && w > 20 {
			continue
		}
		batches := []int{3, 97}
		if w >= 128 {
			batches = []int{13}
		}
		for _, batch := range batches {
			compare(t, program{fmt.Sprint("tanh ", w), -1, 1, regression(3, (*graph.Node).Tanh, w, w, 2)}.at(batch, uint64(w)), pool, 100)
			if w < 128 {
				compare(t, program{fmt.Sprint("heat ", w), -1, 1, heat(w, w, 1)}.at(batch, uint64(w)), pool, 1000)
			}
		}
	}
	for name, f := range map[string]func(*graph.Node) *graph.Node{
		"relu": (*graph.Node).Relu, "gelu": (*graph.Node).Gelu, "silu": (*graph.Node).Silu, "sin": (*graph.Node).Sin,
		"softplus": (*graph.Node).Softplus, "sigmoid": (*graph.Node).Sigmoid,
	} {
		compare(t, program{name, -1, 1, regression(2, f, 16, 9, 1)}.at(97, 1), pool, 100)
	}
}

// A dense layer k → n costs 2kn operations forward, as many by its weights and,
// but for the first, as many by its input.
func TestFlops(t *testing.T) {
	g := graph.New()
	loss := network(g.Input("x", 3), (*graph.Node).Tanh, 20, 2).MeanSquare()
	m := compile[float32](t, "network", append(graph.Gradient(loss, g.Params()...), loss)...)
	if got, want := m.Flops(10), 10.0*2*(2*3*20+3*20*2); got != want {
		t.Errorf("%v operations, want %v", got, want)
	}
	columns := map[int]bool{}
	for _, c := range m.Codes() {
		columns[c.Columns] = true
		if len(c.Code.Out) == 0 {
			t.Errorf("code %v has no results", c.Code)
		}
	}
	if !columns[20] || !columns[2] {
		t.Errorf("codes for rows of %v columns, want 20 and 2", columns)
	}
}

// Higher derivatives by inputs and their gradients by parameters.
func TestDerivatives(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	for _, pr := range []program{
		{"fourth order", -1, 1, func(g *graph.Graph) []*graph.Node {
			x := g.Input("x")
			u := network(x.Reshape(1), (*graph.Node).Tanh, 10, 10, 1)
			d := graph.Partials(u, x, []int{0}, []int{1}, []int{2}, []int{3}, []int{4})
			return append(d, graph.Gradient(d[4].MeanSquare(), g.Params()...)...)
		}},
		{"Laplacians", -1, 1, func(g *graph.Graph) []*graph.Node {
			x := g.Input("x", 3)
			u := network(x, (*graph.Node).Sin, 20, 7, 1)
			l, b := graph.Laplacian(u, x), graph.BiLaplacian(u, x)
			return slices.Concat([]*graph.Node{l, b}, graph.Gradient(l.MeanSquare(), g.Params()...))
		}},
		{"Hessian times vector", -1, 1, func(g *graph.Graph) []*graph.Node {
			return hvp(g, network(g.Input("x", 3), (*graph.Node).Tanh, 20, 7, 2).MeanSquare())
		}},
	} {
		for _, batch := range few([]int{97, 3}, 1) {
			// Fourth derivatives are sums of terms of alternating sign, ten to a
			// hundred times as large as the sum.
			compare(t, pr.at(batch, 1), pool, 3000)
		}
	}
}

// batchNorm is (x - mean)/√(variance + 0.1) over the batch.
func batchNorm(x *graph.Node) *graph.Node {
	d := x.Sub(x.MeanBatch())
	return d.Mul(d.Square().MeanBatch().AddConst(0.1).Sqrt().Recip())
}

var phasedPrograms = []program{
	{"batch normalisation", -1, 1, func(g *graph.Graph) []*graph.Node {
		x := g.Input("x", 3)
		y := batchNorm(x.MatMul(g.Param("w", 3, 5)).Add(g.Param("b", 5)))
		return withGradient(g, y, y.Mul(g.Param("gain", 5)).Tanh())
	}},
	{"two normalised layers", -1, 1, func(g *graph.Graph) []*graph.Node {
		h := batchNorm(g.Input("x", 3).MatMul(g.Param("w", 3, 5))).Tanh()
		return withGradient(g, batchNorm(h.MatMul(g.Param("v", 5, 2))).Add(h.Sum()))
	}},
	{"logarithm of a mean", 0.5, 2, func(g *graph.Graph) []*graph.Node {
		x := g.Input("x", 4)
		return withGradient(g, x.MatMul(g.Param("w", 4, 1)).Square().Mul(g.Input("weight")).MeanBatch().Log())
	}},
	{"ratio of means", 0.5, 2, func(g *graph.Graph) []*graph.Node {
		psi := g.Input("x", 4).MatMul(g.Param("w", 4, 1)).Reshape()
		e := psi.Sin().Mul(psi).SumBatch().Div(psi.Square().SumBatch())
		return withGradient(g, e, psi.Sub(e).Square(), psi.Sub(e).Square().MeanBatch().Sqrt())
	}},
	{"Hessian times vector through means", -1, 1, func(g *graph.Graph) []*graph.Node {
		return hvp(g, batchNorm(g.Input("x", 3).MatMul(g.Param("w", 3, 5))).Tanh().MeanSquare())
	}},
	{"softmax over the batch", -1, 1, func(g *graph.Graph) []*graph.Node {
		e := g.Input("x", 3).MatMul(g.Param("w", 3, 1)).Exp()
		return withGradient(g, e.Div(e.SumBatch()).Mul(g.BatchSize()))
	}},
	{"sums of sums", -1, 1, func(g *graph.Graph) []*graph.Node {
		x := g.Input("x", 2, 3)
		s := x.Sin().SumBatch()
		s = s.Mul(x).MeanBatch().Cos()
		return withGradient(g, s.Sub(x).MeanBatch(), s.Mul(s).SumBatch(), x.Add(s).MeanBatch().Add(s))
	}},
	{"covariance", -1, 1, func(g *graph.Graph) []*graph.Node {
		x := g.Input("x", 4)
		d := x.Sub(x.MeanBatch())
		c := graph.Outer(d, d).MeanBatch()
		return withGradient(g, c, d.MatMul(c).Tanh())
	}},
	{"early and late outputs", -1, 1, func(g *graph.Graph) []*graph.Node {
		x := g.Input("x", 7)
		y := x.Mul(g.Param("p", 7))
		z := y.Sub(y.MeanBatch())
		return []*graph.Node{y, z, x, y.Sin(), graph.Outer(x, y), graph.Outer(x, z), z.Square().MeanBatch(), z.Div(z.Square().MeanBatch().AddConst(1)), y}
	}},
}

// Programs that need sums over the batch before they can go on, at batch sizes
// around those of a tile. A plain sum of n like terms is off by up to n/2 units.
func TestPhases(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	for _, pr := range phasedPrograms {
		for _, batch := range few([]int{97, 2, 1, 3, 95, 96, 128, 129, 1000, 1001}, 2) {
			compare(t, pr.at(batch, 1), pool, 500+float64(batch))
		}
	}
}

// Batches so large that a group of tiles has several. A plain sum of n like
// terms, as Eval makes it, is off by up to n/2 units.
func TestLargeBatches(t *testing.T) {
	pool := exec.NewPool(2)
	defer pool.Close()
	for _, pr := range []program{
		{"regression", -1, 1, regression(2, (*graph.Node).Tanh, 3, 1)},
		{"sums", -1, 1, func(g *graph.Graph) []*graph.Node {
			x, y := g.Input("x", 2, 3), g.Input("y", 2, 2)
			return []*graph.Node{x.SumBatch(), x.Sum().SumBatch(), graph.Outer(x, y).SumBatch(), x.Reshape(3, 2).Exp().MeanBatch(),
				x.Reshape(6, 1).SumBatch(), g.Input("n").SumBatch(), x.SumBatch().Sub(x).MeanBatch()}
		}},
	} {
		for _, batch := range few([]int{6001, 9000}, 1) {
			compare(t, pr.at(batch, 1), pool, 500+float64(batch))
		}
	}
}

// Results do not depend on which outputs are wanted.
func TestUnwantedOutputs(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	p := program{"heat", -1, 1, heat(7, 9, 1)}.at(200, 1)
	m := compile[float64](t, p.name, p.outputs...)
	want := load(m, p)
	m.Run(pool)
	for i := range p.outputs {
		m := compile[float64](t, p.name, p.outputs...)
		load(m, &point{Values: p.Values})
		got := make([]float64, len(want[i]))
		m.Output(i, got)
		m.Run(pool)
		if err := sameBits([][]float64{want[i]}, [][]float64{got}); err != nil {
			t.Errorf("alone, %v: %v", p.outputs[i], err)
		}
	}
}

// One machine, many batch sizes, up and down.
func TestBatchSizes(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	for _, pr := range []program{{"regression", -1, 1, regression(3, (*graph.Node).Tanh, 8, 2)}, phasedPrograms[0], phasedPrograms[8]} {
		p := pr.at(1, 1)
		m64, m32 := compile[float64](t, pr.name, p.outputs...), compile[float32](t, pr.name, p.outputs...)
		for _, batch := range few([]int{129, 1, 2, 3, 95, 96, 97, 128, 1000, 1001, 96, 2, 1}, 5) {
			p.draw(batch, pr.lo, pr.hi, 7)
			want := graph.Eval(p.Values, p.outputs...)
			got64, got32 := load(m64, p), load(m32, p)
			m64.Run(pool)
			m32.Run(pool)
			check(t, p, want, got64, 500+float64(batch))
			check(t, p, want, got32, 500+float64(batch))
		}
	}
}

package exec_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// A program is one case of the tests here. Its leaves are drawn between lo and
// hi, the safe interval of its operations.
type program struct {
	name   string
	lo, hi float64
	build  func(g *graph.Graph) []*graph.Node
}

// point is a program with values for its leaves.
type point struct {
	graph.Values
	name    string
	g       *graph.Graph
	outputs []*graph.Node
}

func (pr program) at(batch int, seed uint64) *point {
	g := graph.New()
	p := &point{name: pr.name, g: g, outputs: pr.build(g)}
	p.draw(batch, pr.lo, pr.hi, seed)
	return p
}

// draw gives p values that float32 holds exactly, so that both precisions
// start from the same numbers. Tall matrices of parameters are made smaller, so
// that layers keep values of order 1.
func (p *point) draw(batch int, lo, hi float64, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, uint64(batch)))
	numbers := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(float32(lo + (hi-lo)*rng.Float64()))
		}
		return v
	}
	p.Values = graph.Values{Batch: batch, Params: numbers(p.g.ParamSize()), Inputs: map[string][]float64{}, Settings: map[string]float64{}}
	for _, n := range p.g.Params() {
		if len(n.Shape) == 2 && n.Shape[0] > 4 {
			for i := range n.Size() {
				p.Params[n.Offset+i] = float64(float32(p.Params[n.Offset+i] * 2 / math.Sqrt(float64(n.Shape[0]))))
			}
		}
	}
	for _, n := range p.g.Inputs() {
		p.Inputs[n.Name] = numbers(batch * n.Size())
	}
	for _, n := range p.g.Settings() {
		p.Settings[n.Name] = numbers(1)[0]
	}
}

// reaches reports whether f holds for a node that ys need.
func reaches(f func(n *graph.Node) bool, ys ...*graph.Node) bool {
	seen := map[*graph.Node]bool{}
	var walk func(n *graph.Node) bool
	walk = func(n *graph.Node) bool {
		if seen[n] {
			return false
		}
		seen[n] = true
		return f(n) || slices.ContainsFunc(n.In, walk)
	}
	return slices.ContainsFunc(ys, walk)
}

func isInput(n *graph.Node) bool { return n.Op == graph.Input }

func convert[T array.Float](v []float64) []T {
	w := make([]T, len(v))
	for i, x := range v {
		w[i] = T(x)
	}
	return w
}

func compile[T array.Float](t testing.TB, name string, outputs ...*graph.Node) *exec.Machine[T] {
	t.Helper()
	m, err := exec.Compile[T](outputs...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return m
}

// load gives m the values of p and returns the places of its outputs, filled
// with a number that no program computes.
func load[T array.Float](m *exec.Machine[T], p *point) [][]T {
	m.Params(convert[T](p.Params))
	for name, x := range p.Settings {
		m.Set(name, x)
	}
	for name, x := range p.Inputs {
		m.Input(name, convert[T](x))
	}
	got := make([][]T, len(p.outputs))
	for i, o := range p.outputs {
		n := o.Size()
		if o.Batched {
			n *= p.Batch
		}
		got[i] = slices.Repeat([]T{12345}, n)
		m.Output(i, got[i])
	}
	return got
}

func epsilon[T array.Float]() float64 {
	if _, ok := any(T(0)).(float32); ok {
		return 0x1p-23
	}
	return 0x1p-52
}

// check holds outputs against those of Eval. The error may be k units in the
// last place of the largest element of the output or of 1, whichever is
// larger: sums cancel, and the terms of the programs here are of order 1.
func check[T array.Float](t testing.TB, p *point, want [][]float64, got [][]T, k float64) {
	t.Helper()
	for i := range want {
		largest := 1.0
		for _, w := range want[i] {
			largest = math.Max(largest, math.Abs(w))
		}
		tol := k * epsilon[T]() * largest
		for j, w := range want[i] {
			if g := float64(got[i][j]); !(math.Abs(g-w) <= tol) {
				t.Errorf("%s, batch %d, output %d (%v), element %d in %T: %.17g, want %.17g ± %.1g (off by %.0f of %.0f units)",
					p.name, p.Batch, i, p.outputs[i], j, T(0), g, w, tol, math.Abs(g-w)/(epsilon[T]()*largest), k)
				return
			}
		}
	}
}

// compare runs p in both precisions and holds it against Eval.
func compare(t testing.TB, p *point, pool *exec.Pool, k float64) {
	t.Helper()
	want := graph.Eval(p.Values, p.outputs...)
	m64 := compile[float64](t, p.name, p.outputs...)
	got64 := load(m64, p)
	m64.Run(pool)
	check(t, p, want, got64, k)
	m32 := compile[float32](t, p.name, p.outputs...)
	got32 := load(m32, p)
	m32.Run(pool)
	check(t, p, want, got32, k)
}

// withGradient adds to the outputs of a program the mean of their squares and
// its gradient by all parameters and inputs.
func withGradient(g *graph.Graph, ys ...*graph.Node) []*graph.Node {
	loss := g.Const(0)
	for _, y := range ys {
		loss = loss.Add(y.MeanSquare())
	}
	xs := slices.Concat(g.Params(), g.Inputs())
	return slices.Concat(ys, []*graph.Node{loss}, graph.Gradient(loss, xs...))
}

package exec_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// A wrong call says what is wrong, with both numbers.
func TestWrongCalls(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	g := graph.New()
	x, w, b := g.Input("x", 3), g.Param("w", 3, 2), g.Param("b", 2)
	y := x.MatMul(w).Add(b).Mul(g.Setting("c")).Sub(g.Input("t", 2))
	g.Input("idle")
	type machine = exec.Machine[float64]
	// Output 0 is the mean square, output 1 the residual.
	full := func() *machine {
		m := compile[float64](t, "residual", y.MeanSquare(), y)
		m.Params(make([]float64, 8))
		m.Input("x", make([]float64, 12))
		m.Input("t", make([]float64, 8))
		return m
	}
	tests := []struct {
		name, words string
		f           func(m *machine)
	}{
		{"parameters", "7 parameters|8", func(m *machine) { m.Params(make([]float64, 7)) }},
		{"setting", `no setting "d"`, func(m *machine) { m.Set("d", 1) }},
		{"late setting", `no setting "late"`, func(m *machine) { g.Setting("late"); m.Set("late", 1) }},
		{"input", `no input "z"`, func(m *machine) { m.Input("z", make([]float64, 4)) }},
		{"part of a sample", `input "x"|13 numbers|[3]`, func(m *machine) { m.Input("x", make([]float64, 13)) }},
		{"no samples", `input "x"|0 numbers|[3]`, func(m *machine) { m.Input("x", nil) }},
		{"batches", `"t" has 5 samples|"x" has 4`, func(m *machine) { m.Input("t", make([]float64, 10)); m.Run(pool) }},
		{"output that is not there", "output 2 of 2", func(m *machine) { m.Output(2, make([]float64, 1)) }},
		{"negative output", "output -1 of 2", func(m *machine) { m.OutputRows(-1, make([]float64, 1), 1) }},
		{"small output", "output 0|0 numbers|[]", func(m *machine) { m.Output(0, nil) }},
		{"small rows", "output 1|rows 1 apart|[2]", func(m *machine) { m.OutputRows(1, make([]float64, 8), 1) }},
		{"few rows", "output 1|7 numbers|4 samples|[2]", func(m *machine) { m.Output(1, make([]float64, 7)); m.Run(pool) }},
		{"few wide rows", "output 1|16 numbers|4 samples|[2]", func(m *machine) { m.OutputRows(1, make([]float64, 16), 5); m.Run(pool) }},
		{"no data", `input "x"|no data`, func(*machine) { compile[float64](t, "x", y).Run(pool) }},
		{"no parameters", "param w [3 2]|8", func(*machine) {
			m := compile[float64](t, "y", y)
			m.Input("x", make([]float64, 12))
			m.Input("t", make([]float64, 8))
			m.Run(pool)
		}},
		{"no outputs", "without outputs", func(*machine) { compile[float64](t, "nothing") }},
		{"two graphs", "output 1|const []|another graph", func(*machine) { compile[float64](t, "two", y, graph.New().Const(1)) }},
		{"threads", "-1 threads", func(*machine) { exec.NewPool(-1) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := full()
			defer func() {
				text := fmt.Sprint(recover())
				for _, w := range append(strings.Split(tt.words, "|"), "exec: ") {
					if !strings.Contains(text, w) {
						t.Errorf("panic %q, want %q in it", text, w)
					}
				}
			}()
			tt.f(m)
		})
	}
	// What just fits, and inputs of the graph that the program does not need.
	m := full()
	m.OutputRows(1, make([]float64, 3*5+2), 5)
	m.Input("idle", make([]float64, 99))
	m.Run(pool)
}

// Arrays of too many axes are an error, whatever works on them.
func TestTooManyAxes(t *testing.T) {
	shape := []int{1, 1, 2, 1, 1, 1, 1, 3}
	for _, f := range []func(g *graph.Graph) *graph.Node{
		func(g *graph.Graph) *graph.Node { return g.Input("x", shape...).Sin() },
		func(g *graph.Graph) *graph.Node { return g.Input("x", shape...).SumAxis(2) },
		func(g *graph.Graph) *graph.Node { return g.Param("p", shape...).Reshape(6) },
		func(g *graph.Graph) *graph.Node { return g.Input("x", 6).Reshape(shape...) },
		func(g *graph.Graph) *graph.Node { return g.Param("p", shape...).Batch() },
	} {
		_, err := exec.Compile[float64](f(graph.New()))
		if err == nil || !strings.Contains(err.Error(), "8 axes, at most 7") {
			t.Errorf("error %v, want one with %q", err, "8 axes, at most 7")
		}
	}
	pool := exec.NewPool(1)
	defer pool.Close()
	seven := program{"seven axes", -1, 1, perLeaf(func(x *graph.Node) *graph.Node { return x.Transpose(6, 0, 2, 1, 3, 5, 4).Softmax(1) }, 1, 2, 1, 3, 1, 2, 2)}
	compare(t, seven.at(3, 1), pool, 100)
}

// NaN and infinity in one sample's data reach its outputs and the sums over
// the batch, and no other sample.
func TestNotANumber(t *testing.T) {
	pool := exec.NewPool(2)
	defer pool.Close()
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, pr := range append(few(phasedPrograms, 2), program{"regression", -1, 1, regression(3, (*graph.Node).Relu, 20, 2)},
			program{"attention", -1, 1, func(g *graph.Graph) []*graph.Node {
				x := g.Input("x", 4, 3)
				y := x.MatMul(x.Transpose()).Softmax(-1).MatMul(x).MaxAxis(0).CumSum(1)
				return withGradient(g, y.Gather(1, 2, 0).Min(g.Param("p", 2)).Max(g.Setting("s")))
			}}) {
			p := pr.at(130, 3)
			const sick = 100
			for _, in := range p.g.Inputs() {
				p.Inputs[in.Name][sick*in.Size()] = bad
			}
			want := graph.Eval(p.Values, p.outputs...)
			m := compile[float32](t, p.name, p.outputs...)
			got := load(m, p)
			m.Run(pool)
			for i, w := range want {
				for j := range w {
					if finite(w[j]) != finite(float64(got[i][j])) {
						t.Errorf("%s with %v, output %d (%v), element %d: %v, want %v", p.name, bad, i, p.outputs[i], j, got[i][j], w[j])
						break
					}
				}
			}
		}
	}
}

func finite(x float64) bool { return x-x == 0 }

package bench_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/kernel"
	"github.com/gakuri-lab/gakuri/topic/pinn"
)

var update = flag.Bool("update", false, "write the traced codes into engine/kernel/fused.txt; then run go generate ./engine/kernel")

const (
	fusedFile = "../engine/kernel/fused.txt"
	traced    = "# Traced from programs (go test ./bench -run FusedCodes -update).\n"
)

// stack is a network of dense layers, widths from the inputs on.
func stack(g *graph.Graph, x *graph.Node, widths []int, act func(*graph.Node) *graph.Node) *graph.Node {
	for i, n := range widths[1:] {
		x = x.MatMul(g.Param(fmt.Sprint("W", i), widths[i], n)).Add(g.Param(fmt.Sprint("b", i), n))
		if i < len(widths)-2 {
			x = act(x)
		}
	}
	return x
}

type program struct {
	name    string
	outputs []*graph.Node
}

// hotPrograms are the programs whose element-wise codes have kernels of their
// own: networks as they are trained most.
func hotPrograms() []program {
	var programs []program
	gradient := func(name string, loss *graph.Node) {
		programs = append(programs, program{name, append([]*graph.Node{loss}, graph.Gradient(loss, loss.Graph.Params()...)...)})
	}
	jacobian := func(name string, r *graph.Node) {
		programs = append(programs, program{name, append([]*graph.Node{r}, graph.Jacobian(r, r.Graph.Params()...)...)})
	}
	tanh := (*graph.Node).Tanh
	// One coordinate, two derivatives: x″ + x′ + x.
	second := func(widths ...int) *graph.Node {
		g := graph.New()
		t := g.Input("t", 1)
		x := stack(g, t, widths, tanh)
		d := graph.Partials(x, t, []int{1}, []int{2})
		return d[1].Add(d[0]).Add(x).Reshape()
	}
	gradient("tanh-second", second(1, 32, 64, 32, 1).Square().SumBatch())
	jacobian("tanh-second-rows", second(1, 32, 64, 32, 1))
	// Two coordinates: u_t + u u_x + u_xx.
	burgers := func() *graph.Node {
		g := graph.New()
		p := g.Input("p", 2)
		u := stack(g, p, []int{2, 32, 64, 32, 1}, tanh)
		d := graph.Partials(u, p, []int{1, 0}, []int{0, 1}, []int{0, 2})
		return d[0].Add(u.Mul(d[1])).Add(d[2]).Reshape()
	}
	gradient("tanh-burgers", burgers().Square().SumBatch())
	jacobian("tanh-burgers-rows", burgers())
	// Values only.
	for _, a := range []struct {
		name string
		act  func(*graph.Node) *graph.Node
	}{{"relu", (*graph.Node).Relu}, {"tanh", tanh}} {
		g := graph.New()
		y := stack(g, g.Input("x", 3), []int{3, 32, 64, 10}, a.act)
		gradient(a.name+"-classifier", g.Input("label", 10).Mul(y.LogSoftmax(0)).Sum().Neg().MeanBatch())
	}
	for _, hard := range []bool{false, true} {
		name := map[bool]string{false: "free-fall", true: "free-fall-hard"}[hard]
		r := freeFall(hard)
		gradient(name, r.Square().SumBatch())
		jacobian(name+"-rows", freeFall(hard))
		programs = append(programs, program{name + "-residuals", []*graph.Node{r}})
	}
	gradient("tanh-narrow", second(1, 20, 20, 1).Square().SumBatch()) // rows without padding
	return programs
}

// TestFusedCodes holds kernel/fused.txt against the codes of the programs that
// are run most: each must have a kernel of its own.
func TestFusedCodes(t *testing.T) {
	text, err := os.ReadFile(fusedFile)
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	seen := map[string]bool{}
	for _, p := range hotPrograms() {
		m, err := exec.Compile[float64](p.outputs...)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range m.Codes() {
			// Single columns cost too little to matter.
			if text := c.Code.String(); c.Columns > 10 && !seen[text] {
				seen[text] = true
				fmt.Fprintf(&lines, "%s-%d: %s\n", p.name, i, text)
			}
		}
	}
	head, _, _ := strings.Cut(string(text), traced)
	want := strings.TrimRight(head, "\n") + "\n\n" + traced + lines.String()
	if *update {
		if err := os.WriteFile(fusedFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(text) {
		t.Errorf("%s is not what the executor traces: run go test ./bench -run FusedCodes -update && go generate ./engine/kernel", fusedFile)
	}
	if kernel.Level() == "plain" {
		return
	}
	for code := range seen {
		c, err := kernel.ParseCode(code)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := kernel.Compile[float32](c); err != nil || !p.Generated() {
			t.Errorf("no kernel for %s (%v)", code, err)
		}
	}
}

// freeFall is the residual of the free-fall experiment.
func freeFall(hard bool) *graph.Node {
	g := graph.New()
	p := pinn.FreeFall{Gravity: 9.8, Velocity: 1, End: 1}
	return pinn.Residual(g, pinn.Ansatz{Problem: p, Network: layers{}, Hard: hard, Scales: p.Scales()})
}

type layers struct{}

func (layers) Apply(x *graph.Node) *graph.Node {
	return stack(x.Graph, x, []int{1, 32, 64, 32, 1}, (*graph.Node).Tanh)
}

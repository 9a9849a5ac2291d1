package graph

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

type array struct {
	Shape []int
	Data  []float64
}

// reference is one case of testdata/mlp_gradients.json.
type reference struct {
	Name, Description                   string
	Weights, Inputs, Outputs, Gradients map[string]array
}

// network applies the layers W0, b0, W1, … of params.
func network(params map[string]*Node, x *Node, act func(*Node) *Node) *Node {
	depth := len(params) / 2
	for l := range depth {
		x = x.MatMul(params[fmt.Sprint("W", l)]).Add(params[fmt.Sprint("b", l)])
		if l < depth-1 {
			x = act(x)
		}
	}
	return x
}

// outputs builds the program of a case, as its description says, and returns
// its outputs by name.
func (c reference) outputs(g *Graph, params, in map[string]*Node) map[string]*Node {
	acts := map[string]func(*Node) *Node{
		"tanh": (*Node).Tanh, "sin": (*Node).Sin, "sigmoid": (*Node).Sigmoid, "softplus": (*Node).Softplus,
		"gelu": (*Node).Gelu, "silu": (*Node).Silu, "relu": (*Node).Relu,
	}
	fall, isFall := strings.CutPrefix(c.Name, "free-fall-")
	switch {
	case strings.HasPrefix(c.Name, "mlp-"):
		y := network(params, in["x"], acts[strings.TrimPrefix(c.Name, "mlp-")])
		return map[string]*Node{"y": y, "loss": y.Sub(in["target"]).MeanSquare()}
	case isFall || c.Name == "jacobian":
		if !isFall {
			fall = "tanh"
		}
		const g0 = 9.8 // m/s², as in bench/peers
		t := in["t"]
		x := network(params, t, acts[fall])
		d := Partials(x, t, []int{1}, []int{2})
		if !isFall {
			return map[string]*Node{"jacobian": d[1].AddConst(g0)} // its rows are compared
		}
		start := t.Equal(g.Const(0))
		return map[string]*Node{"x": x, "x'": d[0], "x''": d[1],
			"loss": d[1].AddConst(g0).MeanSquare().
				Add(start.Mul(x.Square()).Sum().SumBatch()).
				Add(start.Mul(d[0].AddConst(-1).Square()).Sum().SumBatch())}
	case c.Name == "classifier":
		y := network(params, in["x"], (*Node).Tanh)
		return map[string]*Node{"logits": y, "loss": y.LogSoftmax(-1).Mul(in["one hot"]).Sum().MeanBatch().Neg()}
	case c.Name == "fourth-order":
		u := network(params, in["t"], (*Node).Tanh)
		d := Partials(u, in["t"], []int{1}, []int{2}, []int{3}, []int{4})
		return map[string]*Node{"u": u, "u'": d[0], "u''": d[1], "u'''": d[2], "u''''": d[3], "loss": d[3].Square().Sum().SumBatch()}
	case c.Name == "laplacian":
		u := network(params, in["x"], (*Node).Tanh)
		lap := Laplacian(u, in["x"])
		return map[string]*Node{"u": u, "lap u": lap, "∂²u/∂x₀∂x₁": Partials(u, in["x"], []int{1, 1})[0],
			"loss": lap.Sub(u.PowConst(3)).Square().Sum().SumBatch()}
	case c.Name == "bilaplacian":
		bilap := BiLaplacian(network(params, in["x"], (*Node).Tanh), in["x"])
		return map[string]*Node{"bilap u": bilap, "loss": bilap.Square().Sum().SumBatch()}
	case c.Name == "pieces":
		a := params["A"]
		s := Concat(1, a, params["B"]).CumSum(1)
		gathered := s.Gather(1, 6, 0, 3, 3)
		w := g.Const(0).Less(a).Where(gathered.Mul(a), a.Sin())
		m := w.Max(a).Min(a.Exp().Sub(gathered.Scale(1.5)))
		out := m.LogSumExp(1).Reshape(5)
		smallest := s.Neg().MaxAxis(1).Neg()
		return map[string]*Node{"s": s, "m": m, "out": out, "loss": out.Square().Sum().Add(s.MaxAxis(1).Mul(smallest).Sum())}
	}
	panic("no program for case " + c.Name)
}

// Values, derivatives by the inputs and gradients by the weights of programs
// with several layers, against PyTorch and JAX in float64. Who made the numbers
// and how stands at the beginning of the file.
func TestAgainstPyTorchAndJAX(t *testing.T) {
	text, err := os.ReadFile("testdata/mlp_gradients.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []reference }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 14 {
		t.Errorf("%d cases, want 14 or more", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) { c.check(t) })
	}
}

func (c reference) check(t *testing.T) {
	if c.Name == "classifier" {
		labels := []int{2, 0, 3, 3, 1} // of the description
		one := make([]float64, 4*len(labels))
		for i, l := range labels {
			one[4*i+l] = 1
		}
		c.Inputs["one hot"] = array{[]int{5, 4}, one}
	}
	g := New()
	at := Values{Batch: 1, Inputs: map[string][]float64{}}
	params, in := map[string]*Node{}, map[string]*Node{}
	var list []*Node
	for _, name := range []string{"W0", "b0", "W1", "b1", "W2", "b2", "A", "B"} {
		if w, ok := c.Weights[name]; ok {
			params[name] = g.Param(name, w.Shape...)
			list = append(list, params[name])
			at.Params = append(at.Params, w.Data...)
		}
	}
	for name, x := range c.Inputs {
		in[name] = g.Input(name, x.Shape[1:]...)
		at.Batch, at.Inputs[name] = x.Shape[0], x.Data
	}
	out := c.outputs(g, params, in)
	for name, want := range c.Outputs {
		y := out[name]
		if y == nil {
			t.Errorf("no output %s", name)
			continue
		}
		got := Eval(at, y)[0]
		if name == "jacobian" {
			got = rows(at, Jacobian(y, list...))
		}
		compare(t, name, got, want.Data)
	}
	if out["loss"] == nil {
		return
	}
	for i, d := range Gradient(out["loss"], list...) {
		want, ok := c.Gradients[list[i].Name]
		if !ok {
			t.Errorf("no gradient by %s in the file", list[i].Name)
		}
		compare(t, "gradient by "+list[i].Name, Eval(at, d)[0], want.Data)
	}
}

// rows returns the Jacobian [samples × parameters] row-major.
func rows(at Values, d []*Node) []float64 {
	v := Eval(at, d...)
	var all []float64
	for s := range at.Batch {
		for i, n := range d {
			all = append(all, v[i][s*n.Size():(s+1)*n.Size()]...)
		}
	}
	return all
}

// compare allows 1e-12 of the largest entry, the bound to which the file's own
// two sources agree.
func compare(t *testing.T, name string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d numbers, want %d", name, len(got), len(want))
		return
	}
	largest := max(slices.Max(want), -slices.Min(want))
	for i := range got {
		if d := math.Abs(got[i] - want[i]); !(d <= 1e-12*largest) {
			t.Errorf("%s[%d] = %.17g, want %.17g", name, i, got[i], want[i])
			return
		}
	}
}

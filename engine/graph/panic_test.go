package graph

import (
	"fmt"
	"strings"
	"testing"
)

// wantPanic runs f and wants a panic whose message begins with "graph: " and
// holds every one of the words, which | separates.
func wantPanic(t *testing.T, words string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		text := fmt.Sprint(recover())
		if !strings.HasPrefix(text, "graph: ") {
			t.Errorf("panic %q, want one of package graph with %q", text, words)
			return
		}
		for _, w := range strings.Split(words, "|") {
			if !strings.Contains(text, w) {
				t.Errorf("panic %q, want %q in it", text, w)
			}
		}
	}()
	f()
}

// A wrong call names the operation and the shapes.
func TestWrongCalls(t *testing.T) {
	g := New()
	x := g.Input("x", 2, 3)
	v := g.Input("v", 3)
	w := g.Param("w", 4, 5)
	p := g.Param("p", 4)
	c := g.Const(1)
	other := New().Const(2)
	tests := []struct {
		name, words string
		f           func()
	}{
		{"add", "add|[2 3]|[4]", func() { x.Add(p) }},
		{"sub", "sub|[4]|[2 3]", func() { p.Sub(x) }},
		{"mul", "mul|[2 3]|[4 5]", func() { x.Mul(w) }},
		{"div", "div|[2 3]|[4]", func() { x.Div(p) }},
		{"max", "max|[3]|[4]", func() { v.Max(p) }},
		{"min", "min|[3]|[4]", func() { v.Min(p) }},
		{"less", "less|[3]|[4]", func() { v.Less(p) }},
		{"where", "where|[3]|[2 3]|[4]", func() { v.Where(x, p) }},
		{"matmul", "matrix product|[2 3]|[4 5]|3 columns against 4 rows", func() { x.MatMul(w) }},
		{"matmul by vector", "matrix product|[2 3]|[3]", func() { x.MatMul(v) }},
		{"matmul of number", "matrix product|[]|[4 5]", func() { c.MatMul(w) }},
		{"matmul planes", "matrix product|[7 2 3]|[6 3 2]|leading axes", func() { g.Tensor(make([]float64, 42), 7, 2, 3).MatMul(g.Input("q", 6, 3, 2)) }},
		{"outer", "outer product|[2 3]|[4 5]|leading axes", func() { Outer(x, w) }},
		{"outer of number", "outer product|[]|[4]", func() { Outer(c, p) }},
		{"reshape", "reshape|[2 3]|[4]|6 elements against 4", func() { x.Reshape(4) }},
		{"reshape to negative", "reshape|[-2 -3]", func() { x.Reshape(-2, -3) }},
		{"transpose", "transpose|[2 3]|[0 0]", func() { x.Transpose(0, 0) }},
		{"transpose too few", "transpose|[2 3]|[1]", func() { x.Transpose(1) }},
		{"transpose too many", "transpose|[3]|[0 1]", func() { v.Transpose(0, 1) }},
		{"transpose vector", "transpose|[3]", func() { v.Transpose() }},
		{"broadcast", "broadcast|[3]|[2 4]", func() { v.BroadcastTo(2, 4) }},
		{"broadcast to fewer axes", "broadcast|[2 3]|[3]", func() { x.BroadcastTo(3) }},
		{"broadcast to nothing", "broadcast|[0 3]", func() { v.BroadcastTo(0, 3) }},
		{"sum", "sum|axis 2|[2 3]", func() { x.SumAxis(2) }},
		{"sum from the end", "sum|axis -3|[2 3]", func() { x.SumAxis(-3) }},
		{"mean", "axis 1|[3]", func() { v.MeanAxis(1) }},
		{"max of axis", "max|axis 1|[3]", func() { v.MaxAxis(1) }},
		{"cumsum", "cumulative sum|axis 0|[]", func() { c.CumSum(0) }},
		{"softmax", "max|axis 5|[3]", func() { v.Softmax(5) }},
		{"slice", "slice|1:4|axis 0|[3]", func() { v.Slice(0, 1, 4) }},
		{"slice of nothing", "slice|2:2|[3]", func() { v.Slice(0, 2, 2) }},
		{"pad", "pad|axis 0|[3]|at 2 to 4", func() { v.Pad(0, 2, 4) }},
		{"concat", "concat|axis 0|[3]|[2 3]", func() { Concat(0, v, x) }},
		{"concat other lengths", "concat|axis 0|[2 3]|[4 5]", func() { Concat(0, x, w) }},
		{"concat of nothing", "concat", func() { Concat(0) }},
		{"gather", "gather|place 3|axis 0|[3]", func() { v.Gather(0, 0, 3) }},
		{"gather of nothing", "gather|[0]", func() { v.Gather(0) }},
		{"take", "take|[3]|[]", func() { v.Take(c) }},
		{"take by vector", "take|[4 5]|[3]", func() { w.Take(v) }},
		{"tensor", "tensor|3 numbers|[2 2]", func() { g.Tensor([]float64{1, 2, 3}, 2, 2) }},
		{"tensor of negative shape", "tensor|[-1 -1]", func() { g.Tensor([]float64{1}, -1, -1) }},
		{"same parameter", "param|p|[4]", func() { g.Param("p", 2) }},
		{"same input", "input|v|[3]", func() { g.Input("v") }},
		{"empty parameter", "param|[3 0]", func() { g.Param("new", 3, 0) }},
		{"another graph", "another graph", func() { x.Add(other) }},
		{"gradient of many", "gradient|[2 3]", func() { Gradient(x.SumBatch(), p) }},
		{"gradient of batch", "gradient|batched", func() { Gradient(x.Sum(), p) }},
		{"Jacobian of unbatched", "Jacobian|[4]", func() { Jacobian(p, p) }},
		{"Jacobian of many", "Jacobian|[3]", func() { Jacobian(v, p) }},
		{"seed", "seed|[4]|[3]", func() { VJP([]*Node{v}, []*Node{p}, v) }},
		{"seeds", "VJP|0 seeds|1 values", func() { VJP([]*Node{v}, nil, v) }},
		{"direction", "seed|[4]|[3]", func() { JVP([]*Node{v.Sin()}, []*Node{v}, []*Node{p}) }},
		{"directions", "JVP|2 directions|1 nodes", func() { JVP([]*Node{v}, []*Node{v}, []*Node{v, v}) }},
		{"partials", "derivative order [1 0]|3 coordinates", func() { Partials(v.Sum(), v, []int{1, 0}) }},
		{"negative order", "derivative order [-1 0 2]", func() { Partials(v.Sum(), v, []int{-1, 0, 2}) }},
		{"partials by matrix", "partial derivatives|[2 3]", func() { Partials(x.Sum(), x, []int{1}) }},
		{"Laplacian by matrix", "Laplacian|[2 3]", func() { Laplacian(x.Sum(), x) }},
		{"bi-Laplacian by matrix", "bi-Laplacian|[2 3]", func() { BiLaplacian(x.Sum(), x) }},
		{"multi-indices", "multi-indices|[1]|[1 2]", func() { Multi([]int{1}, []int{1, 2}) }},
		{"collapsed of order 1", "order 1", func() { Collapsed(1, []float64{1}) }},
		{"evaluation of nothing", "batch of 0", func() { Eval(Values{}, c) }},
		{"missing input", "input v|0 numbers|2 samples|[3]", func() { Eval(Values{Batch: 2}, v) }},
		{"missing parameters", "parameter p|20 to 24 of 20", func() { Eval(Values{Batch: 1, Params: make([]float64, 20)}, p) }},
		{"missing setting", "setting c", func() { Eval(Values{Batch: 1}, g.Setting("c")) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantPanic(t, tt.words, tt.f) })
	}
}

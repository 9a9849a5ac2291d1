package graph

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// The meaning of each operation, worked out by hand.
func TestEval(t *testing.T) {
	g := New()
	x := g.Input("x", 2, 3)
	v := g.Input("v", 2)
	p := g.Param("p", 2)
	w := g.Param("w", 3, 2)
	c := g.Setting("c")
	at := Values{
		Batch:    2,
		Params:   []float64{10, 20, 1, 2, 3, 4, 5, 6},
		Settings: map[string]float64{"c": 7},
		Inputs: map[string][]float64{
			"x": {1, 2, 3, 4, 5, 6, -1, -2, -3, 0, 9, 0},
			"v": {1, 2, 3, 4},
		},
	}
	tests := []struct {
		name string
		y    *Node
		want []float64
	}{
		{"constant", g.Const(3), []float64{3}},
		{"tensor", g.Tensor([]float64{1, 2}, 2), []float64{1, 2}},
		{"parameter", w, []float64{1, 2, 3, 4, 5, 6}},
		{"setting", c, []float64{7}},
		{"batch size", g.BatchSize(), []float64{2}},
		{"add", v.Add(p), []float64{11, 22, 13, 24}},
		{"broadcast column", v.Reshape(2, 1).Add(x), []float64{2, 3, 4, 6, 7, 8, 2, 1, 0, 4, 13, 4}},
		{"where", g.Const(2).Less(v).Where(v, p), []float64{10, 20, 3, 4}},
		{"equal", v.Equal(g.Const(3)), []float64{0, 0, 1, 0}},
		{"max", v.Max(g.Const(2.5)), []float64{2.5, 2.5, 3, 4}},
		{"min", v.Min(g.Const(2.5)), []float64{1, 2, 2.5, 2.5}},
		{"sign", x.Sign(), []float64{1, 1, 1, 1, 1, 1, -1, -1, -1, 0, 1, 0}},
		{"matmul", x.MatMul(w), []float64{22, 28, 49, 64, -22, -28, 27, 36}},
		{"vector matmul", v.MatMul(w.Transpose()), []float64{5, 11, 17, 11, 25, 39}},
		{"product of samples", v.MatMul(x), []float64{9, 12, 15, -3, 30, -9}},
		{"outer of vectors", Outer(v, p), []float64{10, 20, 20, 40, 30, 60, 40, 80}},
		{"contraction over rows", Outer(x, v.Reshape(2, 1)), []float64{9, 12, 15, -3, 30, -9}},
		{"contraction over batch", Outer(v, v).SumBatch(), []float64{10, 14, 14, 20}},
		{"contraction over batch, one side", Outer(v, p).SumBatch(), []float64{40, 80, 60, 120}},
		{"transpose", x.Transpose(), []float64{1, 4, 2, 5, 3, 6, -1, 0, -2, 9, -3, 0}},
		{"broadcast", p.BroadcastTo(2, 2), []float64{10, 20, 10, 20}},
		{"batched copy", p.Batch(), []float64{10, 20, 10, 20}},
		{"sum of axis 0", x.SumAxis(0), []float64{5, 7, 9, -1, 7, -3}},
		{"sum of axis 1", x.SumAxis(1), []float64{6, 15, -6, 9}},
		{"sum", x.Sum(), []float64{21, 3}},
		{"mean of axis", x.MeanAxis(-1), []float64{2, 5, -2, 3}},
		{"max of axis", x.MaxAxis(1), []float64{3, 6, -1, 9}},
		{"cumsum", x.CumSum(1), []float64{1, 3, 6, 4, 9, 15, -1, -3, -6, 0, 9, 9}},
		{"cumsum of axis 0", x.CumSum(0), []float64{1, 2, 3, 5, 7, 9, -1, -2, -3, -1, 7, -3}},
		{"cumsum from the end", x.cumSum(1, 1), []float64{6, 5, 3, 15, 11, 6, -6, -5, -3, 9, 9, 0}},
		{"slice", x.Slice(1, 1, 3), []float64{2, 3, 5, 6, -2, -3, 9, 0}},
		{"pad", v.Pad(0, 1, 4), []float64{0, 1, 2, 0, 0, 3, 4, 0}},
		{"concat", Concat(0, v, p), []float64{1, 2, 10, 20, 3, 4, 10, 20}},
		{"gather", x.Gather(1, 2, 0, 2), []float64{3, 1, 3, 6, 4, 6, -3, -1, -3, 0, 0, 0}},
		{"scatter", v.scatter(0, 3, []int{2, 2}), []float64{0, 0, 3, 0, 0, 7}},
		{"take", w.Take(v.Slice(0, 0, 1).AddConst(-1)), []float64{1, 2, 5, 6}},
		{"sum over batch", v.SumBatch(), []float64{4, 6}},
		{"sum over batch of unbatched", p.SumBatch(), []float64{20, 40}},
		{"mean over batch", v.MeanBatch(), []float64{2, 3}},
		{"mean square", v.MeanSquare(), []float64{7.5}},
		{"stop", v.StopGradient(), []float64{1, 2, 3, 4}},
	}
	for _, tt := range tests {
		got := Eval(at, tt.y)[0]
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Functions that could overflow on the way do not.
func TestEvalLargeArguments(t *testing.T) {
	g := New()
	x := g.Input("x", 3)
	at := Values{Batch: 1, Inputs: map[string][]float64{"x": {1000, 999, -1000}}}
	e := math.Exp(-1)
	for name, tt := range map[string]struct {
		y    *Node
		want []float64
	}{
		"softplus":    {x.Softplus(), []float64{1000, 999, 0}},
		"sigmoid":     {x.Sigmoid(), []float64{1, 1, 0}},
		"tanh":        {x.Tanh(), []float64{1, 1, -1}},
		"softmax":     {x.Softmax(0), []float64{1 / (1 + e), e / (1 + e), 0}},
		"logsumexp":   {x.LogSumExp(0), []float64{1000 + math.Log1p(e)}},
		"log softmax": {x.LogSoftmax(0), []float64{-math.Log1p(e), -1 - math.Log1p(e), -2000 - math.Log1p(e)}},
	} {
		got := Eval(at, tt.y)[0]
		for i := range got {
			if !within(got[i], tt.want[i], 1e-15) {
				t.Errorf("%s: %v, want %v", name, got, tt.want)
				break
			}
		}
	}
}

// The value, the slope and the curvature of tanh(w x) in one program.
func ExamplePartials() {
	g := New()
	x, w := g.Input("x"), g.Param("w")
	y := x.Mul(w).Tanh()
	d := Partials(y, x, []int{1}, []int{2})
	v := Eval(Values{Batch: 2, Params: []float64{2}, Inputs: map[string][]float64{"x": {-0.25, 0.5}}}, y, d[0], d[1])
	fmt.Printf("%.4f\n%.4f\n%.4f\n", v[0], v[1], v[2])
	// Output:
	// [-0.4621 0.7616]
	// [1.5729 0.8399]
	// [2.9074 -2.5588]
}

// The gradient of a mean over the batch.
func ExampleGradient() {
	g := New()
	x, w := g.Input("x", 2), g.Param("w", 2, 1)
	loss := x.MatMul(w).MeanSquare()
	d := Gradient(loss, w)
	v := Eval(Values{Batch: 2, Params: []float64{1, 3}, Inputs: map[string][]float64{"x": {1, 0, 0, 2}}}, loss, d[0])
	fmt.Println(v)
	// Output: [[18.5] [1 12]]
}

package graph

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// Equal expressions are one node.
func TestSameExpressionIsOneNode(t *testing.T) {
	g := New()
	x, y := g.Input("x", 3), g.Input("y", 3)
	w := g.Param("w", 3, 2)
	pairs := []func() *Node{
		func() *Node { return x.Tanh() },
		func() *Node { return x.MatMul(w).Sin() },
		func() *Node { return x.PowConst(2.5) },
		func() *Node { return g.Tensor([]float64{1, 2}, 2) },
		func() *Node { return x.Gather(0, 2, 1).Sum() },
		func() *Node { return Gradient(x.Tanh().MatMul(w).Square().Sum().SumBatch(), w)[0] },
		func() *Node { return Laplacian(x.Tanh().MatMul(w), x) },
	}
	for i, f := range pairs {
		a := f()
		n := len(g.nodes)
		if b := f(); a != b || len(g.nodes) != n {
			t.Errorf("expression %d written twice is two nodes, or added %d", i, len(g.nodes)-n)
		}
	}
	if x.Add(y) != y.Add(x) || x.Mul(y) != y.Mul(x) {
		t.Error("a + b and b + a, or a·b and b·a, are two nodes")
	}
	different := []*Node{
		x.Sin(), x.Cos(), x.Sub(y), y.Sub(x), x.PowConst(3), x.PowConst(4), x.Max(y), x.Min(y), x.Less(y), y.Less(x),
		x.Slice(0, 0, 2), x.Slice(0, 1, 3), x.Pad(0, 0, 5), x.Pad(0, 1, 5), x.CumSum(0), x.cumSum(0, 1),
		x.Gather(0, 0, 1), x.Gather(0, 1, 0), x.Reshape(3, 1), x.Reshape(1, 3), w.Batch(), w.BroadcastTo(1, 3, 2),
		g.Tensor([]float64{1, 2}, 2), g.Tensor([]float64{1, 2}, 1, 2), g.Tensor([]float64{1, 2}, 2, 1),
		g.Tensor([]float64{0, math.Copysign(0, -1)}, 2), g.Tensor([]float64{0, 0}, 2),
	}
	for i, a := range different {
		if slices.Contains(different[:i], a) {
			t.Errorf("%v at %d is the same node as another", a, i)
		}
	}
}

// Numbers in the key of a node are written in base 36, whose digits are lower
// case; these would run into each other if a lower-case d separated them.
func TestKeysDoNotRunIntoEachOther(t *testing.T) {
	g := New()
	digits := func(a, b uint64) *Node {
		return g.Tensor([]float64{math.Float64frombits(a), math.Float64frombits(b)}, 2)
	}
	// 1d2 = 1·36² + 13·36 + 2, 2d3 = 2·36² + 13·36 + 3
	if digits(1*36*36+13*36+2, 3) == digits(1, 2*36*36+13*36+3) {
		t.Error("different tensors are one node")
	}
}

// Simplifications keep value, shape and, but for a zero, the batch.
func TestSimplifications(t *testing.T) {
	g := New()
	x, p := g.Input("x", 2, 3), g.Param("p", 3)
	one, zero := g.Const(1), g.Const(0)
	zeros, ones := zero.BroadcastTo(2, 3), one.BroadcastTo(2, 3)
	same := []struct {
		name string
		got  *Node
		want *Node
	}{
		{"x + 0", x.Add(zero), x},
		{"0 + x", zero.Add(x), x},
		{"x + zeros", x.Add(zeros), x},
		{"zeros + x", zeros.Add(x), x},
		{"x - 0", x.Sub(zero), x},
		{"x - zeros", x.Sub(zeros), x},
		{"0 - x", zero.Sub(x), x.Neg()},
		{"1·x", x.Scale(1), x},
		{"ones·x", ones.Mul(x), x},
		{"x/1", x.Div(one), x},
		{"-1·x", x.Scale(-1), x.Neg()},
		{"-(-x)", x.Neg().Neg(), x},
		{"x - (-x)", x.Sub(x.Neg()), x.Scale(2)},
		{"x + (-p)", x.Add(p.Neg()), x.Sub(p)},
		{"(-x) + p", x.Neg().Add(p), p.Sub(x)},
		{"x + x", x.Add(x), x.Scale(2)},
		{"2·(3·x)", x.Scale(3).Scale(2), x.Scale(6)},
		{"2·(-x)", x.Neg().Scale(2), x.Scale(-2)},
		{"(-x)·p", x.Neg().Mul(p), x.Mul(p).Neg()},
		{"(-x)·(-p)", x.Neg().Mul(p.Neg()), x.Mul(p)},
		{"0·x", x.Scale(0), zeros},
		{"x⁰", x.PowConst(0), ones},
		{"x¹", x.PowConst(1), x},
		{"2 + 3", g.Const(2).Add(g.Const(3)), g.Const(5)},
		{"twos + ones", g.Const(2).BroadcastTo(2, 3).Add(ones), g.Const(3).BroadcastTo(2, 3)},
		{"sin 0", zero.Sin(), zero},
		{"transpose twice", x.Transpose().Transpose(), x},
		{"reshape and back", x.Reshape(6).Reshape(3, 2).Reshape(2, 3), x},
		{"whole slice", x.Slice(1, 0, 3), x},
		{"sum over one", x.Reshape(6, 1).SumAxis(1), x.Reshape(6, 1)},
	}
	for _, tt := range same {
		if tt.got != tt.want {
			t.Errorf("%s is %v, want %v", tt.name, tt.got, tt.want)
		}
	}
	// The broadcast operand matters for the shape: x₁ + zeros of [2 × 3].
	row := g.Input("row", 1, 3)
	for _, n := range []*Node{row.Add(zeros), zeros.Add(row), row.Mul(ones), row.Mul(zeros), row.Sub(zeros), p.Add(zeros)} {
		if !slices.Equal(n.Shape, []int{2, 3}) {
			t.Errorf("%v, want shape [2 3]", n)
		}
	}
	for _, n := range []*Node{p.Batch(), p.Batch().BroadcastTo(2, 3), p.Batch().Add(p), p.Add(p.Batch().Sin())} {
		if !n.Batched {
			t.Errorf("%v, want a batched node", n)
		}
	}
}

// A zero with the wrong shape showed in what is built on it.
func TestZeroKeepsItsShape(t *testing.T) {
	g := New()
	x, p := g.Input("x", 3), g.Param("p", 3)
	w := g.Param("w", 3, 2)
	at := Values{Batch: 2, Params: make([]float64, 9), Inputs: map[string][]float64{"x": make([]float64, 6)}}
	for name, y := range map[string]*Node{
		"matrix product": x.Scale(0).MatMul(w), "slice": x.Scale(0).Slice(0, 0, 2), "sum": p.Mul(g.Const(0)).SumAxis(0),
		"gather": p.PowConst(0).AddConst(-1).Gather(0, 0, 1),
		"jet":    JVP([]*Node{x.Scale(0).Add(p.Scale(0)).MatMul(w)}, []*Node{x}, []*Node{x})[0],
		// In four dimensions the weight of the pure fourth derivatives is 0.
		"bi-Laplacian": BiLaplacian(g.Input("z", 4).Sin().MatMul(g.Tensor(make([]float64, 4), 4, 1)), g.Inputs()[1]),
	} {
		at.Inputs["z"] = make([]float64, 8)
		for _, v := range Eval(at, y)[0] {
			if v != 0 {
				t.Errorf("%s: %v", name, v)
			}
		}
	}
	d := Gradient(x.Scale(0).Mul(p).Sum().SumBatch(), p, x)
	if !slices.Equal(d[0].Shape, p.Shape) || !slices.Equal(d[1].Shape, x.Shape) {
		t.Errorf("gradients %v and %v", d[0], d[1])
	}
}

func TestNodeString(t *testing.T) {
	g := New()
	x := g.Input("x", 64)
	for n, want := range map[*Node]string{
		x: "input x [64] batched", x.Tanh(): "tanh [64] batched", g.Param("w", 2, 3): "param w [2 3]", x.SumBatch(): "sum over batch [64]",
	} {
		if got := n.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for o := Const; o <= Stop; o++ {
		if s := o.String(); strings.TrimSpace(s) == "" {
			t.Errorf("operation %d has no name", o)
		}
	}
}

func TestRebuild(t *testing.T) {
	g := New()
	x, y := g.Input("x", 3), g.Input("y", 3)
	n := x.Max(y)
	if n.Rebuild(n.In) != n || n.Rebuild([]*Node{x, x.Sin()}) != x.Max(x.Sin()) {
		t.Error("the same operation on the same operands is another node")
	}
}

// Parameters lie one after the other in the flat vector.
func TestLeaves(t *testing.T) {
	g := New()
	g.Setting("c")
	a, b := g.Param("a", 2, 3), g.Param("b")
	x := g.Input("x", 4)
	if a.Offset != 0 || b.Offset != 6 || g.ParamSize() != 7 {
		t.Errorf("offsets %d and %d of %d, want 0 and 6 of 7", a.Offset, b.Offset, g.ParamSize())
	}
	if !slices.Equal(g.Params(), []*Node{a, b}) || !slices.Equal(g.Inputs(), []*Node{x}) || len(g.Settings()) != 1 {
		t.Error("lists of leaves")
	}
}

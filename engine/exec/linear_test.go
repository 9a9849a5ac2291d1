package exec_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// leaves returns a new input and a new parameter of one shape.
func leaves(g *graph.Graph, shape ...int) []*graph.Node {
	return []*graph.Node{g.Input(fmt.Sprint("x", len(g.Inputs())), shape...), g.Param(fmt.Sprint("p", len(g.Params())), shape...)}
}

// perLeaf makes a program that takes f of an input and of a parameter, both as
// they are and computed.
func perLeaf(f func(x *graph.Node) *graph.Node, shape ...int) func(g *graph.Graph) []*graph.Node {
	return func(g *graph.Graph) []*graph.Node {
		var ys []*graph.Node
		for _, x := range leaves(g, shape...) {
			ys = append(ys, f(x), f(x.Sin()).Cos())
		}
		return withGradient(g, ys...)
	}
}

func linearPrograms() []program {
	var all []program
	add := func(name string, build func(g *graph.Graph) []*graph.Node) {
		all = append(all, program{name, -1, 1, build})
	}
	for _, s := range [][]int{{1}, {7}, {20}, {3, 5}, {4, 1}, {1, 6}, {2, 3, 4}, {2, 16, 3}} {
		for a := range s {
			along := func(name string, f func(x *graph.Node) *graph.Node) {
				add(fmt.Sprintf("%s of axis %d of %v", name, a, s), perLeaf(f, s...))
			}
			along("sum", func(x *graph.Node) *graph.Node { return x.SumAxis(a) })
			along("mean", func(x *graph.Node) *graph.Node { return x.MeanAxis(a) })
			along("max", func(x *graph.Node) *graph.Node { return x.MaxAxis(a) })
			along("cumulative sum", func(x *graph.Node) *graph.Node { return x.CumSum(a) })
			along("pad", func(x *graph.Node) *graph.Node { return x.Pad(a, 2, s[a]+3) })
			along("join", func(x *graph.Node) *graph.Node { return graph.Concat(a, x, x.Scale(2), x.Exp()) })
			along("gather", func(x *graph.Node) *graph.Node { return x.Gather(a, s[a]-1, 0, s[a]/2, 0) })
			along("slice", func(x *graph.Node) *graph.Node { return x.Slice(a, s[a]/3, s[a]/3+(s[a]+1)/2) })
			along("softmax", func(x *graph.Node) *graph.Node { return x.Softmax(a) })
			along("logarithm of softmax", func(x *graph.Node) *graph.Node { return x.LogSoftmax(a) })
			along("log sum exp", func(x *graph.Node) *graph.Node { return x.LogSumExp(a) })
		}
		on := func(name string, f func(x *graph.Node) *graph.Node) {
			add(fmt.Sprintf("%s of %v", name, s), perLeaf(f, s...))
		}
		on("sum", (*graph.Node).Sum)
		on("sum over batch", (*graph.Node).SumBatch)
		on("mean over batch", (*graph.Node).MeanBatch)
		on("batch", (*graph.Node).Batch)
		on("flat", func(x *graph.Node) *graph.Node { return x.Reshape(x.Size()) })
		on("column", func(x *graph.Node) *graph.Node { return x.Reshape(x.Size(), 1).Sin() })
		on("row", func(x *graph.Node) *graph.Node { return x.Reshape(1, x.Size()).Exp() })
		on("there and back", func(x *graph.Node) *graph.Node { return x.Reshape(x.Size(), 1).Sin().Reshape(s...).Exp() })
		on("broadcast", func(x *graph.Node) *graph.Node { return x.BroadcastTo(append([]int{3}, s...)...) })
		if len(s) > 1 {
			on("transpose", func(x *graph.Node) *graph.Node { return x.Transpose() })
		}
	}
	for _, perm := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		add(fmt.Sprint("transpose by ", perm), perLeaf(func(x *graph.Node) *graph.Node { return x.Transpose(perm...) }, 2, 3, 4))
	}
	add("reshape [4 6]", perLeaf(func(x *graph.Node) *graph.Node { return x.Reshape(4, 6) }, 2, 3, 4))
	add("reshape [8 3] to [4 6]", perLeaf(func(x *graph.Node) *graph.Node { return x.Reshape(4, 6) }, 8, 3))
	add("reshape [2 3] to [6 1]", perLeaf(func(x *graph.Node) *graph.Node { return x.Reshape(6, 1).BroadcastTo(6, 5) }, 2, 3))
	add("broadcast in the middle", perLeaf(func(x *graph.Node) *graph.Node { return x.BroadcastTo(2, 5, 4) }, 2, 1, 4))
	add("mixed join", func(g *graph.Graph) []*graph.Node {
		x, p := g.Input("x", 2, 3), g.Param("p", 4, 3)
		return withGradient(g, graph.Concat(0, p, x, g.Tensor([]float64{1, 2, 3}, 1, 3)), graph.Concat(1, x, p.Slice(0, 1, 3)))
	})
	add("take", func(g *graph.Graph) []*graph.Node {
		i := g.Input("i").AddConst(1).Div(g.Const(0.5)) // 0 to 4
		i = i.Sub(i.Sub(g.Const(2)).Sign()).Sign()      // -1, 0 or 1: some rows, some none
		return withGradient(g, g.Param("table", 5, 7).Take(i), g.Param("small", 2, 1).Take(g.Setting("k").Sign()))
	})
	sizes := [][3]int{{1, 1, 1}, {1, 1, 7}, {1, 7, 1}, {3, 1, 20}, {2, 7, 5}, {4, 20, 16}, {3, 50, 33}}
	for _, s := range sizes {
		m, k, n := s[0], s[1], s[2]
		add(fmt.Sprint("products ", s), func(g *graph.Graph) []*graph.Node {
			var ys []*graph.Node
			for _, a := range leaves(g, m, k) {
				for _, b := range leaves(g, k, n) {
					ys = append(ys, a.MatMul(b), a.Neg().MatMul(b).Tanh())
				}
			}
			return withGradient(g, ys...)
		})
		add(fmt.Sprint("planes ", s), func(g *graph.Graph) []*graph.Node {
			var ys []*graph.Node
			for _, a := range leaves(g, 2, m, k) {
				for _, b := range leaves(g, 2, k, n) {
					ys = append(ys, a.MatMul(b))
				}
				ys = append(ys, a.MatMul(g.Param(fmt.Sprint("w", len(g.Params())), k, n)))
			}
			return withGradient(g, ys...)
		})
		add(fmt.Sprint("contractions ", s), func(g *graph.Graph) []*graph.Node {
			var ys []*graph.Node
			each := g.Const(0).BroadcastTo(k, n)
			for _, a := range leaves(g, m, k) {
				for _, b := range leaves(g, m, n) {
					c := graph.Outer(a, b)
					each = each.Add(c)
					ys = append(ys, c, c.Sin(), c.SumBatch())
				}
			}
			return withGradient(g, append(ys, each, each.SumBatch())...)
		})
		add(fmt.Sprint("outer ", s), func(g *graph.Graph) []*graph.Node {
			x, p := g.Input("x", k), g.Param("p", n)
			return withGradient(g, graph.Outer(x, p), graph.Outer(p, x.Sin()).SumBatch(), graph.Outer(p, p))
		})
	}
	add("weights of zero", func(g *graph.Graph) []*graph.Node {
		x, zero := g.Input("x", 1, 1), g.Const(0).BroadcastTo(1, 5)
		y, z := x.MatMul(g.Param("w", 1, 5).Scale(0)), x.Scale(0).Batch().MatMul(g.Param("v", 1, 5))
		return withGradient(g, y, z.SumBatch(), z.CumSum(1).Sin(), y.Reshape(5, 1).SumBatch(), x.Reshape(1).MatMul(zero).Exp().SumBatch())
	})
	add("attention", func(g *graph.Graph) []*graph.Node {
		x := g.Input("x", 6, 8)
		heads := func(name string) *graph.Node {
			return x.MatMul(g.Param(name, 8, 8)).Reshape(6, 2, 4).Transpose(1, 0, 2)
		}
		q, k, v := heads("q"), heads("k"), heads("v")
		y := q.MatMul(k.Transpose()).Scale(0.5).Softmax(-1).MatMul(v)
		return withGradient(g, y.Transpose(1, 0, 2).Reshape(6, 8).MatMul(g.Param("o", 8, 8)).Add(x))
	})
	return all
}

// Everything that is not element-wise, with gradients by inputs and
// parameters. Products of up to 50 terms and their gradients, summed over
// batches of up to 97.
func TestLinear(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	for i, pr := range linearPrograms() {
		if testing.Short() && i%7 > 0 {
			continue
		}
		batches := []int{3}
		if i%5 == 0 {
			batches = append(batches, 1, 97)
		}
		for _, batch := range batches {
			compare(t, pr.at(batch, uint64(i)), pool, 200)
		}
	}
}

// Outputs that no step computes, or that several outputs share.
func TestOutputs(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	for i, s := range few(shapes, 4) {
		pr := program{fmt.Sprint("outputs ", s), -1, 1, func(g *graph.Graph) []*graph.Node {
			var ys []*graph.Node
			for _, x := range leaves(g, s...) {
				flat := x.Reshape(x.Size())
				ys = append(ys, x, flat, x.Reshape(x.Size(), 1), flat.Reshape(1, x.Size()), x.Batch(), x.StopGradient(), x.Sin(), x.Sin(),
					x.Sub(x.MeanBatch()), x.SumBatch(), x.SumBatch().Reshape(x.Size(), 1))
			}
			ys = append(ys, g.Const(3), g.Const(3).Batch(), g.Const(0).BroadcastTo(s...), g.Const(2).BroadcastTo(s...).Batch(), g.Setting("c"),
				g.BatchSize(), g.BatchSize().Batch(), g.Tensor([]float64{1, 2, 3, 4, 5, 6}, 2, 3), g.Tensor([]float64{1, 2}, 2).Batch())
			return slices.Concat(ys, ys)
		}}
		for _, batch := range []int{1, 2, 97} {
			compare(t, pr.at(batch, uint64(i)), pool, 100)
		}
	}
}

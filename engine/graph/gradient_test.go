package graph

import (
	"math"
	"testing"
)

// Finite differences with error O(h⁴), h = 2e-3, and fifth derivatives of up
// to about 1e3 for the programs of this package.
const differenceTol = 3e-8

func TestGradientAgainstDifferences(t *testing.T) {
	each(t, all(), func(t *testing.T, p *point) {
		loss, _ := p.total(p.y, 1)
		checkGradient(t, p, loss, p.leaves, Gradient(loss, p.leaves...), differenceTol)
		// Without weights adjoints are the same for every sample: unbatched.
		loss = p.y.Sum().SumBatch()
		checkGradient(t, p, loss, p.leaves, Gradient(loss, p.leaves...), differenceTol)
	})
}

// checkGradient compares grads, the gradient of the number f by leaves, with
// finite differences.
func checkGradient(t *testing.T, p *point, f *Node, leaves, grads []*Node, tol float64) {
	t.Helper()
	if p.y.hasStop() {
		return
	}
	for k, x := range leaves {
		got := p.full(grads[k], x)
		for i := range p.size(x) {
			want := p.difference(x, i, func(v Values) float64 { return Eval(v, f)[0][0] })
			if !within(got[i], want, tol) {
				t.Errorf("derivative by element %d of %v: %.12g, want %.12g", i, x, got[i], want)
				return
			}
		}
	}
}

// hasStop reports whether n holds a StopGradient written by hand: differences
// do not know it. Those inside of softmax and maxima change no derivative.
func (n *Node) hasStop() bool {
	return n.some(func(n *Node) bool { return n.Op == Stop && n.In[0].Op != MaxAxis })
}

// <w, J v> = <Jᵀ w, v>
func TestDuality(t *testing.T) {
	each(t, all(), func(t *testing.T, p *point) {
		vs := p.direction()
		_, w := p.total(p.y, 1)
		back := VJP([]*Node{p.y}, []*Node{w}, p.leaves...)
		left := dot(p.full(JVP([]*Node{p.y}, p.leaves, vs)[0], p.y), p.full(w, p.y))
		right := 0.0
		for i, x := range p.leaves {
			right += dot(p.full(back[i], x), p.full(vs[i], x))
		}
		// Both sides are sums of at most 200 products of order 1 to 1000.
		if !within(left, right, 1e-12) {
			t.Errorf("<w, J v> = %.17g, <Jᵀ w, v> = %.17g", left, right)
		}
	})
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// Hessian-vector products, forward over reverse and reverse over reverse,
// against differences of the gradient.
func TestHessianVectorProducts(t *testing.T) {
	programs := append(append([]program{}, elementary...), structural...)
	if !testing.Short() {
		programs = all()
	}
	each(t, programs, func(t *testing.T, p *point) {
		loss, _ := p.total(p.y, 1)
		grads := Gradient(loss, p.leaves...)
		vs := p.direction()
		forward := HVP(loss, p.leaves, vs)
		// <g, v> for each leaf, summed over the batch where it is batched.
		slope := p.g.Const(0)
		for i, x := range p.leaves {
			term := grads[i].Mul(vs[i]).Sum()
			if x.Batched {
				term = term.SumBatch()
			}
			slope = slope.Add(term)
		}
		backward := Gradient(slope, p.leaves...)
		for i, x := range p.leaves {
			a, b := p.full(forward[i], x), p.full(backward[i], x)
			for j := range a {
				if !within(a[j], b[j], 1e-11) {
					t.Fatalf("element %d of %v: forward over reverse %.17g, reverse over reverse %.17g", j, x, a[j], b[j])
				}
			}
		}
		checkGradient(t, p, slope, p.leaves, backward, 1e-6) // one derivative more than differenceTol
	})
}

// Rows of the Jacobian against the gradient of each sample on its own.
func TestJacobianRows(t *testing.T) {
	for i, pr := range all() {
		t.Run(pr.name, func(t *testing.T) {
			p := pr.at(4, uint64(i))
			if !p.y.Batched || p.y.mixesSamples() {
				return
			}
			r := p.y.Square().Sum().Sin()
			loss := r.SumBatch()
			rows, alone := Jacobian(r, p.leaves...), Gradient(loss, p.leaves...)
			for s := range p.Batch {
				one := Values{Batch: 1, Params: p.Params, Settings: p.Settings, Inputs: map[string][]float64{}}
				for _, in := range p.g.Inputs() {
					one.Inputs[in.Name] = p.Inputs[in.Name][s*in.Size() : (s+1)*in.Size()]
				}
				want := Eval(one, alone...)
				for k, x := range p.leaves {
					n := x.Size()
					row := Eval(p.Values, rows[k])[0][s*n : (s+1)*n]
					for j := range n {
						if !within(row[j], want[k][j], 1e-13) {
							t.Fatalf("sample %d, element %d of %v: %.17g, want %.17g", s, j, x, row[j], want[k][j])
						}
					}
				}
			}
		})
	}
}

func (n *Node) mixesSamples() bool {
	return n.some(func(n *Node) bool {
		return n.Op == SumBatch || n.Op == BatchSize || n.Op == Contract && !n.Batched && anyBatched(n.In)
	})
}

// Residuals of each sample that are averaged over the batch have no rows: all
// ways to sum over the batch say so.
func TestJacobianOfWholeBatch(t *testing.T) {
	for _, f := range []func(x, p *Node) *Node{
		func(x, p *Node) *Node { return x.Mul(p).SumBatch().Sum() },
		func(x, p *Node) *Node { return Outer(x.Mul(p), x).SumBatch().Sum() },
		func(x, p *Node) *Node { return Outer(p, x).SumBatch().Sum().Mul(x.Mul(p).SumBatch().Sum()) },
	} {
		g := New()
		x, p := g.Input("x", 3), g.Param("p", 3)
		r := x.Sum().Mul(f(x, p))
		wantPanic(t, "whole batch", func() { Jacobian(r, p) })
	}
}

// The gradient by a node that is not a leaf is that with this node held as a
// variable of its own; by several at once, those between count through.
func TestGradientByInnerNode(t *testing.T) {
	g := New()
	x := g.Param("x")
	u := x.Sin()
	y := u.Square().Mul(x)
	d := Gradient(y, u, x)
	v := Eval(Values{Batch: 1, Params: []float64{0.7}}, d...)
	s, c := math.Sincos(0.7)
	for i, want := range []float64{2 * s * 0.7, 2*s*c*0.7 + s*s} {
		if !within(v[i][0], want, 1e-15) {
			t.Errorf("gradient %d = %.17g, want %.17g", i, v[i][0], want)
		}
	}
}

// Where several elements are the largest, each gets the same share; where the
// operands of max and min are equal, the second gets all.
func TestTies(t *testing.T) {
	g := New()
	x := g.Param("x", 4)
	a, b := g.Param("a"), g.Param("b")
	at := Values{Batch: 1, Params: []float64{2, 5, 5, 1, 3, 3}}
	check := func(name string, got, want []float64) {
		t.Helper()
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %v, want %v", name, got, want)
				return
			}
		}
	}
	m := x.MaxAxis(0)
	check("max of an axis, reverse", Eval(at, Gradient(m.Sum(), x)...)[0], []float64{0, 0.5, 0.5, 0})
	v := g.Tensor([]float64{1, 2, 4, 8}, 4)
	check("max of an axis, forward", Eval(at, JVP([]*Node{m}, []*Node{x}, []*Node{v})...)[0], []float64{3})
	for _, f := range []func(a, b *Node) *Node{(*Node).Max, (*Node).Min} {
		y := f(a, b)
		d := Eval(at, Gradient(y, a, b)...)
		check("tie, reverse", []float64{d[0][0], d[1][0]}, []float64{0, 1})
		j := Eval(at, JVP([]*Node{y}, []*Node{a, b}, []*Node{g.Const(10), g.Const(20)})...)
		check("tie, forward", j[0], []float64{20})
	}
	zero := Values{Batch: 1, Params: make([]float64, 6)}
	check("relu and abs at 0", Eval(zero, Gradient(a.Relu().Add(b.Abs()), a)...)[0], []float64{0})
	check("abs at 0", Eval(zero, Gradient(b.Abs(), b)...)[0], []float64{0})
}

package graph

import (
	"math"
	"testing"
)

// jets pushes x + v·t + w·t² through ys to the given order: stream k is the
// coefficient of tᵏ.
func (p *point) jets(order int, ys ...*Node) []Jet {
	a, _ := Multi([]int{order})
	seeds := map[*Node]Jet{}
	for _, n := range p.leaves {
		j := make(Jet, order+1)
		j[0] = n
		copy(j[1:], p.moves[n])
		seeds[n] = j
	}
	return a.Jets(seeds, ys...)
}

func streams(js []Jet) [][]*Node {
	s := make([][]*Node, len(js))
	for i, j := range js {
		s[i] = j
	}
	return s
}

// Taylor coefficients of order 6 of sums of products of up to 1e4: 1e-16 of
// each term lost.
const jetTol = 3e-12

// Every operation, to order 6, along a curved path, against power series in
// 320-bit numbers.
func TestJetsAgainstBigSeries(t *testing.T) {
	programs := append(append([]program{}, elementary...), structural...)
	if !testing.Short() {
		programs = all()
	}
	each(t, programs, func(t *testing.T, p *point) {
		checkBig(t, p, 6, []*Node{p.y}, streams(p.jets(6, p.y)), jetTol)
	})
}

// Every derivative along a straight line, to order 6, as JVP of JVP of …,
// against one jet.
func TestJetsAgainstNestedDerivatives(t *testing.T) {
	each(t, append(append([]program{}, elementary...), structural...), func(t *testing.T, p *point) {
		vs := p.direction()
		for _, n := range p.leaves {
			p.moves[n] = p.moves[n][:1]
		}
		order := 6
		if testing.Short() {
			order = 4
		}
		jet := p.jets(order, p.y)[0]
		d, factorial := p.y, 1.0
		for k := 1; k <= order; k++ {
			d = JVP([]*Node{d}, p.leaves, vs)[0]
			factorial *= float64(k)
			want := p.full(d, p.y)
			got := make([]float64, len(want))
			if jet[k] != nil {
				got = p.full(jet[k], p.y)
			}
			for i := range want {
				if !within(got[i], want[i]/factorial, 1e-11) {
					t.Fatalf("order %d, element %d: %.17g, nested %.17g", k, i, got[i], want[i]/factorial)
				}
			}
		}
	})
}

// Jets of gradients, order 4, against big series of the gradient's program.
func TestJetsOfGradients(t *testing.T) {
	programs := append(append([]program{}, elementary...), structural...)
	each(t, programs, func(t *testing.T, p *point) {
		order := 4
		if testing.Short() {
			order = 2
		}
		loss, w := p.total(p.y, 1)
		grads := Gradient(loss, p.leaves...)
		js := p.jets(order, grads...)
		if w.Op == Input {
			p.leaves = append(p.leaves, w) // has values, but does not move
		}
		checkBig(t, p, order, grads, streams(js), jetTol)
	})
}

// Gradients of jets of orders 1 to 4 against differences of the jets.
func TestGradientOfJets(t *testing.T) {
	programs := append(append([]program{}, elementary...), structural...)
	each(t, programs, func(t *testing.T, p *point) {
		if testing.Short() && len(p.leaves) > 1 {
			return
		}
		f := p.g.Const(0)
		for k, s := range p.jets(4, p.y)[0] {
			if k > 0 && s != nil {
				total, _ := p.total(s, uint64(k))
				f = f.Add(total)
			}
		}
		// Up to five derivatives more than differenceTol has room for.
		checkGradient(t, p, f, p.leaves, Gradient(f, p.leaves...), 2e-6)
	})
}

// field is a function of a point with known Laplacians.
type field struct {
	name string
	d    int
	y    func(x *Node) *Node
	lap  func(x []float64) float64 // Δy
	bi   func(x []float64) float64 // Δ²y
}

var fields = []field{
	{
		// Δ Π sin(aᵢxᵢ) = -|a|² y
		name: "sines", d: 3,
		y: func(x *Node) *Node {
			s := x.Mul(x.Graph.Tensor(sineA, 3)).Sin()
			return s.Slice(0, 0, 1).Mul(s.Slice(0, 1, 2)).Mul(s.Slice(0, 2, 3))
		},
		lap: func(x []float64) float64 { return -dot(sineA, sineA) * sines(x) },
		bi:  func(x []float64) float64 { return math.Pow(dot(sineA, sineA), 2) * sines(x) },
	},
	// Δ e^(a·x) = |a|² y
	exponential(1), exponential(2), exponential(3), exponential(4), exponential(5),
	// Δ|x|⁴ = 4(d+2)|x|², Δ²|x|⁴ = 8d(d+2)
	quartic(1), quartic(2), quartic(3), quartic(4), quartic(6),
}

var (
	sineA = []float64{1.3, -0.7, 2.1}
	expA  = []float64{0.9, -1.1, 0.4, 0.6, -0.3, 0.2}
)

func sines(x []float64) float64 {
	p := 1.0
	for i, a := range sineA {
		p *= math.Sin(a * x[i])
	}
	return p
}

func exponential(d int) field {
	a := expA[:d]
	y := func(x []float64) float64 { return math.Exp(dot(a, x)) }
	return field{
		"exponential", d,
		func(x *Node) *Node { return x.MatMul(x.Graph.Tensor(a, d, 1)).Exp() },
		func(x []float64) float64 { return dot(a, a) * y(x) },
		func(x []float64) float64 { return dot(a, a) * dot(a, a) * y(x) },
	}
}

func quartic(d int) field {
	return field{
		"quartic", d,
		func(x *Node) *Node { return x.Square().Sum().Square() },
		func(x []float64) float64 { return 4 * float64(d+2) * dot(x, x) },
		func([]float64) float64 { return 8 * float64(d*(d+2)) },
	}
}

func TestLaplacians(t *testing.T) {
	for _, f := range fields {
		g := New()
		x := g.Input("x", f.d)
		y := f.y(x)
		at := Values{Batch: 2, Inputs: map[string][]float64{"x": nil}}
		for i := range 2 * f.d {
			at.Inputs["x"] = append(at.Inputs["x"], 0.8*math.Sin(float64(3*i+1)))
		}
		// The same from single partial derivatives.
		var second, fourth [][]int
		for i := range f.d {
			o := make([]int, f.d)
			o[i] = 2
			second = append(second, o)
			for j := range f.d {
				o := make([]int, f.d)
				o[i] += 2
				o[j] += 2
				fourth = append(fourth, o)
			}
		}
		lapSum, biSum := sum(Partials(y, x, second...)), sum(Partials(y, x, fourth...))
		v := Eval(at, Laplacian(y, x), lapSum, BiLaplacian(y, x), biSum)
		for s := range at.Batch {
			point := at.Inputs["x"][s*f.d : (s+1)*f.d]
			at := func(k int) float64 { return v[k][s%len(v[k])] }
			want := []float64{f.lap(point), f.lap(point), f.bi(point), f.bi(point)}
			for k, name := range []string{"Laplacian", "sum of second", "bi-Laplacian", "sum of fourth"} {
				// Sums of up to 36 terms of order 10 to 1000.
				if !within(at(k), want[k], 1e-12) {
					t.Errorf("%s in %d dimensions: %s %.17g, want %.17g", f.name, f.d, name, at(k), want[k])
				}
			}
		}
	}
}

func sum(nodes []*Node) *Node {
	s := nodes[0]
	for _, n := range nodes[1:] {
		s = s.Add(n)
	}
	return s
}

// Laplacians through a network with a matrix product, in 1 to 4 dimensions,
// and their gradients by the weights.
func TestLaplacianOfNetwork(t *testing.T) {
	for d := 1; d <= 4; d++ {
		pr := program{"network", -1, 1, func(g *Graph) *Node {
			h := g.Input("x", d).MatMul(g.Param("w1", d, 5)).Add(g.Param("b1", 5)).Tanh()
			return h.MatMul(g.Param("w2", 5, 5)).Sin().MatMul(g.Param("w3", 5, 2))
		}}
		p := pr.at(2, uint64(d))
		x := p.g.Inputs()[0]
		var second, fourth []*Node
		for i := range d {
			oi := make([]int, d)
			oi[i] = 2
			second = append(second, Partials(p.y, x, oi)[0])
			for j := range d {
				o := make([]int, d)
				o[i] += 2
				o[j] += 2
				fourth = append(fourth, Partials(p.y, x, o)[0])
			}
		}
		for _, c := range []struct{ got, want *Node }{
			{Laplacian(p.y, x), sum(second)}, {BiLaplacian(p.y, x), sum(fourth)},
		} {
			got, want := p.full(c.got, p.y), p.full(c.want, p.y)
			for i := range got {
				if !within(got[i], want[i], 1e-12) {
					t.Errorf("%d dimensions, element %d: %.17g, want %.17g", d, i, got[i], want[i])
				}
			}
			f, _ := p.total(c.got, 3)
			checkGradient(t, p, f, p.leaves, Gradient(f, p.leaves...), 1e-6)
		}
	}
}

// Mixed partial derivatives in 2 and 3 variables against nested gradients.
func TestMixedPartials(t *testing.T) {
	for _, tt := range []struct {
		d      int
		orders [][]int
	}{
		{1, [][]int{{0}, {1}, {5}, {6}}},
		{2, [][]int{{1, 0}, {1, 1}, {2, 1}, {2, 2}, {0, 3}, {3, 1}, {1, 4}, {3, 3}}},
		{3, [][]int{{1, 1, 1}, {2, 0, 1}, {1, 2, 1}, {0, 2, 2}, {2, 1, 1}}},
	} {
		pr := program{"mixed", -1, 1, func(g *Graph) *Node {
			h := g.Input("x", tt.d).MatMul(g.Param("w1", tt.d, 4)).Add(g.Param("b1", 4)).Tanh()
			return h.MatMul(g.Param("w2", 4, 1)).Exp().Reshape()
		}}
		p := pr.at(2, uint64(tt.d))
		x := p.g.Inputs()[0]
		partials := Partials(p.y, x, tt.orders...)
		for k, order := range tt.orders {
			want := p.y
			for i, times := range order {
				for range times {
					want = Gradient(want.SumBatch(), x)[0].Slice(0, i, i+1).Reshape()
				}
			}
			got, w := p.full(partials[k], p.y), p.full(want, p.y)
			for s := range got {
				if !within(got[s], w[s], 1e-11) { // up to six nested sweeps
					t.Errorf("order %v, sample %d: %.17g, nested gradients %.17g", order, s, got[s], w[s])
				}
			}
		}
	}
}

// A point of shape [] is one coordinate.
func TestPartialsOfNumber(t *testing.T) {
	g := New()
	x := g.Input("x")
	at := Values{Batch: 1, Inputs: map[string][]float64{"x": {0.6}}}
	y := x.Scale(2).Sin()
	v := Eval(at, append(Partials(y, x, []int{3}, []int{0}), Laplacian(y, x), BiLaplacian(y, x))...)
	s, c := math.Sincos(1.2)
	for i, want := range []float64{-8 * c, s, -4 * s, 16 * s} {
		if !within(v[i][0], want, 1e-14) {
			t.Errorf("derivative %d: %.17g, want %.17g", i, v[i][0], want)
		}
	}
}

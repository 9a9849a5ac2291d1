package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomProgram reads a program from bytes: each pair names an operation and
// the values made so far that it works on. Values stay of order 1, so that
// derivatives can be compared.
func randomProgram(code []byte) program {
	const longest = 12
	return program{"random", -1, 1, func(g *Graph) *Node {
		made := []*Node{g.Input("x", 3), g.Param("p", 3), g.Param("w", 3, 3), g.Param("q"), g.Input("z", 3, 3), g.Setting("c")}
		for i := 0; i+1 < min(len(code), 2*longest); i += 2 {
			a := made[len(made)-1-int(code[i+1]&15)%len(made)]
			b := made[len(made)-1-int(code[i+1]>>4)%len(made)]
			if n := step(code[i], a, b); n != nil && n.Size() <= 64 {
				made = append(made, n)
			}
		}
		return made[len(made)-1]
	}}
}

// step makes one value of a and b, or nil if they do not fit.
func step(op byte, a, b *Node) *Node {
	rank := len(a.Shape)
	fits := func() bool {
		for i := 1; i <= min(rank, len(b.Shape)); i++ {
			if x, y := a.Shape[rank-i], b.Shape[len(b.Shape)-i]; x != y && x != 1 && y != 1 {
				return false
			}
		}
		return true
	}
	one := a.Graph.Const(1)
	switch k := op % 32; k {
	case 0, 1, 2, 3, 4, 5, 6, 7:
		return []func(*Node) *Node{(*Node).Sin, (*Node).Cos, (*Node).Tanh, (*Node).Erf, (*Node).Sigmoid, (*Node).Softplus,
			(*Node).Gelu, (*Node).Silu}[k](a)
	case 8:
		return a.Tanh().Exp()
	case 9:
		return a.Square().Add(one).Log()
	case 10:
		return a.Square().Add(one).Sqrt()
	case 11:
		return a.Tanh().AddConst(2).PowConst(-1.5)
	case 12:
		return a.Tanh().PowConst(3)
	case 13:
		return a.Neg()
	case 14:
		return a.Scale(float64(op>>5) - 3)
	case 15, 16, 17, 18, 19, 20:
		if !fits() {
			return nil
		}
		switch k {
		case 15:
			return a.Add(b)
		case 16:
			return a.Sub(b)
		case 17:
			return a.Mul(b).Sin()
		case 18:
			return a.Div(b.Square().Add(one))
		case 19:
			return a.Max(b)
		}
		return a.Less(b).Where(a.Scale(2), b)
	case 21:
		if rank == 0 || len(b.Shape) != 2 || a.Shape[rank-1] != b.Shape[0] || rank > 2 && b.Batched {
			return nil
		}
		return a.MatMul(b).Tanh()
	case 22:
		if rank == 0 || len(b.Shape) == 0 || !slices.Equal(a.Shape[:rank-1], b.Shape[:len(b.Shape)-1]) {
			return nil
		}
		return Outer(a, b).Tanh()
	case 23:
		return a.Sum().Sin()
	case 24:
		return a.MeanBatch()
	case 31:
		return a.SumBatch().Sin()
	}
	if rank == 0 {
		return nil
	}
	axis := int(op>>5) % rank
	n := a.Shape[axis]
	switch op % 32 {
	case 25:
		return a.Softmax(axis)
	case 26:
		return a.CumSum(axis).Sin()
	case 27:
		return a.SumAxis(axis)
	case 28:
		return a.Gather(axis, n-1, 0, n/2)
	case 29:
		if rank < 2 {
			return a.Pad(axis, 1, n+1).Slice(0, 0, n)
		}
		return a.Transpose()
	}
	if rank != len(b.Shape) {
		return nil
	}
	for i := range rank {
		if i != axis && a.Shape[i] != b.Shape[i] {
			return nil
		}
	}
	return Concat(axis, a, b).Slice(axis, 1, n+1)
}

// checkRandom holds gradient, duality and jets of a random program against
// differences and big series.
func checkRandom(t *testing.T, code []byte) {
	p := randomProgram(code).draw(2, rand.New(rand.NewPCG(uint64(len(code)), 1)))
	y := p.y
	if !p.clear(y) { // at a kink, differences are wrong
		return
	}
	loss, w := p.total(y, 1)
	grads := Gradient(loss, p.leaves...)
	for k, x := range p.leaves {
		got := p.full(grads[k], x)
		for i := range p.size(x) {
			f := func(v Values) float64 { return Eval(v, loss)[0][0] }
			want := p.difference(x, i, f)
			// A kink may be closer than it seems and a fifth derivative large: the
			// difference is believed as far as one with another step agrees.
			const h = 1e-3
			other := (f(p.shifted(x, i, h)) - f(p.shifted(x, i, -h))) / (2 * h)
			if !within(got[i], want, 1e-7) && math.Abs(got[i]-want) > math.Abs(want-other) {
				t.Errorf("%v: derivative by element %d of %v: %.12g, want %.12g", code, i, x, got[i], want)
				return
			}
		}
	}
	vs := p.direction()
	left := dot(p.full(JVP([]*Node{y}, p.leaves, vs)[0], y), p.full(w, y))
	right := 0.0
	for i, x := range p.leaves {
		right += dot(p.full(grads[i], x), p.full(vs[i], x))
	}
	if !within(left, right, 1e-10) {
		t.Errorf("%v: <w, J v> = %.17g, <Jᵀ w, v> = %.17g", code, left, right)
	}
	checkBig(t, p, 3, []*Node{y}, streams(p.jets(3, y)), 1e-9)
	if t.Failed() {
		t.Errorf("program %v", code)
	}
}

func randomCode(seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 3))
	code := make([]byte, 4+rng.IntN(21))
	for i := range code {
		code[i] = byte(rng.Uint32())
	}
	return code
}

func TestRandomPrograms(t *testing.T) {
	n := uint64(150)
	if testing.Short() {
		n = 30
	}
	for seed := range n {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { checkRandom(t, randomCode(seed)) })
	}
}

func FuzzPrograms(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(randomCode(1000 + seed))
	}
	f.Add([]byte{21, 0x31, 2, 0, 21, 0x40, 23, 0}) // network layers
	f.Add([]byte{22, 0x55, 24, 0, 22, 0x11})       // contractions, mean over the batch
	f.Fuzz(func(t *testing.T, code []byte) { checkRandom(t, code) })
}

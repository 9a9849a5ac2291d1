package exec_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// A random program is read from bytes: the first chooses the batch, then each
// three name an operation and the two values made so far that it works on.
// Every value is at most of order 1 for its samples and continuous in the
// leaves, so that rounding errors stay small.
func randomPoint(code []byte) *point {
	batches := []int{1, 2, 3, 5, 95, 96, 97, 200}
	batch := 3
	if len(code) > 0 {
		batch = batches[code[0]%8]
		code = code[1:]
	}
	const longest, largest = 24, 200
	g := graph.New()
	made := []*graph.Node{
		g.Tensor([]float64{0.5, -1, 0.25, 2, -0.75}, 5), g.Setting("c"), g.Param("r", 9, 1), g.Input("n"), g.Param("q"),
		g.Input("z", 3, 5), g.Param("u", 17, 5), g.Input("v", 17), g.Param("w", 5, 17), g.Param("p", 5), g.Input("x", 5),
	}
	first := len(made)
	for i := 0; i+2 < min(len(code), 3*longest); i += 3 {
		a := made[len(made)-1-int(code[i+1])%len(made)]
		b := made[len(made)-1-int(code[i+2])%len(made)]
		if n := operation(code[i], a, b); n != nil && n.Size() <= largest {
			made = append(made, n)
		}
	}
	p := &point{name: fmt.Sprintf("program %v", code), g: g}
	for _, n := range made[first:] {
		if reaches(isInput, n) { // the batch is known
			p.outputs = append(p.outputs, n)
		}
	}
	if len(p.outputs) == 0 {
		p.outputs = []*graph.Node{g.Inputs()[0]}
	}
	// All but the last two outputs are as a rule fused into others.
	p.outputs = p.outputs[max(0, len(p.outputs)-2):]
	loss := g.Const(0)
	for _, y := range p.outputs {
		loss = loss.Add(y.MeanSquare())
	}
	if loss.Op != graph.Const {
		grads := graph.Gradient(loss, slices.Concat(g.Params(), g.Inputs())...)
		grads = slices.DeleteFunc(grads, func(n *graph.Node) bool { return !reaches(isInput, n) })
		p.outputs = append(p.outputs, loss)
		p.outputs = append(p.outputs, grads...)
		if !reaches(isInput, loss) {
			p.outputs = p.outputs[:1]
		}
	}
	p.draw(batch, -1, 1, uint64(len(code)))
	return p
}

// operation makes one value of a and b, or nil if they do not fit. k chooses
// the operation by its last five bits, an axis and more by the others.
func operation(k byte, a, b *graph.Node) *graph.Node {
	g := a.Graph
	rank, more := len(a.Shape), int(k>>5)
	switch k % 32 {
	case 0:
		return []func(*graph.Node) *graph.Node{(*graph.Node).Sin, (*graph.Node).Cos, (*graph.Node).Tanh, (*graph.Node).Erf,
			(*graph.Node).Sigmoid, (*graph.Node).Gelu, (*graph.Node).Abs, (*graph.Node).Neg}[more](a)
	case 1:
		return []func(*graph.Node) *graph.Node{
			func(a *graph.Node) *graph.Node { return a.Tanh().Exp() },
			func(a *graph.Node) *graph.Node { return a.Square().AddConst(1).Log() },
			func(a *graph.Node) *graph.Node { return a.Square().AddConst(1).Sqrt().Recip() },
			func(a *graph.Node) *graph.Node { return a.Tanh().AddConst(2).PowConst(-1.5) },
			func(a *graph.Node) *graph.Node { return a.Tanh().PowConst(3) },
			func(a *graph.Node) *graph.Node { return a.Relu().Tanh() },
			(*graph.Node).StopGradient,
			(*graph.Node).Batch,
		}[more](a)
	case 2, 3, 4, 5, 6, 7, 8:
		if !broadcastable(a.Shape, b.Shape) {
			return nil
		}
		switch k % 32 {
		case 2:
			return a.Add(b).Scale(0.5)
		case 3:
			return a.Sub(b).Scale(0.5)
		case 4, 5:
			return a.Mul(b)
		case 6:
			return a.Div(b.Square().AddConst(1))
		case 7:
			return a.Max(b)
		}
		return g.Setting(fmt.Sprint("s", len(g.Settings()))).Less(g.Const(0)).Where(a, b)
	case 9, 10, 11:
		if rank == 0 || len(b.Shape) != 2 || a.Shape[rank-1] != b.Shape[0] || b.Batched && rank > 2 {
			return nil
		}
		return a.MatMul(b).Tanh()
	case 12:
		if rank < 2 || len(b.Shape) != rank || !slices.Equal(a.Shape[:rank-2], b.Shape[:rank-2]) || a.Shape[rank-1] != b.Shape[rank-2] {
			return nil
		}
		return a.MatMul(b.Tanh()).Sin()
	case 13, 14:
		if rank == 0 || len(b.Shape) == 0 || !slices.Equal(a.Shape[:rank-1], b.Shape[:len(b.Shape)-1]) {
			return nil
		}
		return graph.Outer(a, b).Tanh()
	case 15:
		return a.Sum().Sin()
	case 16:
		return a.MeanBatch()
	case 17:
		return a.SumBatch().Sin()
	case 18:
		return a.Reshape(a.Size())
	case 19:
		return a.Reshape(a.Size(), 1)
	case 20:
		return a.Reshape(1, a.Size())
	case 21:
		if a.Size()%5 > 0 {
			return nil
		}
		return a.Reshape(a.Size()/5, 5)
	}
	if rank == 0 {
		return nil
	}
	axis := more % rank
	n := a.Shape[axis]
	switch k % 32 {
	case 22:
		return a.Softmax(axis)
	case 23:
		return a.CumSum(axis).Sin()
	case 24:
		return a.SumAxis(axis).Tanh()
	case 25:
		return a.MeanAxis(axis)
	case 26:
		return a.MaxAxis(axis)
	case 27:
		return a.Gather(axis, n-1, 0, n/2, n-1)
	case 28:
		return a.Slice(axis, n/3, n/3+(n+1)/2)
	case 29:
		return a.Pad(axis, more, n+more+1)
	case 30:
		if rank < 2 {
			return a.LogSoftmax(axis).Tanh()
		}
		return a.Transpose()
	}
	if rank != len(b.Shape) || !slices.Equal(a.Shape[:axis], b.Shape[:axis]) || !slices.Equal(a.Shape[axis+1:], b.Shape[axis+1:]) {
		return nil
	}
	return graph.Concat(axis, a, b, a)
}

func broadcastable(a, b []int) bool {
	for i := 1; i <= min(len(a), len(b)); i++ {
		if x, y := a[len(a)-i], b[len(b)-i]; x != y && x != 1 && y != 1 {
			return false
		}
	}
	return true
}

func randomCode(seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 3))
	code := make([]byte, 1+3*(4+rng.IntN(20)))
	for i := range code {
		code[i] = byte(rng.Uint32())
	}
	return code
}

// checkRandom runs a random program in float64. Sums over samples and elements
// may magnify rounding errors a million times; an element that is wrong is off
// by some per cent at least.
func checkRandom(t testing.TB, code []byte, pool *exec.Pool) {
	p := randomPoint(code)
	want := graph.Eval(p.Values, p.outputs...)
	m := compile[float64](t, p.name, p.outputs...)
	m.Poison()
	for range 2 {
		got := load(m, p)
		m.Run(pool)
		check(t, p, want, got, 1e6)
		m.Poison()
	}
}

func TestRandomPrograms(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	n := uint64(1000)
	if testing.Short() {
		n = 60
	}
	for seed := range n {
		checkRandom(t, randomCode(seed), pool)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzPrograms(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(randomCode(10000 + seed))
	}
	f.Add([]byte{4, 9, 0, 2, 9, 0, 5, 16, 0, 0, 3, 1, 0}) // two layers less their mean
	f.Add([]byte{7, 13, 0, 0, 17, 0, 0, 9, 1, 0, 26, 0, 0})
	pool := exec.NewPool(1)
	f.Cleanup(pool.Close)
	f.Fuzz(func(t *testing.T, code []byte) { checkRandom(t, code, pool) })
}

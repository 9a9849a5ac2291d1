package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// randomCode returns a code of n instructions over random operands.
func randomCode(r *rand.Rand, n int) Code {
	var c Code
	for range 1 + r.IntN(9) {
		c.In = append(c.In, Kind(r.IntN(4)))
	}
	ops := []Op{Const, Neg, Abs, Sign, Sqrt, Exp, Log, Sin, Cos, Tanh, Erf, Sigmoid, Softplus, Recip, PowC,
		Add, Sub, Mul, Div, Max, Min, Less, Equal, MulAdd, MulSub, NegMulAdd, Where}
	exps := []float64{0, 1, 2, 3, 7, 0.5, -0.5, -1, -2, 1.5, 21}
	for i := range n {
		limit := len(c.In) + i
		s := Instr{Op: ops[r.IntN(len(ops))]}
		for k, p := range [3]*int{&s.A, &s.B, &s.C} {
			if k < s.Op.Arity() {
				*p = r.IntN(limit)
			}
		}
		switch s.Op {
		case Const:
			s.X = math.Round(r.NormFloat64()*8) / 4
		case PowC:
			s.X = exps[r.IntN(len(exps))]
		}
		c.Ins = append(c.Ins, s)
	}
	for range 1 + r.IntN(4) {
		c.Out = append(c.Out, r.IntN(len(c.In)+n))
	}
	return c
}

// tile is memory for one call of a program, with random operands.
type tile[T array.Float] struct {
	args Args
	in   [][]T
	out  [][]T
	ld   []int // elements from row to row of each operand
	old  int
}

// aligned returns n elements that start at a multiple of 64 bytes.
func aligned[T array.Float](n int) []T {
	var zero T
	w := 64 / int(unsafe.Sizeof(zero))
	b := make([]T, n+w)
	off := 0
	for uintptr(unsafe.Pointer(&b[off]))%64 != 0 {
		off++
	}
	return b[off : off+n]
}

func newTile[T array.Float](r *rand.Rand, c Code, rows, n, scratch int) *tile[T] {
	var zero T
	size := int(unsafe.Sizeof(zero))
	w := 64 / size
	np := (n + w - 1) / w * w
	t := &tile[T]{old: np + w*r.IntN(2)}
	t.args.Rows, t.args.N = rows, n
	for i, k := range c.In {
		ld, total := 0, 1
		switch k {
		case Full:
			ld = np + w*r.IntN(2)
			total = rows * ld
		case Row:
			total = np
		case Col:
			ld, total = 1, rows
		}
		x := aligned[T](total)
		for j := range x {
			x[j] = T(r.NormFloat64())
		}
		t.in, t.ld = append(t.in, x), append(t.ld, ld)
		t.args.In[i], t.args.InStride[i] = unsafe.Pointer(&x[0]), uintptr(ld*size)
	}
	for o := range c.Out {
		y := aligned[T](rows * t.old)
		t.out = append(t.out, y)
		t.args.Out[o], t.args.OutStride[o] = unsafe.Pointer(&y[0]), uintptr(t.old*size)
	}
	if scratch > 0 {
		t.args.Scratch = unsafe.Pointer(&aligned[float64]((scratch + 7) / 8)[0])
	}
	return t
}

// operands returns the operand values of element (i, j).
func (t *tile[T]) operands(c Code, i, j int) []T {
	v := make([]T, len(c.In))
	for k, kind := range c.In {
		at := i * t.ld[k]
		if kind <= Row {
			at += j
		}
		v[k] = t.in[k][at]
	}
	return v
}

// evalWide is Eval with an error estimate: the code in float64 from the
// operands as they are and moved by a few units in the last place after
// every operation, so that the test asks no more than the conditioning allows.
func evalWide[T array.Float](c Code, in []T, r *rand.Rand, eps float64) []float64 {
	v := make([]float64, 0, len(c.In)+len(c.Ins))
	for _, x := range in {
		v = append(v, float64(x))
	}
	for _, s := range c.Ins {
		var a [3]float64
		for k, ref := range [3]int{s.A, s.B, s.C} {
			if k < s.Op.Arity() {
				a[k] = v[ref]
			}
		}
		y := evalOp(s.Op, a[0], a[1], a[2], s.X)
		switch s.Op {
		case Const, Neg, Abs, Sign, Max, Min, Less, Equal, Where:
		default:
			y *= 1 + eps*(2*r.Float64()-1)
		}
		v = append(v, y)
	}
	out := make([]float64, len(c.Out))
	for i, ref := range c.Out {
		out[i] = v[ref]
	}
	return out
}

// agree runs c once over a tile and compares it with Eval. It returns how
// many elements were compared: where rounding decides a comparison, a pole or
// an overflow, the element is left out.
func agree[T array.Float](t *testing.T, c Code, r *rand.Rand, rows, n int) int {
	t.Helper()
	p, err := Compile[T](c)
	if err != nil {
		t.Fatal(err)
	}
	tl := newTile[T](r, c, rows, n, p.ScratchSize())
	p.Run(&tl.args)
	var zero T
	eps, lowest := 0x1p-52, 1e-290
	if unsafe.Sizeof(zero) == 4 {
		eps, lowest = 0x1p-23, 1e-36
	}
	compared := 0
	for i := range rows {
		for j := range n {
			in := tl.operands(c, i, j)
			want := Eval(c, in)
			var lo, hi [MaxOut]float64
			for trial := range 6 {
				for o, y := range evalWide(c, in, r, 8*eps) {
					if trial == 0 {
						lo[o], hi[o] = y, y
					}
					lo[o], hi[o] = min(lo[o], y), max(hi[o], y)
				}
			}
			for o, w := range want {
				got, w := float64(tl.out[o][i*tl.old+j]), float64(w)
				spread := hi[o] - lo[o]
				if math.IsNaN(spread) || spread > 1e-2*math.Abs(w) {
					if math.IsNaN(lo[o]) && math.IsNaN(hi[o]) && math.IsNaN(w) && !math.IsNaN(got) && !fragile(c) {
						t.Errorf("%v %T: out %d at (%d,%d) of %d×%d: got %v, want NaN", c, zero, o, i, j, rows, n, got)
						return compared
					}
					continue
				}
				if got == w {
					compared++
					continue
				}
				if !(math.Abs(w) < 1e30) {
					continue
				}
				compared++
				if !(math.Abs(got-w) <= 10*spread+40*eps*math.Abs(w)+lowest) {
					t.Errorf("%v %T: out %d at (%d,%d) of %d×%d: got %v, want %v (%v)", c, zero, o, i, j, rows, n, got, w, in)
					return compared
				}
			}
		}
	}
	return compared
}

// fragile reports whether NaN in exact arithmetic may be finite after
// rounding, as in √(a-a) or log of a cancelled sum.
func fragile(c Code) bool {
	for _, s := range c.Ins {
		switch s.Op {
		case Sqrt, Log, PowC, Div, Recip, Sin, Cos:
			return true
		}
	}
	return false
}

func TestRandomCodes(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 11))
		compared := 0
		for i := range 400 {
			c := randomCode(r, 1+i/10)
			rows, n := 1+r.IntN(7), 1+r.IntN(40)
			if i%40 == 0 {
				rows, n = 2, 1500+r.IntN(2000)
			}
			if i%2 == 0 {
				compared += agree[float64](t, c, r, rows, n)
			} else {
				compared += agree[float32](t, c, r, rows, n)
			}
			if t.Failed() {
				return
			}
		}
		if compared < 20000 {
			t.Errorf("only %d elements compared", compared)
		}
	})
}

// atEveryLevel runs a test at every level this processor has.
func atEveryLevel(t *testing.T, f func(*testing.T)) {
	defer setLevel(Level())
	for _, l := range levels() {
		t.Run(l, func(t *testing.T) {
			setLevel(l)
			f(t)
		})
	}
}

func TestCompileLimits(t *testing.T) {
	if _, err := Compile[float32](Code{In: make([]Kind, MaxIn+1), Out: []int{0}}); err == nil {
		t.Error("too many operands accepted")
	}
	if _, err := Compile[float32](Code{In: make([]Kind, 1), Out: make([]int, MaxOut+1)}); err == nil {
		t.Error("too many outputs accepted")
	}
	if _, err := Compile[float32](Code{In: make([]Kind, 1), Out: []int{1}}); err == nil {
		t.Error("output of a missing value accepted")
	}
	if _, err := Compile[float32](Code{In: make([]Kind, 1), Ins: []Instr{{Op: Neg, A: 1}}, Out: []int{1}}); err == nil {
		t.Error("instruction on itself accepted")
	}
}

// TestInPlace: an output may be the memory of a Full operand, in generated
// kernels and in the interpreter.
func TestInPlace(t *testing.T) {
	codes := fusedCodes(t)
	for i, text := range []string{"f,f;add 0 1;mul 0 1;>2,3", "f,f;>1,0", "f,f;const 2;mul 0 2;tanh 1;>4,3"} {
		c, err := ParseCode(text)
		if err != nil {
			t.Fatal(err)
		}
		codes[fmt.Sprint(i)] = c
	}
	atEveryLevel(t, func(t *testing.T) {
		for _, c := range codes {
			inPlace(t, c, 3, 40)
			inPlace(t, c, 1, 1500)
		}
	})
}

func inPlace(t *testing.T, c Code, rows, n int) {
	p, err := Compile[float64](c)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	tl := newTile[float64](r, c, rows, n, p.ScratchSize())
	for i := range tl.in {
		for j, x := range tl.in[i] {
			tl.in[i][j] = math.Abs(x) + 0.1 // inside every domain
		}
	}
	want := make([][]float64, rows*n)
	for i := range want {
		want[i] = Eval(c, tl.operands(c, i/n, i%n))
	}
	var full []int
	for i, k := range c.In {
		if k == Full {
			full = append(full, i)
		}
	}
	at := c.Out[:min(len(c.Out), len(full))]
	for o := range at {
		tl.args.Out[o], tl.args.OutStride[o] = tl.args.In[full[o]], tl.args.InStride[full[o]]
	}
	p.Run(&tl.args)
	for i, w := range want {
		got := tl.operands(c, i/n, i%n)
		for o := range at {
			if g := got[full[o]]; math.Abs(g-w[o]) > 1e-12*(1+math.Abs(w[o])) {
				t.Fatalf("%v: output %d element %d: got %v, want %v", c, o, i, g, w[o])
			}
		}
	}
}

func TestRunAllocates(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, text := range []string{"f,r;add 0 1;tanh 2;>3", "f,s,c;mul 0 1;sub 3 2;exp 4;div 5 0;>6,4"} {
			c, _ := ParseCode(text)
			p, err := Compile[float32](c)
			if err != nil {
				t.Fatal(err)
			}
			tl := newTile[float32](r, c, 4, 64, p.ScratchSize())
			if n := testing.AllocsPerRun(10, func() { p.Run(&tl.args) }); n != 0 {
				t.Errorf("%s: %v allocations", text, n)
			}
		}
	})
}

// TestHelpersAllocate: reductions and Apply keep their buffers on the stack.
func TestHelpersAllocate(t *testing.T) {
	x, y := make([]float64, 101), make([]float64, 101)
	atEveryLevel(t, func(t *testing.T) {
		n := testing.AllocsPerRun(10, func() {
			Apply(Tanh, y, x)
			Axpy(y, 2, x)
			y[0] = Sum(x) + Dot(x, y)
			SumRows(y, x, 20, 5, 19, true)
			RowMax(y, x, 20, 5, 19)
			RowSum(y, x, 20, 5, 19)
		})
		if n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func FuzzParseCode(f *testing.F) {
	for _, s := range []string{"f,r;add 0 1;tanh 2;>3", ";const 1e-3;>0", "s;powc 0 -2.5;where 0 1 0;>2,1,0", "f;>0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCode(s)
		if err != nil {
			return
		}
		again, err := ParseCode(c.String())
		if err != nil || again.String() != c.String() {
			t.Errorf("%q: canonical text %q does not parse to itself: %v", s, c.String(), err)
		}
		if err := check(c); err != nil {
			t.Error(err)
		}
	})
}

func ExampleProgram_Run() {
	c, _ := ParseCode("f,s;mul 0 1;tanh 2;>3") // tanh(s·x)
	p, _ := Compile[float64](c)
	x, s, y := []float64{0, 1, 2, 3, 4, 5, 6, 7}, []float64{0.5}, make([]float64, 8)
	a := Args{Rows: 1, N: len(x)}
	a.In[0], a.In[1], a.Out[0] = unsafe.Pointer(&x[0]), unsafe.Pointer(&s[0]), unsafe.Pointer(&y[0])
	scratch := make([]byte, p.ScratchSize()+64)
	a.Scratch = unsafe.Pointer(&scratch[0])
	p.Run(&a)
	fmt.Printf("%.6f\n", y[2])
	// Output: 0.761594
}

package kernel

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// benchmark runs c over rows × n and reports nanoseconds for each element.
func benchmark[T array.Float](b *testing.B, c Code, rows, n int) {
	p, err := Compile[T](c)
	if err != nil {
		b.Fatal(err)
	}
	tl := newTile[T](rand.New(rand.NewPCG(1, 2)), c, rows, n, p.ScratchSize())
	for b.Loop() {
		p.Run(&tl.args)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows*n), "ns/element")
}

// both runs f for both types at every level of this processor.
func both(b *testing.B, f32, f64 func(*testing.B)) {
	defer setLevel(Level())
	for _, l := range levels() {
		setLevel(l)
		b.Run(l+"/float32", f32)
		b.Run(l+"/float64", f64)
	}
}

func BenchmarkOp(b *testing.B) {
	for op := Neg; op < numOps; op++ {
		c := Code{Ins: []Instr{{Op: op, A: 0, B: 1, C: 2, X: 2.5}}, Out: []int{op.Arity()}}
		c.In = make([]Kind, op.Arity())
		b.Run(op.String(), func(b *testing.B) {
			both(b, func(b *testing.B) { benchmark[float32](b, c, 1, 1024) }, func(b *testing.B) { benchmark[float64](b, c, 1, 512) })
		})
	}
}

func BenchmarkFused(b *testing.B) {
	codes := fusedCodes(b)
	var names []string
	for name := range codes {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		b.Run(name, func(b *testing.B) {
			both(b, func(b *testing.B) { benchmark[float32](b, codes[name], 64, 32) }, func(b *testing.B) { benchmark[float64](b, codes[name], 64, 32) })
		})
	}
}

// BenchmarkInterpreter runs the fused codes step by step.
func BenchmarkInterpreter(b *testing.B) {
	codes := fusedCodes(b)
	for _, name := range []string{"adam", "tanh-second-1"} {
		b.Run(name, func(b *testing.B) {
			c := codes[name]
			c.Ins = append(c.Ins[:len(c.Ins):len(c.Ins)], Instr{Op: Neg}) // not in the table
			both(b, func(b *testing.B) { benchmark[float32](b, c, 64, 32) }, func(b *testing.B) { benchmark[float64](b, c, 64, 32) })
		})
	}
}

// BenchmarkStep is the cost of one step of the interpreter on one vector.
func BenchmarkStep(b *testing.B) {
	var c Code
	c.In = []Kind{Full}
	for i := range 20 {
		c.Ins = append(c.Ins, Instr{Op: Neg, A: i})
	}
	c.Out = []int{20}
	p, err := Compile[float32](c)
	if err != nil {
		b.Fatal(err)
	}
	tl := newTile[float32](rand.New(rand.NewPCG(1, 2)), c, 1, 16, p.ScratchSize())
	for b.Loop() {
		p.Run(&tl.args)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20, "ns/step")
}

func BenchmarkReduction(b *testing.B) {
	for _, n := range []int{50, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x, y := aligned[float32](64*n), aligned[float32](n)
			size := float64(n)
			for _, f := range []struct {
				name string
				run  func()
				per  float64
			}{
				{"Sum", func() { Sum(x[:n]) }, size},
				{"Dot", func() { Dot(x[:n], y) }, size},
				{"Axpy", func() { Axpy(y, 0.5, x[:n]) }, size},
				{"SumRows", func() { SumRows(y, x, n, 64, n, true) }, 64 * size},
				{"RowMax", func() { RowMax(y, x, n, min(n, 64), n) }, float64(min(n, 64)) * size},
			} {
				b.Run(f.name, func(b *testing.B) {
					for b.Loop() {
						f.run()
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/f.per, "ns/element")
				})
			}
		})
	}
}

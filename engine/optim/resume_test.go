package optim

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/train"
)

// rosenbrock is the chained function Σ 100(xᵢ₊₁ - xᵢ²)² + (1 - xᵢ)², minimum
// 0 at ones.
type rosenbrock[T array.Float] struct{}

func (rosenbrock[T]) Eval(x, g []T) float64 {
	clear(g)
	f := 0.0
	for i := range len(x) - 1 {
		a, b := float64(x[i+1])-float64(x[i])*float64(x[i]), 1-float64(x[i])
		f += 100*a*a + b*b
		g[i] += T(-400*a*float64(x[i]) - 2*b)
		g[i+1] += T(200 * a)
	}
	return f
}

// noisy adds a gradient that depends on how often it was evaluated, as a
// mini-batch would, and so has state.
type noisy[T array.Float] struct {
	rosenbrock[T]
	evals int
}

func (l *noisy[T]) Eval(x, g []T) float64 {
	f := l.rosenbrock.Eval(x, g)
	l.evals++
	g[l.evals%len(g)] += T(math.Sin(float64(l.evals)))
	return f
}

func (l *noisy[T]) Save(c *train.Checkpoint) { c.SetInt("evals", l.evals) }

func (l *noisy[T]) Restore(c *train.Checkpoint) error {
	n, err := c.Int("evals")
	if err == nil {
		l.evals = n
	}
	return err
}

// resumable makes a stepper afresh and the slice its parameters live in.
type resumable struct {
	name string
	make func() (train.Stepper, func() []uint64)
}

func bitsOf[T array.Float](x []T) func() []uint64 {
	return func() []uint64 {
		b := make([]uint64, len(x))
		for i, v := range x {
			b[i] = math.Float64bits(float64(v))
		}
		return b
	}
}

func start[T array.Float](n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T([]float64{-1.2, 1}[i%2])
	}
	return x
}

func descents[T array.Float]() []resumable {
	var all []resumable
	for k, m := range methods[T](20) {
		all = append(all, resumable{fmt.Sprintf("%s %d %T", m.Name(), k, *new(T)), func() (train.Stepper, func() []uint64) {
			x := start[T](20)
			return NewDescent(&noisy[T]{}, methods[T](20)[k], x), bitsOf(x)
		}})
	}
	return all
}

// TestResume stops every method at several steps, goes on from the checkpoint
// with a fresh stepper, and demands the bits of the uninterrupted run.
func TestResume(t *testing.T) {
	all := append(descents[float64](), descents[float32]()...)
	all = append(all, secondOrder()...)
	const steps = 14
	for _, r := range all {
		t.Run(r.name, func(t *testing.T) {
			opt := train.Options{Steps: steps, Patience: steps, Checkpoint: 1}
			kept := map[int]*train.Checkpoint{}
			opt.Keep = func(c *train.Checkpoint) error { kept[c.Step] = c.Clone(); return nil }
			s, bits := r.make()
			whole, err := train.Run(context.Background(), s, opt, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := bits()
			for cut := 1; cut < whole.Step; cut++ {
				s, bits := r.make()
				opt := train.Options{Steps: steps, Patience: steps, From: kept[cut]}
				got, err := train.Run(context.Background(), s, opt, nil)
				if err != nil {
					t.Fatal(err)
				}
				if got != whole {
					t.Fatalf("resumed at %d: %+v, whole run %+v", cut, got, whole)
				}
				for i, b := range bits() {
					if b != want[i] {
						t.Fatalf("resumed at %d: element %d differs: %v, want %v", cut, i,
							math.Float64frombits(b), math.Float64frombits(want[i]))
					}
				}
			}
		})
	}
}

func TestAverageResume(t *testing.T) {
	a, b := NewAverage[float32](2, 0.95), NewAverage[float32](2, 0.95)
	a.Add([]float32{1, 2})
	c := &train.Checkpoint{}
	a.Save(c)
	if err := b.Restore(c); err != nil {
		t.Fatal(err)
	}
	a.Add([]float32{0.3, 7})
	b.Add([]float32{0.3, 7})
	x, y := make([]float32, 2), make([]float32, 2)
	a.Value(x)
	b.Value(y)
	if x[0] != y[0] || x[1] != y[1] {
		t.Errorf("restored average %v, want %v", y, x)
	}
}

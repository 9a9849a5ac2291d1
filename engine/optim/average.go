package optim

import (
	"fmt"
	"math"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/train"
)

// Average is the exponential moving average of a parameter vector,
//
//	a ← βa + (1-β)θ,   value = a/(1-βᵗ) after t additions,
//
// whose value after one addition is θ itself.
type Average[T array.Float] struct {
	beta float64
	t    int
	a    []T
}

// NewAverage averages n parameters over about 1/(1-beta) steps, 0 ≤ beta < 1.
func NewAverage[T array.Float](n int, beta float64) *Average[T] {
	if !(beta >= 0 && beta < 1) {
		panic(fmt.Sprintf("optim: average with β = %v, want 0 ≤ β < 1", beta))
	}
	return &Average[T]{beta: beta, a: make([]T, n)}
}

// Add takes params into the average.
func (e *Average[T]) Add(params []T) {
	if len(params) != len(e.a) {
		panic(fmt.Sprintf("optim: average of %d parameters given %d", len(e.a), len(params)))
	}
	b, c := T(e.beta), T(1-e.beta)
	for i, x := range params {
		e.a[i] = T(b*e.a[i]) + T(c*x)
	}
	e.t++
}

// Value stores the average in dst; before the first Add it is zero.
func (e *Average[T]) Value(dst []T) {
	s := T(1)
	if e.t > 0 {
		s = T(1 - math.Pow(e.beta, float64(e.t)))
	}
	for i, a := range e.a {
		dst[i] = a / s
	}
}

// Save adds the state to c.
func (e *Average[T]) Save(c *train.Checkpoint) {
	train.Put(c, "average", e.a)
	c.SetInt("average/step", e.t)
}

// Restore brings back what Save added.
func (e *Average[T]) Restore(c *train.Checkpoint) error {
	t, err := c.Int("average/step")
	if err != nil {
		return err
	}
	a, err := train.Get[T](c, "average", len(e.a))
	if err != nil {
		return err
	}
	copy(e.a, a)
	e.t = t
	return nil
}

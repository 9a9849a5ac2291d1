package optim

import (
	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/train"
)

// Descent is a first-order method on a loss, as a stepper for train.Run. Step
// moves x and returns the loss at the new x, whose gradient is kept for the
// next step: one evaluation a step and one at the start.
//
// A loss with state of its own, such as a batch order, implements
// train.State and is saved and restored along.
type Descent[T array.Float] struct {
	loss   Loss[T]
	method *Method[T]
	x      []T
	grad   []T
	fresh  bool // grad belongs to x
}

// NewDescent minimises loss from x, in place, by the method, whose length is
// that of x.
func NewDescent[T array.Float](loss Loss[T], method *Method[T], x []T) *Descent[T] {
	return &Descent[T]{loss: loss, method: method, x: x, grad: make([]T, len(x))}
}

// Step takes one step and returns the loss there. It never returns an error.
func (d *Descent[T]) Step() (float64, error) {
	if !d.fresh {
		d.loss.Eval(d.x, d.grad)
	}
	d.method.Step(d.x, d.grad)
	loss := d.loss.Eval(d.x, d.grad)
	d.fresh = true
	return loss, nil
}

// Save adds x, the gradient and the state of method and loss to c.
func (d *Descent[T]) Save(c *train.Checkpoint) {
	train.Put(c, "x", d.x)
	train.Put(c, "grad", d.grad)
	fresh := 0
	if d.fresh {
		fresh = 1
	}
	c.SetInt("grad/fresh", fresh)
	d.method.Save(c)
	if s, ok := d.loss.(train.State); ok {
		s.Save(c)
	}
}

// Restore brings back what Save added.
func (d *Descent[T]) Restore(c *train.Checkpoint) error {
	x, err := train.Get[T](c, "x", len(d.x))
	if err != nil {
		return err
	}
	grad, err := train.Get[T](c, "grad", len(d.x))
	if err != nil {
		return err
	}
	fresh, err := c.Int("grad/fresh")
	if err != nil {
		return err
	}
	if err := d.method.Restore(c); err != nil {
		return err
	}
	copy(d.x, x)
	copy(d.grad, grad)
	d.fresh = fresh != 0
	if s, ok := d.loss.(train.State); ok {
		return s.Restore(c)
	}
	return nil
}

package optim

import (
	"fmt"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/train"
)

// Method is a first-order rule at work on one flat parameter vector: it turns
// a gradient into new parameters. Make one with [NewSGD], [NewRMSprop],
// [NewAdam] or [NewAdamW].
//
// A step is [Method.Step], or [Method.Begin] followed by [Method.Update] over
// ranges that together cover the vector once. Ranges may run at the same time
// on several workers; the bits do not depend on how the vector is cut. No
// step allocates.
type Method[T array.Float] struct {
	rule     rule[T]
	fused    *fused[T] // nil: the loop does all
	rate     float64
	schedule Schedule
	maxNorm  float64
	t        int // steps begun
	slots    slots[T]
	coef     [numCoef]T
}

// rule is what sets one method apart from another.
type rule[T array.Float] struct {
	name  string
	slots []string // names of the running averages
	// coefficients returns the scalars of step t ≥ 1 at the given rate.
	coefficients func(t int, rate float64) [numCoef]T
	// code is the update for vector kernels.
	code string
	// loop is its plain meaning: p, g and the slots are of one length.
	loop func(p, g []T, s slots[T], c *[numCoef]T)
}

// slots are the running averages of a method or of a part of it.
type slots[T array.Float] [3][]T

// numCoef bounds the scalars of a rule. Scalar 0 is always the factor on the
// gradient, set by Begin.
const numCoef = 9

func newMethod[T array.Float](n int, r rule[T], rate float64, s Schedule, maxNorm float64) *Method[T] {
	if n < 0 {
		panic(fmt.Sprintf("optim: %s on %d parameters", r.name, n))
	}
	m := &Method[T]{rule: r, fused: fuse(r), rate: rate, schedule: s, maxNorm: maxNorm}
	for i := range r.slots {
		m.slots[i] = make([]T, n)
	}
	return m
}

// Step moves params one step against grad; both have the method's length. The
// gradient is clipped to MaxNorm first if the options say so.
func (m *Method[T]) Step(params, grad []T) {
	scale := 1.0
	if m.maxNorm > 0 {
		scale = ClipScale(Norm(grad), m.maxNorm)
	}
	m.Begin(scale)
	m.Update(params, grad, 0, len(params))
}

// Begin starts the next step, in which every gradient element is multiplied
// by scale: 1, or [ClipScale] of the gradient's norm.
func (m *Method[T]) Begin(scale float64) {
	rate := m.Rate()
	m.t++
	m.coef = m.rule.coefficients(m.t, rate)
	m.coef[0] = T(scale)
}

// Update applies the step begun to the elements lo ≤ i < hi.
func (m *Method[T]) Update(params, grad []T, lo, hi int) {
	if len(grad) != len(params) {
		panic(fmt.Sprintf("optim: %s with %d parameters and %d gradient elements", m.rule.name, len(params), len(grad)))
	}
	s := m.slots
	for i := range m.rule.slots {
		if len(s[i]) != len(params) {
			panic(fmt.Sprintf("optim: %s made for %d parameters, given %d", m.rule.name, len(s[i]), len(params)))
		}
	}
	p, g := params[lo:hi], grad[lo:hi]
	for i := range m.rule.slots {
		s[i] = m.slots[i][lo:hi]
	}
	if m.fused != nil {
		done := m.fused.update(p, g, &s, &m.coef)
		p, g = p[done:], g[done:]
		for i := range m.rule.slots {
			s[i] = s[i][done:]
		}
	}
	m.rule.loop(p, g, s, &m.coef)
}

// Steps returns the number of steps begun.
func (m *Method[T]) Steps() int { return m.t }

// Rate returns the rate of the next step, with the schedule's factor.
func (m *Method[T]) Rate() float64 {
	if m.schedule == nil {
		return m.rate
	}
	return m.rate * m.schedule(m.t)
}

// Name returns the rule's name, such as "adam".
func (m *Method[T]) Name() string { return m.rule.name }

// Save adds the state to c: the running averages and the step count. Names
// begin with the rule's name.
func (m *Method[T]) Save(c *train.Checkpoint) {
	for i, name := range m.rule.slots {
		train.Put(c, m.rule.name+"/"+name, m.slots[i])
	}
	c.SetInt(m.rule.name+"/step", m.t)
}

// Restore brings back what Save added. The error names what is missing or of
// another size; the state is then as before.
func (m *Method[T]) Restore(c *train.Checkpoint) error {
	t, err := c.Int(m.rule.name + "/step")
	if err != nil {
		return err
	}
	var from slots[T]
	for i, name := range m.rule.slots {
		if from[i], err = train.Get[T](c, m.rule.name+"/"+name, len(m.slots[i])); err != nil {
			return err
		}
	}
	for i := range m.rule.slots {
		copy(m.slots[i], from[i])
	}
	m.t = t
	return nil
}

package optim

import (
	"fmt"
	"math"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/train"
)

// LBFGSOptions configures L-BFGS. The zero value runs until rounding stops it
// and keeps 10 pairs; Nocedal and Wright recommend 3 to 20.
type LBFGSOptions struct {
	Memory  int     // pairs (s, y) kept; 0 means 10
	GradTol float64 // stop when max |∂f/∂xᵢ| ≤ GradTol; 0 means only when all are 0
	Evals   int     // evaluations a line search may take; 0 means 25
}

// LBFGS minimises a loss by the limited-memory BFGS method with a strong-Wolfe
// line search. It is a train.Stepper: a step is one line search, and Step
// returns the loss at the x it leaves.
//
// A line search that fails does not end the run: the memory is dropped and the
// search starts again along the gradient. Only if that fails too, from the
// same x, is the run over, as train.Stalled, with the size of the gradient in
// the reason. So every end says why.
//
// Sources: Nocedal, Math. Comp. 35 (1980) 773; Liu and Nocedal, Math.
// Programming 45 (1989) 503; Nocedal and Wright, Numerical Optimization (2006),
// Algorithms 7.4 and 7.5.
type LBFGS[T array.Float] struct {
	opt  LBFGSOptions
	loss Loss[T]
	x    []T
	f    float64
	grad []T
	at   bool // f and grad belong to x

	// The pairs, a ring: s = xₖ₊₁ - xₖ, y = gₖ₊₁ - gₖ, rho = 1/sᵀy; pair i of
	// count is at (head+i) mod Memory, the oldest first.
	s, y        [][]T
	rho         []float64
	head, count int

	dir      []T // search direction
	next     []T // x + α·dir
	nextGrad []T
	alpha    []float64
	line     wolfe
	lineAt   float64 // α at which next and nextGrad were computed last
	nextLoss float64
	restarts int

	// Steps in a row that lowered neither the least loss, beyond rounding,
	// nor the least gradient by half.
	idle      int
	leastLoss float64
	leastGrad float64
}

// idleSteps is how many such steps end the run.
const idleSteps = 10

// judge ends the run when rounding has taken over.
func (o *LBFGS[T]) judge(g float64) error {
	gain := o.f < o.leastLoss-2*unit[T]()*math.Abs(o.leastLoss) || g < o.leastGrad/2
	o.leastLoss = min(o.leastLoss, o.f)
	if g < o.leastGrad/2 {
		o.leastGrad = g
	}
	if gain {
		o.idle = 0
	} else {
		o.idle++
	}
	switch {
	case g <= o.opt.GradTol:
		return &train.HaltError{Stop: train.Converged, Reason: fmt.Sprintf("largest gradient element %.2g", g)}
	case o.idle >= idleSteps:
		return &train.HaltError{Stop: train.Stalled, Reason: fmt.Sprintf(
			"%d steps lowered neither the loss beyond rounding nor the gradient, largest element %.2g", idleSteps, g)}
	}
	return nil
}

// NewLBFGS minimises loss from x, in place.
func NewLBFGS[T array.Float](loss Loss[T], x []T, opt LBFGSOptions) *LBFGS[T] {
	if opt.Memory == 0 {
		opt.Memory = 10
	}
	if opt.Evals == 0 {
		opt.Evals = 25
	}
	mustPositive("LBFGS", "Memory", opt.Memory)
	o := &LBFGS[T]{opt: opt, loss: loss, x: x, rho: make([]float64, opt.Memory),
		leastLoss: math.Inf(1), leastGrad: math.Inf(1), alpha: make([]float64, opt.Memory)}
	for range opt.Memory {
		o.s, o.y = append(o.s, make([]T, len(x))), append(o.y, make([]T, len(x)))
	}
	for _, v := range []*[]T{&o.grad, &o.dir, &o.next, &o.nextGrad} {
		*v = make([]T, len(x))
	}
	o.line.phi = o.along
	return o
}

// Reset drops the memory and what is known of the loss at x. Call it between
// two steps when the loss itself or x was changed, for instance by new points.
func (o *LBFGS[T]) Reset() {
	o.at, o.count, o.idle = false, 0, 0
	o.leastLoss, o.leastGrad = math.Inf(1), math.Inf(1)
}

// Restarts returns how often the memory was dropped after a failed search.
func (o *LBFGS[T]) Restarts() int { return o.restarts }

// Step takes one step and returns the loss at the new x. Its error is a
// train.HaltError, or says that the gradient is not finite where the loss is.
func (o *LBFGS[T]) Step() (float64, error) {
	if !o.at {
		o.f = o.loss.Eval(o.x, o.grad)
		o.at = true
	}
	g := maxAbs(o.grad)
	switch {
	case !finite(o.f):
		return o.f, nil
	case !finite(g):
		return o.f, fmt.Errorf("optim: L-BFGS: a gradient element is %v where the loss is %v", g, o.f)
	case g <= o.opt.GradTol:
		return o.f, o.judge(g)
	}
	for {
		fresh := o.count == 0
		if o.search() {
			break
		}
		if fresh {
			return o.f, &train.HaltError{Stop: train.Stalled, Reason: fmt.Sprintf(
				"no lower loss along the gradient, whose largest element is %.2g: rounding, or a wrong gradient", g)}
		}
		o.count = 0
		o.restarts++
	}
	return o.f, o.judge(maxAbs(o.grad))
}

// search takes one step along the current direction and reports whether there
// was one that helps.
func (o *LBFGS[T]) search() bool {
	o.direction()
	slope := dot(o.grad, o.dir)
	if !(slope < 0) || !finite(slope) {
		return false
	}
	first := 1.0
	if o.count == 0 {
		// A first step of length 1 at most, in the largest element.
		first = min(1, 1/maxAbs(o.dir))
	}
	o.line.f0, o.line.s0, o.line.evals = o.f, slope, o.opt.Evals
	o.line.noise = 2 * unit[T]() * math.Abs(o.f)
	p, ok := o.line.search(first)
	if !ok && !(p.a > 0 && p.f < o.f) {
		return false
	}
	if o.lineAt != p.a {
		o.along(p.a)
	}
	return o.move()
}

// move goes to next and remembers the pair; false if x would not change.
func (o *LBFGS[T]) move() bool {
	k := (o.head + o.count) % o.opt.Memory
	s, y := o.s[k], o.y[k]
	moved := false
	for i, x := range o.x {
		s[i] = o.next[i] - x
		y[i] = o.nextGrad[i] - o.grad[i]
		moved = moved || s[i] != 0
	}
	if !moved {
		return false
	}
	copy(o.x, o.next)
	copy(o.grad, o.nextGrad)
	o.f = o.nextLoss
	// Curvature check: without sᵀy > 0, clear of rounding, the pair would
	// spoil the positive definite matrix.
	sy := dot(s, y)
	if sy <= unit[T]()*dot(y, y) {
		return true
	}
	o.rho[k] = 1 / sy
	if o.count < o.opt.Memory {
		o.count++
	} else {
		o.head = (o.head + 1) % o.opt.Memory
	}
	return true
}

// direction stores -H·grad by the two-loop recursion (Algorithm 7.4).
func (o *LBFGS[T]) direction() {
	for i, g := range o.grad {
		o.dir[i] = -g
	}
	if o.count == 0 {
		return
	}
	for i := o.count - 1; i >= 0; i-- {
		k := (o.head + i) % o.opt.Memory
		o.alpha[k] = o.rho[k] * dot(o.s[k], o.dir)
		addTo(o.dir, -o.alpha[k], o.y[k])
	}
	last := (o.head + o.count - 1) % o.opt.Memory
	gamma := T(1 / (o.rho[last] * dot(o.y[last], o.y[last])))
	for i := range o.dir {
		o.dir[i] *= gamma
	}
	for i := range o.count {
		k := (o.head + i) % o.opt.Memory
		addTo(o.dir, o.alpha[k]-o.rho[k]*dot(o.y[k], o.dir), o.s[k])
	}
}

// along evaluates the loss and its slope at x + a·dir.
func (o *LBFGS[T]) along(a float64) (f, slope float64) {
	for i, x := range o.x {
		o.next[i] = x + T(a*float64(o.dir[i]))
	}
	o.nextLoss = o.loss.Eval(o.next, o.nextGrad)
	o.lineAt = a
	return o.nextLoss, dot(o.nextGrad, o.dir)
}

// addTo adds c·v to dst.
func addTo[T array.Float](dst []T, c float64, v []T) {
	for i, x := range v {
		dst[i] += T(c * float64(x))
	}
}

// unit is the spacing of the numbers of T at 1.
func unit[T array.Float]() float64 {
	if _, ok := any(T(0)).(float32); ok {
		return 0x1p-23
	}
	return 0x1p-52
}

// Save adds x, loss, gradient and memory to c, and the state of the loss if it
// has one.
func (o *LBFGS[T]) Save(c *train.Checkpoint) {
	train.Put(c, "x", o.x)
	train.Put(c, "lbfgs/grad", o.grad)
	at := 0
	if o.at {
		at = 1
	}
	for name, v := range map[string]int{"at": at, "head": o.head, "count": o.count, "restarts": o.restarts, "idle": o.idle} {
		c.SetInt("lbfgs/"+name, v)
	}
	train.Put(c, "lbfgs/losses", []float64{o.f, o.leastLoss, o.leastGrad})
	train.Put(c, "lbfgs/rho", o.rho)
	for k := range o.s {
		train.Put(c, fmt.Sprintf("lbfgs/s%d", k), o.s[k])
		train.Put(c, fmt.Sprintf("lbfgs/y%d", k), o.y[k])
	}
	if s, ok := o.loss.(train.State); ok {
		s.Save(c)
	}
}

// Restore brings back what Save added.
func (o *LBFGS[T]) Restore(c *train.Checkpoint) error {
	var ints [5]int
	for i, name := range []string{"at", "head", "count", "restarts", "idle"} {
		var err error
		if ints[i], err = c.Int("lbfgs/" + name); err != nil {
			return err
		}
	}
	if m := o.opt.Memory; ints[1] < 0 || ints[1] >= m || ints[2] < 0 || ints[2] > m {
		return fmt.Errorf("optim: L-BFGS checkpoint with %d pairs from %d, want at most %d", ints[2], ints[1], m)
	}
	losses, err := train.Get[float64](c, "lbfgs/losses", 3)
	if err != nil {
		return err
	}
	rho, err := train.Get[float64](c, "lbfgs/rho", o.opt.Memory)
	if err != nil {
		return err
	}
	names, into := []string{"x", "lbfgs/grad"}, [][]T{o.x, o.grad}
	for k := range o.s {
		names = append(names, fmt.Sprintf("lbfgs/s%d", k), fmt.Sprintf("lbfgs/y%d", k))
		into = append(into, o.s[k], o.y[k])
	}
	from := make([][]T, len(into))
	for i := range into {
		if from[i], err = train.Get[T](c, names[i], len(into[i])); err != nil {
			return err
		}
	}
	if s, ok := o.loss.(train.State); ok {
		if err := s.Restore(c); err != nil {
			return err
		}
	}
	for i := range into {
		copy(into[i], from[i])
	}
	copy(o.rho, rho)
	o.at, o.head, o.count, o.restarts, o.idle = ints[0] != 0, ints[1], ints[2], ints[3], ints[4]
	o.f, o.leastLoss, o.leastGrad = losses[0], losses[1], losses[2]
	return nil
}

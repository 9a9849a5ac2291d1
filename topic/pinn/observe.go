package pinn

import (
	"math"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// Trajectory is the solution at some times.
type Trajectory struct {
	Time         []float64 // s
	Position     []float64 // m
	Velocity     []float64 // m/s
	Acceleration []float64 // m/s²
}

// Observer evaluates an ansatz at fixed times.
type Observer[T array.Float] struct {
	machine *exec.Machine[T]
	pool    *exec.Pool
	ansatz  Ansatz
	out     [3][]T
	tr      Trajectory
}

// NewObserver traces and compiles the solution and its two derivatives at the
// times t.
func NewObserver[T array.Float](g *graph.Graph, a Ansatz, t []float64, pool *exec.Pool) (*Observer[T], error) {
	u, du, ddu := a.solution(g.Inputs()[0])
	m, err := exec.Compile[T](u, du, ddu)
	if err != nil {
		return nil, err
	}
	o := &Observer[T]{machine: m, pool: pool, ansatz: a}
	s := make([]T, len(t))
	for i, ti := range t {
		s[i] = T(a.input(ti))
	}
	m.Input("s", s)
	for k := range o.out {
		o.out[k] = make([]T, len(t))
		m.Output(k, o.out[k])
	}
	n := len(t)
	o.tr = Trajectory{Time: t, Position: make([]float64, n), Velocity: make([]float64, n), Acceleration: make([]float64, n)}
	return o, nil
}

// At returns the trajectory for the parameters x. The next call overwrites it.
func (o *Observer[T]) At(x []T) Trajectory {
	o.machine.Params(x)
	o.machine.Run(o.pool)
	l, t := o.ansatz.Scales.Length, o.ansatz.Scales.Time
	for i := range o.tr.Time {
		o.tr.Position[i] = o.ansatz.Scales.Origin + float64(o.out[0][i])*l
		o.tr.Velocity[i] = float64(o.out[1][i]) * l / t
		o.tr.Acceleration[i] = float64(o.out[2][i]) * l / (t * t)
	}
	return o.tr
}

// Errors compares a trajectory with the exact parabola: the mean of the
// squared error in m² and the largest error in m.
func (p FreeFall) Errors(tr Trajectory) (meanSquare, largest float64) {
	for i, t := range tr.Time {
		e := tr.Position[i] - p.Position(t)
		meanSquare += e * e / float64(len(tr.Time))
		largest = max(largest, math.Abs(e)) // NaN if one of them is
	}
	return meanSquare, largest
}

// Gravity recovers g = -x″ from a trajectory: the mean over its times in
// m/s², with the standard deviation of x″ over them as its error bar. The
// deviations are those of one smooth curve, not independent errors, so the
// bar does not shrink with the number of times.
func (tr Trajectory) Gravity() (g, sigma float64) {
	n := float64(len(tr.Acceleration))
	for _, a := range tr.Acceleration {
		g -= a / n
	}
	for _, a := range tr.Acceleration {
		sigma += (a + g) * (a + g) / n
	}
	return g, math.Sqrt(sigma)
}

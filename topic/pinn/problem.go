package pinn

import (
	"fmt"
	"math"
)

// FreeFall is the motion of a body in a constant field of gravity,
//
//	x″ = -g on [t₀, t₁],   x(t₀) = h,   x′(t₀) = v,
//
// with x upwards. Zero is physics in every field but the interval.
type FreeFall struct {
	Gravity  float64 // g, m/s²
	Velocity float64 // v, m/s
	Height   float64 // h, m
	Start    float64 // t₀, s
	End      float64 // t₁, s
}

// Scales are the units in which the network sees the problem.
type Scales struct {
	Time   float64 // T, s
	Length float64 // X, m
	Origin float64 // x₀, m: the height that the network sees as 0
}

// Scales returns the length of the interval, the larger of the two terms of
// the motion on it (1 m if both are zero), and the initial height as origin,
// so that a fall from a tower is as easy as one from a table.
func (p FreeFall) Scales() Scales {
	t := p.End - p.Start
	x := max(math.Abs(p.Velocity)*t, math.Abs(p.Gravity)*t*t/2)
	if x == 0 {
		x = 1
	}
	return Scales{Time: t, Length: x, Origin: p.Height}
}

// Points returns n times from the start on, (t₁-t₀)/n apart; the end is left
// out.
func (p FreeFall) Points(n int) []float64 {
	t := make([]float64, n)
	for i := range t {
		t[i] = p.Start + (p.End-p.Start)*float64(i)/float64(n)
	}
	return t
}

// Check reports an interval without length or numbers that are not finite.
func (p FreeFall) Check() error {
	for _, v := range []float64{p.Gravity, p.Velocity, p.Height, p.Start, p.End} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("pinn: free fall with %g: every number must be finite", v)
		}
	}
	if p.Start >= p.End {
		return fmt.Errorf("pinn: interval from %g s to %g s: the end must come after the start", p.Start, p.End)
	}
	return nil
}

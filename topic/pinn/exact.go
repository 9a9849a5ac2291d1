package pinn

// Position returns the exact solution, the parabola
//
//	x(t) = h + v (t-t₀) - g (t-t₀)²/2,  in m.
func (p FreeFall) Position(t float64) float64 {
	s := t - p.Start
	return p.Height + s*(p.Velocity-p.Gravity*s/2)
}

// VelocityAt returns x′(t) = v - g (t-t₀), in m/s.
func (p FreeFall) VelocityAt(t float64) float64 { return p.Velocity - p.Gravity*(t-p.Start) }

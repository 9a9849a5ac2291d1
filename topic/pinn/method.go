package pinn

import "github.com/gakuri-lab/gakuri/engine/graph"

// Network is a function of one number by trained parameters: [1] → [1].
type Network interface {
	Apply(x *graph.Node) *graph.Node
}

// Ansatz is how a network stands for the solution.
type Ansatz struct {
	Problem FreeFall
	Network Network
	Hard    bool   // initial conditions hold exactly
	Scales  Scales // units of the network's input and output; Scales{Time: 1, Length: 1} means s and m
}

// dimensionless returns the constants of the problem in the units of the
// ansatz: u″ = -gravity, u(0) = height, u′(0) = velocity.
func (a Ansatz) dimensionless() (gravity, velocity, height float64) {
	t, x := a.Scales.Time, a.Scales.Length
	return a.Problem.Gravity * t * t / x, a.Problem.Velocity * t / x, (a.Problem.Height - a.Scales.Origin) / x
}

// input returns s for a time t.
func (a Ansatz) input(t float64) float64 { return (t - a.Problem.Start) / a.Scales.Time }

// solution returns u, u′ and u″ at s (batched, [1]) as numbers of each sample.
func (a Ansatz) solution(s *graph.Node) (u, du, ddu *graph.Node) {
	n := a.Network.Apply(s)
	if a.Hard {
		_, v, h := a.dimensionless()
		n = s.Scale(v).AddConst(h).Add(s.Square().Mul(n))
	}
	d := graph.Partials(n, s, []int{1}, []int{2})
	return n.Reshape(), d[0].Reshape(), d[1].Reshape()
}

package pinn_test

import (
	"math"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/nn"
	"github.com/gakuri-lab/gakuri/topic/pinn"
)

// TestObserverSeesTheExactSolution inserts the exact network: trajectory,
// errors and g are those of the parabola, to rounding.
func TestObserverSeesTheExactSolution(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	each(t, func(t *testing.T, a pinn.Ansatz) {
		p := a.Problem
		a.Network = exact(p, a.Scales, a.Hard)
		times := p.Points(50)
		o, err := pinn.NewObserver[float64](withInput(graph.New()), a, times, pool)
		if err != nil {
			t.Fatal(err)
		}
		tr := o.At(nil)
		sc := p.Scales()
		tol := 1e-14 * (sc.Length + math.Abs(p.Height) + math.Abs(a.Scales.Origin))
		mse, largest := p.Errors(tr)
		if !(largest <= tol && mse <= tol*tol) {
			t.Errorf("largest error %g m, mean square %g m²; want below %.0e m", largest, mse, tol)
		}
		for i, ti := range times {
			if want := p.VelocityAt(ti); math.Abs(tr.Velocity[i]-want) > tol/sc.Time+1e-14*math.Abs(want) {
				t.Errorf("velocity at %g s: %g m/s, want %g", ti, tr.Velocity[i], want)
			}
		}
		g, sigma := tr.Gravity()
		if math.Abs(g-p.Gravity) > 1e-13*math.Abs(p.Gravity) || sigma > 1e-13*math.Abs(p.Gravity) {
			t.Errorf("g = %.17g ± %g, want %g", g, sigma, p.Gravity)
		}
	})
}

// TestObserverDerivatives holds velocity and acceleration of a network against
// central differences of its positions and velocities. At δ = 1e-5 T the error
// is δ²x⁗/6 + 2⁻⁵²x/δ, 1e-10 of numbers of order 10.
func TestObserverDerivatives(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	p := pinn.FreeFall{Gravity: 9.8, Velocity: 1, Height: 2, Start: 3, End: 5}
	delta := 1e-5 * (p.End - p.Start)
	var times []float64
	for _, ti := range p.Points(12) {
		times = append(times, ti-delta, ti, ti+delta)
	}
	for _, hard := range []bool{false, true} {
		for _, act := range []nn.Activation{nn.Tanh, nn.Sin, nn.Gelu} {
			g := withInput(graph.New())
			net, x := network(g, act)
			o, err := pinn.NewObserver[float64](g, pinn.Ansatz{Problem: p, Network: net, Hard: hard, Scales: p.Scales()}, times, pool)
			if err != nil {
				t.Fatal(err)
			}
			tr := o.At(x)
			for i := 1; i < len(times); i += 3 {
				step := times[i+1] - times[i-1]
				v := (tr.Position[i+1] - tr.Position[i-1]) / step
				acc := (tr.Velocity[i+1] - tr.Velocity[i-1]) / step
				if math.Abs(tr.Velocity[i]-v) > 1e-7 || math.Abs(tr.Acceleration[i]-acc) > 1e-7 {
					t.Errorf("%v, hard=%v, %g s: velocity %.10g and acceleration %.10g, by differences %.10g and %.10g",
						act, hard, times[i], tr.Velocity[i], tr.Acceleration[i], v, acc)
				}
			}
		}
	}
}

// TestHardConditionsHold: whatever the weights, the ansatz starts at h with v,
// up to the rounding of the sum with the origin.
func TestHardConditionsHold(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	p := pinn.FreeFall{Gravity: 9.8, Velocity: -4, Height: 12, Start: -1, End: 2}
	for _, sc := range []pinn.Scales{p.Scales(), {Time: 1, Length: 1}} {
		g := withInput(graph.New())
		net, x := network(g, nn.Tanh)
		o, err := pinn.NewObserver[float64](g, pinn.Ansatz{Problem: p, Network: net, Hard: true, Scales: sc}, []float64{p.Start}, pool)
		if err != nil {
			t.Fatal(err)
		}
		tr := o.At(x)
		if math.Abs(tr.Position[0]-12) > 1e-14 || math.Abs(tr.Velocity[0]+4) > 1e-14 {
			t.Errorf("scales %v: starts at %.17g m with %.17g m/s, want 12 and -4", sc, tr.Position[0], tr.Velocity[0])
		}
	}
}

// TestErrors gives trajectories whose errors are known.
func TestErrors(t *testing.T) {
	p := pinn.FreeFall{Gravity: 2, End: 4} // x = -t²
	tests := []struct {
		name          string
		x             []float64 // at 0, 1, 2, 3 s
		mean, largest float64
	}{
		{"exact", []float64{0, -1, -4, -9}, 0, 0},
		{"3 too high", []float64{3, 2, -1, -6}, 9, 3},
		{"one wrong, downwards", []float64{0, -1, -8, -9}, 4, 4},
		{"NaN first", []float64{math.NaN(), -1, -4, -9}, math.NaN(), math.NaN()},
		{"NaN last", []float64{0, -1, -4, math.NaN()}, math.NaN(), math.NaN()},
		{"infinite", []float64{0, math.Inf(1), -4, -9}, math.Inf(1), math.Inf(1)},
	}
	same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
	for _, tt := range tests {
		mean, largest := p.Errors(pinn.Trajectory{Time: p.Points(4), Position: tt.x})
		if !same(mean, tt.mean) || !same(largest, tt.largest) {
			t.Errorf("%s: mean square %g, largest %g; want %g, %g", tt.name, mean, largest, tt.mean, tt.largest)
		}
	}
}

// TestGravity: the mean of 9 and 11 is 10, and both are 1 away from it.
func TestGravity(t *testing.T) {
	g, sigma := pinn.Trajectory{Acceleration: []float64{-9, -11, -11, -9}}.Gravity()
	if g != 10 || sigma != 1 {
		t.Errorf("g = %g ± %g, want 10 ± 1", g, sigma)
	}
}

package pinn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/topic/pinn"
)

// polynomial is the network Σ cₖ sᵏ, without parameters.
type polynomial []float64

func (c polynomial) Apply(s *graph.Node) *graph.Node {
	y := s.Graph.Const(0).BroadcastTo(1).Batch()
	for k := len(c) - 1; k >= 0; k-- {
		y = y.Mul(s).AddConst(c[k])
	}
	return y
}

// exact is the network that makes the ansatz the exact solution: the parabola
// itself with soft conditions, what stands behind s² with hard ones.
func exact(p pinn.FreeFall, sc pinn.Scales, hard bool) polynomial {
	c := polynomial{
		(p.Height - sc.Origin) / sc.Length,
		p.Velocity * sc.Time / sc.Length,
		-p.Gravity * sc.Time * sc.Time / sc.Length / 2,
	}
	if hard {
		return c[2:]
	}
	return c
}

// residuals evaluates the rows of an ansatz whose network has no parameters.
func residuals(t *testing.T, a pinn.Ansatz, times []float64) []float64 {
	t.Helper()
	pool := exec.NewPool(1)
	defer pool.Close()
	r, err := pinn.NewResiduals(graph.New(), a, times, pool)
	if err != nil {
		t.Fatal(err)
	}
	n, p := r.Size()
	if p != 0 {
		t.Fatalf("%d parameters", p)
	}
	out := make([]float64, n)
	r.Eval(nil, out)
	return out
}

var problems = []struct {
	name    string
	problem pinn.FreeFall
}{
	{"notebook", pinn.FreeFall{Gravity: 9.8, Velocity: 1, End: 1}},
	{"Moon", pinn.FreeFall{Gravity: 1.62, Velocity: 5, Height: 2, End: 6}},
	{"upward gravity", pinn.FreeFall{Gravity: -9.8, Velocity: -3, Height: 7, Start: -3, End: 5}},
	{"no gravity", pinn.FreeFall{Velocity: 2, Height: -1, Start: 100, End: 101}},
	{"nothing moves", pinn.FreeFall{Height: 5, End: 2}},
	{"tower", pinn.FreeFall{Gravity: 9.81, Height: 1e3, End: 10}},
}

// each calls f for every problem, with both kinds of conditions and scalings.
func each(t *testing.T, f func(t *testing.T, a pinn.Ansatz)) {
	for _, tt := range problems {
		for _, hard := range []bool{false, true} {
			for name, sc := range map[string]pinn.Scales{
				"none": {Time: 1, Length: 1},
				"auto": tt.problem.Scales(),
				"odd":  {Time: 0.3, Length: 17, Origin: -2},
			} {
				t.Run(fmt.Sprintf("%s/hard=%v/scales=%s", tt.name, hard, name), func(t *testing.T) {
					f(t, pinn.Ansatz{Problem: tt.problem, Hard: hard, Scales: sc})
				})
			}
		}
	}
}

// TestExactSolutionHasNoResidual inserts the exact solution as the network.
// What is left is the rounding of the largest term of a row.
func TestExactSolutionHasNoResidual(t *testing.T) {
	each(t, func(t *testing.T, a pinn.Ansatz) {
		c := exact(a.Problem, a.Scales, false)
		a.Network = exact(a.Problem, a.Scales, a.Hard)
		size := 1 + math.Abs(c[0]) + math.Abs(c[1]) + 2*math.Abs(c[2])
		times := a.Problem.Points(37)
		r := residuals(t, a, times)
		want := len(times)
		if !a.Hard {
			want += 2
		}
		if len(r) != want {
			t.Fatalf("%d rows, want %d", len(r), want)
		}
		for i, v := range r {
			if !(math.Abs(v) <= 0x1p-52*size) {
				t.Errorf("row %d: residual %g, want 0 ± %.1g", i, v, 0x1p-52*size)
			}
		}
	})
}

// TestWrongParabolaHasItsResidual adds δ sᵏ to the exact network. The
// residuals are then those of δ sᵏ alone.
func TestWrongParabolaHasItsResidual(t *testing.T) {
	const delta = 0.25
	each(t, func(t *testing.T, a pinn.Ansatz) {
		times := a.Problem.Points(20)
		weight := 1 / math.Sqrt(20)
		for k := range 4 {
			c := append(exact(a.Problem, a.Scales, a.Hard), 0, 0, 0)
			c[k] += delta
			a.Network = c
			power := k // of s in u
			if a.Hard {
				power += 2
			}
			r := residuals(t, a, times)
			size := 1.0
			for i, ti := range times {
				s := (ti - a.Problem.Start) / a.Scales.Time
				want := 0.0
				if power >= 2 {
					want = weight * delta * float64(power*(power-1)) * math.Pow(s, float64(power-2))
				}
				size = max(size, math.Abs(want))
				for _, v := range c {
					size = max(size, math.Abs(v))
				}
				if math.Abs(r[i]-want) > 1e-14*size {
					t.Errorf("δs^%d in u, row %d: residual %g, want %g", power, i, r[i], want)
				}
			}
			if a.Hard {
				continue
			}
			for i, want := range map[int]float64{0: delta, 1: delta} {
				if power != i {
					want = 0
				}
				if got := r[len(times)+i]; math.Abs(got-want) > 1e-14*size {
					t.Errorf("δs^%d in u: residual of initial condition %d is %g, want %g", power, i, got, want)
				}
			}
		}
	})
}

// TestMirror turns the world upside down: every number of the problem and the
// network's output change sign, and so do the residuals, bit for bit.
func TestMirror(t *testing.T) {
	each(t, func(t *testing.T, a pinn.Ansatz) {
		a.Network = polynomial{0.3, -0.7, 1.1, 0.5}
		b := a
		b.Problem.Gravity, b.Problem.Velocity, b.Problem.Height = -a.Problem.Gravity, -a.Problem.Velocity, -a.Problem.Height
		b.Scales.Origin = -a.Scales.Origin
		b.Network = polynomial{-0.3, 0.7, -1.1, -0.5}
		times := a.Problem.Points(11)
		ra, rb := residuals(t, a, times), residuals(t, b, times)
		for i := range ra {
			if ra[i] != -rb[i] {
				t.Errorf("row %d: %g, mirrored %g", i, ra[i], rb[i])
			}
		}
		for _, ti := range times {
			if x, y := a.Problem.Position(ti), b.Problem.Position(ti); x != -y {
				t.Errorf("exact solution at %g s: %g, mirrored %g", ti, x, y)
			}
		}
	})
}

// TestTimeShift starts the same motion later. The times are multiples of 1/64
// s, so that differences of them are exact and the bits agree.
func TestTimeShift(t *testing.T) {
	a := pinn.Ansatz{Problem: pinn.FreeFall{Gravity: 9.8, Velocity: 1, Height: 3, End: 1}, Network: polynomial{0.3, -0.7, 1.1}}
	a.Scales = a.Problem.Scales()
	b := a
	b.Problem.Start, b.Problem.End = 100, 101
	ta, tb := a.Problem.Points(64), b.Problem.Points(64)
	ra, rb := residuals(t, a, ta), residuals(t, b, tb)
	for i := range ra {
		if ra[i] != rb[i] {
			t.Errorf("row %d: %g, 100 s later %g", i, ra[i], rb[i])
		}
	}
	for i := range ta {
		if x, y := a.Problem.Position(ta[i]), b.Problem.Position(tb[i]); x != y {
			t.Errorf("exact solution at %g s: %g, 100 s later %g", ta[i], x, y)
		}
	}
}

// rescaled is the network of another choice of scales for the same solution.
type rescaled struct {
	net            pinn.Network
	in, out, shift float64
}

func (n rescaled) Apply(s *graph.Node) *graph.Node {
	return n.net.Apply(s.Scale(n.in)).Scale(n.out).AddConst(n.shift)
}

// TestScalesAreUnits writes one solution in two systems of units: positions,
// velocities and accelerations agree, and so do the residuals in m/s², m, m/s.
// The two differ by rounding alone.
func TestScalesAreUnits(t *testing.T) {
	p := pinn.FreeFall{Gravity: 9.8, Velocity: -2, Height: 30, Start: 1, End: 4}
	sa, sb := p.Scales(), pinn.Scales{Time: 0.7, Length: 5, Origin: 11}
	times := p.Points(23)
	pool := exec.NewPool(1)
	defer pool.Close()
	for _, hard := range []bool{false, true} {
		net := polynomial{0.2, -0.4, 0.9, -0.3}
		b := rescaled{net, sb.Time / sa.Time, sa.Length / sb.Length, (sa.Origin - sb.Origin) / sb.Length}
		if hard {
			b.out, b.shift = b.out*math.Pow(sb.Time/sa.Time, 2), 0
		}
		var tr [2]pinn.Trajectory
		var r [2][]float64
		for i, a := range []pinn.Ansatz{
			{Problem: p, Network: net, Hard: hard, Scales: sa},
			{Problem: p, Network: b, Hard: hard, Scales: sb},
		} {
			g := graph.New()
			o, err := pinn.NewObserver[float64](withInput(g), a, times, pool)
			if err != nil {
				t.Fatal(err)
			}
			tr[i] = o.At(nil)
			r[i] = residuals(t, a, times)
			for k := range r[i] {
				switch k {
				case len(times):
					r[i][k] *= a.Scales.Length
				case len(times) + 1:
					r[i][k] *= a.Scales.Length / a.Scales.Time
				default:
					r[i][k] *= a.Scales.Length / a.Scales.Time / a.Scales.Time
				}
			}
		}
		for name, c := range map[string][2][]float64{
			"position":     {tr[0].Position, tr[1].Position},
			"velocity":     {tr[0].Velocity, tr[1].Velocity},
			"acceleration": {tr[0].Acceleration, tr[1].Acceleration},
			"residual":     r,
		} {
			for i := range c[0] {
				if math.Abs(c[0][i]-c[1][i]) > 1e-12*(10+math.Abs(c[0][i])) {
					t.Errorf("hard=%v: %s %d is %g in one system of units, %g in the other", hard, name, i, c[0][i], c[1][i])
				}
			}
		}
	}
}

// withInput gives g the input that the residuals would bring.
func withInput(g *graph.Graph) *graph.Graph {
	g.Input("s", 1)
	return g
}

// TestErrorBound holds the mean squared error against X² L/12
// (docs/derivation/free-fall.md) for random polynomials behind s². The best
// constant is 1/12.36, so 1/12 leaves 3 %; left sums of 1000 points take 1 %.
func TestErrorBound(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	p := pinn.FreeFall{Gravity: 9.8, Velocity: 1, End: 2}
	sc, times := p.Scales(), p.Points(1000)
	rng := rand.New(rand.NewPCG(3, 0))
	// A beam that is clamped at 0 and bent by its weight, e = s² - 2s³/3 + s⁴/6,
	// has nearly the shape of its lowest vibration, which is the worst case.
	beam := exact(p, sc, true)
	networks := []polynomial{{beam[0] + 1, -2. / 3, 1. / 6}}
	for range 20 {
		networks = append(networks, polynomial{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()})
	}
	for i, net := range networks {
		a := pinn.Ansatz{Problem: p, Network: net, Hard: true, Scales: sc}
		loss := 0.0
		for _, r := range residuals(t, a, times) {
			loss += r * r
		}
		o, err := pinn.NewObserver[float64](withInput(graph.New()), a, times, pool)
		if err != nil {
			t.Fatal(err)
		}
		mse, _ := p.Errors(o.At(nil))
		ratio := 12 * mse / (sc.Length * sc.Length * loss)
		if !(ratio > 0 && ratio <= 1) {
			t.Errorf("network %v: mean squared error is %.3f of its bound", net, ratio)
		}
		if i == 0 && ratio < 0.95 {
			t.Errorf("a bent beam comes to %.3f of the bound, want more than 0.95", ratio)
		}
	}
}

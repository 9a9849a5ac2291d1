package pinn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/nn"
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

// network returns a small network with its first weights.
func network(g *graph.Graph, act nn.Activation) (*nn.MLP, []float64) {
	net := nn.NewMLP(g, 1, []int{5, 4, 1}, act)
	x := make([]float64, g.ParamSize())
	rng := rand.New(rand.NewPCG(7, 0))
	nn.Initialise(net, nn.Init{}, x, rng)
	for i := range x {
		x[i] += 0.1 * rng.NormFloat64() // biases too
	}
	return net, x
}

// TestDerivativesByParameters holds the Jacobian and the gradient of the loss
// against central differences of Eval: error h²f‴/6 + 2⁻⁵²f/h, about 1e-10 of
// the numbers at h = 1e-5. The loss is the sum of the squared rows.
func TestDerivativesByParameters(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	for _, act := range []nn.Activation{nn.Tanh, nn.Sin, nn.Sigmoid, nn.Softplus, nn.Gelu, nn.Silu} {
		for _, hard := range []bool{false, true} {
			p := pinn.FreeFall{Gravity: 9.8, Velocity: 1, Height: 2, End: 1.5}
			g := graph.New()
			net, x := network(g, act)
			a := pinn.Ansatz{Problem: p, Network: net, Hard: hard, Scales: p.Scales()}
			r, err := pinn.NewResiduals(g, a, p.Points(9), pool)
			if err != nil {
				t.Fatal(err)
			}
			g2 := graph.New()
			a.Network, _ = network(g2, act)
			loss, err := pinn.NewLoss[float64](g2, a, p.Points(9), pool)
			if err != nil {
				t.Fatal(err)
			}
			n, np := r.Size()
			const pad = 3 // columns of the matrix beyond the parameters
			row, jac, grad := make([]float64, n), make([]float64, n*(np+pad)), make([]float64, np)
			r.Jacobian(x, row, jac, np+pad)
			value := loss.Eval(x, grad)
			sum := 0.0
			for _, v := range row {
				sum += v * v
			}
			if math.Abs(value-sum) > 1e-14*sum {
				t.Errorf("%v, hard=%v: loss %.17g, Σ rows² %.17g", act, hard, value, sum)
			}
			const h = 1e-5
			plus, minus := make([]float64, n), make([]float64, n)
			for j := range np {
				old := x[j]
				x[j] = old + h
				r.Eval(x, plus)
				x[j] = old - h
				r.Eval(x, minus)
				x[j] = old
				slope := 0.0
				for i := range n {
					d := (plus[i] - minus[i]) / (2 * h)
					slope += (plus[i] - minus[i]) * (plus[i] + minus[i]) / (2 * h)
					if got := jac[i*(np+pad)+j]; math.Abs(got-d) > 1e-8*(1+math.Abs(d)) {
						t.Errorf("%v, hard=%v: ∂r%d/∂θ%d = %.10g, by differences %.10g", act, hard, i, j, got, d)
					}
				}
				if math.Abs(grad[j]-slope) > 1e-8*(1+math.Abs(slope)) {
					t.Errorf("%v, hard=%v: ∂L/∂θ%d = %.10g, by differences %.10g", act, hard, j, grad[j], slope)
				}
			}
		}
	}
}

// TestSinglePrecision holds the float32 loss against float64: 24 bits, and
// sums of some hundred terms.
func TestSinglePrecision(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	p := pinn.FreeFall{Gravity: 9.8, Velocity: 1, End: 1}
	g := graph.New()
	net, x := network(g, nn.Tanh)
	a := pinn.Ansatz{Problem: p, Network: net, Scales: p.Scales()}
	loss, err := pinn.NewLoss[float64](g, a, p.Points(100), pool)
	if err != nil {
		t.Fatal(err)
	}
	g32 := graph.New()
	a.Network, _ = network(g32, nn.Tanh)
	loss32, err := pinn.NewLoss[float32](g32, a, p.Points(100), pool)
	if err != nil {
		t.Fatal(err)
	}
	x32, grad, grad32 := make([]float32, len(x)), make([]float64, len(x)), make([]float32, len(x))
	for i, v := range x {
		x32[i] = float32(v)
	}
	want, got := loss.Eval(x, grad), loss32.Eval(x32, grad32)
	if math.Abs(got-want) > 1e-5*want {
		t.Errorf("loss %g, in float64 %g", got, want)
	}
	for i, v := range grad {
		if math.Abs(float64(grad32[i])-v) > 1e-5*(1+math.Abs(v)) {
			t.Errorf("∂L/∂θ%d = %g, in float64 %g", i, grad32[i], v)
		}
	}
}

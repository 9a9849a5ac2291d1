package pinn_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/nn"
	"github.com/gakuri-lab/gakuri/topic/pinn"
)

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

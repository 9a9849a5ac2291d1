package pinn_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/nn"
	"github.com/gakuri-lab/gakuri/engine/optim"
	"github.com/gakuri-lab/gakuri/topic/pinn"
)

// The problem of the README: 1000 points, 1-32-64-32-1 with tanh, one worker.
func readme[T array.Float](g *graph.Graph) (pinn.Ansatz, []T) {
	p := pinn.FreeFall{Gravity: 9.8, Velocity: 1, End: 1}
	net := nn.NewMLP(g, 1, []int{32, 64, 32, 1}, nn.Tanh)
	x := make([]T, g.ParamSize())
	nn.Initialise(net, nn.Init{}, x, rand.New(rand.NewPCG(1, 0)))
	return pinn.Ansatz{Problem: p, Network: net, Scales: p.Scales()}, x
}

func benchmarkAdam[T array.Float](b *testing.B) {
	pool := exec.NewPool(1)
	defer pool.Close()
	g := graph.New()
	a, x := readme[T](g)
	loss, err := pinn.NewLoss[T](g, a, a.Problem.Points(1000), pool)
	if err != nil {
		b.Fatal(err)
	}
	d := optim.NewDescent(loss, optim.NewAdam[T](len(x), optim.AdamOptions{}), x)
	if _, err := d.Step(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Step(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(loss.Flops()*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

// BenchmarkAdamStep is one training step: value, two derivatives, gradient and
// the update. GFLOP/s counts matrix products only.
func BenchmarkAdamStep(b *testing.B) {
	b.Run("float32", benchmarkAdam[float32])
	b.Run("float64", benchmarkAdam[float64])
}

// BenchmarkResiduals is one evaluation of the 1002 rows, BenchmarkJacobian
// that with the derivatives by 4289 parameters.
func BenchmarkResiduals(b *testing.B) {
	f, x, r, _ := readmeResiduals(b)
	for b.Loop() {
		f.Eval(x, r)
	}
}

func BenchmarkJacobian(b *testing.B) {
	f, x, r, jac := readmeResiduals(b)
	for b.Loop() {
		f.Jacobian(x, r, jac, len(x))
	}
}

func readmeResiduals(b *testing.B) (f *pinn.Residuals, x, r, jac []float64) {
	pool := exec.NewPool(1)
	b.Cleanup(pool.Close)
	g := graph.New()
	a, x := readme[float64](g)
	f, err := pinn.NewResiduals(g, a, a.Problem.Points(1000), pool)
	if err != nil {
		b.Fatal(err)
	}
	n, p := f.Size()
	r, jac = make([]float64, n), make([]float64, n*p)
	f.Jacobian(x, r, jac, p)
	b.ReportAllocs()
	return f, x, r, jac
}

// BenchmarkFirstStep is what stands between the start of a program and its
// first step: tracing, compiling, one step.
func BenchmarkFirstStep(b *testing.B) {
	pool := exec.NewPool(1)
	defer pool.Close()
	for b.Loop() {
		g := graph.New()
		a, x := readme[float32](g)
		loss, err := pinn.NewLoss[float32](g, a, a.Problem.Points(1000), pool)
		if err != nil {
			b.Fatal(err)
		}
		loss.Eval(x, make([]float32, len(x)))
	}
}

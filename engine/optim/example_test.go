package optim_test

import (
	"context"
	"fmt"
	"math"

	"github.com/gakuri-lab/gakuri/engine/optim"
	"github.com/gakuri-lab/gakuri/engine/train"
)

// bowl is ½(x-3)² + 50(y+1)², least at (3, -1).
type bowl struct{}

func (bowl) Eval(x, grad []float64) float64 {
	u, v := x[0]-3, x[1]+1
	grad[0], grad[1] = u, 100*v
	return u*u/2 + 50*v*v
}

func ExampleNewDescent() {
	x := []float64{0, 0}
	adam := optim.NewAdam[float64](2, optim.AdamOptions{Rate: 0.1, Schedule: optim.Cosine(10, 500, 0)})
	res, err := train.Run(context.Background(), optim.NewDescent(bowl{}, adam, x), train.Options{Steps: 500}, nil)
	fmt.Printf("%.4f %.4f, %s: %s, %v\n", x[0], x[1], res.Stop, res.Reason, err)
	// Output: 3.0000 -1.0000, budget: all 500 steps taken, <nil>
}

func ExampleNewLBFGS() {
	x := []float64{0, 0}
	res, err := train.Run(context.Background(), optim.NewLBFGS(bowl{}, x, optim.LBFGSOptions{GradTol: 1e-9}),
		train.Options{Steps: 100}, nil)
	fmt.Printf("%.8f %.8f, %s, %v\n", x[0], x[1], res.Stop, err)
	// Output: 3.00000000 -1.00000000, converged, <nil>
}

// decay is the residual of y = a e^(-kt) at t = 0, 1, …, 9 with a = 2, k = 0.3.
type decay struct{}

func (decay) Size() (n, p int) { return 10, 2 }

func (decay) Eval(x, r []float64) {
	for i := range r {
		t := float64(i)
		r[i] = x[0]*math.Exp(-x[1]*t) - 2*math.Exp(-0.3*t)
	}
}

func (d decay) Jacobian(x, r, jac []float64, ld int) {
	d.Eval(x, r)
	for i := range r {
		t := float64(i)
		e := math.Exp(-x[1] * t)
		jac[i*ld], jac[i*ld+1] = e, -t*x[0]*e
	}
}

func ExampleNewGaussNewton() {
	x := []float64{1, 1}
	res, err := train.Run(context.Background(), optim.NewGaussNewton(decay{}, x, optim.GaussNewtonOptions{}),
		train.Options{Steps: 100, Goal: 1e-28}, nil)
	fmt.Printf("a = %.12f, k = %.12f, %s, %v\n", x[0], x[1], res.Stop, err)
	// Output: a = 2.000000000000, k = 0.300000000000, converged, <nil>
}

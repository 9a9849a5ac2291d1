package pinn_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/nn"
	"github.com/gakuri-lab/gakuri/engine/optim"
	"github.com/gakuri-lab/gakuri/engine/train"
	"github.com/gakuri-lab/gakuri/topic/pinn"
)

// A ball thrown upwards at 5 m/s on the Moon, from the problem to the rulers.
func Example() {
	moon := pinn.FreeFall{Gravity: 1.62, Velocity: 5, Height: 2, End: 6}
	g, pool := graph.New(), exec.NewPool(1)
	net := nn.NewMLP(g, 1, []int{20, 20, 1}, nn.Tanh)
	ball := pinn.Ansatz{Problem: moon, Network: net, Hard: true, Scales: moon.Scales()}
	weights := make([]float64, g.ParamSize())
	nn.Initialise(net, nn.Init{}, weights, rand.New(rand.NewPCG(1, 0)))

	equation, err := pinn.NewResiduals(g, ball, moon.Points(200), pool)
	if err != nil {
		log.Fatal(err)
	}
	method := optim.NewGaussNewton(equation, weights, optim.GaussNewtonOptions{Damping: 1e-9, Ease: 0.01})
	run, err := train.Run(context.Background(), method, train.Options{Steps: 50, Goal: 1e-17}, nil)
	if err != nil {
		log.Fatal(err)
	}
	observer, err := pinn.NewObserver[float64](g, ball, moon.Points(100), pool)
	if err != nil {
		log.Fatal(err)
	}
	flight := observer.At(weights)

	gravity, _ := flight.Gravity()
	meanSquare, _ := moon.Errors(flight)
	fmt.Printf("%s; g = %.4f m/s²; mean squared error below 1e-14 m²: %v\n", run.Stop, gravity, meanSquare < 1e-14)
	// Output: converged; g = 1.6200 m/s²; mean squared error below 1e-14 m²: true
}

// The exact solution is code too: the top of a throw.
func ExampleFreeFall_Position() {
	p := pinn.FreeFall{Gravity: 9.8, Velocity: 1, End: 1}
	top := p.Velocity / p.Gravity
	fmt.Printf("%.4f m at %.4f s, where the velocity is %.1f m/s\n", p.Position(top), top, p.VelocityAt(top))
	// Output: 0.0510 m at 0.1020 s, where the velocity is 0.0 m/s
}

package exec_test

import (
	"fmt"

	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// The line a·x + b through three points: mean square of its error, and the
// gradient by a and b, first for the horizontal line y = 1, then for the right
// one.
func Example() {
	g := graph.New()
	a, b := g.Param("a"), g.Param("b")
	residual := a.Mul(g.Input("x")).Add(b).Sub(g.Input("y"))
	loss := residual.MeanSquare()
	grad := graph.Gradient(loss, a, b)

	m, err := exec.Compile[float64](loss, grad[0], grad[1], residual)
	if err != nil {
		panic(err)
	}
	p := []float64{0, 1} // a, b
	l, da, db, r := make([]float64, 1), make([]float64, 1), make([]float64, 1), make([]float64, 3)
	m.Params(p)
	m.Input("x", []float64{0, 1, 2})
	m.Input("y", []float64{1, 3, 5})
	m.Output(0, l)
	m.Output(1, da)
	m.Output(2, db)
	m.Output(3, r)

	pool := exec.NewPool(1)
	defer pool.Close()
	m.Run(pool)
	fmt.Printf("loss %.4f, gradient (%.4f, %.4f), residuals %v\n", l[0], da[0], db[0], r)

	p[0] = 2 // the machine reads parameters at every run
	m.Run(pool)
	fmt.Println("loss", l[0])
	// Output:
	// loss 6.6667, gradient (-6.6667, -4.0000), residuals [0 -2 -4]
	// loss 0
}

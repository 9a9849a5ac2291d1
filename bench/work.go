// Package bench holds the works that gakuri and its peers are timed on. The
// Python side of the same works is in peers/work.py; both start from the same
// weights.
package bench

import (
	"fmt"
	"math"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/linalg"
	"github.com/gakuri-lab/gakuri/engine/optim"
)

// Work is one training step, repeated.
type Work interface {
	Step() float64  // takes a step, returns the loss before it
	Flops() float64 // of a step, in matrix products
}

// uniform returns numbers in (-1, 1) from Marsaglia's xorshift32 (J. Stat.
// Softw. 8, 2003), the same in every language.
func uniform() func() float64 {
	s := uint32(2463534242)
	return func() float64 {
		s ^= s << 13
		s ^= s >> 17
		s ^= s << 5
		return 2*(float64(s)/(1<<32)) - 1
	}
}

// firstWeights fills params with Glorot's range and biases of 0.01, drawn in
// the order W₀, b₀, W₁, …
func firstWeights[T array.Float](g *graph.Graph, params []T) {
	u := uniform()
	for _, p := range g.Params() {
		a := 0.01
		if len(p.Shape) == 2 {
			a = math.Sqrt(6 / float64(p.Shape[0]+p.Shape[1]))
		}
		for i := range p.Size() {
			params[p.Offset+i] = T(a * u())
		}
	}
}

// network is a plain stack of layers; widths begin with the inputs.
func network(g *graph.Graph, x *graph.Node, widths []int, act func(*graph.Node) *graph.Node) *graph.Node {
	for i, n := range widths[1:] {
		x = x.MatMul(g.Param(fmt.Sprint("W", i), widths[i], n)).Add(g.Param(fmt.Sprint("b", i), n))
		if i < len(widths)-2 {
			x = act(x)
		}
	}
	return x
}

// descent is a loss and Adam at the setting of the paper.
type descent[T array.Float] struct {
	machine *exec.Machine[T]
	pool    *exec.Pool
	adam    *optim.Method[T]
	params  []T
	grad    []T
	loss    [1]T
	batch   int
}

func newDescent[T array.Float](g *graph.Graph, loss *graph.Node, pool *exec.Pool, batch int) *descent[T] {
	m, err := exec.Compile[T](append([]*graph.Node{loss}, graph.Gradient(loss, g.Params()...)...)...)
	if err != nil {
		panic(err)
	}
	n := g.ParamSize()
	d := &descent[T]{machine: m, pool: pool, adam: optim.NewAdam[T](n, optim.AdamOptions{}), params: make([]T, n), grad: make([]T, n), batch: batch}
	firstWeights(g, d.params)
	m.Params(d.params)
	m.Output(0, d.loss[:])
	for i, p := range g.Params() {
		m.Output(1+i, d.grad[p.Offset:p.Offset+p.Size()])
	}
	return d
}

func (d *descent[T]) Step() float64 {
	d.machine.Run(d.pool)
	d.adam.Step(d.params, d.grad)
	return float64(d.loss[0])
}

func (d *descent[T]) Flops() float64 { return d.machine.Flops(d.batch) }

// FreeFall is the step of x″ = -9.8, x(0) = 0, x′(0) = 1 on 1000 points: the
// mean of (x″+9.8)² plus the squares of the initial conditions, which the
// first point carries, gradient and Adam. Widths begin and end with 1.
func FreeFall[T array.Float](widths []int, pool *exec.Pool) Work {
	const n = 1000
	g := graph.New()
	t := g.Input("t", 1)
	first := g.Input("first")
	x := network(g, t, widths, (*graph.Node).Tanh)
	d := graph.Partials(x, t, []int{1}, []int{2})
	equation := d[1].Reshape().AddConst(9.8).Square().Scale(1.0 / n)
	initial := x.Reshape().Square().Add(d[0].Reshape().AddConst(-1).Square())
	w := newDescent[T](g, equation.Add(first.Mul(initial)).SumBatch(), pool, n)
	times, flag := make([]T, n), make([]T, n)
	for i := range times {
		times[i] = T(float64(i) / n)
	}
	flag[0] = 1
	w.machine.Input("t", times)
	w.machine.Input("first", flag)
	return w
}

// Classifier is the step of a 784-128-10 ReLU network with softmax
// cross-entropy on one made-up batch of 128 pictures, gradient and Adam.
func Classifier[T array.Float](pool *exec.Pool) Work {
	const n, pixels, classes = 128, 784, 10
	g := graph.New()
	x, label := g.Input("x", pixels), g.Input("label", classes)
	y := network(g, x, []int{pixels, 128, classes}, (*graph.Node).Relu)
	loss := label.Mul(y.LogSoftmax(0)).Sum().Neg().MeanBatch()
	w := newDescent[T](g, loss, pool, n)
	pictures, labels := make([]T, n*pixels), make([]T, n*classes)
	for i := range pictures {
		_, f := math.Modf(float64(i) * 0.6180339887498949)
		pictures[i] = T(f)
	}
	for i := range n {
		labels[i*classes+(7*i+3)%classes] = 1
	}
	w.machine.Input("x", pictures)
	w.machine.Input("label", labels)
	return w
}

// gaussNewton is a damped Gauss-Newton step. The residual is one more column
// of the Jacobian, so that one product gives JᵀJ, Jᵀr and rᵀr.
type gaussNewton struct {
	machine *exec.Machine[float64]
	pool    *exec.Pool
	rows, n int
	ld      int // of normal: whole cache lines
	params  []float64
	jac     []float64 // [J r], rows × (n+1)
	normal  []float64 // upper triangle of [J r]ᵀ[J r]
	step    []float64
}

// GaussNewton is the step of Burgers' equation u_t + u u_x = ν u_xx, ν =
// 0.01/π, on 3000 points by a network 2-23-23-23-1 (1,197 parameters): rows
// of the Jacobian, (JᵀJ + 10⁻⁶)δ = -Jᵀr by Cholesky.
func GaussNewton(pool *exec.Pool) Work {
	const rows = 3000
	g := graph.New()
	p := g.Input("p", 2) // t, x
	u := network(g, p, []int{2, 23, 23, 23, 1}, (*graph.Node).Tanh)
	d := graph.Partials(u, p, []int{1, 0}, []int{0, 1}, []int{0, 2})
	r := d[0].Add(u.Mul(d[1])).Sub(d[2].Scale(0.01 / math.Pi)).Reshape()
	m, err := exec.Compile[float64](append([]*graph.Node{r}, graph.Jacobian(r, g.Params()...)...)...)
	if err != nil {
		panic(err)
	}
	n := g.ParamSize()
	ld := (n + 8) / 8 * 8
	w := &gaussNewton{
		machine: m, pool: pool, rows: rows, n: n, ld: ld, params: make([]float64, n),
		jac: make([]float64, rows*(n+1)), normal: make([]float64, (n+1)*ld), step: make([]float64, n),
	}
	firstWeights(g, w.params)
	points := make([]float64, 2*rows)
	for i := range rows {
		_, f := math.Modf(float64(i) * 0.6180339887498949)
		points[2*i], points[2*i+1] = (float64(i)+0.5)/rows, -1+2*f
	}
	m.Input("p", points)
	m.Params(w.params)
	m.OutputRows(0, w.jac[n:], n+1)
	for i, q := range g.Params() {
		m.OutputRows(1+i, w.jac[q.Offset:], n+1)
	}
	return w
}

func (w *gaussNewton) Step() float64 {
	w.machine.Run(w.pool)
	linalg.Syrk(w.normal, w.ld, true, w.jac, w.n+1, w.n+1, w.rows, 1, 0, w.pool.Threads())
	for i := range w.n {
		w.normal[i*w.ld+i] += 1e-6
		w.step[i] = -w.normal[i*w.ld+w.n]
	}
	if err := linalg.CholeskySolve(w.normal, w.ld, w.n, w.step, 1, 1, w.pool.Threads()); err != nil {
		panic(err)
	}
	for i, v := range w.step {
		w.params[i] += v
	}
	return w.normal[w.n*w.ld+w.n] / float64(w.rows)
}

func (w *gaussNewton) Flops() float64 {
	n := float64(w.n)
	return w.machine.Flops(w.rows) + float64(w.rows)*n*n + n*n*n/3
}

package pinn

import (
	"math"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// rows are the conditions of a problem, one row each: the residual of row i is
//
//	rᵢ = equationᵢ·(u″(sᵢ)+g) + positionᵢ·(u(sᵢ)-h) + velocityᵢ·(u′(sᵢ)-v).
//
// The loss is Σ rᵢ². A row demands one thing, so only one weight is not zero.
type rows[T array.Float] struct {
	s, equation, position, velocity []T
}

// newRows demands the equation at times t with weight 1/√N, so that its part
// of the loss is the mean square, and with soft conditions the two initial
// values with weight 1.
func newRows[T array.Float](a Ansatz, t []float64) rows[T] {
	var r rows[T]
	add := func(s, equation, position, velocity float64) {
		r.s = append(r.s, T(s))
		r.equation = append(r.equation, T(equation))
		r.position = append(r.position, T(position))
		r.velocity = append(r.velocity, T(velocity))
	}
	for _, ti := range t {
		add(a.input(ti), 1/math.Sqrt(float64(len(t))), 0, 0)
	}
	if !a.Hard {
		add(0, 0, 1, 0)
		add(0, 0, 0, 1)
	}
	return r
}

func (r rows[T]) bind(m *exec.Machine[T]) {
	m.Input("s", r.s)
	m.Input("equation", r.equation)
	m.Input("position", r.position)
	m.Input("velocity", r.velocity)
}

// Residual traces the residual of a row; the graph gains the inputs s,
// equation, position and velocity.
func Residual(g *graph.Graph, a Ansatz) *graph.Node {
	s := g.Input("s", 1)
	gravity, v, h := a.dimensionless()
	u, du, ddu := a.solution(s)
	r := g.Input("equation").Mul(ddu.AddConst(gravity))
	r = r.Add(g.Input("position").Mul(u.AddConst(-h)))
	return r.Add(g.Input("velocity").Mul(du.AddConst(-v)))
}

// Loss is L(θ) with its gradient: an optim.Loss.
type Loss[T array.Float] struct {
	machine *exec.Machine[T]
	pool    *exec.Pool
	rows    rows[T]
	value   [1]T
	params  []*graph.Node
}

// NewLoss traces and compiles the loss at the times t. The network's
// parameters are those of g.
func NewLoss[T array.Float](g *graph.Graph, a Ansatz, t []float64, pool *exec.Pool) (*Loss[T], error) {
	loss := Residual(g, a).Square().SumBatch()
	m, err := exec.Compile[T](append([]*graph.Node{loss}, graph.Gradient(loss, g.Params()...)...)...)
	if err != nil {
		return nil, err
	}
	l := &Loss[T]{machine: m, pool: pool, rows: newRows[T](a, t), params: g.Params()}
	l.rows.bind(m)
	m.Output(0, l.value[:])
	return l, nil
}

// Eval returns L at θ = x and stores its gradient.
func (l *Loss[T]) Eval(x, grad []T) float64 {
	l.machine.Params(x)
	for i, p := range l.params {
		l.machine.Output(1+i, grad[p.Offset:p.Offset+p.Size()])
	}
	l.machine.Run(l.pool)
	return float64(l.value[0])
}

// Flops returns the operations of one evaluation in matrix products.
func (l *Loss[T]) Flops() float64 { return l.machine.Flops(len(l.rows.s)) }

// Residuals are the rows as a least-squares problem, optim.Residuals: L is
// the sum of their squares.
type Residuals struct {
	values, jacobian *exec.Machine[float64]
	pool             *exec.Pool
	rows             rows[float64]
	graph            *graph.Graph
}

// NewResiduals traces and compiles the residuals and their Jacobian at the
// times t.
func NewResiduals(g *graph.Graph, a Ansatz, t []float64, pool *exec.Pool) (*Residuals, error) {
	r := Residual(g, a)
	values, err := exec.Compile[float64](r)
	if err != nil {
		return nil, err
	}
	jacobian, err := exec.Compile[float64](append([]*graph.Node{r}, graph.Jacobian(r, g.Params()...)...)...)
	if err != nil {
		return nil, err
	}
	f := &Residuals{values: values, jacobian: jacobian, pool: pool, rows: newRows[float64](a, t), graph: g}
	f.rows.bind(values)
	f.rows.bind(jacobian)
	return f, nil
}

// Size returns the number of rows and of parameters.
func (f *Residuals) Size() (n, p int) { return len(f.rows.s), f.graph.ParamSize() }

// Eval stores the residuals at θ = x.
func (f *Residuals) Eval(x, r []float64) {
	f.values.Params(x)
	f.values.Output(0, r)
	f.values.Run(f.pool)
}

// Jacobian stores the residuals and their derivatives, row i at jac[i·ld:].
func (f *Residuals) Jacobian(x, r, jac []float64, ld int) {
	f.jacobian.Params(x)
	f.jacobian.Output(0, r)
	for i, p := range f.graph.Params() {
		f.jacobian.OutputRows(1+i, jac[p.Offset:], ld)
	}
	f.jacobian.Run(f.pool)
}

package freefall

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/nn"
	"github.com/gakuri-lab/gakuri/engine/optim"
	"github.com/gakuri-lab/gakuri/engine/train"
	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/topic/pinn"
)

// Run trains a network on x″ = -g and holds it against the parabola. The
// error is that of the training loop; the result is valid as far as it got.
func Run(ctx context.Context, spec Spec, opt experiment.Options, sink experiment.Sink) (experiment.Result, error) {
	experiment.Fill(&spec)
	if err := experiment.Validate(&spec); err != nil {
		return experiment.Result{}, err
	}
	if spec.Precision == "float32" {
		return run[float32](ctx, &spec, opt, sink)
	}
	return run[float64](ctx, &spec, opt, sink)
}

// session is a run under way.
type session[T array.Float] struct {
	spec     *Spec
	sink     experiment.Sink
	problem  pinn.FreeFall
	params   []T
	observer *pinn.Observer[T]
	loss     experiment.Line // by step
	errors   experiment.Line // mean squared error by step
	kept     *train.Checkpoint
}

func run[T array.Float](ctx context.Context, spec *Spec, opt experiment.Options, sink experiment.Sink) (experiment.Result, error) {
	pool := exec.NewPool(opt.Threads)
	defer pool.Close()
	g := graph.New()
	net := nn.NewMLP(g, 1, append(append([]int{}, spec.Widths...), 1), spec.activation())
	ansatz := pinn.Ansatz{Problem: spec.problem(), Network: net, Hard: spec.Conditions == "hard", Scales: spec.scales()}

	s := &session[T]{spec: spec, sink: sink, problem: ansatz.Problem, params: make([]T, g.ParamSize())}
	s.loss.Label = experiment.Text{En: "loss", Ja: "損失"}
	s.errors.Label = experiment.Text{En: "mean squared error / m²", Ja: "平均二乗誤差 / m²"}
	init, err := nn.ParseInit(spec.Start)
	if err != nil {
		return experiment.Result{}, err
	}
	init.Low, init.High = []float64{0}, []float64{1} // the network's input, in units of the interval
	if spec.Scaling == "none" {
		init.High[0] = spec.Interval[1] - spec.Interval[0]
	}
	nn.Initialise(net, init, s.params, rand.New(rand.NewPCG(opt.Seed, 0x66616c6c)))
	sink.Put(experiment.Summary{Text: net.Summary(elementBytes[T]())})

	stepper, err := newStepper(g, ansatz, spec, s.params, pool)
	if err != nil {
		return experiment.Result{}, err
	}
	s.observer, err = pinn.NewObserver[T](g, ansatz, s.problem.Points(spec.TestPoints), pool)
	if err != nil {
		return experiment.Result{}, err
	}
	goal, patience := *spec.Goal, 0
	if spec.Optimiser == "gauss-newton" {
		goal /= 2 // its loss is ½Σr²
		patience = 10
	}
	res, err := train.Run(ctx, stepper, train.Options{
		Steps:      spec.Steps,
		Goal:       goal,
		Patience:   patience,
		MinGain:    0.1,
		Every:      max(1, spec.Steps/250),
		Checkpoint: max(1, spec.Steps/5),
		From:       opt.Resume,
		Keep: func(c *train.Checkpoint) error {
			s.kept = c.Clone()
			sink.Put(experiment.Saved{Checkpoint: s.kept})
			return nil
		},
	}, s.report)
	return s.result(g, net, res, pool), err
}

func elementBytes[T array.Float]() int {
	if T(1)/3 == T(float32(1)/3) {
		return 4
	}
	return 8
}

// newStepper returns the optimiser of the spec, working on x.
func newStepper[T array.Float](g *graph.Graph, a pinn.Ansatz, spec *Spec, x []T, pool *exec.Pool) (train.Stepper, error) {
	t := a.Problem.Points(spec.Points)
	if x, ok := any(x).([]float64); ok && spec.Optimiser == "gauss-newton" {
		r, err := pinn.NewResiduals(g, a, t, pool)
		if err != nil {
			return nil, err
		}
		// The residuals are nearly linear in so many parameters: start with
		// little damping and let it fall fast.
		return optim.NewGaussNewton(r, x, optim.GaussNewtonOptions{Damping: 1e-9, Ease: 0.01, Threads: pool.Threads()}), nil
	}
	loss, err := pinn.NewLoss[T](g, a, t, pool)
	if err != nil {
		return nil, err
	}
	var schedule optim.Schedule
	switch spec.Schedule {
	case "cosine":
		schedule = optim.Cosine(0, spec.Steps, 0)
	case "exponential":
		schedule = optim.Exponential(max(1, spec.Steps/10), 0.5)
	}
	n := len(x)
	adam := optim.AdamOptions{Rate: spec.Rate, Schedule: schedule}
	switch spec.Optimiser {
	case "lbfgs":
		return optim.NewLBFGS(loss, x, optim.LBFGSOptions{}), nil
	case "adamw":
		return optim.NewDescent(loss, optim.NewAdamW[T](n, optim.AdamWOptions{AdamOptions: adam}), x), nil
	case "rmsprop":
		return optim.NewDescent(loss, optim.NewRMSprop[T](n, optim.RMSpropOptions{Rate: spec.Rate, Schedule: schedule}), x), nil
	case "sgd":
		return optim.NewDescent(loss, optim.NewSGD[T](n, optim.SGDOptions{Rate: spec.Rate, Schedule: schedule}), x), nil
	}
	return optim.NewDescent(loss, optim.NewAdam[T](n, adam), x), nil
}

// report tells the sink how far the run is.
func (s *session[T]) report(r train.Report) {
	tr := s.observer.At(s.params)
	mse, _ := s.problem.Errors(tr)
	step := float64(r.Step)
	s.loss.X, s.loss.Y = append(s.loss.X, step), append(s.loss.Y, r.Loss)
	s.errors.X, s.errors.Y = append(s.errors.X, step), append(s.errors.Y, mse)
	s.sink.Put(experiment.Scalar{Name: "mean squared error", Step: r.Step, Value: mse, Unit: "m²"})
	s.sink.Put(s.meanSquareRuler(mse))
	s.sink.Put(experiment.Progress{Step: r.Step, Total: r.Steps, Loss: r.Loss})
}

func (s *session[T]) result(g *graph.Graph, net *nn.MLP, res train.Result, pool *exec.Pool) experiment.Result {
	tr := s.observer.At(s.params)
	mse, largest := s.problem.Errors(tr)
	out := experiment.Result{
		Steps: res.Step, Stop: res.Stop, Parameters: g.ParamSize(),
		Metrics:    map[string]float64{"loss": res.Loss, "mean_squared_error": mse, "largest_error": largest},
		Rulers:     s.rulers(tr, mse, largest),
		Figures:    s.figures(tr),
		Checkpoint: s.kept,
	}
	for _, r := range out.Rulers {
		s.sink.Put(r)
	}
	exact := make([]float64, len(tr.Time))
	diff := make([]float64, len(tr.Time))
	for i, t := range tr.Time {
		exact[i] = s.problem.Position(t)
		diff[i] = tr.Position[i] - exact[i]
	}
	n := []int{len(tr.Time)}
	out.Arrays = []experiment.Array{
		{Name: "t", Shape: n, Data: tr.Time}, {Name: "x", Shape: n, Data: tr.Position}, {Name: "exact", Shape: n, Data: exact},
		{Name: "error", Shape: n, Data: diff}, {Name: "velocity", Shape: n, Data: tr.Velocity}, {Name: "acceleration", Shape: n, Data: tr.Acceleration},
	}
	for _, p := range g.Params() {
		out.Weights = append(out.Weights, tensor(p, s.params))
	}
	return out
}

func tensor[T array.Float](p *graph.Node, params []T) train.Tensor {
	t := train.Tensor{Name: p.Name, Shape: p.Shape}
	switch v := any(params[p.Offset : p.Offset+p.Size()]).(type) {
	case []float32:
		t.F32 = v
	case []float64:
		t.F64 = v
	}
	return t
}

// passMark is the mean squared error, in m², that a method must reach: 1e-10 m²
// for the problem of the README (scale 4.9 m) by Gauss-Newton and L-BFGS in
// float64, 1e-4 m² in float32 or by first-order methods, whose last step is as
// long as their first at a constant rate. Other problems have it in proportion
// to the square of their motion, without the initial height: a height adds
// nothing that a network could do wrong but the rounding of the sum.
func (s *session[T]) passMark() float64 {
	mark := 1e-4
	if o := s.spec.Optimiser; s.spec.Precision == "float64" && (o == "gauss-newton" || o == "lbfgs") {
		mark = 1e-10
	}
	x := s.problem.Scales().Length / 4.9
	rounding := 0x1p-52 * s.problem.Height
	return mark*x*x + rounding*rounding
}

// gravityMark is the error of g, in m/s², that a method must reach. An error
// e(t) that varies over the interval T has a second derivative of about
// (2π/T)² e. Where the initial velocity makes the scale of the motion, that
// may be more than g itself: g is found when it is known to one part in 20.
func (s *session[T]) gravityMark() float64 {
	t := s.problem.End - s.problem.Start
	mark := 4 * math.Pi * math.Pi * math.Sqrt(s.passMark()) / (t * t)
	if g := math.Abs(s.problem.Gravity); g > 0 {
		mark = min(mark, g/20)
	}
	return mark
}

func (s *session[T]) meanSquareRuler(mse float64) experiment.Ruler {
	return ruler(experiment.Ruler{
		Name: "mean squared error", Text: experiment.Text{En: "mean squared error", Ja: "平均二乗誤差"},
		Value: mse, Exact: 0, Unit: "m²", Source: "h + vt - gt²/2", PassMark: s.passMark(),
	})
}

func (s *session[T]) rulers(tr pinn.Trajectory, mse, largest float64) []experiment.Ruler {
	g, sigma := tr.Gravity()
	mark := math.Sqrt(s.passMark())
	return []experiment.Ruler{
		s.meanSquareRuler(mse),
		ruler(experiment.Ruler{
			// The largest of a smooth error lies within a few root mean squares.
			Name: "largest error", Text: experiment.Text{En: "largest error", Ja: "最大誤差"},
			Value: largest, Exact: 0, Unit: "m", Source: "h + vt - gt²/2", PassMark: 5 * mark,
		}),
		ruler(experiment.Ruler{
			Name: "gravity", Text: experiment.Text{En: "g recovered from x″", Ja: "x″ から求めた g"},
			Value: g, Exact: s.problem.Gravity, Sigma: &sigma, Unit: "m/s²", Source: "x″ = -g", PassMark: s.gravityMark(),
		}),
	}
}

func ruler(r experiment.Ruler) experiment.Ruler {
	r.Error = math.Abs(r.Value - r.Exact)
	r.OK = r.Error <= r.PassMark
	return r
}

func (s *session[T]) figures(tr pinn.Trajectory) []experiment.Curve {
	exact := make([]float64, len(tr.Time))
	diff := make([]float64, len(tr.Time))
	for i, t := range tr.Time {
		exact[i] = s.problem.Position(t)
		diff[i] = math.Abs(tr.Position[i] - exact[i])
	}
	time := experiment.Axis{Label: experiment.Text{En: "time", Ja: "時刻"}, Unit: "s"}
	step := experiment.Axis{Label: experiment.Text{En: "step", Ja: "ステップ"}}
	return []experiment.Curve{
		{
			Figure: "solution", Title: Experiment().Title, X: time,
			Y: experiment.Axis{Label: experiment.Text{En: "height", Ja: "高さ"}, Unit: "m"},
			Lines: []experiment.Line{
				{Label: experiment.Text{En: "network", Ja: "ネットワーク"}, X: tr.Time, Y: tr.Position},
				{Label: experiment.Text{En: "exact", Ja: "厳密解"}, X: tr.Time, Y: exact, Exact: true},
			},
		},
		{
			Figure: "solution", X: time,
			Y:     experiment.Axis{Label: experiment.Text{En: "absolute error", Ja: "絶対誤差"}, Unit: "m", Log: true},
			Lines: []experiment.Line{{Label: experiment.Text{En: "|network - exact|", Ja: "|ネットワーク - 厳密解|"}, X: tr.Time, Y: diff}},
		},
		{
			Figure: "training", Title: experiment.Text{En: "Training", Ja: "学習"}, X: step,
			Y:     experiment.Axis{Label: experiment.Text{En: "loss and error", Ja: "損失と誤差"}, Log: true},
			Lines: []experiment.Line{s.loss, s.errors},
		},
	}
}

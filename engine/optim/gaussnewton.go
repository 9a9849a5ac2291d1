package optim

import (
	"fmt"
	"math"

	"github.com/gakuri-lab/gakuri/engine/train"
)

// GaussNewtonOptions configures Gauss-Newton. The zero value is Nielsen's
// damping with the second-order correction, without scaling.
type GaussNewtonOptions struct {
	// Damping is the first μ as a part of the largest diagonal element of
	// JᵀJ; 0 means 1e-3 (Nielsen's τ for a start that is not yet near).
	Damping float64
	// Ease is the least factor on μ after a good step; 0 means 1/3, Nielsen's.
	// Where the linear model holds far, as for networks with many parameters,
	// 1/100 lets the damping fall as fast as the residual.
	Ease float64
	// Scale measures each parameter in units of the largest norm its column
	// of J has had (Marquardt's scaling as Moré has it). It makes the steps
	// independent of the parameters' units.
	Scale bool
	// Bend adds the second-order correction of Transtrum and Sethna to each
	// step, which follows the curved valleys that networks have; a step whose
	// correction a is too large a part of it, 2‖a‖ > Bend·‖δ‖, is refused. It
	// costs one residual and one back-substitution. 0 means 0.75; negative
	// means no correction.
	Bend float64

	// StepTol ends the run when a step is shorter than StepTol·‖x‖; 0 means
	// 2⁻⁵², the spacing of the numbers.
	StepTol float64
	// GradTol ends the run when the residual is orthogonal to the columns
	// of J: max_j |J_jᵀr|/(‖J_j‖‖r‖) ≤ GradTol, MINPACK's measure, free of
	// units. 0 means only when it is exactly so.
	GradTol float64

	Threads int // workers of the linear algebra; 0 means 1
}

// GaussNewton minimises ½‖r(x)‖² by damped Gauss-Newton steps: each solves
//
//	(JᵀJ + μD²) δ = -Jᵀr
//
// with D the scaling (or 1), and takes x + δ if the residual falls. The gain
// ratio of actual and predicted fall sets the next μ. With more parameters
// than residuals it solves the same system from the side of the residuals,
//
//	δ = -D⁻²Jᵀ (JD⁻²Jᵀ + μ)⁻¹ r.
//
// A step costs one Jacobian, N·P·min(N,P) for the matrix, and for each damping
// tried min(N,P)³/3 and two residuals. It is a train.Stepper: Step returns ½‖r‖² of the x it
// leaves, and a train.HaltError with the reason when nothing more can be
// gained. Between steps the residuals may change (new points); their number
// too.
//
// Sources: Levenberg 1944; Marquardt 1963; Moré 1978; H. B. Nielsen, report
// IMM-REP-1999-05 (1999), eq. (2.5); Madsen, Nielsen and Tingleff, Methods
// for Non-Linear Least Squares Problems (2004), Algorithm 3.16; Transtrum and
// Sethna, arXiv:1201.5885 (2012).
type GaussNewton struct {
	opt  GaussNewtonOptions
	res  Residuals
	x    []float64
	diag []float64 // D, with Scale

	mu, nu float64 // damping and the factor of its next rise; mu < 0 before the first step
	// Near the end the predicted fall is below the rounding of the loss:
	// promise is the least of these falls, 0 before there is one, and idle
	// counts steps in a row that did not halve it.
	promise float64
	idle    int
	// straight leaves out the second-order correction: by option, or because
	// near the solution it had become the rounding of r, magnified by 2/h².
	straight bool

	n, p     int
	r, trial []float64 // residuals at x and at x + δ
	jac      []float64 // [n × p], columns divided by D
	grad     []float64 // Jᵀr
	norms    []float64 // of the columns of jac
	delta    []float64 // the step, in units of D
	next     []float64 // x + δ
	bend     []float64 // its second-order correction
	pull     []float64 // Jᵀr''/2, for the correction
	jd       []float64 // J δ
	sys      normal
}

// NewGaussNewton minimises res from x, in place.
func NewGaussNewton(res Residuals, x []float64, opt GaussNewtonOptions) *GaussNewton {
	opt.Damping = or(opt.Damping, 1e-3)
	opt.Ease = or(opt.Ease, 1./3)
	opt.StepTol = or(opt.StepTol, 0x1p-52)
	opt.Bend = or(opt.Bend, 0.75)
	opt.Threads = max(opt.Threads, 1)
	_, p := res.Size()
	if p != len(x) {
		panic(fmt.Sprintf("optim: residuals of %d parameters started from %d", p, len(x)))
	}
	o := &GaussNewton{opt: opt, res: res, x: x, mu: -1, nu: 2, p: p, straight: opt.Bend < 0}
	o.diag = make([]float64, p)
	for _, v := range []*[]float64{&o.grad, &o.norms, &o.delta, &o.next, &o.bend, &o.pull} {
		*v = make([]float64, p)
	}
	return o
}

// Damping returns the current μ, in units of JᵀJ; negative before the first
// step.
func (o *GaussNewton) Damping() float64 { return o.mu }

// Step takes one step and returns ½‖r‖² at the new x.
func (o *GaussNewton) Step() (float64, error) {
	f, halt := o.linearise()
	if halt != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return f, asError(halt)
	}
	first := o.mu
	for tries := 0; ; tries++ {
		t := o.try(f, o.mu)
		if t.accepted || t.unclear && o.flatter() {
			return o.accept(f, t, tries)
		}
		if t.short && !o.straight {
			o.straight, o.mu, o.nu = true, first, 2
			continue
		}
		if t.short {
			return f, &train.HaltError{Stop: train.Stalled,
				Reason: fmt.Sprintf("no step of relative length %.1g or more lowers the residual", o.opt.StepTol)}
		}
		o.mu *= o.nu
		o.nu *= 2
		if math.IsInf(o.mu, 1) {
			return f, &train.HaltError{Stop: train.Stalled, Reason: "the damping overflowed"}
		}
	}
}

// asError keeps a nil *HaltError from becoming an error.
func asError(h *train.HaltError) error {
	if h == nil {
		return nil
	}
	return h
}

// linearise fills r, J, Jᵀr and the matrix of the normal equations at x and
// returns ½‖r‖².
func (o *GaussNewton) linearise() (float64, *train.HaltError) {
	n, p := o.res.Size()
	if p != o.p {
		panic(fmt.Sprintf("optim: residuals of %d parameters had %d before", p, o.p))
	}
	if n != o.n {
		o.n = n
		o.r, o.trial, o.jd = make([]float64, n), make([]float64, n), make([]float64, n)
		o.jac = make([]float64, n*p)
	}
	o.res.Jacobian(o.x, o.r, o.jac, p)
	f := dot(o.r, o.r) / 2
	if f == 0 {
		return 0, &train.HaltError{Stop: train.Converged, Reason: "every residual is zero"}
	}
	if o.opt.Scale || o.opt.GradTol > 0 {
		columnNorms(o.norms, o.jac)
	}
	if o.opt.Scale {
		o.rescale()
	}
	timesT(o.grad, o.jac, o.r)
	if angle := o.angle(f); angle <= o.opt.GradTol {
		return f, &train.HaltError{Stop: train.Converged,
			Reason: fmt.Sprintf("residual and Jacobian are orthogonal to %.1g", angle)}
	}
	o.sys.form(o.jac, n, p, o.opt.Threads)
	top := o.sys.maxDiag()
	if o.mu < 0 {
		o.mu = o.opt.Damping * top
	}
	// Below this the sum with the diagonal would not change.
	o.mu = max(o.mu, 0x1p-52*top)
	return f, nil
}

// angle returns max_j |J_jᵀr|/(‖J_j‖‖r‖), or without a tolerance for it only
// whether it is 0.
func (o *GaussNewton) angle(f float64) float64 {
	angle, rn := 0.0, math.Sqrt(2*f)
	for j, g := range o.grad {
		switch {
		case g == 0:
		case o.opt.GradTol == 0:
			return 1
		default:
			angle = max(angle, math.Abs(g)/(o.norms[j]*rn))
		}
	}
	return angle
}

// rescale updates D, the largest norms the columns have had, and applies it.
func (o *GaussNewton) rescale() {
	for j, s := range o.norms {
		o.diag[j] = max(o.diag[j], s)
		if o.diag[j] > 0 {
			o.norms[j] /= o.diag[j]
		}
	}
	o.applyScale()
}

// applyScale divides the columns of jac by D, with Scale.
func (o *GaussNewton) applyScale() {
	if !o.opt.Scale {
		return
	}
	for i := range o.n {
		for j, row := 0, o.jac[i*o.p:(i+1)*o.p]; j < o.p; j++ {
			row[j] = o.unscale(j, row[j])
		}
	}
}

// trial is the outcome of one damping.
type trial struct {
	accepted  bool
	unclear   bool    // f rose, but by so little that it may be rounding
	short     bool    // the step is below StepTol
	f         float64 // ½‖r‖² at the new x
	predicted float64 // fall of f that the linear model promises
	gain      float64 // actual over predicted fall
}

// try solves for δ at damping mu and evaluates the residual at x + δ, which
// it leaves in next.
func (o *GaussNewton) try(f, mu float64) trial {
	var t trial
	if !o.sys.factor(mu, o.opt.Threads) {
		return t
	}
	o.sys.solve(o.delta, o.jac, o.r, o.grad)
	times(o.jd, o.jac, o.delta)
	bent := !o.straight
	if bent {
		o.curve()
	}
	length, size := 0.0, 0.0
	for j, d := range o.delta {
		if bent {
			d += o.bend[j]
		}
		d = o.unscale(j, d)
		o.next[j] = o.x[j] + d
		length += d * d
		size += o.x[j] * o.x[j]
	}
	t.short = math.Sqrt(length) <= o.opt.StepTol*(math.Sqrt(size)+o.opt.StepTol)
	// The fall that the linear model predicts, from δ itself, so that an
	// inexact solution is judged by what it is: ‖r‖²/2 - ‖r + Jδ‖²/2.
	t.predicted = -dot(o.grad, o.delta) - dot(o.jd, o.jd)/2
	if !(t.predicted > 0) || bent && !(2*Norm(o.bend) <= o.opt.Bend*Norm(o.delta)) {
		return t
	}
	o.res.Eval(o.next, o.trial)
	t.f = dot(o.trial, o.trial) / 2
	// (r-r')(r+r') instead of r²-r'²: a small fall keeps its digits.
	fall := 0.0
	for i, a := range o.r {
		b := o.trial[i]
		fall += (a - b) * (a + b)
	}
	fall /= 2
	t.gain = fall / t.predicted
	t.accepted = fall > 0
	// The rounding of f is not that of its sum but that of the residuals,
	// differences of larger numbers: 2⁻³⁰ leaves them a factor 10⁶.
	t.unclear = fall <= 0 && max(-fall, t.predicted) <= 0x1p-30*f
	return t
}

// flatter decides on a step whose fall is lost in rounding by the slope along
// it, which keeps its digits: it must be smaller at next than at x. If it is
// not, the Jacobian of x is restored.
func (o *GaussNewton) flatter() bool {
	before := dot(o.grad, o.delta)
	o.res.Jacobian(o.next, o.trial, o.jac, o.p)
	o.applyScale()
	timesT(o.pull, o.jac, o.trial)
	if math.Abs(dot(o.pull, o.delta)) <= 0.9*math.Abs(before) {
		return true
	}
	o.res.Jacobian(o.x, o.r, o.jac, o.p)
	o.applyScale()
	return false
}

// curve stores in bend the second-order correction of the step,
//
//	a = -½ (JᵀJ + μD²)⁻¹ Jᵀr'',  r'' = 2/h · ((r(x + hδ) - r(x))/h - Jδ),
//
// with the second derivative r” along δ from one residual at h = 0.1.
//
// Source: Transtrum and Sethna, arXiv:1201.5885, eqs. (15)-(18).
func (o *GaussNewton) curve() {
	const h = 0.1
	for j, d := range o.delta {
		o.next[j] = o.x[j] + h*o.unscale(j, d)
	}
	o.res.Eval(o.next, o.trial)
	for i, a := range o.r {
		o.trial[i] = ((o.trial[i]-a)/h - o.jd[i]) / h
	}
	timesT(o.pull, o.jac, o.trial)
	o.sys.solve(o.bend, o.jac, o.trial, o.pull)
}

// unscale turns d, in units of D_j, into a change of x_j.
func (o *GaussNewton) unscale(j int, d float64) float64 {
	if o.opt.Scale && o.diag[j] > 0 {
		return d / o.diag[j]
	}
	return d
}

// accept moves to the trial point and sets the next damping.
func (o *GaussNewton) accept(f float64, t trial, tries int) (float64, error) {
	copy(o.x, o.next)
	if t.accepted {
		// Nielsen 1999, eq. (2.5): smooth between 1/3 and 2, whatever ν was.
		c := 2*t.gain - 1
		o.mu *= min(2, max(o.opt.Ease, 1-c*c*c))
	}
	o.nu = 2
	switch {
	case t.predicted > 0x1p-50*f:
		o.promise, o.idle = 0, 0
	case o.promise == 0 || t.predicted < o.promise/2:
		o.promise, o.idle = t.predicted, 0
	default:
		o.idle++
	}
	switch {
	case t.short && tries == 0:
		return t.f, &train.HaltError{Stop: train.Converged,
			Reason: fmt.Sprintf("the step is below %.1g of the parameters", o.opt.StepTol)}
	case o.idle >= 3:
		return t.f, &train.HaltError{Stop: train.Converged,
			Reason: fmt.Sprintf("the predicted fall stays at %.1g of the loss, below its rounding", t.predicted/f)}
	}
	return t.f, nil
}

// Save adds x, the damping and the scaling to c, and the state of the
// residuals if they have one.
func (o *GaussNewton) Save(c *train.Checkpoint) {
	train.Put(c, "x", o.x)
	train.Put(c, "gaussnewton/scale", o.diag)
	train.Put(c, "gaussnewton/damping", []float64{o.mu, o.nu, o.promise})
	c.SetInt("gaussnewton/idle", o.idle)
	straight := 0
	if o.straight {
		straight = 1
	}
	c.SetInt("gaussnewton/straight", straight)
	if s, ok := o.res.(train.State); ok {
		s.Save(c)
	}
}

// Restore brings back what Save added.
func (o *GaussNewton) Restore(c *train.Checkpoint) error {
	x, err := train.Get[float64](c, "x", o.p)
	if err != nil {
		return err
	}
	diag, err := train.Get[float64](c, "gaussnewton/scale", o.p)
	if err != nil {
		return err
	}
	mu, err := train.Get[float64](c, "gaussnewton/damping", 3)
	if err != nil {
		return err
	}
	idle, err := c.Int("gaussnewton/idle")
	if err != nil {
		return err
	}
	straight, err := c.Int("gaussnewton/straight")
	if err != nil {
		return err
	}
	if s, ok := o.res.(train.State); ok {
		if err := s.Restore(c); err != nil {
			return err
		}
	}
	copy(o.x, x)
	copy(o.diag, diag)
	o.mu, o.nu, o.promise = mu[0], mu[1], mu[2]
	o.idle, o.straight = idle, straight != 0
	return nil
}

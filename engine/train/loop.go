package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Stepper is what a run drives: a method on a problem, with its parameters.
//
// Step takes one step and returns the loss of the state it leaves, the state
// that Save would save. It ends the run with a [HaltError]; any other error
// is a fault of the problem and is passed on.
type Stepper interface {
	Step() (loss float64, err error)
	State
}

// Options configures a run. The zero value takes no steps.
type Options struct {
	Steps      int     // steps in all, those before From included
	Goal       float64 // stop when loss ≤ Goal, also below zero; 0 means no goal
	Patience   int     // stop after so many steps without gain and go back to the best; 0 means never
	MinGain    float64 // relative fall of the loss that counts as gain; 0 means any fall
	Every      int     // steps between reports; 0 means 1
	Checkpoint int     // steps between calls of Keep; 0 means at the end only
	Guard      int     // steps between the copies kept against divergence; 0 means 50

	// From is the checkpoint to go on from; nil means the stepper as it is.
	From *Checkpoint
	// Keep receives checkpoints: from each, a run goes on with the same bits.
	// The checkpoint is Keep's to read until it returns; an error ends the
	// run. nil means none are made.
	Keep func(*Checkpoint) error
}

// Report is the state of a run after a step.
type Report struct {
	Step     int     // steps taken
	Steps    int     // of so many
	Loss     float64 // after this step
	Best     float64 // lowest loss so far
	BestStep int     // its step
}

// Result is how a run ended.
type Result struct {
	Stop   Stop
	Reason string // one clause for the reader
	Report        // after the last step taken
}

// run is the loop's own state, which goes into every checkpoint beside the
// stepper's.
type run struct {
	opt   Options
	s     Stepper
	now   Report
	base  float64     // loss against which gain is measured
	since int         // step of the last gain
	best  *Checkpoint // state of the best step, with Patience only
	guard *Checkpoint // last copy with a finite loss
	safe  guarded     // of the loop, at the guard
	keep  *Checkpoint // reused for Keep
}

// Run takes steps until one of the reasons of [Stop] holds and says which.
// report, unless nil, is called after every opt.Every steps and after the
// last.
//
// The error is a *DivergedError if a loss was not finite, or what Step, Keep
// or Restore returned. Cancelling ctx is no error: it ends the run between two
// steps with Stop Cancelled, and the checkpoint given to Keep resumes it.
//
// With Patience the stepper ends in its best state, whatever ended the run
// (unless it was cancelled); the checkpoint given to Keep before that is of
// the last state, so that a longer budget can go on from it. After divergence
// it is of the last state kept with a finite loss.
func Run(ctx context.Context, s Stepper, opt Options, report func(Report)) (Result, error) {
	opt.Every = max(opt.Every, 1)
	if opt.Guard <= 0 {
		opt.Guard = 50
	}
	inf := math.Inf(1)
	r := &run{opt: opt, s: s, base: inf, guard: &Checkpoint{}, keep: &Checkpoint{}}
	r.now = Report{Steps: opt.Steps, Loss: inf, Best: inf}
	if opt.From != nil {
		if err := r.restore(opt.From); err != nil {
			return Result{}, err
		}
	}
	r.protect()
	reported, kept := r.now.Step, -1
	for {
		res, err := r.step(ctx)
		if err != nil {
			return res, err
		}
		n := r.now.Step
		if report != nil && n != reported && (res.Stop != "" || n%opt.Every == 0) {
			report(r.now)
			reported = n
		}
		if opt.Keep != nil && n != kept && (res.Stop != "" || opt.Checkpoint > 0 && n%opt.Checkpoint == 0) {
			r.save(r.keep)
			if err := opt.Keep(r.keep); err != nil {
				return res, err
			}
			kept = n
		}
		if res.Stop != "" {
			return res, r.goBack(res.Stop)
		}
	}
}

// step takes one step, or none if the run is over; a Stop that is not empty
// ends the run.
func (r *run) step(ctx context.Context) (Result, error) {
	end := func(s Stop, format string, a ...any) Result {
		return Result{Stop: s, Reason: fmt.Sprintf(format, a...), Report: r.now}
	}
	switch {
	case r.opt.Goal != 0 && r.now.Loss <= r.opt.Goal:
		return end(Converged, "loss %.3g ≤ goal %.3g", r.now.Loss, r.opt.Goal), nil
	case r.now.Step >= r.opt.Steps:
		return end(Budget, "all %d steps taken", r.opt.Steps), nil
	case r.opt.Patience > 0 && r.now.Step-r.since >= r.opt.Patience:
		return end(Patience, "no gain for %d steps", r.opt.Patience), nil
	case ctx.Err() != nil:
		return end(Cancelled, "stopped by the user before step %d", r.now.Step+1), nil
	}
	loss, err := r.s.Step()
	var halt *HaltError
	if err != nil && !errors.As(err, &halt) {
		return Result{Report: r.now}, fmt.Errorf("train: step %d: %w", r.now.Step+1, err)
	}
	r.now.Step++
	r.now.Loss = loss
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		res := end(Diverged, "loss %v", loss)
		if err := r.recover(); err != nil {
			return res, err
		}
		return res, &DivergedError{Step: res.Step, Loss: loss, Kept: r.guard.Step}
	}
	r.count()
	if halt != nil {
		return end(halt.Stop, "%s", halt.Reason), nil
	}
	return Result{}, nil
}

// count takes the loss of a finite step into the run's state.
func (r *run) count() {
	n := &r.now
	if n.Loss < r.base-r.opt.MinGain*math.Abs(r.base) || math.IsInf(r.base, 1) {
		r.base, r.since = n.Loss, n.Step
	}
	if n.Loss < n.Best {
		n.Best, n.BestStep = n.Loss, n.Step
		if r.opt.Patience > 0 {
			if r.best == nil {
				r.best = &Checkpoint{}
			}
			r.s.Save(r.best)
			r.best.Step = n.Step
		}
	}
	if n.Step%r.opt.Guard == 0 {
		r.protect()
	}
}

// guarded is what of the loop's state belongs to the guard's step.
type guarded struct {
	loss, base float64
	since      int
}

// protect keeps a copy of the present state against divergence.
func (r *run) protect() {
	r.s.Save(r.guard)
	r.guard.Step = r.now.Step
	r.safe = guarded{r.now.Loss, r.base, r.since}
}

// recover goes back to the guard and gives that state to Keep.
func (r *run) recover() error {
	if err := r.s.Restore(r.guard); err != nil || r.opt.Keep == nil {
		return err
	}
	r.now.Step, r.now.Loss, r.base, r.since = r.guard.Step, r.safe.loss, r.safe.base, r.safe.since
	r.save(r.keep)
	return r.opt.Keep(r.keep)
}

// goBack leaves the stepper in its best state if the run kept it.
func (r *run) goBack(s Stop) error {
	if r.best == nil || s == Cancelled || r.now.BestStep == r.now.Step {
		return nil
	}
	return r.s.Restore(r.best)
}

// bestPrefix marks the parts of a checkpoint that belong to the best state.
const bestPrefix = "best/"

// save fills c with the stepper's state and the loop's.
func (r *run) save(c *Checkpoint) {
	c.Step = r.now.Step
	r.s.Save(c)
	c.SetFloat("run/loss", r.now.Loss)
	c.SetFloat("run/best", r.now.Best)
	c.SetInt("run/beststep", r.now.BestStep)
	c.SetFloat("run/base", r.base)
	c.SetInt("run/since", r.since)
	if r.best == nil {
		return
	}
	for k, v := range r.best.Meta {
		c.set(bestPrefix+k, v)
	}
	for _, t := range r.best.Tensors {
		if t.F32 != nil {
			Put(c, bestPrefix+t.Name, t.F32)
		} else {
			Put(c, bestPrefix+t.Name, t.F64)
		}
	}
}

// restore is the inverse of save.
func (r *run) restore(c *Checkpoint) error {
	n := &r.now
	n.Step = c.Step
	var err1, err2, err3, err4, err5 error
	n.Loss, err1 = c.Float("run/loss")
	n.Best, err2 = c.Float("run/best")
	n.BestStep, err3 = c.Int("run/beststep")
	r.base, err4 = c.Float("run/base")
	r.since, err5 = c.Int("run/since")
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return err
	}
	if r.opt.Patience > 0 {
		best := &Checkpoint{Step: n.BestStep}
		for k, v := range c.Meta {
			if name, ok := strings.CutPrefix(k, bestPrefix); ok {
				best.set(name, v)
			}
		}
		for _, t := range c.Tensors {
			if name, ok := strings.CutPrefix(t.Name, bestPrefix); ok {
				t.Name = name
				best.Tensors = append(best.Tensors, t)
			}
		}
		if len(best.Tensors) > 0 {
			r.best = best.Clone()
		}
	}
	return r.s.Restore(c)
}

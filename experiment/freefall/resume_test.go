package freefall_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/train"
	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/experiment/freefall"
)

// sameWeights compares bit for bit.
func sameWeights(t *testing.T, what string, a, b []train.Tensor) {
	t.Helper()
	if len(a) != len(b) || len(a) == 0 {
		t.Fatalf("%s: %d and %d tensors", what, len(a), len(b))
	}
	for i := range a {
		if a[i].Name != b[i].Name || len(a[i].F32)+len(a[i].F64) != len(b[i].F32)+len(b[i].F64) {
			t.Fatalf("%s: tensor %d is %s and %s", what, i, a[i].Name, b[i].Name)
		}
		for k := range a[i].F64 {
			if math.Float64bits(a[i].F64[k]) != math.Float64bits(b[i].F64[k]) {
				t.Fatalf("%s: %s[%d] is %v and %v", what, a[i].Name, k, a[i].F64[k], b[i].F64[k])
			}
		}
		for k := range a[i].F32 {
			if math.Float32bits(a[i].F32[k]) != math.Float32bits(b[i].F32[k]) {
				t.Fatalf("%s: %s[%d] is %v and %v", what, a[i].Name, k, a[i].F32[k], b[i].F32[k])
			}
		}
	}
}

// TestThreads: the weights of one, two and three workers have the same bits.
// The problem is that of the README, large enough to be shared.
func TestThreads(t *testing.T) {
	for _, s := range []freefall.Spec{
		{Steps: 3, Goal: new(0.0)},
		{Steps: 20, Optimiser: "lbfgs"},
		{Steps: 50, Optimiser: "adam"},
		{Steps: 50, Optimiser: "adam", Precision: "float32", Conditions: "soft"},
	} {
		s.Points = 1003 // no whole number of tiles
		if small() {
			s.Points, s.Steps = 303, 2
		}
		one := run(t, s, experiment.Options{Seed: 5, Threads: 1})
		for _, n := range []int{2, 3} {
			many := run(t, s, experiment.Options{Seed: 5, Threads: n})
			sameWeights(t, s.Optimiser+" "+s.Precision, one.Weights, many.Weights)
		}
	}
}

// TestResume cancels a run at a step and goes on from its checkpoint: the
// weights are those of the uninterrupted run, bit for bit.
func TestResume(t *testing.T) {
	for _, tt := range []struct {
		spec freefall.Spec
		cut  int
	}{
		{freefall.Spec{Steps: 5, Goal: new(0.0)}, 2},
		{freefall.Spec{Steps: 12, Conditions: "soft", Start: "wide"}, 5},
		{freefall.Spec{Steps: 40, Optimiser: "lbfgs"}, 17},
		{freefall.Spec{Steps: 40, Optimiser: "lbfgs", Precision: "float32"}, 1},
		{freefall.Spec{Steps: 60, Optimiser: "adam", Schedule: "cosine"}, 23},
		{freefall.Spec{Steps: 60, Optimiser: "adam", Precision: "float32"}, 59},
		{freefall.Spec{Steps: 60, Optimiser: "adamw"}, 31},
		{freefall.Spec{Steps: 60, Optimiser: "rmsprop", Schedule: "exponential"}, 30},
		{freefall.Spec{Steps: 60, Optimiser: "sgd"}, 7},
	} {
		name := tt.spec.Optimiser + " " + tt.spec.Precision
		tt.spec.Points, tt.spec.Widths = 100, []int{16, 16}
		whole := run(t, tt.spec, experiment.Options{Seed: 3})

		ctx, cancel := context.WithCancel(context.Background())
		sink := &tape{on: func(f experiment.Frame) {
			if p, ok := f.(experiment.Progress); ok && p.Step == tt.cut {
				cancel()
			}
		}}
		part, err := freefall.Run(ctx, tt.spec, experiment.Options{Seed: 3}, sink)
		cancel()
		if err != nil || part.Stop != train.Cancelled || part.Steps != tt.cut {
			t.Errorf("%s: stopped as %q after %d steps, error %v; want cancelled at %d", name, part.Stop, part.Steps, err, tt.cut)
			continue
		}
		if part.Checkpoint == nil || part.Checkpoint.Step != tt.cut || len(part.Rulers) == 0 {
			t.Errorf("%s: cancelled with checkpoint %v and %d rulers", name, part.Checkpoint, len(part.Rulers))
			continue
		}
		rest := run(t, tt.spec, experiment.Options{Seed: 99, Resume: part.Checkpoint}) // the seed is spent
		if rest.Steps != whole.Steps || rest.Stop != whole.Stop {
			t.Errorf("%s: resumed to step %d, %s; the whole run %d, %s", name, rest.Steps, rest.Stop, whole.Steps, whole.Stop)
		}
		sameWeights(t, name, whole.Weights, rest.Weights)
	}
}

// TestCancelledAtOnce: a run that was stopped before its first step still has
// a result and a state to go on from.
func TestCancelledAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := light(freefall.Spec{})
	res, err := freefall.Run(ctx, s, experiment.Options{Seed: 3}, &tape{})
	if err != nil || res.Stop != train.Cancelled || res.Steps != 0 || res.Checkpoint == nil {
		t.Fatalf("stopped as %q after %d steps, checkpoint %v, error %v", res.Stop, res.Steps, res.Checkpoint, err)
	}
	sameWeights(t, "from step 0", run(t, s, experiment.Options{Seed: 3}).Weights,
		run(t, s, experiment.Options{Resume: res.Checkpoint}).Weights)
}

// TestForeignCheckpoint: a state of another network is refused.
func TestForeignCheckpoint(t *testing.T) {
	s := freefall.Spec{Optimiser: "adam", Steps: 2, Points: 10, Widths: []int{4}}
	c := run(t, s, experiment.Options{}).Checkpoint
	for _, other := range []freefall.Spec{
		{Optimiser: "adam", Steps: 4, Points: 10, Widths: []int{5}},
		{Optimiser: "lbfgs", Steps: 4, Points: 10, Widths: []int{4}},
		{Optimiser: "adam", Steps: 4, Points: 10, Widths: []int{4}, Precision: "float32"},
	} {
		_, err := freefall.Run(context.Background(), other, experiment.Options{Resume: c}, &tape{})
		if err == nil || !strings.Contains(err.Error(), "checkpoint") {
			t.Errorf("%s %s %v goes on from a state of adam float64 [4]: %v", other.Optimiser, other.Precision, other.Widths, err)
		}
	}
}

// TestDiverged takes steps that are far too long.
func TestDiverged(t *testing.T) {
	for _, precision := range []string{"float64", "float32"} {
		s := freefall.Spec{Optimiser: "sgd", Rate: 1e3, Points: 50, Precision: precision}
		res, err := freefall.Run(context.Background(), s, experiment.Options{Seed: 1}, &tape{})
		d, ok := errors.AsType[*train.DivergedError](err)
		if !ok || res.Stop != train.Diverged {
			t.Fatalf("%s: stopped as %q, error %v; want a DivergedError", precision, res.Stop, err)
		}
		if d.Kept >= d.Step || res.Steps != d.Step {
			t.Errorf("%s: diverged at step %d of %d, kept %d", precision, d.Step, res.Steps, d.Kept)
		}
		if res.Checkpoint == nil || res.Checkpoint.Step != d.Kept {
			t.Fatalf("%s: checkpoint %v, want one of step %d", precision, res.Checkpoint, d.Kept)
		}
		for _, list := range [][]train.Tensor{res.Weights, res.Checkpoint.Tensors} {
			if len(list) == 0 {
				t.Errorf("%s: no weights kept", precision)
			}
			for _, w := range list {
				for _, v := range w.F64 {
					if math.IsNaN(v) || math.IsInf(v, 0) {
						t.Fatalf("%s: %s holds %v", precision, w.Name, v)
					}
				}
				for _, v := range w.F32 {
					if v64 := float64(v); math.IsNaN(v64) || math.IsInf(v64, 0) {
						t.Fatalf("%s: %s holds %v", precision, w.Name, v)
					}
				}
			}
		}
		for _, r := range res.Rulers {
			if r.OK {
				t.Errorf("%s: %s passes with error %g", precision, r.Name, r.Error)
			}
		}
	}
}

package freefall_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/experiment/freefall"
)

// TestImpossible: each impossible spec gives one sentence, and nothing runs.
func TestImpossible(t *testing.T) {
	tests := []struct {
		spec freefall.Spec
		want string
	}{
		{freefall.Spec{Points: -1}, `points: -1 is out of range: give 1 to 1000000`},
		{freefall.Spec{TestPoints: 1}, `test-points: 1 is out of range: give 2 to 1000000`},
		{freefall.Spec{Widths: []int{32, -64}}, `widths: -64 is out of range: give 1 to 4096`},
		{freefall.Spec{Widths: make([]int, 17)}, `widths: 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0 has 17 values: give 1 to 16`},
		{freefall.Spec{Interval: []float64{1}}, `interval: 1 has 1 value: give 2`},
		{freefall.Spec{Interval: []float64{1, 1}}, `interval: from 1 s to 1 s is empty: give the earlier time first, such as 0,1`},
		{freefall.Spec{Interval: []float64{1, 0}}, `interval: from 1 s to 0 s is empty: give the earlier time first, such as 0,1`},
		{freefall.Spec{Interval: []float64{0, 1e-12}}, `interval: from 0 s to 1e-12 s is too short for the precision of its numbers: give at least 1e-09 s`},
		{freefall.Spec{Interval: []float64{999999, 999999.0000001}}, `interval: from 999999 s to 999999.0000001 s is too short for the precision of its numbers: give at least 0.001 s`},
		{freefall.Spec{Interval: []float64{0, math.NaN()}}, `interval: NaN s is out of range: give -1e6 to 1e6`},
		{freefall.Spec{Gravity: new(math.Inf(1))}, `gravity: +Inf m/s² is out of range: give -1e6 to 1e6`},
		{freefall.Spec{Height: new(-1e7)}, `height: -1e+07 m is out of range: give -1e6 to 1e6`},
		{freefall.Spec{Velocity: new(math.NaN())}, `velocity: NaN m/s is out of range: give -1e6 to 1e6`},
		{freefall.Spec{Conditions: "sotf"}, `conditions: "sotf" is not a choice: did you mean "soft"? (one of hard, soft)`},
		{freefall.Spec{Activation: "relu"}, `activation: "relu" is not a choice: did you mean "gelu"? (one of tanh, sin, sigmoid, softplus, gelu, silu)`},
		{freefall.Spec{Start: "zero"}, `start: "zero" is not a choice: give one of glorot, he, lecun, wide`},
		{freefall.Spec{Scaling: "log"}, `scaling: "log" is not a choice: give one of auto, none`},
		{freefall.Spec{Precision: "float16"}, `precision: "float16" is not a choice: did you mean "float64"? (one of float64, float32)`},
		{freefall.Spec{Precision: "float32"}, `precision: gauss-newton solves its equations in float64: choose --precision float64, or another optimiser`},
		{freefall.Spec{Optimiser: "newton"}, `optimiser: "newton" is not a choice: give one of gauss-newton, lbfgs, adam, adamw, rmsprop, sgd`},
		{freefall.Spec{Schedule: "linear"}, `schedule: "linear" is not a choice: give one of constant, cosine, exponential`},
		{freefall.Spec{Rate: -0.1, Optimiser: "adam"}, `rate: -0.1 is out of range: give more than 0, 1000 or less`},
		{freefall.Spec{Steps: -5}, `steps: -5 is out of range: give 1 to 1000000000`},
		{freefall.Spec{Goal: new(-1.0)}, `goal: -1 is out of range: give 0 to 1e6`},
		{freefall.Spec{Points: 9000, Widths: []int{100, 100}}, `optimiser: gauss-newton with 9000 points and 10401 parameters needs a dense matrix of the smaller number squared: use at most 8000 of one of them, or another optimiser`},
		{freefall.Spec{Points: 1_000_000}, `optimiser: gauss-newton with 1000000 points and 4289 parameters needs a Jacobian of 34.3 GB: use fewer points or neurons, at most 1.6 GB, or another optimiser`},
	}
	for _, tt := range tests {
		sink := &tape{}
		_, err := freefall.Run(context.Background(), tt.spec, experiment.Options{}, sink)
		if err == nil {
			t.Errorf("no error; want %q", tt.want)
			continue
		}
		if err.Error() != tt.want {
			t.Errorf("\n got %s\nwant %s", err, tt.want)
		}
		if len(sink.frames) > 0 {
			t.Errorf("%s: %d frames before it", err, len(sink.frames))
		}
	}
}

// TestDefaults: the zero value is the run of the README, and 0 is physics.
func TestDefaults(t *testing.T) {
	var s freefall.Spec
	experiment.Fill(&s)
	if *s.Gravity != 9.8 || *s.Velocity != 1 || *s.Height != 0 || s.Interval[0] != 0 || s.Interval[1] != 1 {
		t.Errorf("the problem is %g m/s², %g m/s, %g m on %v", *s.Gravity, *s.Velocity, *s.Height, s.Interval)
	}
	if s.Points != 1000 || s.TestPoints != 100 || !slices.Equal(s.Widths, []int{32, 64, 32}) || s.Activation != "tanh" {
		t.Errorf("%d points, %d test points, %v %s", s.Points, s.TestPoints, s.Widths, s.Activation)
	}
	for _, tt := range []struct {
		optimiser string
		steps     int
		goal      float64
	}{{"gauss-newton", 50, 2e-17}, {"lbfgs", 2000, 0}, {"adam", 5000, 0}, {"sgd", 5000, 0}} {
		s := freefall.Spec{Optimiser: tt.optimiser, Gravity: new(0.0)}
		experiment.Fill(&s)
		if s.Steps != tt.steps || *s.Goal != tt.goal || *s.Gravity != 0 {
			t.Errorf("%s: %d steps, goal %g, g %g; want %d, %g, 0", tt.optimiser, s.Steps, *s.Goal, *s.Gravity, tt.steps, tt.goal)
		}
	}
	for _, p := range freefall.Experiment().Presets {
		s := p.Spec()
		experiment.Fill(s)
		if err := experiment.Validate(s); err != nil {
			t.Errorf("preset %s: %v", p.Name, err)
		}
	}
}

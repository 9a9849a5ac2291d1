package freefall_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/experiment/freefall"
)

// tape is a sink that keeps every frame and shows it to on.
type tape struct {
	frames []experiment.Frame
	on     func(experiment.Frame)
}

func (s *tape) Put(f experiment.Frame) {
	s.frames = append(s.frames, f)
	if s.on != nil {
		s.on(f)
	}
}

// small says that a test does a smaller piece of its work.
func small() bool { return testing.Short() || portable }

func run(t testing.TB, spec freefall.Spec, opt experiment.Options) experiment.Result {
	t.Helper()
	res, err := freefall.Run(context.Background(), spec, opt, &tape{})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// demand holds a result against a mean squared error in m² and its own rulers.
func demand(t testing.TB, res experiment.Result, mark float64) {
	t.Helper()
	mse := res.Metrics["mean_squared_error"]
	t.Logf("mean squared error %.2g m² after %d steps, %s", mse, res.Steps, res.Stop)
	if !(mse <= mark) {
		t.Errorf("mean squared error %.3g m², want %.0e or less", mse, mark)
	}
	for _, r := range res.Rulers {
		if !r.OK || !(r.Error <= r.PassMark) {
			t.Errorf("%s is %g, exact %g: error %.3g above its pass mark %.3g %s", r.Name, r.Value, r.Exact, r.Error, r.PassMark, r.Unit)
		}
	}
}

func preset(t testing.TB, name string) freefall.Spec {
	t.Helper()
	for _, p := range freefall.Experiment().Presets {
		if p.Name == name {
			return *p.Spec().(*freefall.Spec)
		}
	}
	t.Fatalf("no preset %q", name)
	return freefall.Spec{}
}

// TestDefault is the run of the README. It stops when the loss bounds the
// error by 4e-17 m² (docs/derivation/free-fall.md); 1e-14 is more than a
// hundred times that, and the issue of the experiment asks for 1e-10.
func TestDefault(t *testing.T) {
	seeds := 5
	if small() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			res := run(t, freefall.Spec{}, experiment.Options{Seed: uint64(seed)})
			demand(t, res, 1e-14)
			if res.Parameters != 4289 {
				t.Errorf("%d parameters, want 4289", res.Parameters)
			}
			if res.Stop != "converged" {
				t.Errorf("stopped as %q, want converged", res.Stop)
			}
		})
	}
}

// TestSoft has the initial conditions as penalties; one seed on all points.
func TestSoft(t *testing.T) {
	spec := preset(t, "soft")
	for seed := range 3 {
		if seed > 0 || small() {
			spec.Points = 200
		}
		demand(t, run(t, spec, experiment.Options{Seed: uint64(seed)}), 1e-10)
	}
}

// TestNotebook is the plain recipe for three of the ten seeds of
// BenchmarkNotebook.
func TestNotebook(t *testing.T) {
	seeds, spec := []uint64{3, 4, 8}, preset(t, "notebook")
	if small() {
		seeds, spec.Points = seeds[:1], 100
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			demand(t, run(t, spec, experiment.Options{Seed: seed, Threads: 1}), 1e-4)
		})
	}
}

// BenchmarkNotebook runs the plain recipe for ten seeds and reports the mean
// squared error of each, and the worst: make notebook.
func BenchmarkNotebook(b *testing.B) {
	for b.Loop() {
		worst := 0.0
		for seed := range uint64(10) {
			res := run(b, preset(b, "notebook"), experiment.Options{Seed: seed})
			demand(b, res, 1e-4)
			worst = max(worst, res.Metrics["mean_squared_error"])
		}
		b.ReportMetric(worst, "m²")
	}
}

// light is a smaller problem for Gauss-Newton where many are run.
func light(s freefall.Spec) freefall.Spec {
	s.Points = 200
	if small() {
		s.Points, s.Widths = 64, []int{16, 16}
	}
	return s
}

// TestPhysics changes the problem. The marks are those of the rulers, in units
// of the motion; relative to its square the error is below 1e-14, as in TestDefault.
func TestPhysics(t *testing.T) {
	tests := []struct {
		name   string
		spec   freefall.Spec
		motion float64 // m: the larger of |v|T and |g|T²/2
	}{
		{"Moon", freefall.Spec{Gravity: new(1.62), Velocity: new(5.0), Interval: []float64{0, 6}}, 30},
		{"no gravity", freefall.Spec{Gravity: new(0.0)}, 1},
		{"upward gravity", freefall.Spec{Gravity: new(-9.8)}, 4.9},
		{"nothing moves", freefall.Spec{Gravity: new(0.0), Velocity: new(0.0), Height: new(5.0)}, 1},
		{"around zero", freefall.Spec{Interval: []float64{-3, 5}}, 313.6},
		{"late", freefall.Spec{Interval: []float64{100, 101}}, 4.9},
		{"tower", freefall.Spec{Height: new(1e3), Interval: []float64{0, 14}}, 960.4},
		{"from space", freefall.Spec{Height: new(1e6)}, 4.9},
		{"a millionth of a second", freefall.Spec{Interval: []float64{0, 1e-6}}, 1e-6},
		{"fast", freefall.Spec{Velocity: new(-1e6)}, 1e6},
		{"metres and seconds", freefall.Spec{Scaling: "none", Interval: []float64{-1, 1}}, 19.6},
		{"soft tower", freefall.Spec{Height: new(1e3), Conditions: "soft", Start: "wide"}, 4.9},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mark := 1e-14 * tt.motion * tt.motion
			if tt.spec.Height != nil {
				mark += math.Pow(*tt.spec.Height*0x1p-52, 2) // rounding of a position
			}
			if tt.spec.Conditions == "soft" {
				mark *= 1e3 // as TestSoft
			}
			demand(t, run(t, light(tt.spec), experiment.Options{}), mark)
		})
	}
}

// TestActivations has every activation of the spec, by Gauss-Newton.
func TestActivations(t *testing.T) {
	for _, f := range experiment.Fields(&freefall.Spec{}) {
		if f.Flag != "activation" {
			continue
		}
		for _, name := range f.Choices {
			t.Run(name, func(t *testing.T) {
				demand(t, run(t, light(freefall.Spec{Activation: name}), experiment.Options{Seed: 1}), 1e-14)
			})
		}
	}
}

// TestStarts has every distribution of first weights.
func TestStarts(t *testing.T) {
	for _, f := range experiment.Fields(&freefall.Spec{}) {
		if f.Flag != "start" {
			continue
		}
		for _, name := range f.Choices {
			t.Run(name, func(t *testing.T) {
				demand(t, run(t, light(freefall.Spec{Start: name}), experiment.Options{Seed: 1}), 1e-14)
			})
		}
	}
}

// TestOptimisers has every optimiser but Gauss-Newton on a small network. What
// each must reach is some ten times what the worst of three seeds did.
func TestOptimisers(t *testing.T) {
	tests := []struct {
		spec freefall.Spec
		mark float64 // m²
	}{
		{freefall.Spec{Optimiser: "lbfgs", Steps: 500}, 1e-10},
		{freefall.Spec{Optimiser: "lbfgs", Steps: 500, Conditions: "soft"}, 1e-8},
		{freefall.Spec{Optimiser: "lbfgs", Steps: 500, Precision: "float32"}, 1e-9},
		{freefall.Spec{Optimiser: "adam", Schedule: "cosine"}, 1e-5},
		{freefall.Spec{Optimiser: "adam", Rate: 0.01, Schedule: "exponential", Precision: "float32"}, 1e-5},
		{freefall.Spec{Optimiser: "adamw", Rate: 0.01, Schedule: "cosine"}, 1e-5},
		{freefall.Spec{Optimiser: "rmsprop", Schedule: "cosine"}, 1e-5},
		{freefall.Spec{Optimiser: "sgd", Rate: 0.01}, 1e-4},
	}
	for _, tt := range tests {
		s := tt.spec
		s.Points, s.Widths = 64, []int{16, 16}
		t.Run(fmt.Sprintf("%s %s %s %s", s.Optimiser, s.Schedule, s.Conditions, s.Precision), func(t *testing.T) {
			seeds := 3
			if small() {
				seeds = 1
			}
			for seed := range seeds {
				res, err := freefall.Run(context.Background(), s, experiment.Options{Seed: uint64(seed)}, &tape{})
				if err != nil {
					t.Fatal(err)
				}
				mse := res.Metrics["mean_squared_error"]
				t.Logf("seed %d: mean squared error %.2g m² after %d steps, %s", seed, mse, res.Steps, res.Stop)
				if !(mse <= tt.mark) {
					t.Errorf("seed %d: mean squared error %.3g m², want %.0e or less", seed, mse, tt.mark)
				}
			}
		})
	}
}

// TestRulersRefuseUntrained: a network that has hardly moved passes no ruler,
// whatever the problem.
func TestRulersRefuseUntrained(t *testing.T) {
	for name, s := range map[string]freefall.Spec{
		"default":     {},
		"soft":        {Conditions: "soft"},
		"high":        {Height: new(1e6)},
		"fast":        {Velocity: new(1e6)},
		"short":       {Interval: []float64{0, 1e-6}},
		"long":        {Interval: []float64{0, 1e3}},
		"no gravity":  {Gravity: new(0.0)},
		"in place":    {Gravity: new(0.0), Velocity: new(0.0), Height: new(1e6)},
		"weak":        {Gravity: new(1e-3)},
		"metres":      {Scaling: "none", Height: new(1e3)},
		"slow, light": {Gravity: new(1e-6), Velocity: new(1e-6), Height: new(1e6)},
	} {
		for _, o := range []string{"adam", "lbfgs"} {
			s.Optimiser, s.Steps, s.Rate, s.Points = o, 1, 1e-9, 10
			if o == "lbfgs" {
				s.Goal = new(1e6) // reached at once
			}
			for _, r := range run(t, s, experiment.Options{}).Rulers {
				if r.OK {
					t.Errorf("%s, %s: untrained, %s passes with error %.3g, mark %.3g %s", name, o, r.Name, r.Error, r.PassMark, r.Unit)
				}
			}
		}
	}
}

package freefall_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/train"
	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/experiment/freefall"
)

// TestResult: a run leaves arrays, figures, weights, a checkpoint and rulers.
func TestResult(t *testing.T) {
	for _, s := range []freefall.Spec{
		{Points: 50, Height: new(2.0)},
		{Points: 50, Height: new(2.0), Optimiser: "adam", Steps: 20, Precision: "float32"},
	} {
		res := run(t, s, experiment.Options{Seed: 1})
		t.Run("arrays", func(t *testing.T) { checkArrays(t, res) })
		t.Run("figures", func(t *testing.T) { checkFigures(t, res) })
		t.Run("weights", func(t *testing.T) { checkWeights(t, res, s.Precision == "float32") })
		if res.Checkpoint == nil || res.Checkpoint.Step != res.Steps {
			t.Errorf("checkpoint %v after %d steps", res.Checkpoint, res.Steps)
		}
		var names []string
		for _, r := range res.Rulers {
			names = append(names, r.Name+" "+r.Unit)
			if r.Source == "" || r.Text.En == "" || r.Text.Ja == "" || !(r.PassMark > 0) {
				t.Errorf("ruler %+v lacks something", r)
			}
		}
		if want := []string{"mean squared error m²", "largest error m", "gravity m/s²"}; !slices.Equal(names, want) {
			t.Errorf("rulers %q, want %q", names, want)
		}
		if r := res.Rulers[2]; r.Exact != 9.8 || r.Sigma == nil {
			t.Errorf("gravity ruler %+v: want 9.8 and an error bar", r)
		}
	}
}

func checkArrays(t *testing.T, res experiment.Result) {
	data := map[string][]float64{}
	for _, a := range res.Arrays {
		if !slices.Equal(a.Shape, []int{100}) || len(a.Data) != 100 {
			t.Errorf("%s has shape %v and %d numbers", a.Name, a.Shape, len(a.Data))
		}
		data[a.Name] = a.Data
	}
	for _, name := range []string{"t", "x", "exact", "error", "velocity", "acceleration"} {
		if data[name] == nil {
			t.Fatalf("no array %q", name)
		}
	}
	for i, ti := range data["t"] {
		exact := 2 + ti - 4.9*ti*ti
		if d := data["exact"][i] - exact; d > 1e-15 || d < -1e-15 {
			t.Errorf("exact[%d] = %v, want %v", i, data["exact"][i], exact)
		}
		if data["error"][i] != data["x"][i]-data["exact"][i] {
			t.Errorf("error[%d] = %v is not x - exact", i, data["error"][i])
		}
	}
}

func checkFigures(t *testing.T, res experiment.Result) {
	panels := map[string]int{}
	for _, c := range res.Figures {
		panels[c.Figure]++
		if panels[c.Figure] == 1 && (c.Title.En == "" || c.Title.Ja == "") {
			t.Errorf("figure %s has no title", c.Figure)
		}
		for _, a := range []experiment.Axis{c.X, c.Y} {
			if a.Label.En == "" || a.Label.Ja == "" {
				t.Errorf("figure %s: axis %+v lacks a label", c.Figure, a)
			}
			if c.Figure == "solution" && a.Unit == "" {
				t.Errorf("figure %s: axis %s has no unit", c.Figure, a.Label.En)
			}
		}
		for _, l := range c.Lines {
			if l.Label.En == "" || l.Label.Ja == "" || len(l.X) == 0 || len(l.X) != len(l.Y) {
				t.Errorf("figure %s: line %q / %q of %d and %d numbers", c.Figure, l.Label.En, l.Label.Ja, len(l.X), len(l.Y))
			}
		}
	}
	if panels["solution"] != 2 || panels["training"] != 1 || len(panels) != 2 {
		t.Errorf("panels %v, want solution 2, training 1", panels)
	}
	if lines := res.Figures[0].Lines; len(lines) != 2 || !lines[1].Exact {
		t.Errorf("the solution is not drawn against the exact one: %+v", lines)
	}
}

func checkWeights(t *testing.T, res experiment.Result, single bool) {
	var got []string
	total := 0
	for _, w := range res.Weights {
		got = append(got, fmt.Sprint(w.Name, w.Shape))
		n := len(w.F64)
		if single {
			n = len(w.F32)
		}
		size := 1
		for _, k := range w.Shape {
			size *= k
		}
		if n != size {
			t.Errorf("%s of shape %v holds %d numbers", w.Name, w.Shape, n)
		}
		total += n
	}
	want := "dense.kernel[1 32] dense.bias[32] dense_1.kernel[32 64] dense_1.bias[64] dense_2.kernel[64 32] dense_2.bias[32] dense_3.kernel[32 1] dense_3.bias[1]"
	if strings.Join(got, " ") != want || total != 4289 {
		t.Errorf("weights %v with %d numbers", got, total)
	}
}

// TestFrames: the summary comes first, every step of Gauss-Newton is reported,
// a state is kept on the way and at the end, the rulers come last.
func TestFrames(t *testing.T) {
	sink := &tape{}
	res, err := freefall.Run(context.Background(), freefall.Spec{Points: 50, Steps: 10, Goal: new(0.0)}, experiment.Options{}, sink)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := sink.frames[0].(experiment.Summary); !ok || !strings.Contains(s.Text, "4,289") {
		t.Errorf("first frame %+v, want the model summary", sink.frames[0])
	}
	step, saved := 0, []int{}
	var state *train.Checkpoint
	for _, f := range sink.frames {
		switch f := f.(type) {
		case experiment.Progress:
			step++
			if f.Step != step || f.Total != 10 || !(f.Loss >= 0) {
				t.Errorf("progress %+v, want step %d of 10", f, step)
			}
		case experiment.Saved:
			saved = append(saved, f.Checkpoint.Step)
			state = f.Checkpoint
		}
	}
	if step != res.Steps {
		t.Errorf("%d steps reported of %d", step, res.Steps)
	}
	if !slices.IsSorted(saved) || len(slices.Compact(slices.Clone(saved))) != len(saved) {
		t.Errorf("states of steps %v: kept states change later", saved)
	}
	if len(saved) < 2 || saved[len(saved)-1] != res.Steps || state != res.Checkpoint {
		t.Errorf("states kept at %v of %d steps", saved, res.Steps)
	}
	for i, f := range sink.frames[len(sink.frames)-len(res.Rulers):] {
		if r, ok := f.(experiment.Ruler); !ok || r.Name != res.Rulers[i].Name {
			t.Errorf("frame %d from the end is %+v, want ruler %s", len(res.Rulers)-i, f, res.Rulers[i].Name)
		}
	}
}

// TestMarks holds the pass marks against numbers worked out by hand: 1e-10 or
// 1e-4 m² for a motion of 4.9 m, (2π)² times the root for g, at most g/20.
func TestMarks(t *testing.T) {
	tests := []struct {
		name            string
		spec            freefall.Spec
		square, gravity float64 // m², m/s²
	}{
		{"default", freefall.Spec{}, 1e-10, 3.948e-4},
		{"lbfgs", freefall.Spec{Optimiser: "lbfgs"}, 1e-10, 3.948e-4},
		{"lbfgs in float32", freefall.Spec{Optimiser: "lbfgs", Precision: "float32"}, 1e-4, 0.3948},
		{"adam", freefall.Spec{Optimiser: "adam"}, 1e-4, 0.3948},
		{"twice the motion", freefall.Spec{Velocity: new(9.8)}, 4e-10, 7.896e-4},
		{"a height adds nothing", freefall.Spec{Height: new(1e6)}, 1e-10, 3.948e-4},
		{"velocity hides g", freefall.Spec{Velocity: new(4.9e6 / 7)}, 1e-10 * 1e12 / 49, 0.49},
		{"no g to hide", freefall.Spec{Gravity: new(0.0), Velocity: new(49.0)}, 1e-8, 3.948e-3},
		{"ten seconds", freefall.Spec{Interval: []float64{0, 10}}, 1e-6, 3.948e-4},
	}
	for _, tt := range tests {
		tt.spec.Points, tt.spec.Widths, tt.spec.Steps = 5, []int{4}, 1
		r := run(t, tt.spec, experiment.Options{}).Rulers
		for i, want := range []float64{tt.square, 5 * math.Sqrt(tt.square), tt.gravity} {
			if got := r[i].PassMark; math.Abs(got-want) > 1e-3*want {
				t.Errorf("%s: the mark of %s is %.4g, want %.4g %s", tt.name, r[i].Name, got, want, r[i].Unit)
			}
		}
	}
}

package plot

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/experiment"
)

// labels writes the labelled ticks of an axis that are on it.
func labels(a axis) string {
	var list []string
	for _, t := range a.ticks {
		if at, ok := a.place(t.value); ok && at <= 1+1e-9 && t.label != "" {
			list = append(list, t.label)
		}
	}
	return strings.TrimSpace(strings.Join(list, " ") + " " + a.factor)
}

// TestTicks compares with what one would write by hand.
func TestTicks(t *testing.T) {
	for _, tt := range []struct {
		log    bool
		values []float64
		want   string
	}{
		{false, []float64{0, 1}, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{false, []float64{-3.9, 0.05}, "−3 −2 −1 0"},
		{false, []float64{0, 99}, "0 20 40 60 80"},
		{false, []float64{0, 5000}, "0 1000 2000 3000 4000 5000"},
		{false, []float64{0, 2e6}, "0.0 0.5 1.0 1.5 2.0 ×10⁶"},
		{false, []float64{-2.5e-9, 3e-9}, "−2 −1 0 1 2 3 ×10⁻⁹"},
		{false, []float64{9.8}, "9.0 9.5 10.0 10.5"},
		{false, []float64{0}, "−1.0 −0.5 0.0 0.5 1.0"},
		{false, []float64{0.98, 1.02}, "0.98 0.99 1.00 1.01 1.02"},
		{true, []float64{1e-8, 1}, "10⁻⁸ 10⁻⁶ 10⁻⁴ 10⁻² 10⁰"},
		{true, []float64{1e-3, 1}, "10⁻³ 10⁻² 10⁻¹ 10⁰"},
		{true, []float64{2, 3}, "10⁰ 10¹"},
		{true, []float64{1e-8}, "10⁻⁹ 10⁻⁸ 10⁻⁷"},
		{true, []float64{0, -1, 1e-10, 1e10}, "10⁻¹⁰ 10⁻⁶ 10⁻² 10² 10⁶ 10¹⁰"},
	} {
		a := newAxis(experiment.Axis{Log: tt.log}, "en", [][]float64{tt.values}, 0, 6)
		if got := labels(a); got != tt.want {
			t.Errorf("log %v, values %v: %s, want %s", tt.log, tt.values, got, tt.want)
		}
	}
}

func TestAxisLabel(t *testing.T) {
	spec := experiment.Axis{Label: text("t", "時刻 t"), Unit: "s"}
	for lang, want := range map[string]string{"en": "t (s)", "ja": "時刻 t (s)", "": "t (s)"} {
		if got := newAxis(spec, lang, nil, 0, 6).label; got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	if got := newAxis(experiment.Axis{Label: text("step", "")}, "ja", nil, 0, 6).label; got != "step" {
		t.Errorf("no unit, no Japanese: %q", got)
	}
}

// TestAnyRange holds, for ranges of every size, that an axis is finite, that
// its values stand on it, and that it has one to twelve labels.
func TestAnyRange(t *testing.T) {
	for _, log := range []bool{false, true} {
		for e := -289; e < 300; e += 7 {
			for _, ratio := range []float64{0, 1e-17, 1e-13, 1e-9, 1e-3, 0.3, 1, 7, 1e5, 1e30} {
				lo := math.Pow(10, float64(e))
				hi := lo * (1 + ratio)
				if hi >= huge {
					continue
				}
				for _, values := range [][]float64{{lo, hi}, {-hi, lo}, {-hi, -lo}} {
					a := newAxis(experiment.Axis{Log: log}, "en", [][]float64{values}, 0.05, 6)
					name := fmt.Sprintf("log %v, values %v", log, values)
					if !(a.min < a.max) || math.IsInf(a.max-a.min, 0) {
						t.Fatalf("%s: from %g to %g", name, a.min, a.max)
					}
					for _, v := range values {
						if at, ok := a.place(v); ok && !(at > -1e-6 && at < 1+1e-6) {
							t.Errorf("%s: %g stands at %g", name, v, at)
						}
					}
					if n := len(strings.Fields(labels(a))); n < 1 || n > 13 {
						t.Errorf("%s: labels %s", name, labels(a))
					}
				}
			}
		}
	}
}

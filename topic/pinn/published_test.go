package pinn_test

import (
	"math"
	"testing"

	"github.com/gakuri-lab/gakuri/topic/pinn"
)

// TestPublished holds the exact solution against numbers that were written
// down without it.
func TestPublished(t *testing.T) {
	notebook := pinn.FreeFall{Gravity: 9.8, Velocity: 1, End: 1}
	moon := pinn.FreeFall{Gravity: 1.62, Velocity: 5, End: 7}
	tower := pinn.FreeFall{Gravity: 9.81, Height: 100, Start: 20, End: 25}
	tests := []struct {
		name string
		p    pinn.FreeFall
		t    float64 // s
		x, v float64 // m, m/s
		from string
	}{
		{"start", notebook, 0, 0, 1, "initial conditions"},
		{"apex", notebook, 0.102040816326530612, 0.0510204081632653061, 0, "v²/2g = 1/19.6 m at v/g = 1/9.8 s"},
		{"back", notebook, 0.204081632653061224, 0, -1, "2v/g; the speed is that of the throw"},
		{"end", notebook, 1, -3.9, -8.8, "1 - 4.9, 1 - 9.8"},
		{"apex on the Moon", moon, 3.08641975308641975, 7.71604938271604938, 0, "25/3.24 m at 5/1.62 s"},
		{"second law of fall", pinn.FreeFall{Gravity: 9.80665, End: 2}, 1, -4.903325, -9.80665, "standard gravity, 3rd CGPM 1901; half of it in the first second"},
		{"tower of 100 m", tower, 24.5152364098573090, 0, -44.2944691807002, "√(2h/g) after 20 s; Torricelli √(2gh)"},
		{"mid-way up the tower", tower, 22.2576182049286545, 75, -22.1472345903501, "half the time, a quarter of the height"},
	}
	for _, tt := range tests {
		// Sums of a few terms of the size of the motion: some units of 2⁻⁵².
		tol := 1e-14 * (math.Abs(tt.p.Height) + math.Abs(tt.p.Gravity)*tt.t*tt.t)
		if got := tt.p.Position(tt.t); math.Abs(got-tt.x) > tol {
			t.Errorf("%s: x(%g s) = %.17g m, want %.17g (%s)", tt.name, tt.t, got, tt.x, tt.from)
		}
		if got := tt.p.VelocityAt(tt.t); math.Abs(got-tt.v) > 1e-13*(1+math.Abs(tt.v)) {
			t.Errorf("%s: x′(%g s) = %.17g m/s, want %.17g (%s)", tt.name, tt.t, got, tt.v, tt.from)
		}
	}
}

// TestGalileo: from rest, the ways of equal times are as 1, 3, 5, 7, …
//
// Source: G. Galilei, Discorsi (1638), third day, theorem II, corollary I.
func TestGalileo(t *testing.T) {
	p := pinn.FreeFall{Gravity: 8, End: 10} // 4 m in the first second
	for k := range 10 {
		way := p.Position(float64(k)) - p.Position(float64(k+1))
		if want := float64(4 * (2*k + 1)); way != want {
			t.Errorf("second %d: %g m, want %g", k+1, way, want)
		}
	}
}

// TestPoints holds the points against those of the study group's notebook:
// training at 0, 0.001, …, 0.999 and tests at 0, 0.01, …, 0.99.
func TestPoints(t *testing.T) {
	p := pinn.FreeFall{End: 1}
	for _, n := range []int{1000, 100} {
		times := p.Points(n)
		if len(times) != n || times[0] != 0 {
			t.Fatalf("%d points from %g s", len(times), times[0])
		}
		for i, ti := range times {
			if ti != float64(i)/float64(n) {
				t.Errorf("point %d of %d is %g s", i, n, ti)
			}
		}
	}
	for i, ti := range (pinn.FreeFall{Start: -3, End: 5}).Points(4) {
		if want := []float64{-3, -1, 1, 3}[i]; ti != want {
			t.Errorf("point %d is %g s, want %g", i, ti, want)
		}
	}
}

func TestScales(t *testing.T) {
	tests := []struct {
		p    pinn.FreeFall
		want pinn.Scales
	}{
		{pinn.FreeFall{Gravity: 9.8, Velocity: 1, End: 1}, pinn.Scales{Time: 1, Length: 4.9}},
		{pinn.FreeFall{Gravity: -1, Velocity: -5, Height: 7, Start: 1, End: 3}, pinn.Scales{Time: 2, Length: 10, Origin: 7}},
		{pinn.FreeFall{Height: -2, End: 3}, pinn.Scales{Time: 3, Length: 1, Origin: -2}},
	}
	for _, tt := range tests {
		if got := tt.p.Scales(); got != tt.want {
			t.Errorf("%+v: scales %+v, want %+v", tt.p, got, tt.want)
		}
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		p    pinn.FreeFall
		want string // "" if it is right
	}{
		{pinn.FreeFall{Gravity: 9.8, End: 1}, ""},
		{pinn.FreeFall{End: 1}, ""},
		{pinn.FreeFall{}, "pinn: interval from 0 s to 0 s: the end must come after the start"},
		{pinn.FreeFall{Start: 2, End: 1}, "pinn: interval from 2 s to 1 s: the end must come after the start"},
		{pinn.FreeFall{Gravity: math.NaN(), End: 1}, "pinn: free fall with NaN: every number must be finite"},
		{pinn.FreeFall{Height: math.Inf(-1), End: 1}, "pinn: free fall with -Inf: every number must be finite"},
	}
	for _, tt := range tests {
		got := ""
		if err := tt.p.Check(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.p, got, tt.want)
		}
	}
}

package graph_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// Compiled programs compute what Eval says, in one tile and in several, with
// the same bits on one worker and on two.
func TestCompiledPrograms(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 8
	}
	one, two := exec.NewPool(1), exec.NewPool(2)
	defer one.Close()
	defer two.Close()
	// Sums of up to 300 samples; vector functions are good to a few ulp; third
	// derivatives lose up to three digits in float32.
	const tol64, tol32 = 1e-11, 1e-3
	for _, c := range graph.Cases(3, step) {
		want := graph.Eval(c.Values, c.Outputs...)
		check(t, c, want, run[float64](t, c, want, one), tol64)
		check(t, c, want, run[float32](t, c, want, one), tol32)
	}
	for _, c := range graph.Cases(300, 5*step) {
		want := graph.Eval(c.Values, c.Outputs...)
		got := run[float64](t, c, want, one)
		check(t, c, want, got, tol64)
		if !reflect.DeepEqual(got, run[float64](t, c, want, two)) {
			t.Errorf("%s: other bits on two workers than on one", c.Name)
		}
	}
}

func convert[T array.Float](v []float64) []T {
	w := make([]T, len(v))
	for i, x := range v {
		w[i] = T(x)
	}
	return w
}

// run returns the outputs of c, which have the sizes of like.
func run[T array.Float](t *testing.T, c graph.Case, like [][]float64, pool *exec.Pool) [][]T {
	m, err := exec.Compile[T](c.Outputs...)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	m.Params(convert[T](c.Params))
	for name, x := range c.Settings {
		m.Set(name, x)
	}
	for name, x := range c.Inputs {
		m.Input(name, convert[T](x))
	}
	got := make([][]T, len(like))
	for i := range got {
		got[i] = make([]T, len(like[i]))
		m.Output(i, got[i])
	}
	m.Run(pool)
	return got
}

func check[T array.Float](t *testing.T, c graph.Case, want [][]float64, got [][]T, tol float64) {
	t.Helper()
	for i := range want {
		largest := 1.0
		for _, w := range want[i] {
			largest = math.Max(largest, math.Abs(w))
		}
		for j, w := range want[i] {
			if g := float64(got[i][j]); !(math.Abs(g-w) <= tol*largest) {
				t.Errorf("%s, batch %d, output %d (%v), element %d in %T: %.17g, want %.17g", c.Name, c.Batch, i, c.Outputs[i], j, T(0), g, w)
				return
			}
		}
	}
}

package optim

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// TestTorch follows ten steps of PyTorch's optimisers; the file says how it was
// made.
func TestTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/torch_optim.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		A, C, Start []float64
		Cases       []struct {
			Name string
			X    [][]float64
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	n := len(file.Start)
	methods := map[string]*Method[float64]{
		"sgd":                       NewSGD[float64](n, SGDOptions{Rate: 0.02}),
		"sgd-momentum":              NewSGD[float64](n, SGDOptions{Rate: 0.02, Momentum: 0.9}),
		"sgd-nesterov":              NewSGD[float64](n, SGDOptions{Rate: 0.02, Momentum: 0.9, Nesterov: true}),
		"sgd-decay":                 NewSGD[float64](n, SGDOptions{Rate: 0.02, Momentum: 0.9, Decay: 0.1}),
		"rmsprop":                   NewRMSprop[float64](n, RMSpropOptions{Rate: 0.02, Average: 0.99}),
		"rmsprop-momentum-centered": NewRMSprop[float64](n, RMSpropOptions{Rate: 0.02, Momentum: 0.8, Centred: true}),
		"adam":                      NewAdam[float64](n, AdamOptions{Rate: 0.05}),
		"adam-other-betas":          NewAdam[float64](n, AdamOptions{Rate: 0.05, Beta1: 0.8, Beta2: 0.99, Epsilon: 1e-3}),
		"adamw":                     NewAdamW[float64](n, AdamWOptions{AdamOptions: AdamOptions{Rate: 0.05}, Decay: 0.1}),
	}
	if len(file.Cases) != len(methods) {
		t.Fatalf("%d cases in the file, %d here", len(file.Cases), len(methods))
	}
	for _, c := range file.Cases {
		m := methods[c.Name]
		if m == nil {
			t.Fatalf("case %q is not known here", c.Name)
		}
		x, g := append([]float64(nil), file.Start...), make([]float64, n)
		for k, want := range c.X[1:] {
			for i, v := range x {
				g[i] = file.A[i]*(v-file.C[i]) + v*v*v
			}
			m.Step(x, g)
			for i := range x {
				// Both round in float64, in another order: ten steps of
				// about ten roundings.
				if math.Abs(x[i]-want[i]) > 2e-14 {
					t.Errorf("%s step %d: x[%d] = %.17g, PyTorch %.17g", c.Name, k+1, i, x[i], want[i])
				}
			}
		}
	}
}

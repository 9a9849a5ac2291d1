package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/graph"
)

func TestActivations(t *testing.T) {
	sigmoid := func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
	want := map[string]func(z float64) float64{
		"tanh": math.Tanh, "sin": math.Sin, "sigmoid": sigmoid, "erf": math.Erf, "exp": math.Exp,
		"softplus": func(z float64) float64 { return math.Log(1 + math.Exp(z)) },
		"relu":     func(z float64) float64 { return math.Max(z, 0) },
		"gelu":     func(z float64) float64 { return z * math.Erfc(-z/math.Sqrt2) / 2 },
		"silu":     func(z float64) float64 { return z * sigmoid(z) },
		"identity": func(z float64) float64 { return z },
	}
	if len(want) != len(activations) {
		t.Errorf("%d activations tested of %d", len(want), len(activations))
	}
	for name, f := range want {
		a, err := ParseActivation(name)
		if err != nil || a.String() != name {
			t.Errorf("%s: %v, %v", name, a, err)
		}
		g := graph.New()
		z := []float64{-3, -0.2, 0, 0.4, 2}
		got := graph.Eval(graph.Values{Batch: 1}, a.Apply(g.Tensor(z, 5)))[0]
		for i := range z {
			if math.Abs(got[i]-f(z[i])) > 1e-15*math.Max(1, f(z[i])) { // a few roundings
				t.Errorf("%s(%g) = %.17g, want %.17g", name, z[i], got[i], f(z[i]))
			}
		}
	}
	_, err := ParseActivation("tan")
	if err == nil || !strings.Contains(err.Error(), `"tan"`) || !strings.Contains(err.Error(), "tanh, sin, sigmoid") {
		t.Errorf("unknown activation: %v", err)
	}
	_, err = ParseInit("xavier")
	if err == nil || !strings.Contains(err.Error(), "glorot, glorot-normal, he") {
		t.Errorf("unknown rule: %v", err)
	}
	for i, name := range rules {
		if init, err := ParseInit(name); err != nil || init.Rule != Rule(i) || init.Rule.String() != name {
			t.Errorf("%s: %v, %v", name, init, err)
		}
	}
}

// The forward pass, written out as loops over neurons.
func TestForward(t *testing.T) {
	g := graph.New()
	g.Param("before", 3) // parameters of others stay as they are
	m := NewMLP(g, 2, []int{5, 4, 3}, Tanh)
	x := g.Input("x", 2)
	params := make([]float64, g.ParamSize())
	for i := range params {
		params[i] = math.Sin(float64(i + 1))
	}
	data := []float64{0.3, -1, 2, 0.5}
	got := graph.Eval(graph.Values{Batch: 2, Params: params, Inputs: map[string][]float64{"x": data}}, m.Apply(x))[0]
	for s := range 2 {
		a := data[2*s : 2*s+2]
		at := 3
		for l, widths := range [][2]int{{2, 5}, {5, 4}, {4, 3}} {
			in, out := widths[0], widths[1]
			next := make([]float64, out)
			for j := range out {
				z := params[at+in*out+j]
				for i := range in {
					z += a[i] * params[at+i*out+j]
				}
				next[j] = z
				if l < 2 {
					next[j] = math.Tanh(z)
				}
			}
			at += (in + 1) * out
			a = next
		}
		for j := range a {
			if math.Abs(got[3*s+j]-a[j]) > 1e-15 { // sums of five terms of order 1
				t.Errorf("sample %d, output %d: %.17g, want %.17g", s, j, got[3*s+j], a[j])
			}
		}
	}
	for i, l := range m.Layers {
		if want := []string{"dense", "dense_1", "dense_2"}[i]; l.Name != want {
			t.Errorf("layer %d is %s, want %s", i, l.Name, want)
		}
	}
	if l := NewMLP(g, 1, []int{1}, Tanh).Layers[0]; l.Name != "dense_3" {
		t.Errorf("layer of a second network is %s, want dense_3", l.Name)
	}
}

// cos 2πxB and sin 2πxB with B ~ N(0, σ²).
func TestFourier(t *testing.T) {
	g := graph.New()
	const waves, sigma = 4000, 2.5
	f := NewFourier(g, 2, waves, sigma, rand.New(rand.NewPCG(1, 2)))
	mean, variance := moments(f.B.Data)
	// Standard errors of 8000 numbers: σ/√n of the mean, σ²√(2/n) of the variance.
	if math.Abs(mean) > 4*sigma/math.Sqrt(2*waves) {
		t.Errorf("mean %g", mean)
	}
	if math.Abs(variance-sigma*sigma) > 4*sigma*sigma*math.Sqrt(2.0/(2*waves)) {
		t.Errorf("variance %g, want %g", variance, sigma*sigma)
	}
	x := g.Input("x", 2)
	got := graph.Eval(graph.Values{Batch: 1, Inputs: map[string][]float64{"x": {0.3, -0.7}}}, f.Apply(x))[0]
	if f.Out != 2*waves || len(got) != f.Out {
		t.Fatalf("%d features, %d values", f.Out, len(got))
	}
	for j := range waves {
		s, c := math.Sincos(2 * math.Pi * (0.3*f.B.Data[j] - 0.7*f.B.Data[waves+j]))
		if math.Abs(got[j]-c) > 3e-14 || math.Abs(got[waves+j]-s) > 3e-14 { // arguments up to 60: ulp 7e-15
			t.Fatalf("feature %d: %g and %g, want %g and %g", j, got[j], got[waves+j], c, s)
		}
	}
	m := NewFourierMLP(g, f, []int{3, 1}, Sin)
	if m.Params() != (2*waves+1)*3+4 || g.ParamSize() != m.Params() {
		t.Errorf("%d parameters", m.Params())
	}
	if y := m.Apply(x); y.Size() != 1 {
		t.Errorf("output %v", y)
	}
}

func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, variance
}

// The very text of Keras, for the models in testdata.
func TestSummaryIsThatOfKeras(t *testing.T) {
	text, err := os.ReadFile("testdata/keras_summary.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := strings.Split(string(text), "\n== ")[1:]
	if len(cases) < 5 {
		t.Errorf("%d models, want 5 or more", len(cases))
	}
	for _, c := range cases {
		head, want, _ := strings.Cut(strings.TrimSuffix(c, "\n")+"\n", "\n")
		var n []int
		for _, f := range strings.Fields(strings.Replace(head, ":", "", 1)) {
			k, err := strconv.Atoi(f)
			if err != nil {
				t.Fatal(err)
			}
			n = append(n, k)
		}
		got := NewMLP(graph.New(), n[0], n[1:], Tanh).Summary(4)
		if got != want {
			t.Errorf("%s\n%s\nwant\n%s", head, got, want)
		}
	}
}

func TestSummaryOfOddModels(t *testing.T) {
	g := graph.New()
	f := NewFourier(g, 2, 16, 1, rand.New(rand.NewPCG(1, 2)))
	s := NewFourierMLP(g, f, []int{1}, Sin).Summary(8)
	for _, want := range []string{
		"│ fourier (Fourier)               │ (None, 32)             │            32 │",
		" Total params: 65 (520.00 B)", " Trainable params: 33 (264.00 B)", " Non-trainable params: 32 (256.00 B)",
	} {
		if !strings.Contains(s, want) {
			t.Errorf("no line %q in\n%s", want, s)
		}
	}
	// As Keras prints it.
	long := &MLP{Layers: []*Dense{NewDense(g, "a_very_long_layer_name_that_does_not_fit_at_all", 3, 7, Tanh)}}
	want := "│ a_very_long_layer_name_that_do… │ (None, 7)              │            28 │\n" +
		"│ (Dense)                         │                        │               │\n"
	if s := long.Summary(4); !strings.Contains(s, want) {
		t.Errorf("%s\nwant\n%s", s, want)
	}
}

func TestWrongCalls(t *testing.T) {
	g := graph.New()
	rng := rand.New(rand.NewPCG(1, 2))
	m := NewMLP(g, 2, []int{3}, Tanh)
	for words, f := range map[string]func(){
		"nn: |0 layers":                    func() { NewMLP(g, 1, nil, Tanh) },
		"nn: |dense_1|from 2 to 0":         func() { NewMLP(g, 2, []int{0}, Tanh) },
		"nn: |0 Fourier features|2 inputs": func() { NewFourier(g, 2, 0, 1, rng) },
		"nn: |ends at 9 of 4":              func() { Initialise(m, Init{}, make([]float32, 4), rng) },
		"nn: |1 low and 1 high|2 inputs": func() {
			Initialise(m, Init{Rule: Wide, Low: []float64{0}, High: []float64{1}}, make([]float64, 9), rng)
		},
		"nn: |input 1|from 2 to 2": func() {
			Initialise(m, Init{Rule: Wide, Low: []float64{0, 2}, High: []float64{1, 2}}, make([]float64, 9), rng)
		},
		"nn: |activation 99":               func() { Activation(99).Apply(g.Const(1)) },
		"graph: matrix product|[3]|2 rows": func() { m.Apply(g.Input("x", 3)) },
		"nn: |rule 99":                     func() { Initialise(m, Init{Rule: 99}, make([]float64, 9), rng) },
		"nn: |deviation -1|want positive":  func() { NewFourier(g, 2, 1, -1, rng) },
	} {
		t.Run(words, func(t *testing.T) {
			defer func() {
				text := fmt.Sprint(recover())
				for _, w := range strings.Split(words, "|") {
					if !strings.Contains(text, w) {
						t.Errorf("panic %q, want %q in it", text, w)
					}
				}
			}()
			f()
		})
	}
}

func ExampleMLP_Summary() {
	m := NewMLP(graph.New(), 1, []int{32, 64, 32, 1}, Tanh)
	fmt.Print(m.Summary(4))
	// Output:
	// Model: "sequential"
	// ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
	// ┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
	// ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
	// │ dense (Dense)                   │ (None, 32)             │            64 │
	// ├─────────────────────────────────┼────────────────────────┼───────────────┤
	// │ dense_1 (Dense)                 │ (None, 64)             │         2,112 │
	// ├─────────────────────────────────┼────────────────────────┼───────────────┤
	// │ dense_2 (Dense)                 │ (None, 32)             │         2,080 │
	// ├─────────────────────────────────┼────────────────────────┼───────────────┤
	// │ dense_3 (Dense)                 │ (None, 1)              │            33 │
	// └─────────────────────────────────┴────────────────────────┴───────────────┘
	//  Total params: 4,289 (16.75 KB)
	//  Trainable params: 4,289 (16.75 KB)
	//  Non-trainable params: 0 (0.00 B)
}

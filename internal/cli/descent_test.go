package cli_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/gakuri-lab/gakuri/engine/train"
	"github.com/gakuri-lab/gakuri/experiment"
)

// descent is gradient descent on the energy of a spring,
//
//	E(x) = k x²/2,  xₙ₊₁ = xₙ - η k xₙ,  so that xₙ = x₀ (1 - η k)ⁿ,
//
// a run of a few microseconds with a closed form: it passes in float64, fails
// its pass mark in float32, and diverges for η k > 2.
var descent = &experiment.Experiment{
	Name:     "descent",
	Title:    experiment.Text{En: "Gradient descent on a spring", Ja: "ばねの勾配降下"},
	Question: experiment.Text{En: "Does gradient descent on the energy of a spring shrink its stretch by the same factor in each step?", Ja: "ばねのエネルギーの勾配降下法は、各ステップで伸びを同じ比で縮めるか。"},
	Example:  []string{"gakuri run descent", "gakuri run descent --rate 0.5 --steps 20", "gakuri run descent --preset stiff --json"},
	NewSpec:  func() any { return &descentSpec{} },
	Presets: []experiment.Preset{{
		Name: "stiff", Text: experiment.Text{En: "a spring ten times as stiff", Ja: "十倍硬いばね"},
		Spec: func() any { return &descentSpec{Stiffness: new(10.0)} },
	}},
	Run: runDescent,
}

type descentSpec struct {
	Stiffness *float64  `flag:"stiffness" default:"1" unit:"N/m" min:"0" en:"stiffness k of the spring" ja:"ばね定数 k"`
	Rate      float64   `flag:"rate" default:"0.01" unit:"m/N" min:">0" en:"step size η" ja:"学習率 η"`
	Between   []float64 `flag:"between" default:"1,2" unit:"m" len:"2" en:"interval from which the first stretch is drawn" ja:"最初の伸びを選ぶ区間"`
	Precision string    `flag:"precision" default:"float64" choices:"float64,float32" en:"precision of the stretch" ja:"伸びの精度"`
	Exact     *bool     `flag:"exact" default:"true" en:"report the closed form" ja:"厳密解を報告する"`
	Steps     int       `flag:"steps" default:"100" min:"1" budget:"true" en:"descent steps" ja:"降下のステップ数"`
	Wait      int       `flag:"wait" default:"0" unit:"ms" min:"0" en:"pause after each step" ja:"各ステップ後の休止"`
}

func (s *descentSpec) Check() error {
	if s.Between[0] >= s.Between[1] {
		return fmt.Errorf("between: %g m to %g m is empty: give a smaller and a larger number", s.Between[0], s.Between[1])
	}
	return nil
}

// stretch is the state of the descent.
type stretch struct {
	spec *descentSpec
	x    []float64
	x0   float64
}

func (s *stretch) Step() (float64, error) {
	time.Sleep(time.Duration(s.spec.Wait) * time.Millisecond)
	k := *s.spec.Stiffness
	x := s.x[0] - s.spec.Rate*k*s.x[0]
	if s.spec.Precision == "float32" {
		x = float64(float32(x))
	}
	s.x[0] = x
	return k * x * x / 2, nil
}

func (s *stretch) Save(c *train.Checkpoint) {
	train.Put(c, "x", s.x)
	c.SetFloat("x0", s.x0)
}

func (s *stretch) Restore(c *train.Checkpoint) error {
	x, err := train.Get[float64](c, "x", 1)
	if err != nil {
		return err
	}
	if s.x0, err = c.Float("x0"); err != nil {
		return err
	}
	s.x[0] = x[0]
	return nil
}

func runDescent(ctx context.Context, spec any, opt experiment.Options, sink experiment.Sink) (experiment.Result, error) {
	s := spec.(*descentSpec)
	sink.Put(experiment.Summary{Text: "Model: one spring, 1 parameter"})
	rng := rand.New(rand.NewPCG(opt.Seed, 0))
	x0 := s.Between[0] + (s.Between[1]-s.Between[0])*rng.Float64()
	st := &stretch{spec: s, x: []float64{x0}, x0: x0}
	var last *train.Checkpoint
	res, err := train.Run(ctx, st, train.Options{
		Steps: s.Steps, From: opt.Resume, Checkpoint: 100, Guard: 1,
		Keep: func(c *train.Checkpoint) error {
			last = c.Clone()
			sink.Put(experiment.Saved{Checkpoint: c})
			return nil
		},
	}, func(r train.Report) {
		sink.Put(experiment.Progress{Step: r.Step, Total: r.Steps, Loss: r.Loss, Unit: "J"})
	})
	if last == nil { // diverged before the first one was kept
		last = &train.Checkpoint{Step: res.Step}
		st.Save(last)
	}
	out := experiment.Result{
		Steps: res.Step, Stop: res.Stop, Parameters: 1, Checkpoint: last,
		Metrics: map[string]float64{"loss": res.Loss, "none": math.NaN()},
		Weights: []train.Tensor{{Name: "x", Shape: []int{1}, F64: st.x}},
	}
	if err != nil || res.Stop == train.Cancelled {
		return out, err
	}
	want := st.x0 * math.Pow(1-s.Rate**s.Stiffness, float64(res.Step))
	r := experiment.Ruler{
		Name: "stretch", Text: experiment.Text{En: "stretch after the last step", Ja: "最後のステップ後の伸び"},
		Value: st.x[0], Exact: want, Error: math.Abs(st.x[0] - want), Unit: "m",
		Source: "x₀ (1 - η k)ⁿ", PassMark: 1e-12 * st.x0,
	}
	r.OK = r.Error <= r.PassMark
	sink.Put(r)
	out.Rulers = append(out.Rulers, r)
	return out, nil
}

// Package freefall asks whether a network finds the parabola of a falling body
// from its equation of motion alone.
package freefall

import (
	"context"
	"fmt"
	"math"

	"github.com/gakuri-lab/gakuri/engine/nn"
	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/topic/pinn"
)

// Spec describes a run. Its zero value is the run of the README.
type Spec struct {
	Gravity  *float64  `flag:"gravity" default:"9.8" unit:"m/s²" min:"-1e6" max:"1e6" en:"acceleration of gravity g, downwards" ja:"重力加速度 g(下向き)"`
	Velocity *float64  `flag:"velocity" default:"1" unit:"m/s" min:"-1e6" max:"1e6" en:"initial velocity v, upwards" ja:"初速度 v(上向き)"`
	Height   *float64  `flag:"height" default:"0" unit:"m" min:"-1e6" max:"1e6" en:"initial height h" ja:"初期の高さ h"`
	Interval []float64 `flag:"interval" default:"0,1" unit:"s" len:"2" min:"-1e6" max:"1e6" en:"first and last time" ja:"最初と最後の時刻"`

	Points     int    `flag:"points" default:"1000" min:"1" max:"1000000" en:"training points, evenly spaced from the first time on" ja:"学習点の数(最初の時刻から等間隔)"`
	TestPoints int    `flag:"test-points" default:"100" min:"2" max:"1000000" en:"test points, evenly spaced from the first time on" ja:"テスト点の数(最初の時刻から等間隔)"`
	Conditions string `flag:"conditions" default:"hard" choices:"hard,soft" en:"initial conditions: exact by construction, or penalties in the loss" ja:"初期条件: 構成により厳密(hard)、または損失の罰則項(soft)"`
	Scaling    string `flag:"scaling" default:"auto" choices:"auto,none" en:"units inside: those of the problem, or seconds and metres" ja:"内部の単位: 問題の尺度(auto)、または秒とメートル(none)"`

	Widths     []int  `flag:"widths" default:"32,64,32" len:"1..16" min:"1" max:"4096" en:"neurons of the hidden layers" ja:"隠れ層のニューロン数"`
	Activation string `flag:"activation" default:"tanh" choices:"tanh,sin,sigmoid,softplus,gelu,silu" en:"activation function" ja:"活性化関数"`
	Start      string `flag:"start" default:"glorot" choices:"glorot,he,lecun,wide" en:"distribution of the first weights" ja:"重みの初期分布"`
	Precision  string `flag:"precision" default:"float64" choices:"float64,float32" en:"precision of the arithmetic" ja:"計算の精度"`

	Optimiser string   `flag:"optimiser" default:"gauss-newton" choices:"gauss-newton,lbfgs,adam,adamw,rmsprop,sgd" en:"how the loss is made small" ja:"最適化法"`
	Rate      float64  `flag:"rate" default:"0.001" min:">0" max:"1e3" en:"step size of adam, adamw, rmsprop and sgd" ja:"adam, adamw, rmsprop, sgd の学習率"`
	Schedule  string   `flag:"schedule" default:"constant" choices:"constant,cosine,exponential" en:"course of the step size" ja:"学習率の変化"`
	Goal      *float64 `flag:"goal" default:"" min:"0" max:"1e6" budget:"true" en:"stop when the loss falls to this; 0 means never (gauss-newton 2e-17, others 0)" ja:"損失がこの値以下になれば停止、0 は停止しない(gauss-newton 2e-17、他 0)"`
	Steps     int      `flag:"steps" default:"" min:"1" max:"1000000000" budget:"true" en:"optimiser steps at most (gauss-newton 50, lbfgs 2000, others 5000)" ja:"最大ステップ数(gauss-newton 50、lbfgs 2000、他 5000)"`
}

// goal is the loss at which Gauss-Newton may stop. With hard conditions the
// error is x(t) = X ∫(t-s) r(s) ds over the unit interval, so its mean square
// is at most X² L/12: 4e-17 m² for the problem of the README, X = 4.9 m.
const goal = 2e-17

const (
	minInterval = 1e-9 // s, and in parts of its times
	maxJacobian = 2e8  // elements of a dense Jacobian in float64
)

// Complete sets the defaults that hang on other fields.
func (s *Spec) Complete() {
	if s.Goal == nil {
		s.Goal = new(0.0)
		if s.Optimiser == "gauss-newton" {
			*s.Goal = goal
		}
	}
	if s.Steps == 0 {
		switch s.Optimiser {
		case "gauss-newton":
			s.Steps = 50
		case "lbfgs":
			s.Steps = 2000
		default:
			s.Steps = 5000
		}
	}
}

// Check reports settings that do not go together.
func (s *Spec) Check() error {
	if s.Interval[0] >= s.Interval[1] {
		return fmt.Errorf("interval: from %g s to %g s is empty: give the earlier time first, such as 0,1", s.Interval[0], s.Interval[1])
	}
	// A shorter one has no room for distinct times, or none for 1/T⁴.
	need := minInterval * max(1, math.Abs(s.Interval[0]), math.Abs(s.Interval[1]))
	if t := s.Interval[1] - s.Interval[0]; t < need {
		return fmt.Errorf("interval: from %g s to %g s is too short for the precision of its numbers: give at least %.3g s", s.Interval[0], s.Interval[1], need)
	}
	if s.Optimiser == "gauss-newton" && s.Precision != "float64" {
		return fmt.Errorf("precision: gauss-newton solves its equations in float64: choose --precision float64, or another optimiser")
	}
	if s.Optimiser == "gauss-newton" && min(s.Points, s.parameters()) > 8000 {
		return fmt.Errorf("optimiser: gauss-newton with %d points and %d parameters needs a dense matrix of the smaller number squared: use at most 8000 of one of them, or another optimiser", s.Points, s.parameters())
	}
	if n := float64(s.Points) * float64(s.parameters()); s.Optimiser == "gauss-newton" && n > maxJacobian {
		return fmt.Errorf("optimiser: gauss-newton with %d points and %d parameters needs a Jacobian of %.1f GB: use fewer points or neurons, at most %.1f GB, or another optimiser", s.Points, s.parameters(), n*8e-9, maxJacobian*8e-9)
	}
	return nil
}

func (s *Spec) parameters() int {
	n, in := 0, 1
	for _, w := range append(append([]int{}, s.Widths...), 1) {
		n += (in + 1) * w
		in = w
	}
	return n
}

func (s *Spec) problem() pinn.FreeFall {
	return pinn.FreeFall{Gravity: *s.Gravity, Velocity: *s.Velocity, Height: *s.Height, Start: s.Interval[0], End: s.Interval[1]}
}

func (s *Spec) scales() pinn.Scales {
	if s.Scaling == "none" {
		return pinn.Scales{Time: 1, Length: 1}
	}
	return s.problem().Scales()
}

func (s *Spec) activation() nn.Activation {
	a, err := nn.ParseActivation(s.Activation)
	if err != nil {
		panic(err) // the choices of the field are activations
	}
	return a
}

// Experiment is free fall as the program knows it.
func Experiment() *experiment.Experiment {
	return &experiment.Experiment{
		Name:  "free-fall",
		Title: experiment.Text{En: "Free fall by a physics-informed network", Ja: "物理情報ニューラルネットワークによる自由落下"},
		Question: experiment.Text{
			En: "Does a network find the parabola of a falling body from x″ = -g alone?",
			Ja: "ニューラルネットワークは x″ = -g だけから落体の放物線を見いだせるか。",
		},
		Example: []string{
			"gakuri run free-fall",
			"gakuri run free-fall --gravity 1.62 --velocity 5 --interval 0,6",
			"gakuri run free-fall --preset notebook --lang ja",
		},
		NewSpec: func() any { return &Spec{} },
		Presets: []experiment.Preset{
			{
				Name: "notebook",
				Text: experiment.Text{En: "the plain recipe of a notebook: soft conditions, Adam 1e-3, 5,000 steps, float32", Ja: "ノートブックの素朴な設定: soft 条件、Adam 1e-3、5,000 ステップ、float32"},
				Spec: func() any {
					return &Spec{Conditions: "soft", Scaling: "none", Optimiser: "adam", Rate: 1e-3, Steps: 5000, Precision: "float32"}
				},
			},
			{
				Name: "soft",
				Text: experiment.Text{En: "initial conditions as penalties in the loss, by Gauss-Newton", Ja: "初期条件を損失の罰則項とし、ガウス・ニュートン法で解く"},
				Spec: func() any { return &Spec{Conditions: "soft", Start: "wide"} },
			},
		},
		Run: func(ctx context.Context, spec any, opt experiment.Options, sink experiment.Sink) (experiment.Result, error) {
			return Run(ctx, *spec.(*Spec), opt, sink)
		},
	}
}

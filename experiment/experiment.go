// Package experiment says what an experiment is: a question with a spec, a
// run that speaks through a sink of frames, and a result held against rulers.
//
// The experiments themselves are packages below this one; package
// experiment/catalog lists them.
package experiment

import (
	"context"

	"github.com/gakuri-lab/gakuri/engine/train"
)

// Text is a phrase in the two languages of the program.
type Text struct {
	En string `json:"en"`
	Ja string `json:"ja"`
}

// In returns the phrase in lang, "ja" or anything else for English.
func (t Text) In(lang string) string {
	if lang == "ja" && t.Ja != "" {
		return t.Ja
	}
	return t.En
}

// Experiment is one question with known answers.
type Experiment struct {
	Name     string // as on the command line: "free-fall"
	Title    Text
	Question Text     // one sentence
	Example  []string // command lines worth trying
	NewSpec  func() any
	Presets  []Preset
	Run      func(ctx context.Context, spec any, opt Options, sink Sink) (Result, error)
}

// Preset is a named setting of the spec other than its zero value.
type Preset struct {
	Name string
	Text Text
	Spec func() any
}

// Options are what every run has beside its spec.
type Options struct {
	Seed    uint64            // of every random choice
	Threads int               // workers; 0 means all cores. The result does not depend on it
	Resume  *train.Checkpoint // go on from here; nil starts anew
}

// Sink receives the frames of a run, in order, from one goroutine. It must
// not keep slices of a frame after it returns.
type Sink interface{ Put(Frame) }

// Frame is one message of a run: [Summary], [Progress], [Scalar], [Curve],
// [Ruler] or [Saved]. Two-dimensional fields, points, lattices and images join
// with the first experiment that draws them.
type Frame interface{ frame() }

// Summary is the network as a table, printed once before training.
type Summary struct{ Text string }

// Progress says how far a run is.
type Progress struct {
	Step, Total int     // optimiser steps; Total 0 if open-ended
	Loss        float64 // objective now
	Unit        string  // of the loss; "" if it has none
}

// Scalar is a number that changes during the run.
type Scalar struct {
	Name  string
	Step  int
	Value float64
	Unit  string
}

// Axis is a labelled axis.
type Axis struct {
	Label Text
	Unit  string
	Log   bool // base-10 logarithmic
}

// Line is one line or cloud of a curve.
type Line struct {
	Label Text
	X, Y  []float64
	Exact bool // drawn as the known answer
	Dots  bool // drawn as points
}

// Curve is a plot of lines over common axes; curves of one Figure name are
// panels of one picture, drawn from top to bottom in order of arrival.
type Curve struct {
	Figure string // name of the picture: "solution"
	Title  Text
	X, Y   Axis
	Lines  []Line
	Step   int
}

// Ruler holds one quantity against its known answer.
type Ruler struct {
	Name     string   `json:"name"`
	Text     Text     `json:"-"`
	Value    float64  `json:"value"`
	Exact    float64  `json:"exact"`
	Error    float64  `json:"error"`     // |Value - Exact|
	Sigma    *float64 `json:"sigma"`     // error bar of Value; null if it has none
	Unit     string   `json:"unit"`      // "" if it has none
	Source   string   `json:"source"`    // of the exact answer
	PassMark float64  `json:"pass_mark"` // OK if Error ≤ PassMark
	OK       bool     `json:"ok"`
}

// Saved asks for a checkpoint to be kept.
type Saved struct{ Checkpoint *train.Checkpoint }

func (Summary) frame()  {}
func (Progress) frame() {}
func (Scalar) frame()   {}
func (Curve) frame()    {}
func (Ruler) frame()    {}
func (Saved) frame()    {}

// Array is a named array of a result, row-major.
type Array struct {
	Name  string
	Shape []int
	Data  []float64
}

// Result is what a run found.
type Result struct {
	Steps      int
	Stop       train.Stop
	Parameters int
	Metrics    map[string]float64
	Rulers     []Ruler
	Figures    []Curve
	Arrays     []Array
	Weights    []train.Tensor
	Checkpoint *train.Checkpoint // the last state; resumable
}

// Package nn builds neural networks as programs: dense layers, random Fourier
// features, the distributions of first weights and the model summary.
//
// A dense layer of n neurons on m inputs computes
//
//	y = φ(x W + b),  x [… × m], W [m × n], b [n], y [… × n],
//
// with an activation φ. Its weights are parameters of the graph; [Initialise]
// draws their first values into the flat parameter vector.
package nn

import (
	"fmt"

	"github.com/gakuri-lab/gakuri/engine/graph"
)

// Dense is a layer y = φ(x W + b).
type Dense struct {
	Name    string
	In, Out int
	Act     Activation
	W       *graph.Node // [In × Out]
	B       *graph.Node // [Out]
}

// NewDense adds the parameters NAME.kernel and NAME.bias to g.
func NewDense(g *graph.Graph, name string, in, out int, act Activation) *Dense {
	if in < 1 || out < 1 {
		panic(fmt.Sprintf("nn: layer %s from %d to %d: want 1 or more", name, in, out))
	}
	return &Dense{name, in, out, act, g.Param(name+".kernel", in, out), g.Param(name+".bias", out)}
}

// Apply returns φ(x W + b): [… × In] → [… × Out].
func (d *Dense) Apply(x *graph.Node) *graph.Node {
	return d.Act.Apply(x.MatMul(d.W).Add(d.B))
}

// Params returns the number of trained numbers, (In+1)·Out.
func (d *Dense) Params() int { return (d.In + 1) * d.Out }

// MLP is a multilayer perceptron: dense layers one after the other, the last
// without activation.
type MLP struct {
	Features *Fourier // before the first layer; nil means none
	Layers   []*Dense
}

// NewMLP adds the layers of a network to g. The widths are the numbers of
// neurons of all layers, the last of which is the number of outputs; act is
// the activation of all but the last. Layers are named dense, dense_1, … in
// the order in which they come into g.
func NewMLP(g *graph.Graph, in int, widths []int, act Activation) *MLP {
	if len(widths) == 0 {
		panic("nn: network of 0 layers: want 1 or more")
	}
	m := &MLP{}
	for i, out := range widths {
		if i == len(widths)-1 {
			act = Identity
		}
		m.Layers = append(m.Layers, NewDense(g, freeName(g), in, out, act))
		in = out
	}
	return m
}

// NewFourierMLP is NewMLP on the random Fourier features f of the input.
func NewFourierMLP(g *graph.Graph, f *Fourier, widths []int, act Activation) *MLP {
	m := NewMLP(g, f.Out, widths, act)
	m.Features = f
	return m
}

// freeName returns the first of dense, dense_1, … that names no layer of g.
func freeName(g *graph.Graph) string {
	taken := map[string]bool{}
	for _, p := range g.Params() {
		taken[p.Name] = true
	}
	name := "dense"
	for i := 1; taken[name+".kernel"]; i++ {
		name = fmt.Sprint("dense_", i)
	}
	return name
}

// Apply returns the output of the network: [… × in] → [… × out].
func (m *MLP) Apply(x *graph.Node) *graph.Node {
	if m.Features != nil {
		x = m.Features.Apply(x)
	}
	for _, d := range m.Layers {
		x = d.Apply(x)
	}
	return x
}

// Params returns the number of trained numbers.
func (m *MLP) Params() int {
	n := 0
	for _, d := range m.Layers {
		n += d.Params()
	}
	return n
}

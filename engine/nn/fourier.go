package nn

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gakuri-lab/gakuri/engine/graph"
)

// Fourier is a layer of random Fourier features, which is not trained:
//
//	y = [cos 2πxB, sin 2πxB],  x [… × In], B [In × Out/2], y [… × Out],
//
// with the elements of B drawn from the normal distribution N(0, σ²). Waves of
// about σ periods for each unit of x come into reach of the network behind it.
//
// Source: M. Tancik et al., Fourier Features Let Networks Learn High Frequency
// Functions in Low Dimensional Domains, NeurIPS 2020, arXiv:2006.10739, the
// Gaussian mapping.
type Fourier struct {
	In, Out int
	B       *graph.Node // constant
}

// NewFourier draws a layer with the given number of waves, Out = 2·waves. The
// deviation sigma is in periods for each unit of x.
func NewFourier(g *graph.Graph, in, waves int, sigma float64, rng *rand.Rand) *Fourier {
	if in < 1 || waves < 1 || !(sigma > 0) {
		panic(fmt.Sprintf("nn: %d Fourier features of %d inputs with deviation %g: want positive numbers", waves, in, sigma))
	}
	b := make([]float64, in*waves)
	for i := range b {
		b[i] = sigma * rng.NormFloat64()
	}
	return &Fourier{in, 2 * waves, g.Tensor(b, in, waves)}
}

// Apply returns the features of x: [… × In] → [… × Out].
func (f *Fourier) Apply(x *graph.Node) *graph.Node {
	z := x.MatMul(f.B).Scale(2 * math.Pi)
	return graph.Concat(-1, z.Cos(), z.Sin())
}

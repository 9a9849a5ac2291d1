package nn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gakuri-lab/gakuri/engine/graph"
)

// Activation is the function that a layer applies to each of its neurons.
type Activation uint8

const (
	Tanh     Activation = iota // tanh z
	Sin                        // sin z
	Sigmoid                    // 1/(1+e⁻ᶻ)
	Softplus                   // log(1+eᶻ)
	Relu                       // max(z, 0)
	Gelu                       // z·Φ(z) = z/2·(1 + erf(z/√2)), arXiv:1606.08415
	Silu                       // z/(1+e⁻ᶻ)
	Erf                        // error function
	Exp                        // eᶻ
	Identity                   // z
)

var activations = [...]string{"tanh", "sin", "sigmoid", "softplus", "relu", "gelu", "silu", "erf", "exp", "identity"}

func (a Activation) String() string { return activations[a] }

// ParseActivation returns the activation of a name.
func ParseActivation(name string) (Activation, error) {
	i := slices.Index(activations[:], name)
	if i < 0 {
		return 0, fmt.Errorf("nn: activation %q: want one of %s", name, strings.Join(activations[:], ", "))
	}
	return Activation(i), nil
}

// Apply returns the activation of z, element by element.
func (a Activation) Apply(z *graph.Node) *graph.Node {
	switch a {
	case Tanh:
		return z.Tanh()
	case Sin:
		return z.Sin()
	case Sigmoid:
		return z.Sigmoid()
	case Softplus:
		return z.Softplus()
	case Relu:
		return z.Relu()
	case Gelu:
		return z.Gelu()
	case Silu:
		return z.Silu()
	case Erf:
		return z.Erf()
	case Exp:
		return z.Exp()
	case Identity:
		return z
	}
	panic(fmt.Sprintf("nn: activation %d of %d", a, len(activations)))
}

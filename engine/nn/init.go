package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// Rule is a distribution of first weights. In all but Wide, biases are 0 and
// the weights of a layer of n neurons on m inputs are independent with mean 0.
type Rule uint8

const (
	// GlorotUniform draws from [-a, a], a = √(6/(m+n)).
	// Source: Glorot and Bengio, AISTATS 2010, eq. 16. Keras's default.
	GlorotUniform Rule = iota
	// GlorotNormal draws from N(0, 2/(m+n)): the variance of the same eq. 16.
	GlorotNormal
	// HeNormal draws from N(0, 2/m).
	// Source: He et al., ICCV 2015, arXiv:1502.01852, eq. 10.
	HeNormal
	// HeUniform draws from [-a, a], a = √(6/m): the same variance.
	HeUniform
	// LeCunNormal draws from N(0, 1/m).
	// Source: LeCun et al., Efficient BackProp, 1998, eq. 16.
	LeCunNormal
	// LeCunUniform draws from [-a, a], a = √(3/m): the same variance.
	LeCunUniform
	// Wide makes the first layer a set of random features that cover the
	// domain. With z the input scaled so that the domain is [-1, 1]ᵐ, neuron j
	// computes
	//
	//	φ(kⱼ nⱼ·(z - cⱼ)),
	//
	// with nⱼ uniform on the unit sphere, the centre cⱼ uniform in the domain and
	// the steepness kⱼ uniform in [0, K]: its kink, or its steepest or zero
	// place, is the plane through cⱼ across nⱼ. The other layers are
	// GlorotUniform.
	//
	// Sources: kinks on planes through random points of the domain: Cyr et al.,
	// MSML 2020, arXiv:1912.04862 (box initialisation); random features for
	// differential equations: Chen, Chi, E and Yang, arXiv:2207.13380.
	Wide
)

var rules = [...]string{"glorot", "glorot-normal", "he", "he-uniform", "lecun", "lecun-uniform", "wide"}

func (r Rule) String() string { return rules[r] }

// Init says how first weights are drawn. The zero value is GlorotUniform.
type Init struct {
	Rule Rule

	// The domain of Wide, one number for each input; nil means -1 and 1.
	Low, High []float64
	// Steepness is the K of Wide; 0 means 4. Of 0.5, 1, 2, 3, 4, 6, 8, 12, 16 and
	// 32, this fits sin 4πz best by least squares on 32 features tanh, and
	// sin 2πz and z² to less than twice the best error (median of 15 seeds).
	Steepness float64
}

// ParseInit returns the setting with the rule of a name.
func ParseInit(name string) (Init, error) {
	i := slices.Index(rules[:], name)
	if i < 0 {
		return Init{}, fmt.Errorf("nn: first weights %q: want one of %s", name, strings.Join(rules[:], ", "))
	}
	return Init{Rule: Rule(i)}, nil
}

// Initialise draws the first weights of m into params, the flat parameter
// vector of its graph, layer by layer, and leaves other parameters alone.
func Initialise[T array.Float](m *MLP, init Init, params []T, rng *rand.Rand) {
	for i, d := range m.Layers {
		if end := d.B.Offset + d.Out; end > len(params) {
			panic(fmt.Sprintf("nn: layer %s ends at %d of %d parameters", d.Name, end, len(params)))
		}
		w, b := params[d.W.Offset:][:d.In*d.Out], params[d.B.Offset:][:d.Out]
		rule := init.Rule
		if rule == Wide {
			if i == 0 {
				wide(init, d, w, b, rng)
				continue
			}
			rule = GlorotUniform
		}
		draw := rule.draw(d.In, d.Out)
		for k := range w {
			w[k] = T(draw(rng))
		}
		clear(b)
	}
}

// draw returns how one weight is drawn.
func (r Rule) draw(in, out int) func(*rand.Rand) float64 {
	m, n := float64(in), float64(out)
	uniform := func(a float64) func(*rand.Rand) float64 {
		return func(rng *rand.Rand) float64 { return a * (2*rng.Float64() - 1) }
	}
	normal := func(sigma float64) func(*rand.Rand) float64 {
		return func(rng *rand.Rand) float64 { return sigma * rng.NormFloat64() }
	}
	switch r {
	case GlorotUniform:
		return uniform(math.Sqrt(6 / (m + n)))
	case GlorotNormal:
		return normal(math.Sqrt(2 / (m + n)))
	case HeNormal:
		return normal(math.Sqrt(2 / m))
	case HeUniform:
		return uniform(math.Sqrt(6 / m))
	case LeCunNormal:
		return normal(math.Sqrt(1 / m))
	case LeCunUniform:
		return uniform(math.Sqrt(3 / m))
	}
	panic(fmt.Sprintf("nn: rule %d of %d", r, len(rules)))
}

// wide draws kernel w [in × out] and bias b of a first layer. With
// z = (x-middle)/half, k n·(z-c) = Σᵢ wᵢxᵢ + b for wᵢ = k nᵢ/halfᵢ and
// b = -Σᵢ wᵢ(middleᵢ + halfᵢcᵢ).
func wide[T array.Float](init Init, d *Dense, w, b []T, rng *rand.Rand) {
	steepness := init.Steepness
	if steepness == 0 {
		steepness = 4
	}
	low, high := init.Low, init.High
	if low == nil && high == nil {
		low, high = slices.Repeat([]float64{-1}, d.In), slices.Repeat([]float64{1}, d.In)
	}
	if len(low) != d.In || len(high) != d.In {
		panic(fmt.Sprintf("nn: domain with %d low and %d high ends for %d inputs", len(low), len(high), d.In))
	}
	for i := range low {
		if !(low[i] < high[i]) {
			panic(fmt.Sprintf("nn: domain of input %d from %g to %g: want a length above 0", i, low[i], high[i]))
		}
	}
	n := make([]float64, d.In)
	for j := range d.Out {
		length := 0.0
		for i := range n {
			n[i] = rng.NormFloat64()
			length = math.Hypot(length, n[i])
		}
		k, bias := steepness*rng.Float64(), 0.0
		for i := range n {
			c := low[i] + (high[i]-low[i])*rng.Float64()
			v := k * n[i] / length / ((high[i] - low[i]) / 2)
			w[i*d.Out+j] = T(v)
			bias -= v * c
		}
		b[j] = T(bias)
	}
}

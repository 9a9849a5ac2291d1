package optim

import (
	"math"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// Norm returns the Euclidean norm of v, summed in float64 in an order that
// depends on the length alone.
func Norm[T array.Float](v []T) float64 { return math.Sqrt(dot(v, v)) }

// ClipScale returns the factor min(1, limit/norm) that shortens a gradient of
// that norm to the limit; limit 0 means no limit. It is what [Method.Begin]
// wants.
//
// Source: Pascanu, Mikolov and Bengio, arXiv:1211.5063, Algorithm 1.
func ClipScale(norm, limit float64) float64 {
	if limit > 0 && norm > limit {
		return limit / norm
	}
	return 1
}

// ClipValue moves each element of grad into [-limit, limit]. NaN stays NaN.
func ClipValue[T array.Float](grad []T, limit float64) {
	l := T(limit)
	for i, g := range grad {
		if g > l {
			grad[i] = l
		} else if g < -l {
			grad[i] = -l
		}
	}
}

// dot returns Σ aᵢ bᵢ in float64. Four partial sums keep the adder busy and
// the order fixed.
func dot[T array.Float](a, b []T) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float64(float64(a[i]) * float64(b[i]))
		s1 += float64(float64(a[i+1]) * float64(b[i+1]))
		s2 += float64(float64(a[i+2]) * float64(b[i+2]))
		s3 += float64(float64(a[i+3]) * float64(b[i+3]))
	}
	for ; i < len(a); i++ {
		s0 += float64(float64(a[i]) * float64(b[i]))
	}
	return (s0 + s1) + (s2 + s3)
}

// maxAbs returns max |vᵢ|, or NaN if an element is NaN.
func maxAbs[T array.Float](v []T) float64 {
	m := 0.0
	for _, x := range v {
		if a := math.Abs(float64(x)); a > m || a != a {
			m = a
		}
		if m != m {
			break
		}
	}
	return m
}

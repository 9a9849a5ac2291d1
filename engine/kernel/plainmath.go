package kernel

import "math"

// The float32 functions of the portable build evaluate short series in
// float64 arithmetic, which costs the same as float32 on a scalar unit and
// leaves one rounding at the end: errors stay below 1 ulp.

// expSeries returns e^x for |x| < 700 with relative error below 1e-9: the
// Taylor series to x⁷ on |r| ≤ ln2/2.
func expSeries(x float64) float64 {
	const round = 0x1.8p52 // at this size floats are whole numbers
	n := (x*math.Log2E + round) - round
	r := x - n*math.Ln2
	p := 1 + r*(1+r*(1./2+r*(1./6+r*(1./24+r*(1./120+r*(1./720+r*(1./5040)))))))
	return p * math.Float64frombits(uint64(int64(n)+1023)<<52)
}

func exp32(x float32) float32 {
	switch {
	case x > 89:
		return float32(math.Inf(1))
	case x < -104:
		return 0
	case x != x:
		return x
	}
	return float32(expSeries(float64(x)))
}

// log32 uses log m = 2·artanh s, s = (m-1)/(m+1), to s¹¹ on |s| ≤ 0.172.
func log32(x float32) float32 {
	if !(x > 0) || x > math.MaxFloat32 {
		switch {
		case x == 0:
			return float32(math.Inf(-1))
		case x < 0:
			return float32(math.NaN())
		}
		return x // NaN and +Inf
	}
	b := math.Float64bits(float64(x)) // normal in float64 even where x is not
	e := int64(b>>52) - 1023
	m := math.Float64frombits(b&(1<<52-1) | 1023<<52)
	if m > math.Sqrt2 {
		m, e = m/2, e+1
	}
	s := (m - 1) / (m + 1)
	z := s * s
	p := 2 + z*(2./3+z*(2./5+z*(2./7+z*(2./9+z*(2./11)))))
	return float32(float64(e)*math.Ln2 + s*p)
}

// reduce32 returns x - n·π/2 and n mod 4, for |x| < 1e6. Beyond that the
// exact reduction of package math takes over, in circle32.
func reduce32(x float64) (r float64, n int64) {
	const hi, lo = 1.57079632673412561417e+00, 6.07710050650619224932e-11 // π/2 to 33 bits, and the rest
	k := math.Floor(x*(2/math.Pi) + 0.5)
	return (x - k*hi) - k*lo, int64(k) & 3
}

// circle32 returns sin(x + q·π/2) by Taylor series on |r| ≤ π/4.
func circle32(x float32, q int64) float32 {
	v := float64(x)
	if !(math.Abs(v) < 1e6) {
		if q == 0 {
			return float32(math.Sin(v))
		}
		return float32(math.Cos(v))
	}
	r, n := reduce32(v)
	n = (n + q) & 3
	z := r * r
	var y float64
	if n&1 == 0 {
		y = r * (1 + z*(-1./6+z*(1./120+z*(-1./5040+z*(1./362880)))))
	} else {
		y = 1 + z*(-1./2+z*(1./24+z*(-1./720+z*(1./40320+z*(-1./3628800)))))
	}
	if n&2 != 0 {
		y = -y
	}
	return float32(y)
}

func sin32(x float32) float32 {
	if x == 0 {
		return x
	}
	return circle32(x, 0)
}

func cos32(x float32) float32 { return circle32(x, 1) }

// tanh32 is d/(d+2) with d = e²ˣ-1 = 2ⁿ(eʳ-1) + (2ⁿ-1), which does not cancel
// near 0, where n = 0.
func tanh32(x float32) float32 {
	switch {
	case x > 10:
		return 1
	case x < -10:
		return -1
	case x == 0 || x != x:
		return x
	}
	const round = 0x1.8p52 // at this size floats are whole numbers
	v := 2 * float64(x)
	n := (v*math.Log2E + round) - round
	r := v - n*math.Ln2
	p := r * (1 + r*(1./2+r*(1./6+r*(1./24+r*(1./120+r*(1./720+r*(1./5040)))))))
	s := math.Float64frombits(uint64(int64(n)+1023) << 52)
	d := s*p + (s - 1)
	return float32(d / (d + 2))
}

func sigmoid32(x float32) float32 {
	if x < -104 {
		return 0
	}
	if x != x {
		return x
	}
	return float32(1 / (1 + expSeries(-min(float64(x), 100))))
}

// softplus32 adds log(1+z) = 2·artanh s, s = z/(2+z) ≤ 1/3, to s¹⁷.
func softplus32(x float32) float32 {
	if x != x || x > 30 {
		return x
	}
	if x < -104 {
		return 0
	}
	v := float64(x)
	z := expSeries(-math.Abs(v))
	s := z / (2 + z)
	w := s * s
	p := 2 + w*(2./3+w*(2./5+w*(2./7+w*(2./9+w*(2./11+w*(2./13+w*(2./15+w*(2./17))))))))
	return float32(max(v, 0) + s*p)
}

// exp64 is math.Exp, except that on amd64 that overflows too early, above 709.
func exp64(x float64) float64 {
	if x > 709 && x < 710 {
		return 8.218407461554972189e307 * math.Exp(x-709) // e⁷⁰⁹·e^(x-709), the difference exact
	}
	return math.Exp(x)
}

// log64 is math.Log, except that on amd64 that mistakes denormal numbers.
func log64(x float64) float64 {
	if x > 0 && x < 0x1p-1022 {
		return math.Log(x*0x1p54) - 54*math.Ln2
	}
	return math.Log(x)
}

func sigmoid64(x float64) float64 {
	if x < 0 {
		z := math.Exp(x)
		return z / (1 + z)
	}
	return 1 / (1 + math.Exp(-x))
}

func softplus64(x float64) float64 {
	return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
}

// tanh64 goes by e^(2x)-1, accurate near 0 as well as far from it.
func tanh64(x float64) float64 {
	v := math.Abs(x)
	if v > 20 {
		return math.Copysign(1, x)
	}
	if v == 0 {
		return x
	}
	e := math.Expm1(-2 * v)
	return math.Copysign(-e/(2+e), x)
}

// erf32 is the Taylor series near 0 and [math.Erf] beyond.
func erf32(x float32) float32 {
	v := math.Abs(float64(x))
	switch {
	case v > 4:
		return float32(math.Copysign(1, float64(x)))
	case x != x:
		return x
	case v < 1:
		z := v * v
		p := erfNear[len(erfNear)-1]
		for i := len(erfNear) - 2; i >= 0; i-- {
			p = p*z + erfNear[i]
		}
		return float32(float64(x) * p)
	}
	return float32(math.Erf(float64(x)))
}

// erfNear are the Taylor coefficients 2/√π·(-1)ᵏ/(k!(2k+1)) of erf(x)/x in x².
var erfNear = func() (c [11]float64) {
	f := 2 / math.Sqrt(math.Pi)
	for k := range c {
		if k > 0 {
			f /= -float64(k)
		}
		c[k] = f / float64(2*k+1)
	}
	return c
}()

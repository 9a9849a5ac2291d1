package kernel

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

var unary = []Op{Exp, Log, Sin, Cos, Tanh, Erf, Sigmoid, Softplus, Sqrt, Recip}

// A span is the interval of arguments worth measuring; log says that they
// are spread evenly over exponents rather than over the interval.
type span struct {
	lo, hi float64
	log    bool
}

func spans(op Op, single bool) []span {
	pick := func(a, b float64) float64 {
		if single {
			return a
		}
		return b
	}
	small, huge := pick(1e-38, 1e-307), pick(3e38, 1e308)
	switch op {
	case Exp:
		return []span{{-1, 1, false}, {pick(-104, -746), pick(88.8, 709.8), false}, {small, 1, true}}
	case Log:
		return []span{{0.5, 2, false}, {small / 1e6, huge, true}, {0.9, 1.1, false}}
	case Sin, Cos:
		return []span{{-4, 4, false}, {pick(-1e5, -1e8), pick(1e5, 1e8), false}, {small, 1, true}}
	case Tanh:
		return []span{{-1, 1, false}, {-22, 22, false}, {small, 1, true}}
	case Erf:
		return []span{{-1, 1, false}, {0.9, 1.2, false}, {-6, 6, false}, {small * 2, 1, true}}
	case Sigmoid, Softplus:
		return []span{{-1, 1, false}, {pick(-104, -746), 100, false}, {-40, 40, false}}
	}
	return []span{{small, huge, true}, {0.25, 8, false}}
}

func (s span) draw(r *rand.Rand) float64 {
	if s.log {
		return math.Exp(math.Log(s.lo) + r.Float64()*(math.Log(s.hi)-math.Log(s.lo)))
	}
	return s.lo + r.Float64()*(s.hi-s.lo)
}

// ulp32 and ulp64 are the distance of got from the true value in units in
// the last place of the true value; denormals count in the smallest one.
func ulp32(got float32, want float64) float64 {
	if float64(got) == want || math.IsNaN(float64(got)) && math.IsNaN(want) {
		return 0
	}
	if math.IsInf(float64(got), 0) {
		got = math.Nextafter32(float32(math.Copysign(math.MaxFloat32, float64(got))), 0)
		if math.Abs(want) > math.MaxFloat32*(1-0x1p-20) {
			return 0
		}
	}
	_, e := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(e-24, -149))
}

func ulp64(got float64, want *big.Float) float64 {
	if math.IsNaN(got) {
		return math.Inf(1)
	}
	e := want.MantExp(nil)
	if math.IsInf(got, 0) {
		if e > 1024 || e == 1024 && want.Cmp(bf(math.MaxFloat64)) > 0 {
			return 0
		}
		return math.Inf(1)
	}
	d := bf(got)
	d.Sub(d, want)
	d.SetMantExp(d, -max(e-53, -1074))
	f, _ := d.Float64()
	return math.Abs(f)
}

func TestAccuracyFloat32(t *testing.T) {
	for _, op := range unary {
		r := rand.New(rand.NewPCG(uint64(op), 1))
		var x []float32
		for _, s := range spans(op, true) {
			for range 20000 {
				x = append(x, float32(s.draw(r)))
			}
		}
		want := make([]float64, len(x))
		for i, v := range x {
			want[i] = evalOp(op, float64(v), 0, 0, 0)
		}
		bound, _ := Accuracy(op)
		atEveryLevel(t, func(t *testing.T) {
			y := make([]float32, len(x))
			Apply(op, y, x)
			worst, at := 0.0, float32(0)
			for i, v := range y {
				if u := ulp32(v, want[i]); u > worst || math.IsNaN(u) {
					worst, at = u, x[i]
				}
			}
			t.Logf("%-8v float32 %-6s %.2f ulp at %v", op, Level(), worst, at)
			if !(worst <= bound) {
				t.Errorf("%v float32: %.2f ulp at %v, stated %.1f", op, worst, at, bound)
			}
		})
	}
}

func TestAccuracyFloat64(t *testing.T) {
	for _, op := range unary {
		r := rand.New(rand.NewPCG(uint64(op), 2))
		var x []float64
		for _, s := range spans(op, false) {
			for range 400 {
				x = append(x, s.draw(r))
			}
		}
		want := make([]*big.Float, len(x))
		for i, v := range x {
			want[i] = bigOp(op, v)
		}
		_, bound := Accuracy(op)
		atEveryLevel(t, func(t *testing.T) {
			y := make([]float64, len(x))
			Apply(op, y, x)
			worst, at := 0.0, 0.0
			for i, v := range y {
				if u := ulp64(v, want[i]); u > worst || math.IsNaN(u) {
					worst, at = u, x[i]
				}
			}
			t.Logf("%-8v float64 %-6s %.2f ulp at %v", op, Level(), worst, at)
			if !(worst <= bound) {
				t.Errorf("%v float64: %.2f ulp at %v, stated %.1f", op, worst, at, bound)
			}
		})
	}
}

// TestSpecials: zeros with their signs, infinities, NaN, the largest and
// smallest numbers, against package math.
func TestSpecials(t *testing.T) {
	inf := math.Inf(1)
	x := []float64{0, math.Copysign(0, -1), 1, -1, inf, -inf, math.NaN(), math.MaxFloat64, -math.MaxFloat64,
		5e-324, -5e-324, 0x1p-1022, -0x1p-1022, 1e-300, 1e300, 709.7, 709.8, -745, -746, 1e5, -1e5, 88.7, 89, -103, -105,
		20, -20, 1e-10, -1e-10, math.MaxFloat32, 1e-45, -1e-45, 0x1p-126}
	atEveryLevel(t, func(t *testing.T) {
		for op := Neg; op < PowC; op++ {
			y := make([]float64, len(x))
			Apply(op, y, x)
			for i, v := range x {
				want := evalOp(op, v, 0, 0, 0)
				if (op == Sin || op == Cos) && math.Abs(v) > 1e8 && !math.IsInf(v, 0) {
					if !(math.Abs(y[i]) <= 1.001) {
						t.Errorf("%v(%v) = %v, not in [-1,1]", op, v, y[i])
					}
					continue
				}
				if !same(y[i], want, 8e-16, 5e-324) {
					t.Errorf("float64 %v(%v) = %v, want %v", op, v, y[i], want)
				}
			}
			x32, y32 := make([]float32, len(x)), make([]float32, len(x))
			for i, v := range x {
				x32[i] = float32(v)
			}
			Apply(op, y32, x32)
			for i, v := range x32 {
				want := float64(evalOp(op, v, 0, 0, 0))
				if (op == Sin || op == Cos) && math.Abs(float64(v)) > 1e5 && !math.IsInf(float64(v), 0) {
					if !(math.Abs(float64(y32[i])) <= 1.001) {
						t.Errorf("%v(%v) = %v, not in [-1,1]", op, v, y32[i])
					}
					continue
				}
				if !same(float64(y32[i]), want, 4e-7, 0x1p-149) {
					t.Errorf("float32 %v(%v) = %v, want %v", op, v, y32[i], want)
				}
			}
		}
	})
}

// same allows a relative error, and one unit in a denormal result.
func same(got, want, tol, tiny float64) bool {
	if math.IsNaN(want) || math.IsNaN(got) {
		return math.IsNaN(want) && math.IsNaN(got)
	}
	if want == 0 || math.IsInf(want, 0) {
		return got == want && math.Signbit(got) == math.Signbit(want)
	}
	return math.Abs(got-want) <= tol*math.Abs(want)+tiny
}

// TestSpecialPairs: the operations of two operands on all pairs of specials.
func TestSpecialPairs(t *testing.T) {
	v := []float64{0, math.Copysign(0, -1), 1, -2.5, math.Inf(1), math.Inf(-1), math.NaN()}
	atEveryLevel(t, func(t *testing.T) {
		for op := Add; op <= Equal; op++ {
			for _, b := range v {
				for _, kinds := range []string{"f,f", "f,s", "s,f"} {
					c, err := ParseCode(fmt.Sprintf("%s;%v 0 1;>2", kinds, op))
					if err != nil {
						t.Fatal(err)
					}
					checkPair[float32](t, c, v, b)
					checkPair[float64](t, c, v, b)
				}
			}
		}
	})
}

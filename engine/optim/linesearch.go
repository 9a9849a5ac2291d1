package optim

import "math"

// wolfe finds a step α along a descent direction for which
//
//	φ(α) ≤ φ(0) + c₁ α φ'(0)   and   |φ'(α)| ≤ c₂ |φ'(0)|,
//
// the strong Wolfe conditions, with c₁ = 1e-4 and c₂ = 0.9. Where rounding
// hides the fall of φ the first condition is also met by a slope: the
// approximate condition φ'(α) ≤ (2c₁ - 1) φ'(0) with |φ(α) - φ(0)| ≤ noise.
//
// Sources: Moré and Thuente, ACM TOMS 20 (1994) 286, for the interpolation
// within a shrinking interval; Hager and Zhang, SIAM J. Optim. 16 (2005) 170,
// eq. (4.1), for the approximate condition.
type wolfe struct {
	phi   func(a float64) (f, slope float64)
	f0    float64 // φ(0)
	s0    float64 // φ'(0) < 0
	noise float64 // rounding of φ
	evals int     // evaluations allowed
}

const (
	wolfeFall  = 1e-4
	wolfeSlope = 0.9
)

// point is a trial step with the value and slope there.
type point struct{ a, f, s float64 }

// search returns the first acceptable point from the first trial step a, and
// whether it is one. After false the point is the lowest seen, which may be
// step 0. The last evaluation is not always the point returned.
func (w *wolfe) search(a float64) (point, bool) {
	// lo is the lowest point with enough fall, hi the other end of the
	// interval; hi.a = ∞ until a minimum is bracketed.
	lo, hi := point{0, w.f0, w.s0}, point{a: math.Inf(1)}
	for range w.evals {
		f, s := w.phi(a)
		p := point{a, f, s}
		switch {
		case !finite(f) || !finite(s):
			// Outside the domain: come back, and never so far again.
			hi = point{a, math.Inf(1), math.Inf(1)}
		case w.enough(p) && math.Abs(s) <= -wolfeSlope*w.s0:
			return p, true
		case w.enough(p) && p.f <= lo.f+w.noise && (p.a-lo.a)*s < 0:
			// Lower and still falling away from lo.
			if math.IsInf(hi.a, 1) {
				a = w.beyond(lo, p)
				lo = p
				continue
			}
			lo = p
		case w.enough(p) && p.f <= lo.f+w.noise:
			// Lower, but the minimum is between lo and p.
			lo, hi = p, lo
		default:
			hi = p
		}
		next := w.between(lo, hi)
		if next == lo.a || next == hi.a {
			break // the interval holds no further number
		}
		a = next
	}
	return lo, false
}

// enough is the first Wolfe condition, exact or approximate.
func (w *wolfe) enough(p point) bool {
	return p.f <= w.f0+wolfeFall*p.a*w.s0 ||
		math.Abs(p.f-w.f0) <= w.noise && p.s <= (2*wolfeFall-1)*w.s0
}

// beyond extrapolates past p from lo, where φ still falls: to the minimum of
// the cubic through both, but between twice and ten times the way.
func (w *wolfe) beyond(lo, p point) float64 {
	d := p.a - lo.a
	a := cubic(lo, p)
	if !(a > p.a) {
		a = math.Inf(1)
	}
	return min(max(a, p.a+d), p.a+9*d)
}

// between interpolates in the interval: the minimum of the cubic through both
// ends, kept a tenth of the length away from them; the middle where the cubic
// has none; a tenth where the far end is not finite.
func (w *wolfe) between(lo, hi point) float64 {
	d := hi.a - lo.a
	if !finite(hi.f) {
		return lo.a + 0.1*d
	}
	u := (cubic(lo, hi) - lo.a) / d
	if !(u > 0 && u < 1) {
		u = 0.5
	}
	return lo.a + min(max(u, 0.1), 0.9)*d
}

// cubic returns the minimiser of the cubic with the values and slopes of p
// and q, or NaN if it has none.
//
// Source: Nocedal and Wright, Numerical Optimization (2006), eq. (3.59).
func cubic(p, q point) float64 {
	d1 := p.s + q.s - 3*(p.f-q.f)/(p.a-q.a)
	d2 := math.Copysign(math.Sqrt(d1*d1-p.s*q.s), q.a-p.a)
	return q.a - (q.a-p.a)*(q.s+d2-d1)/(q.s-p.s+2*d2)
}

func finite(x float64) bool { return x-x == 0 }

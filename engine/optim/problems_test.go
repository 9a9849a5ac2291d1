package optim

import (
	"math"
	"math/cmplx"
)

// curve is a least-squares problem written in complex numbers, so that its
// Jacobian is exact to rounding by the complex step: ∂r/∂x = Im r(x + ih)/h
// with h so small that x is not touched (Squire and Trapp, SIAM Rev. 40
// (1998) 110).
type curve struct {
	n, p  int
	resid func(x, r []complex128)
	evals int
	jacs  int
}

func (c *curve) Size() (int, int) { return c.n, c.p }

func (c *curve) at(x []float64, k int, h float64) []complex128 {
	z, r := make([]complex128, c.p), make([]complex128, c.n)
	for j, v := range x {
		z[j] = complex(v, 0)
	}
	if k >= 0 {
		z[k] += complex(0, h)
	}
	c.resid(z, r)
	return r
}

func (c *curve) Eval(x, r []float64) {
	c.evals++
	for i, v := range c.at(x, -1, 0) {
		r[i] = real(v)
	}
}

func (c *curve) Jacobian(x, r, jac []float64, ld int) {
	c.jacs++
	const h = 1e-60
	for j := range c.p {
		for i, v := range c.at(x, j, h) {
			r[i] = real(v)
			jac[i*ld+j] = imag(v) / h
		}
	}
}

// Eval of sumOfSquares makes the same problem a Loss: f = Σ rᵢ².
type sumOfSquares struct{ *curve }

func (s sumOfSquares) Eval(x, g []float64) float64 {
	r, jac := make([]float64, s.n), make([]float64, s.n*s.p)
	s.Jacobian(x, r, jac, s.p)
	timesT(g, jac, r)
	for j := range g {
		g[j] *= 2
	}
	return dot(r, r)
}

// problem is a row of the collection of Moré, Garbow and Hillstrom, ACM TOMS 7
// (1981) 17: f = Σ rᵢ², the standard start and the minimum printed there.
type problem struct {
	name  string
	n, p  int
	resid func(x, r []complex128)
	start []float64
	min   float64
	at    []float64 // minimiser, where the paper gives one
	slow  bool      // singular Jacobian at the solution: convergence is linear
}

func mgh() []problem {
	sq := func(z complex128) complex128 { return z * z }
	c := func(x float64) complex128 { return complex(x, 0) }
	return []problem{
		{"1 Rosenbrock", 2, 2, func(x, r []complex128) {
			r[0], r[1] = 10*(x[1]-sq(x[0])), 1-x[0]
		}, []float64{-1.2, 1}, 0, []float64{1, 1}, false},
		{"2 Freudenstein and Roth, the local minimum", 2, 2, func(x, r []complex128) {
			r[0] = -13 + x[0] + ((5-x[1])*x[1]-2)*x[1]
			r[1] = -29 + x[0] + ((x[1]+1)*x[1]-14)*x[1]
		}, []float64{0.5, -2}, 48.9842, []float64{11.4128, -0.896805}, false},
		{"4 Brown badly scaled", 3, 2, func(x, r []complex128) {
			r[0], r[1], r[2] = x[0]-1e6, x[1]-2e-6, x[0]*x[1]-2
		}, []float64{1, 1}, 0, []float64{1e6, 2e-6}, false},
		{"5 Beale", 3, 2, func(x, r []complex128) {
			power := c(1)
			for i, y := range []float64{1.5, 2.25, 2.625} {
				power *= x[1]
				r[i] = c(y) - x[0]*(1-power)
			}
		}, []float64{1, 1}, 0, []float64{3, 0.5}, false},
		{"6 Jennrich and Sampson", 10, 2, func(x, r []complex128) {
			for i := range r {
				k := c(float64(i + 1))
				r[i] = 2 + 2*k - cmplx.Exp(k*x[0]) - cmplx.Exp(k*x[1])
			}
		}, []float64{0.3, 0.4}, 124.362, []float64{0.2578, 0.2578}, false},
		{"13 Powell singular", 4, 4, func(x, r []complex128) {
			r[0], r[1] = x[0]+10*x[1], c(math.Sqrt(5))*(x[2]-x[3])
			r[2], r[3] = sq(x[1]-2*x[2]), c(math.Sqrt(10))*sq(x[0]-x[3])
		}, []float64{3, -1, 0, 1}, 0, []float64{0, 0, 0, 0}, true},
		{"14 Wood", 6, 4, func(x, r []complex128) {
			r[0], r[1] = 10*(x[1]-sq(x[0])), 1-x[0]
			r[2], r[3] = c(math.Sqrt(90))*(x[3]-sq(x[2])), 1-x[2]
			r[4], r[5] = c(math.Sqrt(10))*(x[1]+x[3]-2), (x[1]-x[3])/c(math.Sqrt(10))
		}, []float64{-3, -1, -3, -1}, 0, []float64{1, 1, 1, 1}, false},
		{"16 Brown and Dennis", 20, 4, func(x, r []complex128) {
			for i := range r {
				t := float64(i+1) / 5
				r[i] = sq(x[0]+c(t)*x[1]-c(math.Exp(t))) + sq(x[2]+x[3]*c(math.Sin(t))-c(math.Cos(t)))
			}
		}, []float64{25, 5, -5, -1}, 85822.2, nil, false},
		{"20 Watson, n = 6", 31, 6, watson, make([]float64, 6), 2.28767e-3, nil, false},
		{"20 Watson, n = 9", 31, 9, watson, make([]float64, 9), 1.39976e-6, nil, false},
		{"25 variably dimensioned, n = 10", 12, 10, func(x, r []complex128) {
			s := c(0)
			for j := range 10 {
				r[j] = x[j] - 1
				s += c(float64(j+1)) * (x[j] - 1)
			}
			r[10], r[11] = s, sq(s)
		}, []float64{0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0}, 0,
			[]float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, false},
	}
}

// watson is problem 20: r_i = Σ (j-1) x_j t^(j-2) - (Σ x_j t^(j-1))² - 1 at
// t = i/29, then x₁ and x₂ - x₁² - 1.
func watson(x, r []complex128) {
	for i := range 29 {
		t := complex(float64(i+1)/29, 0)
		var d, s complex128
		for j := len(x) - 1; j >= 0; j-- {
			if j > 0 {
				d = d*t + complex(float64(j), 0)*x[j]
			}
			s = s*t + x[j]
		}
		r[i] = d - s*s - 1
	}
	r[29], r[30] = x[0], x[1]-x[0]*x[0]-1
}

package optim

import (
	"fmt"
	"math"
	"math/cmplx"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/train"
)

// nist is a nonlinear regression of the NIST Statistical Reference Datasets
// (itl.nist.gov/div898/strd/nls; public domain): observations y at x, the
// model, the official starts and the certified parameters and residual sum
// of squares, computed by NIST with 128-bit arithmetic and given to 11 digits.
type nist struct {
	name   string
	y, x   []float64
	model  func(b []complex128, x complex128) complex128
	starts [][]float64
	b      []float64
	rss    float64
	scale  bool // parameters differ by many powers of ten
}

func nistProblems() []nist {
	exp := cmplx.Exp
	return []nist{
		{"Misra1a", []float64{10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78},
			[]float64{77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0},
			func(b []complex128, x complex128) complex128 { return b[0] * (1 - exp(-b[1]*x)) },
			[][]float64{{500, 0.0001}, {250, 0.0005}},
			[]float64{2.3894212918e+02, 5.5015643181e-04}, 1.2455138894e-01, true},
		{"Thurber", []float64{80.574, 84.248, 87.264, 87.195, 89.076, 89.608, 89.868, 90.101, 92.405, 95.854, 100.696, 101.060,
			401.672, 390.724, 567.534, 635.316, 733.054, 759.087, 894.206, 990.785, 1090.109, 1080.914, 1122.643, 1178.351,
			1260.531, 1273.514, 1288.339, 1327.543, 1353.863, 1414.509, 1425.208, 1421.384, 1442.962, 1464.350, 1468.705, 1447.894, 1457.628},
			[]float64{-3.067, -2.981, -2.921, -2.912, -2.840, -2.797, -2.702, -2.699, -2.633, -2.481, -2.363, -2.322,
				-1.501, -1.460, -1.274, -1.212, -1.100, -1.046, -0.915, -0.714, -0.566, -0.545, -0.400, -0.309,
				-0.109, -0.103, 0.010, 0.119, 0.377, 0.790, 0.963, 1.006, 1.115, 1.572, 1.841, 2.047, 2.200},
			func(b []complex128, x complex128) complex128 {
				return (b[0] + x*(b[1]+x*(b[2]+x*b[3]))) / (1 + x*(b[4]+x*(b[5]+x*b[6])))
			},
			[][]float64{{1000, 1000, 400, 40, 0.7, 0.3, 0.03}, {1300, 1500, 500, 75, 1, 0.4, 0.05}},
			[]float64{1.2881396800e+03, 1.4910792535e+03, 5.8323836877e+02, 7.5416644291e+01, 9.6629502864e-01, 3.9797285797e-01, 4.9727297349e-02},
			5.6427082397e+03, true},
		{"MGH09", []float64{0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246},
			[]float64{4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625},
			func(b []complex128, x complex128) complex128 { return b[0] * (x*x + x*b[1]) / (x*x + x*b[2] + b[3]) },
			[][]float64{{25, 39, 41.5, 39}, {0.25, 0.39, 0.415, 0.39}},
			[]float64{1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01}, 3.0750560385e-04, false},
		{"MGH10", []float64{34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872},
			[]float64{50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 100, 105, 110, 115, 120, 125},
			func(b []complex128, x complex128) complex128 { return b[0] * exp(b[1]/(x+b[2])) },
			// From NIST's start 1 (2, 400000, 25000) the run goes along b₁ → 0,
			// where the model is flat, and is not at the minimum after 5000 steps.
			[][]float64{{0.02, 4000, 250}},
			[]float64{5.6096364710e-03, 6.1813463463e+03, 3.4522363462e+02}, 8.7945855171e+01, true},
		{"Rat42", []float64{8.93, 10.80, 18.59, 22.33, 39.35, 56.11, 61.73, 64.62, 67.08},
			[]float64{9, 14, 21, 28, 42, 57, 63, 70, 79},
			func(b []complex128, x complex128) complex128 { return b[0] / (1 + exp(b[1]-b[2]*x)) },
			[][]float64{{100, 1, 0.1}, {75, 2.5, 0.07}},
			[]float64{7.2462237576e+01, 2.6180768402e+00, 6.7359200066e-02}, 8.0565229338e+00, true},
		{"BoxBOD", []float64{109, 149, 149, 191, 213, 224}, []float64{1, 2, 3, 5, 7, 10},
			func(b []complex128, x complex128) complex128 { return b[0] * (1 - exp(-b[1]*x)) },
			[][]float64{{1, 1}, {100, 0.75}},
			[]float64{2.1380940889e+02, 5.4723748542e-01}, 1.1680088766e+03, false},
	}
}

func (q nist) curve() *curve {
	return &curve{n: len(q.y), p: len(q.b), resid: func(b, r []complex128) {
		for i, x := range q.x {
			r[i] = q.model(b, complex(x, 0)) - complex(q.y[i], 0)
		}
	}}
}

func TestGaussNewtonOnNIST(t *testing.T) {
	for _, q := range nistProblems() {
		for k, start := range q.starts {
			t.Run(fmt.Sprintf("%s from start %d", q.name, k+1), func(t *testing.T) {
				b := append([]float64(nil), start...)
				res := minimise(t, NewGaussNewton(q.curve(), b, GaussNewtonOptions{Scale: q.scale}), 150)
				if res.Stop == train.Budget {
					t.Errorf("not finished after %d steps", res.Step)
				}
				if rss := 2 * res.Loss; math.Abs(rss-q.rss) > 1e-10*q.rss {
					t.Errorf("residual sum of squares %.11g, certified %.11g", rss, q.rss)
				}
				// f is flat at its minimum: by f alone b would be known to
				// 1e-8 at best; the slope test gives the rest.
				for j, want := range q.b {
					if math.Abs(b[j]-want) > 1e-9*math.Abs(want) {
						t.Errorf("b[%d] = %.11g, certified %.11g", j+1, b[j], want)
					}
				}
			})
		}
	}
}

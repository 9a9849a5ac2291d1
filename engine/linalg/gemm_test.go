package linalg

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// matrix returns rows × cols normal numbers in rows ld apart, NaN between.
func matrix(rng *rand.Rand, rows, cols, ld int) []float64 {
	s := make([]float64, max(0, (rows-1)*ld+cols))
	for i := range s {
		s[i] = math.NaN()
		if i%ld < cols {
			s[i] = rng.NormFloat64()
		}
	}
	return s
}

// worst returns the largest |x-y|/scale, taking NaN for equal to NaN.
func worst(x, y []float64, scale float64) float64 {
	w := 0.0
	for i := range x {
		switch {
		case math.IsNaN(x[i]) != math.IsNaN(y[i]):
			return math.Inf(1)
		case !math.IsNaN(x[i]):
			w = max(w, math.Abs(x[i]-y[i])/scale)
		}
	}
	return w
}

func transpose(t bool) blas.Transpose {
	if t {
		return blas.Trans
	}
	return blas.NoTrans
}

var productSizes = [][3]int{ // m, n, k
	{1, 1, 1}, {2, 3, 4}, {12, 16, 384}, {13, 17, 385}, {5, 40, 7}, {40, 5, 7}, {70, 8, 200}, {70, 1, 33},
	{1, 70, 33}, {49, 50, 51}, {48, 33, 20}, {100, 50, 400}, {251, 30, 9}, {0, 3, 2}, {3, 0, 2}, {3, 2, 0},
}

// bound is (k+2)·2⁻⁵²·Σ|a||b|, the largest difference of two orders of a sum
// of k products; by Cauchy and Schwarz Σ|a||b| is at most a squared norm of k
// normal numbers, which stays below 2k + 30.
func bound(k int) float64 { return float64(k+2) * 0x1p-52 * float64(2*k+30) }

// Against gonum's own products.
func TestGemm(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range productSizes {
		m, n, k := s[0], s[1], s[2]
		for flags := range 4 {
			transA, transB := flags&1 != 0, flags&2 != 0
			for _, f := range [][2]float64{{1, 0}, {1, 1}, {-1, 1}, {0.5, -2}, {0, 3}, {0, 0}} {
				alpha, beta := f[0], f[1]
				lda, ldb, ldc := k+1, n+2, n+3
				a, b := matrix(rng, m, k, lda), matrix(rng, k, n, ldb)
				if transA {
					lda = m + 1
					a = matrix(rng, k, m, lda)
				}
				if transB {
					ldb = k + 2
					b = matrix(rng, n, k, ldb)
				}
				c := matrix(rng, m, n, ldc)
				want := slices.Clone(c)
				gonum.Implementation{}.Dgemm(transpose(transA), transpose(transB), m, n, k, alpha, a, lda, b, ldb, beta, want, ldc)
				if beta == 0 && n > 0 {
					for i := range m {
						c[i*ldc+rng.IntN(max(1, n))] = math.NaN()
					}
				}
				Gemm(c, ldc, transA, transB, a, lda, b, ldb, m, n, k, alpha, beta, 2)
				if w := worst(c, want, bound(k)); w > 1 {
					t.Errorf("m %d n %d k %d transA %v transB %v alpha %v beta %v: error %.2g of the bound",
						m, n, k, transA, transB, alpha, beta, w)
				}
			}
		}
	}
}

func TestSyrk(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 2, 7, 12, 16, 17, 31, 48, 62, 100, 161} {
		for _, k := range []int{0, 1, 5, 33, 390} {
			for _, trans := range []bool{false, true} {
				for _, f := range [][2]float64{{1, 0}, {1, 1}, {-1, 1}, {0.5, -2}, {0, 3}} {
					alpha, beta := f[0], f[1]
					lda, ldc := k+1, n+3
					a := matrix(rng, n, k, lda)
					if trans {
						lda = n + 2
						a = matrix(rng, k, n, lda)
					}
					c := matrix(rng, n, n, ldc)
					for i := range n {
						for j := range i {
							c[i*ldc+j] = math.NaN() // never touched
						}
					}
					want := slices.Clone(c)
					gonum.Implementation{}.Dsyrk(blas.Upper, transpose(trans), n, k, alpha, a, lda, beta, want, ldc)
					if beta == 0 && n > 0 {
						c[n-1] = math.NaN()
					}
					Syrk(c, ldc, trans, a, lda, n, k, alpha, beta, 2)
					if w := worst(c, want, bound(k)); w > 1 {
						t.Errorf("n %d k %d trans %v alpha %v beta %v: error %.2g of the bound", n, k, trans, alpha, beta, w)
					}
				}
			}
		}
	}
}

// parallelAlways starts goroutines for small work too.
func parallelAlways(t *testing.T) {
	old := parallelFlops
	parallelFlops = 0
	t.Cleanup(func() { parallelFlops = old })
}

// The number of threads does not change a bit.
func TestProductBits(t *testing.T) {
	parallelAlways(t)
	rng := rand.New(rand.NewPCG(5, 6))
	for _, s := range [][3]int{{101, 90, 400}, {210, 7, 80}, {210, 1, 80}, {40, 260, 100}, {50, 500, 17}, {60, 2100, 5}} {
		m, n, k := s[0], s[1], s[2]
		a, b := matrix(rng, m, k, k), matrix(rng, n, k, k)
		var want, wantSyrk []float64
		for _, threads := range []int{0, 1, 2, 3, 8} {
			c := make([]float64, m*n)
			Gemm(c, n, false, true, a, k, b, k, m, n, k, 1.5, 0, threads)
			if want == nil {
				want = c
			}
			if !slices.Equal(c, want) {
				t.Errorf("%d × %d × %d: other bits with %d threads", m, n, k, threads)
			}
			c = make([]float64, m*m+k*k)
			Syrk(c, m, false, a, k, m, k, -1, 0, threads)
			Syrk(c[m*m:], k, true, a, k, k, m, -1, 0, threads)
			if wantSyrk == nil {
				wantSyrk = c
			}
			if !slices.Equal(c, wantSyrk) {
				t.Errorf("syrk %d × %d: other bits with %d threads", m, k, threads)
			}
		}
	}
}

// Parts cover C once and hold about the same work.
func TestSplit(t *testing.T) {
	for _, g := range []product{{m: 1000, n: 1000, shape: upper}, {m: 5000, n: 5000, shape: upper}, {m: 3000, n: 50},
		{m: 50, n: 9000}, {m: 100, n: 100}, {m: 3000, n: 3000}, {m: 17, n: 17, shape: upper}, {m: 900, n: 900, shape: lower}} {
		for _, parts := range []int{1, 2, 4, 6, 16} {
			area := 0
			for _, p := range g.split(parts) {
				area += (p.i1 - p.i0) * (p.j1 - p.j0)
				if p.i1 <= p.i0 || p.j1 <= p.j0 || p.j1-p.j0 > colsB {
					t.Errorf("m %d n %d shape %v into %d: part %v", g.m, g.n, g.shape, parts, p)
				}
			}
			if area != g.m*g.n {
				t.Errorf("m %d n %d shape %v into %d: area %d", g.m, g.n, g.shape, parts, area)
			}
		}
	}
}

func TestPanics(t *testing.T) {
	defer func() {
		want := "linalg: B has 5 elements, need 6"
		if got := fmt.Sprint(recover()); got != want {
			t.Errorf("panic %q, want %q", got, want)
		}
	}()
	x := make([]float64, 9)
	Gemm(x, 3, false, false, x, 2, x[:5], 3, 3, 3, 2, 1, 0, 1)
}

package linalg

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/blas/testblas"
	"gonum.org/v1/gonum/mat"
)

// gonum's published suite, with our code at every size.
func TestBLASConformance(t *testing.T) {
	for _, impl := range []BLAS{{Threads: 1, all: true}, {Threads: 3, all: true}, {}} {
		testblas.TestDgemm(t, impl)
		testblas.DsyrkTest(t, impl)
		testblas.DtrsmTest(t, impl)
	}
}

// Arguments that gonum refuses are refused in the same words.
func TestBLASRefuses(t *testing.T) {
	x := make([]float64, 2000)
	message := func(impl blas.Float64Level3, call func(blas.Float64Level3)) (r any) {
		defer func() { r = recover() }()
		call(impl)
		return nil
	}
	for name, call := range map[string]func(b blas.Float64Level3){
		"short a": func(b blas.Float64Level3) {
			b.Dgemm(blas.NoTrans, blas.NoTrans, 20, 20, 20, 1, x[:399], 20, x, 20, 0, x, 20)
		},
		"bad ldb":  func(b blas.Float64Level3) { b.Dgemm(blas.NoTrans, blas.Trans, 20, 20, 30, 1, x, 30, x, 29, 0, x, 20) },
		"negative": func(b blas.Float64Level3) { b.Dsyrk(blas.Upper, blas.Trans, -1, 30, 1, x, 30, 0, x, 20) },
		"bad uplo": func(b blas.Float64Level3) { b.Dsyrk('Q', blas.Trans, 20, 30, 1, x, 30, 0, x, 20) },
		"bad side": func(b blas.Float64Level3) {
			b.Dtrsm('Q', blas.Upper, blas.Trans, blas.Unit, 20, 20, 1, x, 20, x, 20)
		},
		"short b": func(b blas.Float64Level3) {
			b.Dtrsm(blas.Left, blas.Upper, blas.Trans, blas.Unit, 20, 20, 1, x, 20, x[:50], 20)
		},
	} {
		got, want := message(BLAS{}, call), message(gonum.Implementation{}, call)
		if got != want || want == nil {
			t.Errorf("%s: panic %v, want %v", name, got, want)
		}
	}
}

// Every kind of triangular system, against gonum. The triangles have 2 + n/8
// on the diagonal, so the solution stays of the size of B; the other half and
// a unit diagonal are NaN.
func TestTrsm(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, s := range [][2]int{{1, 1}, {3, 5}, {16, 16}, {17, 40}, {40, 17}, {70, 129}, {129, 70}, {200, 3}, {3, 200}} {

		for flags := range 16 {
			left, up, trans, unit := flags&1 != 0, flags&2 != 0, flags&4 != 0, flags&8 != 0
			m, n := s[0], s[1]
			size, side := n, blas.Right
			if left {
				size, side = m, blas.Left
			}
			uplo, diag := blas.Lower, blas.NonUnit
			if up {
				uplo = blas.Upper
			}
			if unit {
				diag = blas.Unit
			}
			lda, ldb := size+2, n+1
			a, b := matrix(rng, size, size, lda), matrix(rng, m, n, ldb)
			for i := range size {
				for j := range size {
					switch x := &a[i*lda+j]; {
					case i == j && unit || i != j && (j > i) != up:
						*x = math.NaN()
					case i == j:
						*x = 2 + float64(size)/8
					default:
						*x /= 1 + float64(size)/4
					}
				}
			}
			want := slices.Clone(b)
			gonum.Implementation{}.Dtrsm(side, uplo, transpose(trans), diag, m, n, 0.5, a, lda, want, ldb)
			Trsm(left, up, trans, unit, m, n, 0.5, a, lda, b, ldb, 1)
			if w := worst(b, want, 100*float64(size)*0x1p-52); w > 1 {
				t.Errorf("m %d n %d left %v upper %v trans %v unit %v: error %.2g of the bound", m, n, left, up, trans, unit, w)
			}
		}
	}
}

// positive returns a positive definite matrix XᵀX/n + 1, whole.
func positive(rng *rand.Rand, n int) []float64 {
	x := matrix(rng, n, n, n)
	a := make([]float64, n*n)
	Gemm(a, n, true, false, x, n, x, n, n, n, n, 1/float64(n), 0, 1)
	for i := range n {
		a[i*n+i]++
	}
	return a
}

// UᵀU gives A back, to the backward error bound (n+1)·2⁻⁵³·|Uᵀ||U|
// (Higham, Accuracy and Stability of Numerical Algorithms, theorem 10.3),
// where |Uᵀ||U| is at most the largest A[i,i] ≈ 2.
func TestCholesky(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for _, n := range []int{0, 1, 2, 16, 31, 32, 33, 50, 64, 100, 201} {
		a := positive(rng, n)
		lda := n + 3
		u := make([]float64, n*lda)
		for i := range n {
			for j := range n {
				u[i*lda+j] = math.NaN()
				if j >= i {
					u[i*lda+j] = a[i*n+j]
				}
			}
		}
		if err := Cholesky(u, lda, n, 2); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for j := range n {
				if j < i {
					if !math.IsNaN(u[i*lda+j]) {
						t.Fatalf("n %d: wrote below the diagonal, at %d, %d", n, i, j)
					}
					continue
				}
				sum := 0.0
				for p := range i + 1 {
					sum += u[p*lda+i] * u[p*lda+j]
				}
				if d := math.Abs(sum - a[i*n+j]); !(d <= float64(n+2)*0x1p-52*4) {
					t.Fatalf("n %d: UᵀU differs from A by %g at %d, %d", n, d, i, j)
				}
			}
		}
	}
}

func TestCholeskyRefuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, bad := range []float64{-1e3, math.NaN(), math.Inf(1)} {
		for _, column := range []int{0, 5, 40, 99} {
			a := positive(rng, 100)
			a[column*100+column] = bad
			b := slices.Repeat([]float64{1}, 100)
			err := CholeskySolve(a, 100, 100, b, 1, 1, 1)
			var refused *NotPositiveDefiniteError
			if !errors.As(err, &refused) || refused.Column != column {
				t.Errorf("%v at column %d: error %v", bad, column, err)
			}
			if slices.ContainsFunc(b, func(x float64) bool { return x != 1 }) {
				t.Error("B changed")
			}
		}
	}
}

// A·X gives B back for one and several right sides; the solution's bits do not
// depend on the threads.
func TestCholeskySolve(t *testing.T) {
	parallelAlways(t)
	rng := rand.New(rand.NewPCG(13, 14))
	for _, s := range [][2]int{{1, 1}, {30, 1}, {100, 7}, {150, 259}} {
		n, rhs := s[0], s[1]
		a, b := positive(rng, n), matrix(rng, n, rhs, rhs)
		var first []float64
		for _, threads := range []int{1, 2, 3, 8} {
			x, u := slices.Clone(b), slices.Clone(a)
			if err := CholeskySolve(u, n, n, x, rhs, rhs, threads); err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = x
				back := make([]float64, n*rhs)
				Gemm(back, rhs, false, false, a, n, x, rhs, n, rhs, n, 1, 0, 1)
				if w := worst(back, b, float64(n+10)*0x1p-52*10); w > 1 {
					t.Errorf("n %d, %d right sides: residual %.2g of the bound", n, rhs, w)
				}
			}
			if !slices.Equal(x, first) {
				t.Errorf("n %d, %d right sides: other bits with %d threads", n, rhs, threads)
			}
		}
	}
}

// gonum's mat computes with our products after Use.
func TestUse(t *testing.T) {
	old := blas64.Implementation()
	defer blas64.Use(old)
	rng := rand.New(rand.NewPCG(15, 16))
	n := 130
	a := mat.NewSymDense(n, positive(rng, n))
	b := mat.NewDense(n, 3, matrix(rng, n, 3, 3))
	solve := func() *mat.Dense {
		var ch mat.Cholesky
		if !ch.Factorize(a) {
			t.Fatal("not positive definite")
		}
		var x mat.Dense
		if err := ch.SolveTo(&x, b); err != nil {
			t.Fatal(err)
		}
		return &x
	}
	want := solve()
	Use(2)
	if _, ours := blas64.Implementation().(BLAS); !ours {
		t.Fatal("Use has no effect")
	}
	if got := solve(); !mat.EqualApprox(got, want, 1e-13) { // condition number about 5
		t.Error("mat.Cholesky gives another solution")
	}
}

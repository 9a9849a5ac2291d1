package linalg

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/blas/gonum"
)

// BLAS implements gonum's blas.Float64: the products and triangular systems
// of this package, and gonum's own code for everything else, for small
// sizes and for arguments it refuses.
type BLAS struct {
	gonum.Implementation
	Threads int // goroutines a call may use; 0 means 1

	all bool // small sizes too, for tests
}

// smallWork is the number of multiply-adds up to which gonum's own loops are
// as fast.
const smallWork = 500

// Use makes gonum's blas64, and with it lapack64 and mat, compute with this
// package. It changes them for the whole program, so only a main package or
// a test calls it.
func Use(threads int) { blas64.Use(BLAS{Threads: threads}) }

func (b BLAS) worthwhile(m, n, k int) bool {
	return m > 0 && n > 0 && k > 0 && (b.all || m*n > smallWork/k)
}

// fits reports whether s holds rows × cols elements in rows ld apart.
func fits(s []float64, ld, rows, cols int) bool {
	return ld >= max(1, cols) && len(s) >= (rows-1)*ld+cols
}

func isTrans(t blas.Transpose) (trans, ok bool) {
	return t == blas.Trans || t == blas.ConjTrans, t == blas.NoTrans || t == blas.Trans || t == blas.ConjTrans
}

// swap returns rows and columns as stored.
func swap(trans bool, rows, cols int) (int, int) {
	if trans {
		return cols, rows
	}
	return rows, cols
}

// Dgemm computes C = alpha·op(A)·op(B) + beta·C.
func (b BLAS) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, bb []float64, ldb int,
	beta float64, c []float64, ldc int) {
	transA, okA := isTrans(tA)
	transB, okB := isTrans(tB)
	if b.worthwhile(m, n, k) && okA && okB {
		ra, ca := swap(transA, m, k)
		rb, cb := swap(transB, k, n)
		if fits(a, lda, ra, ca) && fits(bb, ldb, rb, cb) && fits(c, ldc, m, n) {
			Gemm(c, ldc, transA, transB, a, lda, bb, ldb, m, n, k, alpha, beta, b.Threads)
			return
		}
	}
	b.Implementation.Dgemm(tA, tB, m, n, k, alpha, a, lda, bb, ldb, beta, c, ldc)
}

// Dsyrk computes one triangle of C = alpha·A·Aᵀ + beta·C or
// C = alpha·Aᵀ·A + beta·C.
func (b BLAS) Dsyrk(ul blas.Uplo, tA blas.Transpose, n, k int, alpha float64, a []float64, lda int,
	beta float64, c []float64, ldc int) {
	trans, ok := isTrans(tA)
	rows, cols := swap(trans, n, k)
	if b.worthwhile(n, n, k) && ok && (ul == blas.Upper || ul == blas.Lower) &&
		fits(a, lda, rows, cols) && fits(c, ldc, n, n) {
		g := product{c: c, ldc: ldc, m: n, n: n, k: k, alpha: alpha, beta: beta, shape: upper}
		if ul == blas.Lower {
			g.shape = lower
		}
		g.a = operand(a, lda, n, k, trans, "A")
		g.b = g.a
		g.run(b.Threads)
		return
	}
	b.Implementation.Dsyrk(ul, tA, n, k, alpha, a, lda, beta, c, ldc)
}

// Dtrsm solves op(A)·X = alpha·B or X·op(A) = alpha·B in place of B.
func (b BLAS) Dtrsm(s blas.Side, ul blas.Uplo, tA blas.Transpose, d blas.Diag, m, n int, alpha float64,
	a []float64, lda int, bb []float64, ldb int) {
	trans, ok := isTrans(tA)
	size := n
	if s == blas.Left {
		size = m
	}
	if b.worthwhile(m, n, size) && ok && (s == blas.Left || s == blas.Right) &&
		(ul == blas.Upper || ul == blas.Lower) && (d == blas.Unit || d == blas.NonUnit) &&
		fits(a, lda, size, size) && fits(bb, ldb, m, n) {
		Trsm(s == blas.Left, ul == blas.Upper, trans, d == blas.Unit, m, n, alpha, a, lda, bb, ldb, b.Threads)
		return
	}
	b.Implementation.Dtrsm(s, ul, tA, d, m, n, alpha, a, lda, bb, ldb)
}

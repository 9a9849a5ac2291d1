package linalg

import (
	"fmt"
	"math"

	"github.com/gakuri-lab/gakuri/engine/kernel/matmul"
)

// A NotPositiveDefiniteError reports a symmetric matrix without a Cholesky
// factor.
type NotPositiveDefiniteError struct {
	Column int     // of the first pivot that is not a positive number
	Pivot  float64 // its value
}

func (e *NotPositiveDefiniteError) Error() string {
	return fmt.Sprintf("linalg: matrix is not positive definite: pivot %d is %g", e.Column, e.Pivot)
}

// Cholesky factors a symmetric positive definite n×n matrix,
//
//	A = Uᵀ·U,
//
// with U upper triangular in place of the upper triangle of A. The lower
// triangle is neither read nor written. It returns a
// *NotPositiveDefiniteError if a pivot is not a positive number; A is then
// partly overwritten.
//
// The matrix is halved down to small ones: U₁ of A₁₁, then
// U₁₂ = U₁⁻ᵀA₁₂, then U₂ of A₂₂ - U₁₂ᵀU₁₂.
func Cholesky(a []float64, lda, n, threads int) error {
	checkMatrix("A", len(a), lda, n, n)
	return cholesky(a, lda, n, 0, threads)
}

func cholesky(a []float64, lda, n, column, threads int) error {
	if n <= 2*baseSize {
		return choleskySmall(a, lda, n, column)
	}
	h := roundUp(n/2, baseSize)
	if err := cholesky(a, lda, h, column, threads); err != nil {
		return err
	}
	right := a[h:]
	triangle{factor{a, 1, lda}, true, false}.solve(h, n-h, right, lda, threads)
	u := factor{right, 1, lda}
	rest := product{c: a[h*lda+h:], ldc: lda, a: u, b: u, m: n - h, n: n - h, k: h, alpha: -1, beta: 1, shape: upper}
	rest.run(threads)
	return cholesky(a[h*lda+h:], lda, n-h, column+h, threads)
}

// choleskySmall factors row by row,
//
//	U[j,j:] = (A[j,j:] - Σ U[p,j]·U[p,j:])/U[j,j],  p < j.
func choleskySmall(a []float64, lda, n, column int) error {
	var minus [2 * baseSize]float64
	for j := range n {
		row := a[j*lda+j : j*lda+n]
		if j > 0 {
			for p := range j {
				minus[p] = -a[p*lda+j]
			}
			matmul.Mul(row, n, minus[:], n, 1, a[j:], lda, 1, n-j, j, true)
		}
		if !(row[0] > 0) || math.IsInf(row[0], 1) {
			return &NotPositiveDefiniteError{Column: column + j, Pivot: row[0]}
		}
		d := math.Sqrt(row[0])
		row[0] = d
		d = 1 / d
		for i := range row[1:] {
			row[1+i] *= d
		}
	}
	return nil
}

// CholeskySolve solves A·X = B for a symmetric positive definite A (n×n, its
// upper triangle) and B with rhs columns (n×rhs). A is replaced by its factor
// U and B by X. It returns a *NotPositiveDefiniteError if A is not positive
// definite; B is then as it was.
func CholeskySolve(a []float64, lda, n int, b []float64, ldb, rhs, threads int) error {
	checkMatrix("B", len(b), ldb, n, rhs)
	if err := Cholesky(a, lda, n, threads); err != nil {
		return err
	}
	if n == 0 || rhs == 0 {
		return nil
	}
	u := triangle{factor{a, lda, 1}, false, false}
	u.transposed().solve(n, rhs, b, ldb, threads)
	u.solve(n, rhs, b, ldb, threads)
	return nil
}

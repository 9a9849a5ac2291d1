// Package linalg is dense linear algebra in float64 on the products of
// kernel/matmul: general and symmetric products, triangular and positive
// definite systems, and a BLAS for gonum that puts them behind its LAPACK.
//
// Matrices are row-major; lda is the distance of rows. The argument threads
// is the largest number of goroutines a call may use, the caller's included;
// 0 and 1 mean none besides the caller. The bits of a result do not depend on
// it: each element is summed by one goroutine, in one order.
package linalg

import "fmt"

// Gemm computes the product of two matrices,
//
//	C = alpha·op(A)·op(B) + beta·C,
//
// with op(A) m×k, op(B) k×n and C m×n. op(A) is Aᵀ if transA is true, and A
// is then stored k×m; the same for B. If beta is 0 the old C is not read; if
// alpha is 0, A and B are not.
//
// It panics if a slice is too short for its matrix.
func Gemm(c []float64, ldc int, transA, transB bool, a []float64, lda int, b []float64, ldb int,
	m, n, k int, alpha, beta float64, threads int) {
	checkMatrix("C", len(c), ldc, m, n)
	g := product{c: c, ldc: ldc, m: m, n: n, k: k, alpha: alpha, beta: beta}
	if alpha != 0 {
		g.a = operand(a, lda, m, k, transA, "A")
		g.b = operand(b, ldb, n, k, !transB, "B")
	}
	g.run(threads)
}

// Syrk computes the upper triangle of a symmetric product,
//
//	C = alpha·A·Aᵀ + beta·C,  A n×k,  or
//	C = alpha·Aᵀ·A + beta·C,  A k×n, if trans is true,
//
// with C n×n. Below its diagonal C is neither read nor written. If beta is 0
// the old C is not read; if alpha is 0, A is not.
//
// It panics if a slice is too short for its matrix.
func Syrk(c []float64, ldc int, trans bool, a []float64, lda int, n, k int, alpha, beta float64, threads int) {
	checkMatrix("C", len(c), ldc, n, n)
	g := product{c: c, ldc: ldc, m: n, n: n, k: k, alpha: alpha, beta: beta, shape: upper}
	if alpha != 0 {
		g.a = operand(a, lda, n, k, trans, "A")
		g.b = g.a
	}
	g.run(threads)
}

// A factor is one operand of a product: element (i,p) is s[i·outer+p·inner],
// where p is the index summed over.
type factor struct {
	s            []float64
	outer, inner int
}

// operand views a as an n×k factor, stored k×n if trans is true.
func operand(a []float64, lda, n, k int, trans bool, name string) factor {
	if trans {
		checkMatrix(name, len(a), lda, k, n)
		return factor{a, 1, lda}
	}
	checkMatrix(name, len(a), lda, n, k)
	return factor{a, lda, 1}
}

// from views the rows from i and the columns from p on.
func (f factor) from(i, p int) []float64 { return f.s[i*f.outer+p*f.inner:] }

func checkMatrix(name string, have, ld, rows, cols int) {
	if rows < 0 || cols < 0 {
		panic(fmt.Sprintf("linalg: %s is %d × %d", name, rows, cols))
	}
	if ld < cols && rows > 1 {
		panic(fmt.Sprintf("linalg: rows of %s are %d apart, need %d", name, ld, cols))
	}
	if rows > 0 && cols > 0 && have < (rows-1)*ld+cols {
		panic(fmt.Sprintf("linalg: %s has %d elements, need %d", name, have, (rows-1)*ld+cols))
	}
}

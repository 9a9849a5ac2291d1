package optim

import (
	"math"

	"github.com/gakuri-lab/gakuri/engine/kernel"
	"github.com/gakuri-lab/gakuri/engine/linalg"
)

// normal holds the damped normal equations of a Jacobian J [n × p] on its
// shorter side,
//
//	(JᵀJ + μ) δ = -Jᵀr            if p ≤ n   (primal)
//	δ = -Jᵀy,  (JJᵀ + μ) y = r    if p > n   (dual),
//
// which give the same δ. The matrix is formed once and factored for each μ.
type normal struct {
	n, p, m int       // m = min(n, p)
	gram    []float64 // [m × m], upper triangle
	chol    []float64 // its Cholesky factor with μ added
	y       []float64 // [m]
}

// form computes the upper triangle of JᵀJ or JJᵀ.
func (e *normal) form(jac []float64, n, p, threads int) {
	if e.n != n || e.p != p {
		m := min(n, p)
		*e = normal{n: n, p: p, m: m, gram: make([]float64, m*m), chol: make([]float64, m*m), y: make([]float64, m)}
	}
	linalg.Syrk(e.gram, e.m, p <= n, jac, p, e.m, max(n, p), 1, 0, threads)
}

func (e *normal) maxDiag() float64 {
	top := 0.0
	for i := range e.m {
		top = max(top, e.gram[i*e.m+i])
	}
	return top
}

// factor computes the Cholesky factor of the matrix plus mu on the diagonal
// and reports whether it was positive definite.
func (e *normal) factor(mu float64, threads int) bool {
	copy(e.chol, e.gram)
	for i := range e.m {
		e.chol[i*e.m+i] += mu
	}
	return linalg.Cholesky(e.chol, e.m, e.m, threads) == nil
}

// solve stores δ for the residual r with gradient grad = Jᵀr.
func (e *normal) solve(delta, jac, r, grad []float64) {
	if e.p <= e.n {
		for j, g := range grad {
			delta[j] = -g
		}
		e.back(delta)
		return
	}
	copy(e.y, r)
	e.back(e.y)
	timesT(delta, jac, e.y)
	for j := range delta {
		delta[j] = -delta[j]
	}
}

// back solves with the Cholesky factor in place.
func (e *normal) back(b []float64) {
	linalg.Trsm(true, true, true, false, e.m, 1, 1, e.chol, e.m, b, 1, 1)
	linalg.Trsm(true, true, false, false, e.m, 1, 1, e.chol, e.m, b, 1, 1)
}

// times stores J v in dst; J is [len(dst) × len(v)].
func times(dst, jac, v []float64) {
	for i := range dst {
		dst[i] = kernel.Dot(jac[i*len(v):(i+1)*len(v)], v)
	}
}

// timesT stores Jᵀv in dst; J is [len(v) × len(dst)].
func timesT(dst, jac, v []float64) {
	clear(dst)
	for i, a := range v {
		kernel.Axpy(dst, a, jac[i*len(dst):(i+1)*len(dst)])
	}
}

// columnNorms stores the Euclidean norms of the columns of J.
func columnNorms(dst, jac []float64) {
	clear(dst)
	for i := 0; i < len(jac); i += len(dst) {
		for j, x := range jac[i : i+len(dst)] {
			dst[j] += float64(x * x)
		}
	}
	for j, s := range dst {
		dst[j] = math.Sqrt(s)
	}
}

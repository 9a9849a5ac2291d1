package linalg

import "github.com/gakuri-lab/gakuri/engine/kernel/matmul"

// baseSize is the largest triangle solved row by row.
const baseSize = 16

// triangle is a triangular matrix T; element (i,p) is s[i·outer+p·inner].
type triangle struct {
	factor
	lower bool
	unit  bool // ones on the diagonal, which is not read
}

// transposed views T as its transpose.
func (t triangle) transposed() triangle {
	t.outer, t.inner = t.inner, t.outer
	t.lower = !t.lower
	return t
}

// at views the part of T that begins at element (i,i).
func (t triangle) at(i int) triangle {
	t.s = t.from(i, i)
	return t
}

// Trsm solves a triangular system for m×n unknowns in place of B,
//
//	op(T)·X = alpha·B,  T m×m, if left is true,  or
//	X·op(T) = alpha·B,  T n×n,
//
// where op(T) is Tᵀ if trans is true. T is upper or lower triangular; its other
// half is not read, nor its diagonal if unit is true. A zero on the diagonal
// gives infinities.
//
// It panics if a slice is too short for its matrix.
func Trsm(left, isUpper, trans, unit bool, m, n int, alpha float64, t []float64, ldt int, b []float64, ldb, threads int) {
	checkMatrix("B", len(b), ldb, m, n)
	if m == 0 || n == 0 {
		return
	}
	size := n
	if left {
		size = m
	}
	checkMatrix("T", len(t), ldt, size, size)
	all := product{c: b, ldc: ldb, m: m, n: n}
	all.scale(part{0, m, 0, n}, alpha)
	if alpha == 0 {
		return
	}
	tri := triangle{factor{t, ldt, 1}, !isUpper, unit}
	if trans {
		tri = tri.transposed()
	}
	if left {
		tri.solve(m, n, b, ldb, threads)
	} else {
		tri.solveRight(m, n, b, ldb, threads)
	}
}

// sections cuts n independent rows or columns for the threads, in multiples
// of 64 and none of fewer, so that each is summed as in one piece.
func sections(n, threads int, flops float64) int {
	if threads < 2 || flops < parallelFlops {
		return n
	}
	return max(64, roundUp((n+2*threads-1)/(2*threads), 64))
}

// inSections calls do for sections of about step of n.
func inSections(n, step, threads int, do func(first, count int)) {
	count := max(1, n/step)
	parallel(threads, count, func(i int) {
		first := i * step
		if i == count-1 {
			do(first, n-first)
		} else {
			do(first, step)
		}
	})
}

// solve replaces B (m×n) by T⁻¹·B.
func (t triangle) solve(m, n int, b []float64, ldb, threads int) {
	if step := sections(n, threads, float64(m)*float64(m)*float64(n)); step < n {
		inSections(n, step, threads, func(j, count int) { t.solve(m, count, b[j:], ldb, 1) })
		return
	}
	if m <= baseSize {
		t.solveRows(m, n, b, ldb)
		return
	}
	h := roundUp(m/2, baseSize)
	b2 := b[h*ldb:]
	g := product{alpha: -1, beta: 1, n: n, ldc: ldb}
	if t.lower {
		t.solve(h, n, b, ldb, 1)
		g.c, g.m, g.k = b2, m-h, h
		g.a, g.b = factor{t.from(h, 0), t.outer, t.inner}, factor{b, 1, ldb}
		g.run(1)
		t.at(h).solve(m-h, n, b2, ldb, 1)
		return
	}
	t.at(h).solve(m-h, n, b2, ldb, 1)
	g.c, g.m, g.k = b, h, m-h
	g.a, g.b = factor{t.from(0, h), t.outer, t.inner}, factor{b2, 1, ldb}
	g.run(1)
	t.solve(h, n, b, ldb, 1)
}

// solveRight replaces B (m×n) by B·T⁻¹.
func (t triangle) solveRight(m, n int, b []float64, ldb, threads int) {
	if step := sections(m, threads, float64(m)*float64(n)*float64(n)); step < m {
		inSections(m, step, threads, func(i, count int) { t.solveRight(count, n, b[i*ldb:], ldb, 1) })
		return
	}
	if n <= baseSize {
		t.solveColumns(m, n, b, ldb)
		return
	}
	h := roundUp(n/2, baseSize)
	b2 := b[h:]
	g := product{alpha: -1, beta: 1, m: m, ldc: ldb}
	if t.lower {
		t.at(h).solveRight(m, n-h, b2, ldb, 1)
		g.c, g.n, g.k = b, h, n-h
		g.a, g.b = factor{b2, ldb, 1}, factor{t.from(h, 0), t.inner, t.outer}
		g.run(1)
		t.solveRight(m, h, b, ldb, 1)
		return
	}
	t.solveRight(m, h, b, ldb, 1)
	g.c, g.n, g.k = b2, n-h, h
	g.a, g.b = factor{b, ldb, 1}, factor{t.from(0, h), t.inner, t.outer}
	g.run(1)
	t.at(h).solveRight(m, n-h, b2, ldb, 1)
}

// solveRows is solve for a small T, by substitution,
//
//	X[i] = (B[i] - Σ T[i,p]·X[p])/T[i,i],  p before i,
//
// for some columns at a time, which stay in the first-level cache.
func (t triangle) solveRows(m, n int, b []float64, ldb int) {
	var minus [baseSize * baseSize]float64
	var inverse [baseSize]float64
	for i := range m {
		if !t.unit {
			inverse[i] = 1 / t.s[i*(t.outer+t.inner)]
		}
		first, end := 0, i
		if !t.lower {
			first, end = i+1, m
		}
		for p := first; p < end; p++ {
			minus[i*baseSize+p] = -t.s[i*t.outer+p*t.inner]
		}
	}
	const columns = 128
	for j := 0; j < n; j += columns {
		w := min(columns, n-j)
		for step := range m {
			i, first, count := step, 0, step
			if !t.lower {
				i = m - 1 - step
				first = i + 1
			}
			row := b[i*ldb+j : i*ldb+j+w]
			if count > 0 {
				matmul.Mul(row, w, minus[i*baseSize+first:], baseSize, 1, b[first*ldb+j:], ldb, 1, w, count, true)
			}
			if !t.unit {
				scale := inverse[i]
				for c := range row {
					row[c] *= scale
				}
			}
		}
	}
}

// solveColumns is solveRight for a small T: Tᵀ·Xᵀ = Bᵀ on copies of some rows.
func (t triangle) solveColumns(m, n int, b []float64, ldb int) {
	const rows = 64
	var x [baseSize * rows]float64
	for i := 0; i < m; i += rows {
		h := min(rows, m-i)
		for r := range h {
			for j, v := range b[(i+r)*ldb : (i+r)*ldb+n] {
				x[j*rows+r] = v
			}
		}
		t.transposed().solveRows(n, h, x[:], rows)
		for r := range h {
			row := b[(i+r)*ldb : (i+r)*ldb+n]
			for j := range row {
				row[j] = x[j*rows+r]
			}
		}
	}
}

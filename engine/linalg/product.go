package linalg

import (
	"sync"
	"sync/atomic"

	"github.com/gakuri-lab/gakuri/engine/kernel/matmul"
)

// Sizes of the blocks. A panel of B (depth × panelB, 48 KiB) and a block of A
// (rowsA × depth, 432 KiB) stay in the second-level cache while the panels of
// A pass by the panel of B.
const (
	panelA = 12   // rows of a packed panel of A, those of the kernel
	panelB = 16   // columns of a packed panel of B
	depth  = 384  // length of a panel: terms summed between two visits to C
	rowsA  = 144  // rows of a block of A, a whole number of panels of both
	colsB  = 2048 // columns of a packed block of B

	directB = 1 << 15 // elements of B that need no packing
)

// parallelFlops is the work below which no goroutine is started, some 200 µs
// of one core. Only tests change it.
var parallelFlops = 10e6

// shape says which elements of C exist.
type shape uint8

const (
	whole shape = iota
	upper       // on and above the diagonal
	lower       // on and below the diagonal
)

// product is C = alpha·A·Bᵀ + beta·C with the factors A m×k and B n×k.
type product struct {
	c           []float64
	ldc         int
	a, b        factor
	m, n, k     int
	alpha, beta float64
	shape       shape
}

// part is a rectangle of C: rows i0 to i1, columns j0 to j1.
type part struct{ i0, i1, j0, j1 int }

// workspace holds packed blocks.
type workspace struct{ a, b []float64 }

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

func grow(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	return s[:n]
}

// run computes the product with at most threads goroutines.
func (g *product) run(threads int) {
	if g.m == 0 || g.n == 0 {
		return
	}
	if g.alpha == 0 || g.k == 0 {
		g.scale(part{0, g.m, 0, g.n}, g.beta)
		return
	}
	if g.m == 1 && g.b.inner == 1 { // a row times a transposed matrix: row dots
		g.a, g.b, g.m, g.n, g.ldc = g.b, g.a, g.n, 1, 1
	}
	flops := 2 * float64(g.m) * float64(g.n) * float64(g.k)
	if g.shape != whole {
		flops /= 2
	}
	if threads < 2 || flops < parallelFlops {
		w := workspaces.Get().(*workspace)
		for j := 0; j < g.n; j += colsB {
			g.compute(part{0, g.m, j, min(j+colsB, g.n)}, w)
		}
		workspaces.Put(w)
		return
	}
	parts := g.split(2 * threads)
	parallel(threads, len(parts), func(i int) {
		w := workspaces.Get().(*workspace)
		g.compute(parts[i], w)
		workspaces.Put(w)
	})
}

// split cuts C into about n parts of equal work, each a whole number of
// panels; every part is computed as it would be in one piece.
func (g *product) split(n int) []part {
	var parts []part
	switch {
	case g.shape != whole:
		share := float64(g.n) * float64(g.n) / float64(n)
		for j := 0; j < g.n; {
			end := min(j+panelB, g.n)
			for end < g.n && g.elements(end)-g.elements(j) < share {
				end += panelB
			}
			end = min(end, g.n, j+colsB)
			parts = append(parts, part{0, g.m, j, end})
			j = end
		}
	case g.m >= g.n:
		step := roundUp((g.m+n-1)/n, 2*panelA)
		for j := 0; j < g.n; j += colsB {
			for i := 0; i < g.m; i += step {
				parts = append(parts, part{i, min(i+step, g.m), j, min(j+colsB, g.n)})
			}
		}
	default:
		step := min(roundUp((g.n+n-1)/n, panelB), colsB)
		for j := 0; j < g.n; j += step {
			parts = append(parts, part{0, g.m, j, min(j+step, g.n)})
		}
	}
	return parts
}

// elements counts those of a triangular C left of column j, twice.
func (g *product) elements(j int) float64 {
	if g.shape == upper {
		return float64(j) * float64(j)
	}
	return float64(g.n)*float64(g.n) - float64(g.n-j)*float64(g.n-j)
}

// columns returns which of the columns j0 to j1 of row i exist.
func (g *product) columns(i, j0, j1 int) (first, end int) {
	switch g.shape {
	case upper:
		j0 = max(j0, i)
	case lower:
		j1 = min(j1, i+1)
	}
	return j0, max(j0, j1)
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// parallel calls do(0) … do(n-1) from at most threads goroutines, each taking
// the next number when it is free.
func parallel(threads, n int, do func(i int)) {
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(i)
		}
	}
	var wg sync.WaitGroup
	for range min(threads, n) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

// scale multiplies a part of C by beta; 0 does not read it.
func (g *product) scale(p part, beta float64) {
	if beta == 1 {
		return
	}
	for i := p.i0; i < p.i1; i++ {
		first, end := g.columns(i, p.j0, p.j1)
		if first == end {
			continue
		}
		row := g.c[i*g.ldc+first : i*g.ldc+end]
		if beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= beta
		}
	}
}

// compute does a part. What is not used often enough is not packed: A in a
// product of few columns; B, if its rows are contiguous, in a product of few
// rows or where all of it stays in the second-level cache. The way is chosen
// by the whole product, so that parts do not change the bits.
//
// In the triangle of AᵀA each part would pack the rows above it again, so
// they are read where they are; a stride of whole half-kilobytes, though,
// would leave them few places in the cache.
func (g *product) compute(p part, w *workspace) {
	switch g.shape {
	case upper:
		p.i1 = min(p.i1, p.j1)
	case lower:
		p.i0 = max(p.i0, p.j0/panelA*panelA)
	}
	if g.beta != 0 {
		g.scale(p, g.beta)
	}
	for q := 0; q < g.k; q += depth {
		d := min(depth, g.k-q)
		acc := q > 0 || g.beta != 0
		switch {
		case g.n <= 8 && g.shape == whole:
			w.b = grow(w.b, panelB*d)
			pack(w.b, g.b.from(p.j0, q), g.b, p.j1-p.j0, d, panelB, g.alpha)
			matmul.Mul(g.c[p.i0*g.ldc+p.j0:], g.ldc, g.a.from(p.i0, q), g.a.outer, g.a.inner,
				w.b, panelB, p.i1-p.i0, p.j1-p.j0, d, acc)
		case g.b.outer == 1 && g.shape != lower && (g.m <= 4*panelA || g.k*g.n <= directB):
			w.a = grow(w.a, roundUp(p.i1-p.i0, panelA)*d)
			pack(w.a, g.a.from(p.i0, q), g.a, p.i1-p.i0, d, panelA, g.alpha)
			g.rows(p, w.a, q, d, acc)
		case g.shape == upper && g.a.outer == 1 && g.b.outer == 1 && g.a.inner%64 != 0:
			w.b = grow(w.b, roundUp(p.j1-p.j0, panelB)*d)
			pack(w.b, g.b.from(p.j0, q), g.b, p.j1-p.j0, d, panelB, g.alpha)
			for i := p.i0; i < p.i1; i += rowsA {
				g.columnsAbove(part{i, min(i+rowsA, p.i1), p.j0, p.j1}, w.b, q, d, acc)
			}
		default:
			w.b = grow(w.b, roundUp(p.j1-p.j0, panelB)*d)
			pack(w.b, g.b.from(p.j0, q), g.b, p.j1-p.j0, d, panelB, 1)
			for i := p.i0; i < p.i1; i += rowsA {
				rows := min(rowsA, p.i1-i)
				w.a = grow(w.a, roundUp(rows, panelA)*d)
				pack(w.a, g.a.from(i, q), g.a, rows, d, panelA, g.alpha)
				g.block(part{i, i + rows, p.j0, p.j1}, w, d, acc)
			}
		}
	}
}

// rows adds the product of packed rows of A and the d rows of B from q on to
// the part p of C, or sets it.
func (g *product) rows(p part, a []float64, q, d int, acc bool) {
	for i := p.i0; i < p.i1; i += panelA {
		rows := min(panelA, p.i1-i)
		panel := a[(i-p.i0)*d:]
		j := p.j0
		if g.shape == upper {
			j = max(j, i)
			if end := min(i+rows, p.j1); j < end {
				g.diagonal(part{i, i + rows, j, end}, panel, panelA, g.b.from(j, q), g.b.inner, d, acc)
				j = end
			}
		}
		if j < p.j1 {
			matmul.Mul(g.c[i*g.ldc+j:], g.ldc, panel, 1, panelA, g.b.from(j, q), g.b.inner, rows, p.j1-j, d, acc)
		}
	}
}

// block adds the product of a packed block of A and a packed block of B to
// the part p of C, or sets it.
func (g *product) block(p part, w *workspace, d int, acc bool) {
	for j := p.j0; j < p.j1; j += panelB {
		b := w.b[(j-p.j0)*d:]
		cols := min(panelB, p.j1-j)
		for i := p.i0; i < p.i1; i += panelA {
			rows := min(panelA, p.i1-i)
			a := w.a[(i-p.i0)*d:]
			if g.shape == whole || g.shape == upper && i+rows-1 <= j || g.shape == lower && j+cols-1 <= i {
				matmul.Mul(g.c[i*g.ldc+j:], g.ldc, a, 1, panelA, b, panelB, rows, cols, d, acc)
			} else {
				g.diagonal(part{i, i + rows, j, j + cols}, a, panelA, b, panelB, d, acc)
			}
		}
	}
}

// columnsAbove adds the product of d columns of A from q on and a packed block
// of B to the part p of an upper triangle, or sets it.
func (g *product) columnsAbove(p part, packed []float64, q, d int, acc bool) {
	for j := p.j0; j < p.j1; j += panelB {
		b := packed[(j-p.j0)*d:]
		cols := min(panelB, p.j1-j)
		if rows := min(p.i1, j) - p.i0; rows > 0 {
			matmul.Mul(g.c[p.i0*g.ldc+j:], g.ldc, g.a.from(p.i0, q), 1, g.a.inner, b, panelB, rows, cols, d, acc)
		}
		if p.i0 <= j && j < p.i1 {
			g.diagonal(part{j, j + cols, j, j + cols}, g.a.from(j, q), g.a.inner, b, panelB, d, acc)
		}
	}
}

// diagonal does a tile of which not all elements exist: whole, in a small
// array of which those that do are copied.
func (g *product) diagonal(p part, a []float64, acs int, b []float64, ldb, d int, acc bool) {
	first, end := g.columns(p.i0, p.j0, p.j1)
	first2, end2 := g.columns(p.i1-1, p.j0, p.j1)
	if first == end && first2 == end2 {
		return
	}
	var tile [panelB * panelB]float64
	matmul.Mul(tile[:], panelB, a, 1, acs, b, ldb, p.i1-p.i0, p.j1-p.j0, d, false)
	for i := p.i0; i < p.i1; i++ {
		first, end := g.columns(i, p.j0, p.j1)
		if first == end {
			continue
		}
		row := g.c[i*g.ldc+first : i*g.ldc+end]
		sums := tile[(i-p.i0)*panelB+first-p.j0:]
		if !acc {
			copy(row, sums)
			continue
		}
		for j := range row {
			row[j] += sums[j]
		}
	}
}

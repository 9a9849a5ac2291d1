package kernel

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// Every reduction adds in an order fixed by the sizes alone, at one level of
// instructions: a block of lanes for the columns that fill whole vectors,
// then the lanes in pairs, then the remaining elements one by one.

// reduceArgs are the arguments of a reduction kernel, which works on whole
// vectors only.
type reduceArgs struct {
	X, Y, Out unsafe.Pointer
	Stride    uintptr // bytes from one row of X to the next
	Rows, N   int
}

// reduction numbers the reduction kernels of a level.
type reduction int

const (
	reduceSum     reduction = iota // Out: lanes of Σ x
	reduceDot                      // Out: lanes of Σ x·y
	reduceMax                      // Out: lanes of max x
	reduceAxpy                     // Out += Y[0]·x
	reduceRows                     // Out = Σ over rows
	reduceRowsAcc                  // Out += Σ over rows
	numReductions
)

// lanes returns the elements of a vector at level l, and its kernel for r;
// 1 and nil in the plain build.
func lanes[T array.Float](r reduction) (int, func(*byte)) {
	run, bytes := lookupReduction[T](r)
	if run == nil {
		return 1, nil
	}
	var zero T
	return bytes / int(unsafe.Sizeof(zero)), run
}

// fold adds the first k lanes in pairs; k is a power of 2.
func fold[T array.Float](v []T, k int, add func(a, b T) T) T {
	for k > 1 {
		k /= 2
		for i := range k {
			v[i] = add(v[i], v[i+k])
		}
	}
	return v[0]
}

func plus[T array.Float](a, b T) T { return a + b }

func larger[T array.Float](a, b T) T { return max(a, b) }

// Sum returns Σ x.
func Sum[T array.Float](x []T) T {
	w, run := lanes[T](reduceSum)
	var s T
	n := 0
	if run != nil && len(x) >= w {
		n = len(x) / w * w
		var v [16]T
		a := reduceArgs{X: unsafe.Pointer(&x[0]), Out: unsafe.Pointer(&v), N: n}
		run((*byte)(noescape(unsafe.Pointer(&a))))
		s = fold(v[:], w, plus[T])
	} else if len(x) >= 4 {
		var v [4]T
		n = len(x) &^ 3
		for i := 0; i < n; i += 4 {
			y := x[i : i+4 : i+4]
			v[0] += y[0]
			v[1] += y[1]
			v[2] += y[2]
			v[3] += y[3]
		}
		s = fold(v[:], 4, plus[T])
	}
	for _, e := range x[n:] {
		s += e
	}
	return s
}

// Dot returns Σ x·y. It panics if the lengths differ.
func Dot[T array.Float](x, y []T) T {
	if len(x) != len(y) {
		panic(fmt.Sprintf("kernel: dot of %d and %d elements", len(x), len(y)))
	}
	w, run := lanes[T](reduceDot)
	var s T
	n := 0
	if run != nil && len(x) >= w {
		n = len(x) / w * w
		var v [16]T
		a := reduceArgs{X: unsafe.Pointer(&x[0]), Y: unsafe.Pointer(&y[0]), Out: unsafe.Pointer(&v), N: n}
		run((*byte)(noescape(unsafe.Pointer(&a))))
		s = fold(v[:], w, plus[T])
	} else if len(x) >= 4 {
		var v [4]T
		n = len(x) &^ 3
		for i := 0; i < n; i += 4 {
			p, q := x[i:i+4:i+4], y[i:i+4:i+4]
			v[0] += p[0] * q[0]
			v[1] += p[1] * q[1]
			v[2] += p[2] * q[2]
			v[3] += p[3] * q[3]
		}
		s = fold(v[:], 4, plus[T])
	}
	for i := n; i < len(x); i++ {
		s += x[i] * y[i]
	}
	return s
}

// Axpy adds a·x to y. It panics if the lengths differ.
func Axpy[T array.Float](y []T, a T, x []T) {
	if len(x) != len(y) {
		panic(fmt.Sprintf("kernel: axpy of %d to %d elements", len(x), len(y)))
	}
	n := 0
	if w, run := lanes[T](reduceAxpy); run != nil && len(x) >= w {
		n = len(x) / w * w
		c := reduceArgs{X: unsafe.Pointer(&x[0]), Y: unsafe.Pointer(&a), Out: unsafe.Pointer(&y[0]), N: n}
		run((*byte)(noescape(unsafe.Pointer(&c))))
	}
	y = y[:len(x)]
	for i := n; i < len(x); i++ {
		y[i] += a * x[i]
	}
}

func checkRows(what string, dst, want, src, ld, rows, n int) {
	if rows < 0 || n < 0 || dst < want || rows > 0 && (rows > 1 && ld < n || src < (rows-1)*ld+n) {
		panic(fmt.Sprintf("kernel: %s of %d × %d (row length %d) from %d to %d elements", what, rows, n, ld, src, dst))
	}
}

// SumRows sums over rows: dst[j] = Σᵣ src[r·ld+j] for j < n, added to dst[j]
// if acc.
func SumRows[T array.Float](dst, src []T, ld, rows, n int, acc bool) {
	checkRows("sum of rows", len(dst), n, len(src), ld, rows, n)
	if !acc {
		clear(dst[:n])
	}
	if rows == 0 || n == 0 {
		return
	}
	w, run := lanes[T](reduceRowsAcc)
	many := w / (n & -n) // rows that are whole vectors, w being a power of 2
	if run != nil && many > 1 && ld == n && rows >= 2*many && many*n <= joined {
		sumJoined(dst[:n], src, many, rows, run)
		return
	}
	j := 0
	if run != nil && n >= w {
		j = n / w * w
		a := reduceArgs{X: unsafe.Pointer(&src[0]), Out: unsafe.Pointer(&dst[0]), Rows: rows, N: j}
		a.Stride = uintptr(ld) * unsafe.Sizeof(src[0])
		run((*byte)(noescape(unsafe.Pointer(&a))))
		if n > j { // the last whole vector that ends at column n
			var v [16]T
			r, _ := lookupReduction[T](reduceRows)
			a.X, a.Out, a.N = unsafe.Pointer(&src[n-w]), unsafe.Pointer(&v), w
			r((*byte)(noescape(unsafe.Pointer(&a))))
			for k := j; k < n; k++ {
				dst[k] += v[k-(n-w)]
			}
		}
		return
	}
	d := dst[:n]
	for r := range rows {
		s := src[r*ld : r*ld+n]
		for k, v := range s {
			d[k] += v
		}
	}
}

// joined is the room for the sums of several rows taken as one.
const joined = 512

// sumJoined adds rows without gaps to dst: as many as make whole vectors are
// summed as one long row, then these sums and the rows left are added.
func sumJoined[T array.Float](dst, src []T, many, rows int, run func(*byte)) {
	var sums [joined]T
	n := len(dst)
	a := reduceArgs{X: unsafe.Pointer(&src[0]), Out: unsafe.Pointer(&sums), Rows: rows / many, N: many * n}
	a.Stride = uintptr(many*n) * unsafe.Sizeof(src[0])
	run((*byte)(noescape(unsafe.Pointer(&a))))
	add := func(x []T) {
		for k, v := range x[:len(dst)] {
			dst[k] += v
		}
	}
	for r := range many {
		add(sums[r*n:])
	}
	for r := rows / many * many; r < rows; r++ {
		add(src[r*n:])
	}
}

// RowSum sums each row: dst[r] = Σⱼ src[r·ld+j] over j < n.
func RowSum[T array.Float](dst, src []T, ld, rows, n int) {
	checkRows("row sums", len(dst), rows, len(src), ld, rows, n)
	for r := range rows {
		dst[r] = Sum(src[r*ld : r*ld+n])
	}
}

// RowMax takes the largest element of each row of n: NaN if one is NaN,
// -Inf for n = 0.
func RowMax[T array.Float](dst, src []T, ld, rows, n int) {
	checkRows("row maxima", len(dst), rows, len(src), ld, rows, n)
	w, run := lanes[T](reduceMax)
	for r := range rows {
		x := src[r*ld : r*ld+n]
		m, j := T(math.Inf(-1)), 0
		if run != nil && n >= w {
			j = n / w * w
			var v [16]T
			a := reduceArgs{X: unsafe.Pointer(&x[0]), Out: unsafe.Pointer(&v), N: j}
			run((*byte)(noescape(unsafe.Pointer(&a))))
			m = fold(v[:], w, larger[T])
		}
		for _, e := range x[j:] {
			m = max(m, e)
		}
		dst[r] = m
	}
}

// Apply sets dst[i] = op(x[i]) for an operation of one operand, at any
// length; dst and x may be the same slice. Loops over tiles use [Compile].
func Apply[T array.Float](op Op, dst, x []T) {
	if len(dst) != len(x) || op.Arity() != 1 || op == PowC {
		panic(fmt.Sprintf("kernel: apply %v from %d to %d elements: want one operand, equal lengths", op, len(x), len(dst)))
	}
	if len(x) == 0 {
		return
	}
	var zero T
	w := 64 / int(unsafe.Sizeof(zero))
	s := step[T]{op: op, n: 1, run: lookupOp[T](op, 1, [3]bool{})}
	n := len(x) / w * w
	if n > 0 {
		s.kernel(&opArgs{In: [3]unsafe.Pointer{unsafe.Pointer(&x[0])}, Out: unsafe.Pointer(&dst[0]), Rows: 1, N: n})
	}
	if n < len(x) {
		var tail [16]T
		k := copy(tail[:], x[n:])
		s.kernel(&opArgs{In: [3]unsafe.Pointer{unsafe.Pointer(&tail)}, Out: unsafe.Pointer(&tail), Rows: 1, N: k})
		copy(dst[n:], tail[:k])
	}
}

package exec

import (
	"unsafe"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// Arrays lie in memory as rows of n columns; rows are the leading axes (and
// the samples of a tile), columns the last axis. A row is padded to whole
// vectors of 64 bytes where that adds little; what stands in the padding is
// never read by anything that counts. Other rows, such as those of 20, follow
// each other without gaps: element-wise kernels take one vector's number of
// them, which is whole vectors for any n, as one long row. Kernels need no
// masks either way, since every memory ends with a spare vector.

// vector is the number of elements in 64 bytes.
func vector[T array.Float]() int {
	var x T
	return 64 / int(unsafe.Sizeof(x))
}

func roundUp(n, m int) int { return (n + m - 1) / m * m }

// alloc returns n zeros that start on a 64-byte boundary and end with a whole
// spare vector.
func alloc[T array.Float](n int) []T {
	v := vector[T]()
	s := make([]T, roundUp(n, v)+2*v)
	skip := 0
	for uintptr(unsafe.Pointer(&s[skip]))%64 != 0 {
		skip++
	}
	return s[skip : skip+roundUp(n, v)+v]
}

// form is the shape of one sample as rows × columns.
type form struct {
	rows, n, ld int
}

// formOf returns the form of a shape in the machine's memory, v elements a
// vector.
func formOf(shape []int, v int) form {
	f := form{rows: 1, n: 1}
	for i, d := range shape {
		if i == len(shape)-1 {
			f.n = d
		} else {
			f.rows *= d
		}
	}
	f.ld = f.n
	if pad := roundUp(f.n, v) - f.n; f.n > 1 && pad <= f.n/16 {
		f.ld += pad
		// Rows that are a multiple of 1 KiB apart fall into few cache sets.
		if f.ld%(16*v) == 0 {
			f.ld += v
		}
	}
	return f
}

// dense returns the form without padding, as user data have it.
func dense(shape []int) form {
	f := formOf(shape, 1)
	f.ld = f.n
	return f
}

// size is the number of elements of one sample, padding included.
func (f form) size() int { return f.rows * f.ld }

// strides returns the distance between neighbours along each axis of shape.
func (f form) strides(shape []int) []int {
	s := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = step
		if i == len(shape)-1 {
			step = f.ld
		} else {
			step *= shape[i]
		}
	}
	return s
}

// isReduction reports whether n sums over the batch.
func isReduction(n *graph.Node) bool {
	return !n.Batched && (n.Op == graph.SumBatch || n.Op == graph.Contract && n.In[0].Batched)
}

package exec

import (
	"math"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// moveMode says what a move does with an element.
type moveMode uint8

const (
	moveSet moveMode = iota
	moveAdd
	moveMax
)

// move carries elements between two arrays with strides of their own along
// common axes; the samples are the first axis. It serves transposes, slices,
// padding, repetition, and reductions (a stride of 0 in dst).
type move struct {
	dims     []int
	ds, ss   []int // strides in dst and src; the first is that of the samples
	dAt, sAt int
	mode     moveMode
}

const maxAxes = 8

// moveInstr runs moves from several sources into one value.
type moveInstr[T array.Float] struct {
	dst   ref
	src   []ref
	moves []move // one for each source
	fill  bool   // first fill dst
	with  float64
}

func (i *moveInstr[T]) run(w *worker[T]) {
	dst := w.val[i.dst.mem]
	if i.fill {
		d := dst[:w.samples*i.dst.size()]
		for k := range d {
			d[k] = T(i.with)
		}
	}
	for k := range i.moves {
		carry(&i.moves[k], dst, w.val[i.src[k].mem], w.samples)
	}
}

func carry[T array.Float](m *move, dst, src []T, samples int) {
	last := len(m.dims) - 1
	var at [maxAxes]int
	d, s := m.dAt, m.sAt
	n, ds, ss := m.dims[last], m.ds[last], m.ss[last]
	if last == 0 {
		n = samples
	}
	for {
		line(m.mode, dst[d:], src[s:], n, ds, ss)
		k := last - 1
		for ; k >= 0; k-- {
			limit := m.dims[k]
			if k == 0 {
				limit = samples
			}
			d, s = d+m.ds[k], s+m.ss[k]
			if at[k]++; at[k] < limit {
				break
			}
			d, s = d-limit*m.ds[k], s-limit*m.ss[k]
			at[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

// line carries n elements.
func line[T array.Float](mode moveMode, dst, src []T, n, ds, ss int) {
	switch {
	case mode == moveSet && ds == 1 && ss == 1:
		copy(dst[:n], src[:n])
	case mode == moveSet:
		for i := range n {
			dst[i*ds] = src[i*ss]
		}
	case mode == moveAdd:
		for i := range n {
			dst[i*ds] += src[i*ss]
		}
	default:
		for i := range n {
			if x := src[i*ss]; x > dst[i*ds] || x != x {
				dst[i*ds] = x
			}
		}
	}
}

var negInf = math.Inf(-1)

// reshapeInstr copies elements in row-major order between forms of different
// columns.
type reshapeInstr[T array.Float] struct{ dst, src ref }

func (i *reshapeInstr[T]) run(w *worker[T]) {
	dst, src := w.val[i.dst.mem], w.val[i.src.mem]
	total := w.samples * i.src.rows * i.src.n
	dr, dc, sr, sc := 0, 0, 0, 0
	for range total {
		dst[dr+dc] = src[sr+sc]
		if dc++; dc == i.dst.n {
			dc, dr = 0, dr+i.dst.ld
		}
		if sc++; sc == i.src.n {
			sc, sr = 0, sr+i.src.ld
		}
	}
}

// cumSumInstr is a running sum along one axis.
type cumSumInstr[T array.Float] struct {
	dst, src ref
	lines    move // over all axes but the summed one; dst and src offsets of a line
	n        int
	ds, ss   int
}

func (i *cumSumInstr[T]) run(w *worker[T]) {
	dst, src := w.val[i.dst.mem], w.val[i.src.mem]
	var at [maxAxes]int
	d, s := i.lines.dAt, i.lines.sAt
	for {
		var sum T
		for k := range i.n {
			sum += src[s+k*i.ss]
			dst[d+k*i.ds] = sum
		}
		k := len(i.lines.dims) - 1
		for ; k >= 0; k-- {
			limit := i.lines.dims[k]
			if k == 0 {
				limit = w.samples
			}
			d, s = d+i.lines.ds[k], s+i.lines.ss[k]
			if at[k]++; at[k] < limit {
				break
			}
			d, s = d-limit*i.lines.ds[k], s-limit*i.lines.ss[k]
			at[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

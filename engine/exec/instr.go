package exec

import (
	"unsafe"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/kernel"
	"github.com/gakuri-lab/gakuri/engine/kernel/matmul"
)

// groupInstr runs element-wise code.
type groupInstr[T array.Float] struct {
	code    kernel.Code
	program *kernel.Program[T]
	form    form // of the outputs, for one sample
	flat    bool // all operands lie like the outputs: one long row
	joined  int  // rows without gaps taken as one, Row operands repeated; else 1
	in, out []ref
}

func (g *groupInstr[T]) run(w *worker[T]) {
	var a kernel.Args
	size := unsafe.Sizeof(*new(T))
	a.Scratch = w.scratch
	rows := w.samples * g.form.rows
	a.Rows, a.N = (rows+g.joined-1)/g.joined, g.joined*g.form.n
	if g.flat {
		a.Rows, a.N = 1, rows*g.form.ld
	}
	for i, r := range g.in {
		a.In[i] = unsafe.Pointer(unsafe.SliceData(w.val[r.mem]))
		switch g.code.In[i] {
		case kernel.Full, kernel.Col:
			a.InStride[i] = uintptr(g.joined*r.ld) * size
		}
	}
	for i, r := range g.out {
		a.Out[i] = unsafe.Pointer(unsafe.SliceData(w.val[r.mem]))
		a.OutStride[i] = uintptr(g.joined*r.ld) * size
	}
	g.program.Run(&a)
}

// mulInstr is a matrix product with an unbatched right side.
type mulInstr[T array.Float] struct{ c, a, b ref }

func (i *mulInstr[T]) run(w *worker[T]) {
	matmul.Mul(w.val[i.c.mem], i.c.ld, w.val[i.a.mem], i.a.ld, 1, w.val[i.b.mem], i.b.ld, w.samples*i.c.rows, i.c.n, i.a.n, false)
}

// eachInstr is one matrix product for each sample and leading index.
type eachInstr[T array.Float] struct {
	c, a, b            ref
	lead, m, k, n      int
	aBatched, bBatched int // 1 if batched, else 0
}

func (i *eachInstr[T]) run(w *worker[T]) {
	c, a, b := w.val[i.c.mem], w.val[i.a.mem], w.val[i.b.mem]
	for s := range w.samples {
		for l := range i.lead {
			matmul.Mul(c[(s*i.lead+l)*i.m*i.c.ld:], i.c.ld,
				a[(s*i.aBatched*i.lead+l)*i.m*i.a.ld:], i.a.ld, 1,
				b[(s*i.bBatched*i.lead+l)*i.k*i.b.ld:], i.b.ld, i.m, i.n, i.k, false)
		}
	}
}

// contractInstr adds up AᵀB over pairs, rows and, in a sum over the batch,
// samples.
type contractInstr[T array.Float] struct {
	c    ref
	a, b []ref
	m, n int
	sum  bool
}

func (i *contractInstr[T]) run(w *worker[T]) {
	for p, a := range i.a {
		b := i.b[p]
		matmul.Mul(w.val[i.c.mem], i.c.ld, w.val[a.mem], 1, a.ld, w.val[b.mem], b.ld,
			i.m, i.n, w.samples*a.rows, p > 0 || i.sum && !w.fresh)
	}
}

// outerInstr is a contraction for each sample; strides of 0 stand for
// unbatched operands. With direct set it writes into rows of an output.
type outerInstr[T array.Float] struct {
	c            ref
	a, b         []ref
	aStep, bStep []int // elements from sample to sample
	m, n         int
	direct       *output[T]
}

func (i *outerInstr[T]) run(w *worker[T]) {
	step, ld := i.c.size(), i.c.ld
	var c []T
	if i.direct != nil {
		if i.direct.data == nil {
			return
		}
		step, ld = i.direct.stride, i.n
		c = i.direct.data[w.start*step:]
	} else {
		c = w.val[i.c.mem]
	}
	for s := range w.samples {
		for p, a := range i.a {
			b := i.b[p]
			matmul.Mul(c[s*step:], ld, w.val[a.mem][s*i.aStep[p]:], 1, a.ld, w.val[b.mem][s*i.bStep[p]:], b.ld, i.m, i.n, a.rows, p > 0)
		}
	}
}

// sumInstr adds up the samples of a value.
type sumInstr[T array.Float] struct{ dst, src ref }

func (i *sumInstr[T]) run(w *worker[T]) {
	dst, src := w.val[i.dst.mem], w.val[i.src.mem]
	size := i.src.size()
	if size == 1 {
		s := kernel.Sum(src[:w.samples])
		if !w.fresh {
			s += dst[0]
		}
		dst[0] = s
		return
	}
	if i.dst.ld == i.src.ld {
		kernel.SumRows(dst, src, size, w.samples, size, !w.fresh)
		return
	}
	for r := range i.src.rows {
		kernel.SumRows(dst[r*i.dst.ld:], src[r*i.src.ld:], size, w.samples, i.src.n, !w.fresh)
	}
}

// rowSumInstr sums over the last axis.
type rowSumInstr[T array.Float] struct{ dst, src ref }

func (i *rowSumInstr[T]) run(w *worker[T]) {
	kernel.RowSum(w.val[i.dst.mem], w.val[i.src.mem], i.src.ld, w.samples*i.src.rows, i.src.n)
}

// rowMaxInstr takes the largest of the last axis.
type rowMaxInstr[T array.Float] struct{ dst, src ref }

func (i *rowMaxInstr[T]) run(w *worker[T]) {
	kernel.RowMax(w.val[i.dst.mem], w.val[i.src.mem], i.src.ld, w.samples*i.src.rows, i.src.n)
}

// outInstr hands a batched value to the user.
type outInstr[T array.Float] struct{ o *output[T] }

func (i *outInstr[T]) run(w *worker[T]) {
	if i.o.data != nil {
		i.o.unpack(w.val[i.o.ref.mem], w.samples, w.start)
	}
}

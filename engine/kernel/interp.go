package kernel

import (
	"unsafe"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// A place says where an operand or a result of a step lives.
type place struct {
	where where
	i     int // number of the operand, output, register or constant
}

type where uint8

const (
	inInput where = iota
	inOutput
	inRegister
	inConst
)

// A step is one operation over one chunk. Operands that are the same for all
// columns are broadcast by the kernel itself.
type step[T array.Float] struct {
	op    Op
	n     int // operands
	bcast [3]bool
	src   [3]place
	dst   place
	run   func(*byte) // generated kernel; nil for the plain loop
}

// opArgs are the arguments of a one-operation kernel: [Args] in small.
type opArgs struct {
	In        [3]unsafe.Pointer
	InStride  [3]uintptr
	Out       unsafe.Pointer
	OutStride uintptr
	Rows, N   int
}

// Virtual registers: 4 KB each while all of them fit 32 KB, then smaller.
const (
	fullChunk  = 4096
	allChunks  = 32 << 10
	smallChunk = 512
)

// copyOp is the step that moves a value, or spreads a broadcast one.
const copyOp = numOps

// plan turns the lowered code c into steps. An output is written in place
// only after the last operand has been read, because it may be the same
// memory; before that it waits in a register.
func (p *Program[T]) plan(c Code) {
	nin := len(c.In)
	lastRead, lastUse := -1, make([]int, nin+len(c.Ins))
	for i, s := range c.Ins {
		for k, v := range [3]int{s.A, s.B, s.C} {
			if k < s.Op.Arity() {
				lastUse[v] = i
				if v < nin && c.In[v] <= Row {
					lastRead = i
				}
			}
		}
	}
	outOf := make(map[int]int) // value -> the first output that holds it
	for o, v := range c.Out {
		if _, ok := outOf[v]; !ok {
			outOf[v] = o
		}
	}
	for v := range outOf {
		if v < nin {
			lastRead = len(c.Ins) // copied at the end
		}
	}
	a := planner[T]{p: p, c: c, at: make([]place, nin+len(c.Ins)), isConst: make([]bool, nin+len(c.Ins))}
	for i := range nin {
		a.at[i] = place{inInput, i}
	}
	for _, v := range c.Out {
		lastUse[v] = len(c.Ins)
	}
	for i, s := range c.Ins {
		v := nin + i
		if s.Op == Const {
			p.consts = append(p.consts, T(s.X))
			a.at[v], a.isConst[v] = place{inConst, len(p.consts) - 1}, true
			continue
		}
		a.emit(i, s, lastUse, outOf, lastRead)
	}
	a.finish()
	p.regs = a.regs
	p.chunk = fullChunk
	if p.regs > 0 {
		p.chunk = max(smallChunk, min(fullChunk, allChunks/p.regs&^63))
	}
}

type planner[T array.Float] struct {
	p       *Program[T]
	c       Code
	at      []place
	isConst []bool
	free    []int
	regs    int
}

func (a *planner[T]) register() int {
	if n := len(a.free); n > 0 {
		r := a.free[n-1]
		a.free = a.free[:n-1]
		return r
	}
	a.regs++
	return a.regs - 1
}

// broadcast reports whether value v is one number for a whole row.
func (a *planner[T]) broadcast(v int) bool {
	return a.isConst[v] || v < len(a.c.In) && a.c.In[v] >= Col
}

func (a *planner[T]) emit(i int, s Instr, lastUse []int, outOf map[int]int, lastRead int) {
	vals := [3]int{s.A, s.B, s.C}
	st := step[T]{op: s.Op, n: s.Op.Arity()}
	if commutes(s.Op) && a.broadcast(vals[0]) && !a.broadcast(vals[1]) {
		vals[0], vals[1] = vals[1], vals[0]
	}
	var spread []int
	for k := range st.n {
		st.src[k], st.bcast[k] = a.at[vals[k]], a.broadcast(vals[k])
	}
	if st.n > 0 && st.bcast[0] && !(s.Op.Arity() == 2 && !commutes(s.Op) && !st.bcast[1]) {
		r := a.register()
		a.step(step[T]{op: copyOp, n: 1, bcast: [3]bool{true}, src: [3]place{st.src[0]}, dst: place{inRegister, r}})
		st.src[0], st.bcast[0] = place{inRegister, r}, false
		spread = append(spread, r)
	}
	a.free = append(a.free, spread...)
	for k := range st.n {
		v := vals[k]
		if a.at[v].where == inRegister && lastUse[v] == i && !contains(vals[:k], v) {
			a.free = append(a.free, a.at[v].i)
		}
	}
	v := len(a.c.In) + i
	if o, ok := outOf[v]; ok && i >= lastRead {
		st.dst = place{inOutput, o}
	} else {
		st.dst = place{inRegister, a.register()}
	}
	if lastUse[v] == 0 { // never read: its register is free again
		if st.dst.where == inRegister {
			a.free = append(a.free, st.dst.i)
		}
		return
	}
	a.at[v] = st.dst
	a.step(st)
}

// finish copies what is not yet in its output: values that had to wait,
// operands and constants, and second outputs of one value. Operands go to
// registers first, because an output may be their memory.
func (a *planner[T]) finish() {
	for _, v := range a.c.Out {
		if v < len(a.c.In) && a.at[v].where == inInput && !a.broadcast(v) {
			to := place{inRegister, a.register()}
			a.step(step[T]{op: copyOp, n: 1, src: [3]place{a.at[v]}, dst: to})
			a.at[v] = to
		}
	}
	for o, v := range a.c.Out {
		from := a.at[v]
		if from == (place{inOutput, o}) {
			continue
		}
		a.step(step[T]{op: copyOp, n: 1, bcast: [3]bool{a.broadcast(v)}, src: [3]place{from}, dst: place{inOutput, o}})
	}
}

func (a *planner[T]) step(s step[T]) {
	s.run = lookupOp[T](s.op, s.n, s.bcast)
	a.p.steps = append(a.p.steps, s)
}

func contains(list []int, v int) bool {
	for _, w := range list {
		if w == v {
			return true
		}
	}
	return false
}

// interpret runs the steps over one chunk after another: as many whole rows
// as fit a register, or pieces of one row.
func (p *Program[T]) interpret(a *Args) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	line := (a.N*size + 63) &^ 63 // bytes of a padded row
	if line <= p.chunk {
		most := p.chunk / line
		for r := 0; r < a.Rows; r += most {
			p.piece(a, r, 0, min(most, a.Rows-r), a.N, uintptr(line))
		}
		return
	}
	width := p.chunk / size
	for r := range a.Rows {
		for j := 0; j < a.N; j += width {
			p.piece(a, r, j, 1, min(width, a.N-j), uintptr(p.chunk))
		}
	}
}

// piece runs all steps on rows × n elements from row r, column j on.
func (p *Program[T]) piece(a *Args, r, j, rows, n int, line uintptr) {
	var zero T
	var o opArgs
	row, col := uintptr(r), uintptr(j)*unsafe.Sizeof(zero)
	o.Rows, o.N = rows, n
	for i := range p.steps {
		s := &p.steps[i]
		for k := range s.n {
			switch w := s.src[k]; w.where {
			case inInput:
				o.In[k], o.InStride[k] = unsafe.Add(a.In[w.i], row*a.InStride[w.i]), a.InStride[w.i]
				if !s.bcast[k] {
					o.In[k] = unsafe.Add(o.In[k], col)
				}
			case inOutput:
				o.In[k], o.InStride[k] = unsafe.Add(a.Out[w.i], row*a.OutStride[w.i]+col), a.OutStride[w.i]
			case inRegister:
				o.In[k], o.InStride[k] = unsafe.Add(a.Scratch, w.i*p.chunk), line
			case inConst:
				o.In[k], o.InStride[k] = unsafe.Pointer(&p.consts[w.i]), 0
			}
		}
		if w := s.dst; w.where == inOutput {
			o.Out, o.OutStride = unsafe.Add(a.Out[w.i], row*a.OutStride[w.i]+col), a.OutStride[w.i]
		} else {
			o.Out, o.OutStride = unsafe.Add(a.Scratch, w.i*p.chunk), line
		}
		s.call(&o, line)
	}
}

// call runs the kernel of s. Rows of line bytes that follow each other in
// every operand are one long row.
func (s *step[T]) call(o *opArgs, line uintptr) {
	rows, n := o.Rows, o.N
	if rows > 1 && s.joined(o, line) {
		var zero T
		o.Rows, o.N = 1, rows*int(line/unsafe.Sizeof(zero))
	}
	s.kernel(o)
	o.Rows, o.N = rows, n
}

func (s *step[T]) joined(o *opArgs, line uintptr) bool {
	for k := range s.n {
		if s.bcast[k] && o.InStride[k] != 0 || !s.bcast[k] && o.InStride[k] != line {
			return false
		}
	}
	return o.OutStride == line
}

func (s *step[T]) kernel(o *opArgs) {
	if s.run != nil {
		s.run((*byte)(noescape(unsafe.Pointer(o))))
		return
	}
	plainStep(s, o)
}

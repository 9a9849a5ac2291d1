package main

import (
	"github.com/gakuri-lab/gakuri/engine/kernel"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pointers are the registers for the row pointers of operands and outputs.
// RSI holds the arguments, RCX the byte offset of the column, RDX its limit,
// R15 the vector slots of the frame, RAX a pointer that has no register.
var pointers = []reg.Register{reg.RBX, reg.RDI, reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R14}

// A layout gives the offsets of kernel.Args, or of its small form, in memory.
type layout struct{ in, out int }

func (l layout) inAt(i int) int     { return 8 * i }
func (l layout) inStride(i int) int { return 8 * (l.in + i) }
func (l layout) outAt(i int) int    { return 8 * (2*l.in + i) }
func (l layout) outStride(i int) int {
	return 8 * (2*l.in + l.out + i)
}
func (l layout) rows() int { return 16 * (l.in + l.out) }
func (l layout) n() int    { return l.rows() + 8 }

// A frame knows where operands, outputs, constants and slots are.
type frame struct {
	m      machine
	kinds  []kernel.Kind
	outs   int
	consts *constants
	spots  map[int]int // broadcast operand -> slot
	spills int
}

func newFrame(m machine, kinds []kernel.Kind, outs int, consts *constants) *frame {
	f := &frame{m: m, kinds: kinds, outs: outs, consts: consts, spots: map[int]int{}}
	for i, k := range kinds {
		if k >= kernel.Col {
			f.spots[i] = len(f.spots)
		}
	}
	return f
}

// ordinal numbers the pointers the inner loop uses: vector operands, then outputs.
func (f *frame) ordinal(in int) int {
	n := 0
	for i := range in {
		if f.kinds[i] <= kernel.Row {
			n++
		}
	}
	return n
}

// pointer returns the register of pointer n, or its word of the frame.
func (f *frame) pointer(n int) (reg.Register, operand.Mem) {
	if n < len(pointers) {
		return pointers[n], operand.Mem{}
	}
	return nil, word(1 + n - len(pointers))
}

// word is word i of the frame; word 0 counts rows.
func word(i int) operand.Mem { return operand.Mem{Base: reg.StackPointer, Disp: 8 * i} }

// words is the number of words of the frame: the row counter, pointers
// without a register and one for each Col operand.
func (f *frame) words() int {
	return 1 + max(0, f.ordinal(len(f.kinds))+f.outs-len(pointers)) + len(f.kinds)
}

// column is the word for the row pointer of broadcast operand i.
func (f *frame) column(i int) operand.Mem { return word(f.words() - len(f.kinds) + i) }

func (f *frame) element(a *allocation, n int) operand.Op {
	r, w := f.pointer(n)
	if r == nil {
		a.code = append(a.code, inst{"MOVQ", []operand.Op{w, reg.RAX}})
		a.cost += costLoad
		r = reg.RAX
	}
	return operand.Mem{Base: r, Index: reg.RCX, Scale: 1}
}

func (f *frame) input(a *allocation, i int) operand.Op { return f.element(a, f.ordinal(i)) }

func (f *frame) output(a *allocation, o int) operand.Op {
	return f.element(a, f.ordinal(len(f.kinds))+o)
}

func (f *frame) slot(s int) operand.Op { return f.place(len(f.spots) + s) }

func (f *frame) spread(i int) operand.Op { return f.place(f.spots[i]) }

func (f *frame) place(s int) operand.Op { return operand.Mem{Base: reg.R15, Disp: s * f.m.bytes} }

func (f *frame) newSlot(n int) int {
	f.spills = max(f.spills, n+1)
	return n
}

func (f *frame) constant(bits uint64) operand.Op {
	return constant{f.consts.at(f.m.size, bits)}
}

// A constant is a memory operand of one element, repeated for 32 bytes.
type constant struct{ operand.Mem }

// constants is the table of one assembly file.
type constants struct {
	symbol operand.Symbol
	offset map[[2]uint64]int
	list   [][2]uint64 // size, bits
}

func newConstants(name string) *constants {
	return &constants{symbol: operand.NewStaticSymbol(name), offset: map[[2]uint64]int{}}
}

func (c *constants) at(size int, bits uint64) operand.Mem {
	key := [2]uint64{uint64(size), bits}
	off, ok := c.offset[key]
	if !ok {
		off = 32 * len(c.list)
		c.offset[key] = off
		c.list = append(c.list, key)
	}
	return operand.NewDataAddr(c.symbol, off)
}

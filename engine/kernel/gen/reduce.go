package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The reductions work on whole vectors; kernel.reduceArgs holds, in words,
// X, Y, Out, Stride, Rows, N. Results are one vector of lanes.
const (
	argX = 8 * iota
	argY
	argOut
	argStride
	argRows
	argN
)

// reduceFile makes the reductions in the order of kernel.reduction.
func reduceFile() (string, *file, string) {
	f := newFile("reduce")
	var t table
	for _, r := range []struct {
		name string
		make func(f *file, m machine)
	}{
		{"reduceSum", func(f *file, m machine) { f.fold(m, "sum") }},
		{"reduceDot", func(f *file, m machine) { f.fold(m, "dot") }},
		{"reduceMax", func(f *file, m machine) { f.fold(m, "max") }},
		{"reduceAxpy", (*file).axpy},
		{"reduceRows", func(f *file, m machine) { f.sumRows(m, false) }},
		{"reduceRowsAcc", func(f *file, m machine) { f.sumRows(m, true) }},
	} {
		for _, m := range machines {
			f.function(r.name + m.name)
			r.make(f, m)
			f.ins("VZEROUPPER")
			f.ins("RET")
		}
		fmt.Fprintf(&t.rows, "%s: %s,\n", r.name, t.row(r.name))
	}
	return "zreduce", f, header + "var reduceKernels = [numReductions][4]func(*byte){\n" + t.rows.String() + "}\n\n" + t.decl.String()
}

// v adds an arithmetic instruction with the suffix of the element type.
func (f *file) v(m machine, name string, ops ...operand.Op) {
	f.ins(name+map[int]string{4: "PS", 8: "PD"}[m.size], ops...)
}

func (m machine) vec(i int) operand.Op {
	if m.wide {
		return zmm[i]
	}
	return ymm[i]
}

func (f *file) arg(off int, r reg.Register) {
	f.ins("MOVQ", operand.Mem{Base: reg.RSI, Disp: off}, r)
}

// length loads N in bytes.
func (f *file) length(m machine, r reg.Register) {
	f.arg(argN, r)
	f.ins("SHLQ", operand.U8(map[int]int{4: 2, 8: 3}[m.size]), r)
}

func (f *file) zero(m machine, i int) {
	if m.wide {
		f.ins("VPXORQ", m.vec(i), m.vec(i), m.vec(i))
		return
	}
	f.v(m, "VXOR", m.vec(i), m.vec(i), m.vec(i))
}

// fold runs over X (and Y) with four accumulators, four vectors at a time and
// then one by one into the first, and stores the four added in pairs.
func (f *file) fold(m machine, kind string) {
	x, y := reg.RDI, reg.R8
	f.arg(argX, x)
	f.arg(argY, y)
	f.length(m, reg.RDX)
	for i := range 4 {
		if kind == "max" {
			f.v(m, "VMOVU", operand.Mem{Base: x}, m.vec(i))
		} else {
			f.zero(m, i)
		}
	}
	f.ins("XORQ", reg.RCX, reg.RCX)
	f.ins("LEAQ", operand.Mem{Base: reg.RDX, Disp: -4 * m.bytes}, reg.RBX)
	f.ctx.Label("four")
	f.ins("CMPQ", reg.RCX, reg.RBX)
	f.ins("JGT", operand.LabelRef("one"))
	for i := range 4 {
		f.accumulate(m, kind, i, i*m.bytes)
	}
	f.ins("ADDQ", operand.I32(4*m.bytes), reg.RCX)
	f.ins("JMP", operand.LabelRef("four"))
	f.ctx.Label("one")
	f.ins("CMPQ", reg.RCX, reg.RDX)
	f.ins("JGE", operand.LabelRef("done"))
	f.accumulate(m, kind, 0, 0)
	f.ins("ADDQ", operand.I32(m.bytes), reg.RCX)
	f.ins("JMP", operand.LabelRef("one"))
	f.ctx.Label("done")
	for _, p := range [][2]int{{0, 2}, {1, 3}, {0, 1}} {
		if kind == "max" {
			f.larger(m, p[0], m.vec(p[1]))
		} else {
			f.v(m, "VADD", m.vec(p[1]), m.vec(p[0]), m.vec(p[0]))
		}
	}
	f.arg(argOut, reg.RAX)
	f.v(m, "VMOVU", m.vec(0), operand.Mem{Base: reg.RAX})
}

func (f *file) accumulate(m machine, kind string, acc, disp int) {
	x := operand.Mem{Base: reg.RDI, Index: reg.RCX, Scale: 1, Disp: disp}
	y := operand.Mem{Base: reg.R8, Index: reg.RCX, Scale: 1, Disp: disp}
	switch kind {
	case "sum":
		f.v(m, "VADD", x, m.vec(acc), m.vec(acc))
	case "dot":
		f.v(m, "VMOVU", x, m.vec(4+acc))
		f.v(m, "VFMADD231", y, m.vec(4+acc), m.vec(acc))
	case "max":
		f.larger(m, acc, x)
	}
}

// larger sets acc to the larger of acc and x, and to NaN if either is: VMAX
// takes a NaN in x but would lose one in acc.
func (f *file) larger(m machine, acc int, x operand.Op) {
	a, t := m.vec(acc), m.vec(8)
	if m.wide {
		f.v(m, "VCMP", operand.U8(unordered), a, a, reg.K1)
		f.v(m, "VMAX", x, a, t)
		f.v(m, "VBLENDM", a, t, reg.K1, a)
		return
	}
	f.v(m, "VCMP", operand.U8(unordered), a, a, m.vec(9))
	f.v(m, "VMAX", x, a, t)
	f.v(m, "VBLENDV", m.vec(9), a, t, a)
}

// axpy adds Y[0]·X to Out.
func (f *file) axpy(m machine) {
	f.arg(argX, reg.RDI)
	f.arg(argY, reg.RAX)
	f.arg(argOut, reg.R8)
	f.length(m, reg.RDX)
	f.ins(broadcastName(m), operand.Mem{Base: reg.RAX}, m.vec(0))
	f.ins("XORQ", reg.RCX, reg.RCX)
	f.ctx.Label("column")
	out := operand.Mem{Base: reg.R8, Index: reg.RCX, Scale: 1}
	f.v(m, "VMOVU", out, m.vec(1))
	f.v(m, "VFMADD231", operand.Mem{Base: reg.RDI, Index: reg.RCX, Scale: 1}, m.vec(0), m.vec(1))
	f.v(m, "VMOVU", m.vec(1), out)
	f.ins("ADDQ", operand.I32(m.bytes), reg.RCX)
	f.ins("CMPQ", reg.RCX, reg.RDX)
	f.ins("JLT", operand.LabelRef("column"))
}

// sumRows adds the rows of X, top to bottom, four vectors of columns at a
// time and then one by one; acc begins with what Out holds.
func (f *file) sumRows(m machine, acc bool) {
	f.arg(argX, reg.RDI)
	f.arg(argOut, reg.R8)
	f.arg(argStride, reg.R9)
	f.length(m, reg.RDX)
	f.ins("XORQ", reg.RCX, reg.RCX)
	f.ins("LEAQ", operand.Mem{Base: reg.RDX, Disp: -4 * m.bytes}, reg.RBX)
	f.ctx.Label("four")
	f.ins("CMPQ", reg.RCX, reg.RBX)
	f.ins("JGT", operand.LabelRef("one"))
	f.column(m, acc, 4, "fourRows")
	f.ins("JMP", operand.LabelRef("four"))
	f.ctx.Label("one")
	f.ins("CMPQ", reg.RCX, reg.RDX)
	f.ins("JGE", operand.LabelRef("done"))
	f.column(m, acc, 1, "oneRow")
	f.ins("JMP", operand.LabelRef("one"))
	f.ctx.Label("done")
}

// column adds all rows of n vectors from byte RCX on, and moves RCX.
func (f *file) column(m machine, acc bool, n int, label string) {
	out := func(i int) operand.Op {
		return operand.Mem{Base: reg.R8, Index: reg.RCX, Scale: 1, Disp: i * m.bytes}
	}
	for i := range n {
		if acc {
			f.v(m, "VMOVU", out(i), m.vec(i))
		} else {
			f.zero(m, i)
		}
	}
	f.ins("LEAQ", operand.Mem{Base: reg.RDI, Index: reg.RCX, Scale: 1}, reg.R10)
	f.arg(argRows, reg.R11)
	f.ctx.Label(label)
	for i := range n {
		f.v(m, "VADD", operand.Mem{Base: reg.R10, Disp: i * m.bytes}, m.vec(i), m.vec(i))
	}
	f.ins("ADDQ", reg.R9, reg.R10)
	f.ins("DECQ", reg.R11)
	f.ins("JNZ", operand.LabelRef(label))
	for i := range n {
		f.v(m, "VMOVU", m.vec(i), out(i))
	}
	f.ins("ADDQ", operand.I32(n*m.bytes), reg.RCX)
}

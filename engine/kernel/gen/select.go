package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
)

// names of the operations with one destination that differs from the sources.
var names = map[opcode]string{
	opAdd: "VADD", opSub: "VSUB", opMul: "VMUL", opDiv: "VDIV", opMax: "VMAX", opMin: "VMIN", opSqrt: "VSQRT",
	opAnd: "VAND", opOr: "VOR", opXor: "VXOR", opIAdd: "VPADD", opISub: "VPSUB", opShl: "VPSLL", opShr: "VPSRL",
	opCmp: "VCMP", opTest: "VPTESTM", opScale: "VSCALEF", opExp2: "VGETEXP", opMant: "VGETMANT",
}

func swaps(o opcode) bool {
	switch o {
	case opAdd, opMul, opAnd, opOr, opXor, opIAdd:
		return true
	}
	return false
}

// compute emits the instruction for v.
func (a *allocation) compute(v *value) {
	switch v.op {
	case opFMA, opFMS, opFNMA:
		a.fused(v)
		return
	case opSelect:
		a.selectOne(v)
		return
	}
	arg := append([]*value(nil), v.arg...)
	if len(arg) == 2 && swaps(v.op) && a.inMemory(arg[0]) && !a.inMemory(arg[1]) {
		arg[0], arg[1] = arg[1], arg[0]
	}
	// The last source may be memory, except of a shift.
	var ops []operand.Op
	last := arg[len(arg)-1]
	if len(arg) == 2 {
		r := a.need(arg[0])
		ops = []operand.Op{a.source(last), a.vec(r)}
	} else if v.op == opShl || v.op == opShr {
		ops = []operand.Op{a.vec(a.need(last))}
	} else {
		ops = []operand.Op{a.source(last)}
	}
	switch v.op {
	case opShl, opShr, opCmp:
		ops = append([]operand.Op{operand.U8(v.imm)}, ops...)
	case opMant:
		ops = append([]operand.Op{operand.U8(0x0f)}, ops...)
	}
	a.emit(names[v.op], append(ops, a.result(v))...)
}

// inMemory reports whether v is better read as a memory operand.
func (a *allocation) inMemory(v *value) bool {
	_, ok := a.reg[v]
	return !ok
}

// source returns the register of v or, if it has none, its place in memory.
func (a *allocation) source(v *value) operand.Op {
	if r, ok := a.reg[v]; ok {
		a.locked[r] = true
		return a.vec(r)
	}
	a.cost += costMemory
	return a.memory(v)
}

// result gives v a register. Sources that die here are free for it.
func (a *allocation) result(v *value) operand.Op {
	if v.mask() && a.m.wide {
		for k, h := range a.kholds {
			if h == nil {
				a.kholds[k], a.mask[v] = v, k
				return kmask[k]
			}
		}
		a.failed = true // more masks alive than registers
		a.mask[v] = 0
		return kmask[0]
	}
	a.free(v)
	r := a.take()
	a.put(v, r)
	return a.vec(r)
}

// free drops the operands of v that are not read again.
func (a *allocation) free(v *value) {
	for _, s := range v.arg {
		a.drop(s)
	}
}

// selectOne emits a blend: of a mask register in AVX-512, of the top bits of
// a vector in AVX2.
func (a *allocation) selectOne(v *value) {
	if a.m.wide {
		k := kmask[a.mask[v.arg[0]]]
		no := a.need(v.arg[2])
		yes := a.source(v.arg[1])
		a.emit("VBLENDM", yes, a.vec(no), k, a.result(v))
		return
	}
	k, no := a.need(v.arg[0]), a.need(v.arg[2])
	yes := a.source(v.arg[1])
	a.emit("VBLENDV", a.vec(k), yes, a.vec(no), a.result(v))
}

// fused emits ±x·y ± z into the register of a source that dies, or of a copy.
func (a *allocation) fused(v *value) {
	x, y, z := v.arg[0], v.arg[1], v.arg[2]
	name := map[opcode]string{opFMA: "VFMADD", opFMS: "VFMSUB", opFNMA: "VFNMADD"}[v.op]
	// At most one operand, different from the others, stays in memory.
	var mem *value
	for _, s := range []*value{z, y, x} {
		if a.inMemory(s) && mem == nil && times(v.arg, s) == 1 {
			mem = s
		}
	}
	for _, s := range v.arg {
		if s != mem {
			a.need(s)
		}
	}
	var d *value
	for _, s := range []*value{z, x, y} {
		_, pinned := a.pinned[s]
		if s != mem && !pinned && times(v.arg, s) == 1 && a.nextUse(s) == math.MaxInt {
			d = s
		}
	}
	var dst int
	switch {
	case d != nil:
		dst = a.reg[d]
	case mem != nil: // read it into the result's register
		d, dst = mem, a.take()
		a.read(mem, dst)
		mem = nil
	default:
		d, dst = z, a.take()
		a.emit("VMOVA", a.vec(a.reg[z]), a.vec(dst))
		a.cost += costMove - 1
	}
	at := func(s *value) operand.Op {
		if s == mem {
			return a.source(s)
		}
		return a.vec(a.reg[s])
	}
	switch {
	case d == z:
		if x == mem {
			x, y = y, x
		}
		a.emit(name+"231", at(y), at(x), a.vec(dst))
	default:
		other := y
		if d == y {
			other = x
		}
		if other == mem {
			a.emit(name+"132", at(other), at(z), a.vec(dst))
		} else {
			a.emit(name+"213", at(z), at(other), a.vec(dst))
		}
	}
	a.free(v)
	if a.holds[dst] != nil {
		panic("kernel generator: result over a live value")
	}
	a.put(v, dst)
}

func times(arg []*value, v *value) int {
	n := 0
	for _, s := range arg {
		if s == v {
			n++
		}
	}
	return n
}

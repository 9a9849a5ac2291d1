package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var (
	ymm = []reg.Register{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
		reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}
	zmm = []reg.Register{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}
	kmask = []reg.Register{reg.K1, reg.K2, reg.K3, reg.K4, reg.K5, reg.K6, reg.K7}
)

// An inst is one instruction, not yet given to avo.
type inst struct {
	name string
	ops  []operand.Op
}

// allocation turns one schedule into instructions with registers. Constants
// and broadcast operands are read from memory wherever they are needed,
// except those pinned to a register for the whole loop; a computed value
// that must leave its register goes to a slot of the frame.
type allocation struct {
	m      machine
	f      *frame
	items  []item
	pos    int
	uses   map[*value][]int // positions, ascending
	pins   []*value
	pinned map[*value]int // register
	reg    map[*value]int
	mask   map[*value]int
	holds  []*value // what each register holds
	locked map[int]bool
	kholds []*value
	folded map[*value]bool // loads waiting to become a memory operand
	slots  map[*value]int
	code   []inst
	cost   float64
	failed bool // no mask register was left: the code is wrong
}

// Costs in units of one arithmetic instruction.
const (
	costMemory = 0.2 // operand from memory
	costMove   = 0.5
	costLoad   = 0.9
	costSpill  = 2
)

func allocate(m machine, f *frame, items []item, pins []*value) *allocation {
	a := &allocation{m: m, f: f, items: items, pins: pins, uses: map[*value][]int{}, pinned: map[*value]int{}, reg: map[*value]int{},
		mask: map[*value]int{}, locked: map[int]bool{}, folded: map[*value]bool{}, slots: map[*value]int{}}
	a.holds, a.kholds = make([]*value, m.regs), make([]*value, len(kmask))
	for i, it := range items {
		if it.out >= 0 {
			a.uses[it.v] = append(a.uses[it.v], i)
			continue
		}
		for _, v := range it.v.arg {
			a.uses[v] = append(a.uses[v], i)
		}
	}
	for i, v := range pins {
		a.pinned[v], a.reg[v], a.holds[m.regs-1-i] = m.regs-1-i, m.regs-1-i, v
	}
	for i, it := range items {
		a.pos = i
		clear(a.locked)
		for _, v := range it.v.arg {
			if r, ok := a.reg[v]; ok {
				a.locked[r] = true
			}
		}
		switch {
		case it.out >= 0:
			a.emit("VMOVU", a.vec(a.need(it.v)), a.f.output(a, it.out))
		case it.v.op == opLoad && a.foldable(i):
			a.folded[it.v] = true
		case it.v.op == opLoad:
			a.fetch(it.v)
		default:
			a.compute(it.v)
		}
		a.release(it)
	}
	return a
}

// foldable reports whether the load at i is used once, by the operation after
// it and the loads around it.
func (a *allocation) foldable(i int) bool {
	u := a.uses[a.items[i].v]
	if len(u) != 1 || a.items[u[0]].out >= 0 {
		return false
	}
	for k := i + 1; k < u[0]; k++ {
		if a.items[k].v.op != opLoad {
			return false
		}
	}
	return true
}

func (a *allocation) vec(i int) operand.Op {
	if a.m.wide {
		return zmm[i]
	}
	return ymm[i]
}

func (a *allocation) emit(name string, ops ...operand.Op) {
	suffix := "PS"
	if a.m.size == 8 {
		suffix = "PD"
	}
	if name[:2] == "VP" { // integers
		suffix = map[int]string{4: "D", 8: "Q"}[a.m.size]
	}
	for _, o := range ops {
		if _, ok := o.(constant); ok && a.m.wide {
			suffix += "_BCST"
		}
	}
	a.code = append(a.code, inst{name + suffix, ops})
	a.cost++
}

// nextUse is the next position after the present one that reads v.
func (a *allocation) nextUse(v *value) int {
	for _, u := range a.uses[v] {
		if u > a.pos {
			return u
		}
	}
	return math.MaxInt
}

// memory returns where v can be read from memory, nil if nowhere.
func (a *allocation) memory(v *value) operand.Op {
	if s, ok := a.slots[v]; ok {
		return a.f.slot(s)
	}
	switch {
	case v.op == opConst:
		return a.f.constant(v.bits)
	case v.op == opBroadcast:
		return a.f.spread(v.in)
	case a.folded[v]:
		return a.f.input(a, v.in)
	}
	return nil
}

// take returns a free register, emptying the one needed last if none is.
func (a *allocation) take() int {
	best, far := -1, -1.0
	for r, v := range a.holds {
		if v == nil {
			a.locked[r] = true
			return r
		}
		if _, pinned := a.pinned[v]; pinned || a.locked[r] {
			continue
		}
		d := float64(min(a.nextUse(v), 1<<20) - a.pos)
		if _, saved := a.slots[v]; saved || v.rooted() {
			d *= 3
		}
		if d > far {
			best, far = r, d
		}
	}
	if best < 0 {
		panic("kernel generator: out of vector registers")
	}
	v := a.holds[best]
	if _, saved := a.slots[v]; !saved && !v.rooted() {
		a.slots[v] = a.f.newSlot(len(a.slots))
		a.emit("VMOVU", a.vec(best), a.f.slot(a.slots[v]))
		a.cost += costSpill
	}
	delete(a.reg, v)
	a.holds[best] = nil
	a.locked[best] = true
	return best
}

func (a *allocation) put(v *value, r int) { a.reg[v], a.holds[r] = r, v }

// fetch reads v from memory into a register.
func (a *allocation) fetch(v *value) int {
	r := a.take()
	a.read(v, r)
	a.put(v, r)
	delete(a.folded, v)
	return r
}

// read emits the load of v into register r.
func (a *allocation) read(v *value, r int) {
	switch m := a.memory(v).(type) {
	case nil:
		if v.op != opLoad {
			panic(fmt.Sprintf("kernel generator: value of operation %d is lost", v.op))
		}
		a.emit("VMOVU", a.f.input(a, v.in), a.vec(r))
	case constant:
		if a.m.wide {
			a.code = append(a.code, inst{broadcastName(a.m), []operand.Op{m.Mem, a.vec(r)}})
			a.cost++
		} else {
			a.emit("VMOVU", m, a.vec(r))
		}
	default:
		a.emit("VMOVU", m, a.vec(r))
	}
	a.cost += costLoad - 1
}

// need returns the register of v, read from memory if it has none.
func (a *allocation) need(v *value) int {
	r, ok := a.reg[v]
	if !ok {
		r = a.fetch(v)
	}
	a.locked[r] = true
	return r
}

// release frees the registers of values not read again.
func (a *allocation) release(it item) {
	vs := []*value{it.v}
	if it.out < 0 {
		vs = append(vs, it.v.arg...)
	}
	for _, v := range vs {
		a.drop(v)
	}
}

func (a *allocation) drop(v *value) {
	if a.nextUse(v) != math.MaxInt {
		return
	}
	if k, ok := a.mask[v]; ok {
		a.kholds[k] = nil
		delete(a.mask, v)
	}
	if _, pinned := a.pinned[v]; pinned {
		return
	}
	if r, ok := a.reg[v]; ok {
		a.holds[r] = nil
		delete(a.reg, v)
	}
}

package main

import (
	"reflect"
	"sort"

	"github.com/gakuri-lab/gakuri/engine/kernel"
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

// A file is one assembly file and its constants.
type file struct {
	ctx    *build.Context
	consts *constants
	used   map[string]bool
}

func newFile(name string) *file {
	f := &file{ctx: build.NewContext(), consts: newConstants(name + "Consts"), used: map[string]bool{}}
	f.ctx.ConstraintExpr("!purego")
	return f
}

// ins adds the instruction called name.
func (f *file) ins(name string, ops ...operand.Op) {
	in := make([]reflect.Value, len(ops))
	for i, o := range ops {
		if c, ok := o.(constant); ok {
			o = c.Mem
		}
		in[i] = reflect.ValueOf(o)
	}
	m := reflect.ValueOf(f.ctx).MethodByName(name)
	if !m.IsValid() {
		panic("kernel generator: no instruction " + name)
	}
	m.Call(in)
}

// function opens a function that takes the arguments in RSI.
func (f *file) function(name string) {
	if f.used[name] {
		panic("kernel generator: two kernels named " + name)
	}
	f.used[name] = true
	f.ctx.Function(name)
	f.ctx.SignatureExpr("func(a *byte)")
	f.ctx.Load(f.ctx.Param("a"), reg.RSI)
}

// text closes the file: the constants and the printed assembly.
func (f *file) text() ([]byte, error) {
	if len(f.consts.list) > 0 {
		f.ctx.StaticGlobal(f.consts.symbol.Name)
		f.ctx.DataAttributes(attr.RODATA | attr.NOPTR)
		for i, c := range f.consts.list {
			bits := c[1]
			if c[0] == 4 {
				bits = bits&0xffffffff | bits<<32
			}
			for k := range 4 {
				f.ctx.AddDatum(32*i+8*k, operand.U64(bits))
			}
		}
	}
	ir, err := f.ctx.Result()
	if err != nil {
		return nil, err
	}
	if err := pass.Compile.Execute(ir); err != nil {
		return nil, err
	}
	return printer.NewGoAsm(printer.Config{Name: "engine/kernel/gen", Pkg: "kernel"}).Print(ir)
}

// kernel adds the kernel of c for machine m.
func (f *file) kernel(name string, m machine, l layout, c kernel.Code) {
	b, outs := lowerTo(m, c, true)
	a := best(m, f, c, b.list, outs)
	if a == nil { // too many masks alive: make each again from its 0 or 1
		b, outs = lowerTo(m, c, false)
		a = best(m, f, c, b.list, outs)
	}
	if a == nil {
		panic("kernel generator: " + name + " needs more mask registers than there are")
	}
	f.function(name)
	f.loops(m, l, c, a)
}

// lowerTo writes c in vector operations of m.
func lowerTo(m machine, c kernel.Code, reuseMasks bool) (b *builder, outs []*value) {
	b = newBuilder(m)
	b.reuseMasks = reuseMasks
	var vals []*value
	for i, k := range c.In {
		if k <= kernel.Row {
			vals = append(vals, b.load(i))
		} else {
			vals = append(vals, b.broadcast(i))
		}
	}
	for _, s := range c.Ins {
		var arg []*value
		for k, v := range [3]int{s.A, s.B, s.C} {
			if k < s.Op.Arity() {
				arg = append(arg, vals[v])
			}
		}
		vals = append(vals, b.apply(s, arg))
	}
	for _, v := range c.Out {
		outs = append(outs, vals[v])
	}
	return b, outs
}

// best tries the schedules with every number of pinned values and returns
// the cheapest allocation, nil if all failed.
func best(m machine, f *file, c kernel.Code, list, outs []*value) *allocation {
	var cheapest *allocation
	for _, items := range schedules(list, outs) {
		pins := pinnable(items)
		for n := 0; n <= min(len(pins), m.regs-5); n++ {
			trial := newFrame(m, c.In, len(c.Out), f.consts)
			if a := allocate(m, trial, items, pins[:n]); !a.failed && (cheapest == nil || a.cost < cheapest.cost) {
				cheapest = a
			}
		}
	}
	return cheapest
}

// pinnable lists constants and broadcast operands, the most used first.
func pinnable(items []item) []*value {
	uses := map[*value]int{}
	var list []*value
	note := func(v *value) {
		if v.rooted() {
			if uses[v] == 0 {
				list = append(list, v)
			}
			uses[v]++
		}
	}
	for _, it := range items {
		if it.out >= 0 {
			note(it.v)
		}
		for _, v := range it.v.arg {
			if it.out < 0 {
				note(v)
			}
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return uses[list[i]] > uses[list[j]] })
	return list
}

// loops writes the function: over rows, and over the vectors of a row.
func (f *file) loops(m machine, l layout, c kernel.Code, a *allocation) {
	fr := a.f
	at := func(off int) operand.Mem { return operand.Mem{Base: reg.RSI, Disp: off} }
	vectors, inSlots := 0, fr.spills
	for i := range fr.spots {
		if !a.pinsOperand(i) {
			inSlots++
		}
	}
	if inSlots > 0 {
		vectors = (len(fr.spots)+fr.spills+1)*m.bytes - 8 // one more, to align
	}
	f.ctx.AllocLocal(8*fr.words() + vectors)
	if vectors > 0 {
		f.ins("LEAQ", operand.Mem{Base: reg.StackPointer, Disp: 8*fr.words() + m.bytes - 8}, reg.R15)
		f.ins("ANDQ", operand.I8(-m.bytes), reg.R15)
	}
	f.ins("MOVQ", at(l.rows()), reg.RAX)
	f.ins("MOVQ", reg.RAX, word(0))
	f.ins("MOVQ", at(l.n()), reg.RDX)
	f.ins("SHLQ", operand.U8(map[int]int{4: 2, 8: 3}[m.size]), reg.RDX)
	type pointer struct{ n, at, stride int }
	var ps []pointer
	for i, k := range c.In {
		if k <= kernel.Row {
			ps = append(ps, pointer{len(ps), l.inAt(i), l.inStride(i)})
		}
	}
	for o := range c.Out {
		ps = append(ps, pointer{len(ps), l.outAt(o), l.outStride(o)})
	}
	for _, p := range ps {
		if r, w := fr.pointer(p.n); r != nil {
			f.ins("MOVQ", at(p.at), r)
		} else {
			f.ins("MOVQ", at(p.at), reg.RAX)
			f.ins("MOVQ", reg.RAX, w)
		}
	}
	f.spread(m, l, c, a)
	f.ctx.Label("row")
	f.columns(m, c, a)
	f.ins("XORQ", reg.RCX, reg.RCX)
	f.ctx.Label("column")
	for _, i := range a.code {
		f.ins(i.name, i.ops...)
	}
	f.ins("ADDQ", operand.U8(m.bytes), reg.RCX)
	f.ins("CMPQ", reg.RCX, reg.RDX)
	f.ins("JLT", operand.LabelRef("column"))
	for _, p := range ps {
		if r, w := fr.pointer(p.n); r != nil {
			f.ins("ADDQ", at(p.stride), r)
		} else {
			f.ins("MOVQ", at(p.stride), reg.RAX)
			f.ins("ADDQ", reg.RAX, w)
		}
	}
	for i, k := range c.In {
		if k == kernel.Col {
			f.ins("MOVQ", at(l.inStride(i)), reg.RAX)
			f.ins("ADDQ", reg.RAX, fr.column(i))
		}
	}
	f.ins("DECQ", word(0))
	f.ins("JNZ", operand.LabelRef("row"))
	f.ins("VZEROUPPER")
	f.ins("RET")
}

// pinsOperand reports whether broadcast operand i has a register.
func (a *allocation) pinsOperand(i int) bool {
	for _, v := range a.pins {
		if v.op == opBroadcast && v.in == i {
			return true
		}
	}
	return false
}

func broadcastName(m machine) string {
	return map[int]string{4: "VBROADCASTSS", 8: "VBROADCASTSD"}[m.size]
}

// spread loads, before the rows, pinned constants and all Scalar operands,
// and notes the row pointers of the Col operands.
func (f *file) spread(m machine, l layout, c kernel.Code, a *allocation) {
	for _, v := range a.pins {
		if v.op == opConst {
			f.ins(broadcastName(m), f.consts.at(m.size, v.bits), a.vec(a.pinned[v]))
		}
	}
	for i, k := range c.In {
		if k < kernel.Col {
			continue
		}
		f.ins("MOVQ", operand.Mem{Base: reg.RSI, Disp: l.inAt(i)}, reg.RAX)
		if k == kernel.Col {
			f.ins("MOVQ", reg.RAX, a.f.column(i))
		} else {
			f.one(m, a, i)
		}
	}
}

// columns loads, for each row, the Col operands.
func (f *file) columns(m machine, c kernel.Code, a *allocation) {
	for i, k := range c.In {
		if k == kernel.Col {
			f.ins("MOVQ", a.f.column(i), reg.RAX)
			f.one(m, a, i)
		}
	}
}

// one spreads the element at RAX to the register of operand i or to its slot.
func (f *file) one(m machine, a *allocation, i int) {
	for _, v := range a.pins {
		if v.op == opBroadcast && v.in == i {
			f.ins(broadcastName(m), operand.Mem{Base: reg.RAX}, a.vec(a.pinned[v]))
			return
		}
	}
	r := a.vec(0)
	f.ins(broadcastName(m), operand.Mem{Base: reg.RAX}, r)
	f.ins(map[int]string{4: "VMOVUPS", 8: "VMOVUPD"}[m.size], r, a.f.spread(i))
}

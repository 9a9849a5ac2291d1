package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A form is the shape of one kernel's register block: the vectors of a row,
// z of 512 and y of 256 bits, and the numbers of rows tried in turn. The
// last vector of a row starts `last` elements in and may overlap the one
// before; in a masked form `last` counts the elements of the only vector. The
// last vector may be a half, h: two rows share it.
type form struct {
	vecs   string
	rows   []int
	wide   bool // AVX-512 (32 registers), else AVX2
	masked bool
}

// Registers decide the rows: accumulators, one row of B and at least one
// broadcast element of A have to fit 32 or 16 registers.
var forms = []form{
	{"y", []int{12, 4, 1}, true, true},
	{"yy", []int{12, 8, 4, 2, 1}, true, false},
	{"yyy", []int{8, 4, 2, 1}, true, false},
	{"yyh", []int{10, 8, 4, 2, 1}, true, false},
	{"zz", []int{12, 8, 4, 2, 1}, true, false},
	{"zzz", []int{8, 4, 2, 1}, true, false},
	{"zzzzzzzz", []int{1}, true, false},
	{"y", []int{8, 4, 1}, false, true},
	{"y", []int{8, 4, 1}, false, false},
	{"yy", []int{6, 4, 2, 1}, false, false},
	{"yyy", []int{4, 2, 1}, false, false},
	{"yyyyyyyy", []int{1}, false, false},
}

func (f form) name(bits int) string {
	v := strings.ToUpper(f.vecs)
	if len(v) > 3 {
		v = "Row"
	}
	if f.masked {
		v = "Part"
	}
	level := "AVX2"
	if f.wide {
		level = "AVX512"
	}
	return fmt.Sprintf("block%s%sF%d", v, level, bits)
}

// block is the state while one kernel is written.
type block struct {
	form
	insns
	c, ldc, a, s, s3, acs, b, ldb, m, n, last GPVirtual
	ap                                        [3]GPVirtual // rows 0, 4 and 8 of A
	mask                                      Register
	paired                                    bool // the last vectors of two rows share a register
}

func (f form) emit(bits int) {
	TEXT(f.name(bits), NOSPLIT, "func(c *byte, ldc int, a *byte, ars, acs int, b *byte, ldb int, m, k, last, acc int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes C[i,j] = acc·C[i,j] + Σp A[i,p]·B[p,j] for a panel of columns (%s).",
		f.name(bits), f.vecs))
	k := &block{form: f, insns: instructions(bits, f.wide)}
	load := func(name string) GPVirtual { return Load(Param(name), GP64()).(GPVirtual) }
	stride := func(name string) GPVirtual {
		r := load(name)
		SHLQ(U8(k.shift), r)
		return r
	}
	k.c, k.a, k.m = load("c"), load("a"), load("m")
	k.ldc, k.s, k.acs, k.ldb = stride("ldc"), stride("ars"), stride("acs"), stride("ldb")
	if f.masked {
		k.makeMask()
	} else if len(f.vecs) > 1 {
		k.last = stride("last")
	}
	if f.vecs[len(f.vecs)-1] == 'h' {
		k.makePairMask()
	}
	k.s3 = GP64()
	LEAQ(Mem{Base: k.s, Index: k.s, Scale: 2}, k.s3)
	for i := range k.ap {
		k.ap[i] = GP64()
	}
	k.b, k.n = GP64(), GP64()
	for _, rows := range f.rows {
		k.emitRows(rows)
	}
	VZEROUPPER()
	RET()
}

// emitRows writes the loop over blocks of the given number of rows.
func (k *block) emitRows(rows int) {
	name := func(what string) string { return fmt.Sprintf("%s%d", what, rows) }
	Label(name("rows"))
	CMPQ(k.m, U8(rows))
	JLT(LabelRef(name("done")))

	k.paired = rows > 1 && strings.HasSuffix(k.vecs, "h")
	k.eachC(rows, func(_, _ int, at Mem) { PREFETCHT0(at) })
	for r := range k.accumulators(rows) {
		k.zero(k.vec(r, k.vecs[0]))
	}
	MOVQ(k.a, k.ap[0])
	for i := 1; 4*i < rows; i++ {
		LEAQ(Mem{Base: k.ap[i-1], Index: k.s, Scale: 4}, k.ap[i])
	}
	Load(Param("b"), k.b)
	Load(Param("k"), k.n)

	// Where the loop falls in a cache line decides over 2 % of a training step.
	Instruction(&ir.Instruction{Opcode: "PCALIGN", Operands: []Op{Imm(64)}})
	Label(name("sum"))
	k.step(rows)
	ADDQ(k.ldb, k.b)
	for i := 0; 4*i < rows; i++ {
		ADDQ(k.acs, k.ap[i])
	}
	DECQ(k.n)
	JNZ(LabelRef(name("sum")))

	Load(Param("acc"), k.n)
	TESTQ(k.n, k.n)
	JZ(LabelRef(name("store")))
	k.eachC(rows, func(i, v int, at Mem) {
		old := k.accumulators(rows)
		switch {
		case k.shared(v):
			k.addHalf(at, i, old, k.acc(i, v))
		case k.masked:
			k.load(at, k.vec(old, k.vecs[0]), k.mask)
			k.add(k.vec(old, k.vecs[0]), k.acc(i, v))
		default:
			k.add(at, k.acc(i, v))
		}
	})
	Label(name("store"))
	k.eachC(rows, func(i, v int, at Mem) {
		if k.shared(v) {
			k.storeHalf(i, at)
		} else {
			k.store(k.acc(i, v), at, k.maskOf(v == len(k.vecs)-1))
		}
	})
	ADDQ(k.ldc, k.b)
	MOVQ(k.b, k.c)
	switch rows {
	case 12:
		LEAQ(Mem{Base: k.a, Index: k.s3, Scale: 4}, k.a)
	case 10:
		LEAQ(Mem{Base: k.a, Index: k.s, Scale: 8}, k.a)
		LEAQ(Mem{Base: k.a, Index: k.s, Scale: 2}, k.a)
	case 6:
		LEAQ(Mem{Base: k.a, Index: k.s3, Scale: 2}, k.a)
	default:
		LEAQ(Mem{Base: k.a, Index: k.s, Scale: uint8(rows)}, k.a)
	}
	SUBQ(U8(rows), k.m)
	JMP(LabelRef(name("rows")))
	Label(name("done"))
}

// step writes one p: every row adds A[i,p] times the row B[p].
func (k *block) step(rows int) {
	nv := len(k.vecs)
	free := k.accumulators(rows)
	if rows == 1 && !k.masked {
		x := k.vec(free, k.vecs[0])
		k.broadcast(k.elementA(0), x)
		for v := range k.vecs {
			k.fma(k.place(k.b, v), k.vec(free, k.vecs[v]), k.acc(0, v))
		}
		return
	}
	if k.paired {
		k.stepPairs(rows, free)
		return
	}
	for v := range k.vecs {
		k.load(k.place(k.b, v), k.vec(free+v, k.vecs[v]), k.maskOf(v == nv-1))
	}
	free += nv
	spare := k.registers - free
	if k.masked && !k.wide {
		spare-- // the mask
	}
	spare = min(spare, 6)
	for i := range rows {
		// A broadcast by itself competes with the multiply-adds, one inside
		// them with the loads: with narrow vectors half of each is fastest.
		if k.wide && k.vecs[0] == 'y' && (nv == 1 || i%2 == 0) {
			for v := range k.vecs {
				k.fmaBroadcast(k.elementA(i), k.vec(free-nv+v, 'y'), k.acc(i, v))
			}
			continue
		}
		x := free + i%spare
		k.broadcast(k.elementA(i), k.vec(x, k.vecs[0]))
		for v := range k.vecs {
			k.fma(k.vec(free-nv+v, k.vecs[v]), k.vec(x, k.vecs[v]), k.acc(i, v))
		}
	}
}

// elementA is the address of A[i,p] for the current p.
func (k *block) elementA(i int) Mem {
	at := Mem{Base: k.ap[i/4]}
	switch i % 4 {
	case 1:
		at.Index, at.Scale = k.s, 1
	case 2:
		at.Index, at.Scale = k.s, 2
	case 3:
		at.Index, at.Scale = k.s3, 1
	}
	return at
}

// place is the address of vector v of the row that begins at base.
func (k *block) place(base Register, v int) Mem {
	if v > 0 && v == len(k.vecs)-1 {
		at := Mem{Base: base, Index: k.last, Scale: 1}
		if k.vecs[v] == 'h' && !k.paired { // a whole vector with the same end
			at.Disp = -halfBytes
		}
		return at
	}
	disp := 0
	for _, w := range k.vecs[:v] {
		disp += vectorBytes(byte(w))
	}
	return Mem{Base: base, Disp: disp}
}

// eachC visits the block of C, leaving k.b at its last row.
func (k *block) eachC(rows int, visit func(i, v int, at Mem)) {
	MOVQ(k.c, k.b)
	for i := range rows {
		if i > 0 {
			ADDQ(k.ldc, k.b)
		}
		for v := range k.vecs {
			visit(i, v, k.place(k.b, v))
		}
	}
}

// accumulators is the number of registers for a block of C.
func (k *block) accumulators(rows int) int {
	if k.paired {
		return rows*(len(k.vecs)-1) + rows/2
	}
	return rows * len(k.vecs)
}

// acc is the accumulator of vector v of row i.
func (k *block) acc(i, v int) Register {
	n := len(k.vecs)
	switch {
	case k.shared(v): // behind the vectors of both rows
		return k.vec(i/2*(2*n-1)+2*(n-1), 'y')
	case k.paired:
		return k.vec(i/2*(2*n-1)+i%2*(n-1)+v, 'y')
	}
	return k.vec(i*n+v, k.vecs[v])
}

// maskOf is the mask of the last vector in a masked form, otherwise nil.
func (k *block) maskOf(part bool) Register {
	if part && k.masked {
		return k.mask
	}
	return nil
}

// makeMask sets the mask of the first `last` elements of a vector.
func (k *block) makeMask() {
	n := Load(Param("last"), GP64()).(GPVirtual)
	if k.wide {
		bits := GP64()
		MOVQ(I32(-1), bits)
		BZHIQ(n, bits, bits)
		KMOVW(bits.As32(), K1)
		k.mask = K1
		return
	}
	k.mask = Y15
	k.maskFrom(n)
}

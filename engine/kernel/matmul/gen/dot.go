package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// emitDot writes row dot products, out[i] = Σp A[i·ars+p]·x[p], for groups
// of eight rows. Each row has one vector of partial sums; the end of a row is
// read under a mask, so every row is summed in the same order.
func emitDot(bits int) {
	in := instructions(bits, false)
	name := fmt.Sprintf("dot8F%d", bits)
	TEXT(name, NOSPLIT, "func(out, a *byte, ars int, x *byte, k, groups int)")
	Pragma("noescape")
	Doc(name + " computes out[i] = Σp A[i·ars+p]·x[p] for p < k and i < 8·groups (AVX2).")
	load := func(name string) GPVirtual { return Load(Param(name), GP64()).(GPVirtual) }
	out, a, s, groups := load("out"), load("a"), load("ars"), load("groups")
	lanes := 32 >> in.shift
	SHLQ(U8(in.shift), s)
	s3, a0, a4, x, k := GP64(), GP64(), GP64(), GP64(), GP64()
	LEAQ(Mem{Base: s, Index: s, Scale: 2}, s3)
	row := func(i int) Mem {
		at := Mem{Base: a0}
		if i >= 4 {
			at.Base = a4
		}
		switch i % 4 {
		case 1:
			at.Index, at.Scale = s, 1
		case 2:
			at.Index, at.Scale = s, 2
		case 3:
			at.Index, at.Scale = s3, 1
		}
		return at
	}

	Label("group")
	MOVQ(a, a0)
	LEAQ(Mem{Base: a, Index: s, Scale: 4}, a4)
	Load(Param("x"), x)
	Load(Param("k"), k)
	for i := range 8 {
		in.zero(ymm[i])
	}
	SUBQ(U8(lanes), k)
	JLT(LabelRef("part"))
	Label("whole")
	in.load(Mem{Base: x}, Y8, nil)
	for i := range 8 {
		in.fma(row(i), Y8, ymm[i])
	}
	ADDQ(U8(32), a0)
	ADDQ(U8(32), a4)
	ADDQ(U8(32), x)
	SUBQ(U8(lanes), k)
	JGE(LabelRef("whole"))

	Label("part")
	ADDQ(U8(lanes), k)
	JZ(LabelRef("reduce"))
	in.maskFrom(k)
	in.load(Mem{Base: x}, Y8, Y15)
	for i := range 8 {
		in.load(row(i), ymm[9+i%4], Y15)
		in.fma(ymm[9+i%4], Y8, ymm[i])
	}
	Label("reduce")
	if in.double {
		for i := 0; i < 8; i += 2 {
			VHADDPD(ymm[i+1], ymm[i], ymm[i])
			VEXTRACTF128(U8(1), ymm[i], X8)
			VADDPD(X8, xmm[i], xmm[i])
			VMOVUPD(xmm[i], Mem{Base: out, Disp: 8 * i})
		}
	} else {
		for i := 0; i < 8; i += 4 {
			VHADDPS(ymm[i+1], ymm[i], ymm[i])
			VHADDPS(ymm[i+3], ymm[i+2], ymm[i+2])
			VHADDPS(ymm[i+2], ymm[i], ymm[i])
			VEXTRACTF128(U8(1), ymm[i], X8)
			VADDPS(X8, xmm[i], xmm[i])
			VMOVUPS(xmm[i], Mem{Base: out, Disp: 4 * i})
		}
	}
	ADDQ(U8(8<<in.shift), out)
	LEAQ(Mem{Base: a, Index: s, Scale: 8}, a)
	DECQ(groups)
	JNZ(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// emitPeak writes n rounds of 24 (AVX-512) or 12 (AVX2) independent
// multiply-adds on registers.
func emitPeak(bits int, wide bool) {
	in := instructions(bits, wide)
	name, w, accs := fmt.Sprintf("peakAVX2F%d", bits), byte('y'), 12
	if wide {
		name, w, accs = fmt.Sprintf("peakAVX512F%d", bits), 'z', 24
	}
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("%s does n rounds of %d multiply-adds on registers.", name, accs))
	n := Load(Param("n"), GP64())
	for i := range accs + 2 {
		in.zero(in.vec(i, w))
	}
	Label("round")
	for i := range accs {
		in.fma(in.vec(accs, w), in.vec(accs+1, w), in.vec(i, w))
	}
	DECQ(n)
	JNZ(LabelRef("round"))
	VZEROUPPER()
	RET()
}

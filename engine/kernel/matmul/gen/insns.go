package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// insns are the vector instructions of one precision and level.
type insns struct {
	double    bool
	evex      bool // AVX-512
	shift     int  // log₂ of the element's bytes
	registers int  // vector registers
}

func instructions(bits int, wide bool) insns {
	in := insns{double: bits == 64, evex: wide, shift: 2, registers: 16}
	if in.double {
		in.shift = 3
	}
	if wide {
		in.registers = 32
	}
	return in
}

func vectorBytes(w byte) int {
	if w == 'z' {
		return 64
	}
	return 32
}

var (
	zmm = []VecPhysical{Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15,
		Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31}
	ymm = []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15,
		Y16, Y17, Y18, Y19, Y20, Y21, Y22, Y23, Y24, Y25, Y26, Y27, Y28, Y29, Y30, Y31}
	xmm = []VecPhysical{X0, X1, X2, X3, X4, X5, X6, X7, X8, X9, X10, X11, X12, X13, X14, X15,
		X16, X17, X18, X19, X20, X21, X22, X23, X24, X25, X26, X27, X28, X29, X30, X31}
)

// vec is register i as a vector of width w.
func (in insns) vec(i int, w byte) Register {
	if i >= in.registers {
		panic("out of vector registers")
	}
	if w == 'z' {
		return zmm[i]
	}
	return ymm[i]
}

func (in insns) zero(r Register) {
	if in.evex {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
}

func (in insns) load(at Mem, r, mask Register) {
	switch {
	case mask == nil && in.double:
		VMOVUPD(at, r)
	case mask == nil:
		VMOVUPS(at, r)
	case in.evex && in.double:
		VMOVUPD_Z(at, mask, r)
	case in.evex:
		VMOVUPS_Z(at, mask, r)
	case in.double:
		VMASKMOVPD(at, mask, r)
	default:
		VMASKMOVPS(at, mask, r)
	}
}

func (in insns) store(r Register, at Mem, mask Register) {
	switch {
	case mask == nil && in.double:
		VMOVUPD(r, at)
	case mask == nil:
		VMOVUPS(r, at)
	case in.evex && in.double:
		VMOVUPD(r, mask, at)
	case in.evex:
		VMOVUPS(r, mask, at)
	case in.double:
		VMASKMOVPD(r, mask, at)
	default:
		VMASKMOVPS(r, mask, at)
	}
}

func (in insns) broadcast(at Mem, r Register) {
	if in.double {
		VBROADCASTSD(at, r)
	} else {
		VBROADCASTSS(at, r)
	}
}

// fma adds x·y to acc; x may be memory.
func (in insns) fma(x Op, y, acc Register) {
	if in.double {
		VFMADD231PD(x, y, acc)
	} else {
		VFMADD231PS(x, y, acc)
	}
}

// add adds x, which may be memory, to acc.
func (in insns) add(x Op, acc Register) {
	if in.double {
		VADDPD(x, acc, acc)
	} else {
		VADDPS(x, acc, acc)
	}
}

// fmaBroadcast adds y times the element at x to acc.
func (in insns) fmaBroadcast(x Mem, y, acc Register) {
	if in.double {
		VFMADD231PD_BCST(x, y, acc)
	} else {
		VFMADD231PS_BCST(x, y, acc)
	}
}

// maskFrom sets Y15, the AVX2 mask, to the first n elements of a vector.
func (in insns) maskFrom(n GPVirtual) {
	MOVQ(n, X15)
	if in.shift == 2 {
		VPBROADCASTD(X15, Y15)
		VPCMPGTD(iota32(), Y15, Y15)
	} else {
		VPBROADCASTQ(X15, Y15)
		VPCMPGTQ(iota64(), Y15, Y15)
	}
}

var iotas [2]Mem

// iota32 is the vector 0, 1, … 7 of 32-bit integers.
func iota32() Mem {
	if iotas[0].Base == nil {
		iotas[0] = GLOBL("iota32", RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, U32(i))
		}
	}
	return iotas[0]
}

// iota64 is the vector 0, 1, 2, 3 of 64-bit integers.
func iota64() Mem {
	if iotas[1].Base == nil {
		iotas[1] = GLOBL("iota64", RODATA|NOPTR)
		for i := range 4 {
			DATA(8*i, U64(i))
		}
	}
	return iotas[1]
}

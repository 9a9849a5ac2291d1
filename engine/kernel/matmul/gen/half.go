package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Half vectors: where half a vector holds the last columns, two rows share
// one register for them,
//
//	row i | row i+1,
//
// which multiplies A[i,p] | A[i+1,p] with these columns of B[p] twice. A row
// of 20 float32 then costs 2.5 vectors of multiply-adds instead of 3.

const halfBytes = 16

// shared reports whether vector v is half of a shared register.
func (k *block) shared(v int) bool { return k.paired && v == len(k.vecs)-1 }

// makePairMask selects the upper half of a 256-bit vector.
func (k *block) makePairMask() {
	bits := GP32()
	if k.double {
		MOVL(U32(0x0c), bits)
	} else {
		MOVL(U32(0xf0), bits)
	}
	KMOVW(bits, K1)
}

// stepPairs is [block.step] for two rows at a time; registers from free on
// are not accumulators.
func (k *block) stepPairs(rows, free int) {
	n := len(k.vecs) - 1 // whole vectors
	b := func(v int) Register { return k.vec(free+v, 'y') }
	for v := range n {
		k.load(k.place(k.b, v), b(v), nil)
	}
	VBROADCASTF32X4(k.place(k.b, n), b(n))
	spare := min(k.registers-free-n-1, 5)
	for i := 0; i < rows; i += 2 {
		x := k.vec(free+n+1+i/2%spare, 'y')
		k.broadcast(k.elementA(i), x)
		for v := range n {
			k.fma(b(v), x, k.acc(i, v))
		}
		if k.double {
			VBROADCASTSD(k.elementA(i+1), K1, x)
		} else {
			VBROADCASTSS(k.elementA(i+1), K1, x)
		}
		k.fma(b(n), x, k.acc(i, n))
		for v := range n {
			k.fmaBroadcast(k.elementA(i+1), b(v), k.acc(i+1, v))
		}
	}
}

// addHalf adds the old C to a shared accumulator once both halves are in
// register old.
func (k *block) addHalf(at Mem, i, old int, acc Register) {
	if i%2 == 0 {
		VMOVUPS(at, xmm[old])
		return
	}
	VINSERTF32X4(U8(1), at, ymm[old], ymm[old])
	k.add(ymm[old], acc)
}

// storeHalf stores the half of row i.
func (k *block) storeHalf(i int, at Mem) {
	acc := k.acc(i, len(k.vecs)-1)
	if i%2 == 0 {
		VMOVUPS(acc.(VecPhysical).AsX(), at)
	} else {
		VEXTRACTF32X4(U8(1), acc, at)
	}
}

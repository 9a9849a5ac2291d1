package main

import (
	"fmt"
	"math"
)

// opcode is an operation on vectors; most are one instruction.
type opcode int

const (
	opLoad      opcode = iota // element of a Full or Row operand
	opBroadcast               // element of a Col or Scalar operand
	opConst                   // constant, by its bits
	opAdd
	opSub
	opMul
	opDiv
	opMax  // the second operand if either is NaN
	opMin  // likewise
	opFMA  // a·b + c
	opFMS  // a·b - c
	opFNMA // c - a·b
	opSqrt
	opAnd
	opOr
	opXor
	opIAdd
	opISub
	opShl
	opShr
	opCmp    // mask of a imm b
	opTest   // mask of a & b ≠ 0, as integers (AVX-512)
	opSelect // b if the mask a is set, else c
	opScale  // a·2^⌊b⌋ (AVX-512)
	opExp2   // exponent of a as a number (AVX-512)
	opMant   // mantissa of a in [3/4, 3/2), NaN if a < 0 (AVX-512)
)

// A value is the result of one operation.
type value struct {
	op   opcode
	arg  []*value
	imm  uint8
	bits uint64 // opConst
	in   int    // opLoad, opBroadcast
}

func (v *value) mask() bool { return v.op == opCmp || v.op == opTest }

// rooted reports whether v can always be read from memory again.
func (v *value) rooted() bool { return v.op == opConst || v.op == opBroadcast }

// A machine is an instruction set and an element type.
type machine struct {
	name  string // AVX512 or AVX2
	wide  bool   // AVX-512
	size  int    // bytes of an element
	bytes int    // bytes of a vector
	regs  int    // vector registers
}

var machines = []machine{
	{"AVX2F32", false, 4, 32, 16},
	{"AVX2F64", false, 8, 32, 16},
	{"AVX512F32", true, 4, 64, 32},
	{"AVX512F64", true, 8, 64, 32},
}

// A builder makes values in order, each distinct one once.
type builder struct {
	machine
	list []*value
	seen map[string]*value

	reuseMasks bool // let Where read the mask of a comparison made earlier
}

func newBuilder(m machine) *builder { return &builder{machine: m, seen: map[string]*value{}} }

func (b *builder) make(v value) *value {
	key := fmt.Sprint(v.op, v.imm, v.bits, v.in)
	for _, a := range v.arg {
		key += fmt.Sprintf(" %p", a)
	}
	if old := b.seen[key]; old != nil {
		return old
	}
	p := &v
	b.seen[key] = p
	b.list = append(b.list, p)
	return p
}

func (b *builder) op(o opcode, arg ...*value) *value { return b.make(value{op: o, arg: arg}) }

func (b *builder) raw(bits uint64) *value { return b.make(value{op: opConst, bits: bits}) }

// num is the constant x, rounded to the element type.
func (b *builder) num(x float64) *value { return b.raw(b.bitsOf(x)) }

func (b *builder) bitsOf(x float64) uint64 {
	if b.size == 4 {
		return uint64(math.Float32bits(float32(x)))
	}
	return math.Float64bits(x)
}

// pick returns the constant for float32 or the one for float64.
func (b *builder) pick(x32, x64 float64) *value {
	if b.size == 4 {
		return b.num(x32)
	}
	return b.num(x64)
}

func (b *builder) load(i int) *value      { return b.make(value{op: opLoad, in: i}) }
func (b *builder) broadcast(i int) *value { return b.make(value{op: opBroadcast, in: i}) }

func (b *builder) add(x, y *value) *value     { return b.op(opAdd, x, y) }
func (b *builder) sub(x, y *value) *value     { return b.op(opSub, x, y) }
func (b *builder) mul(x, y *value) *value     { return b.op(opMul, x, y) }
func (b *builder) div(x, y *value) *value     { return b.op(opDiv, x, y) }
func (b *builder) max(x, y *value) *value     { return b.op(opMax, x, y) }
func (b *builder) min(x, y *value) *value     { return b.op(opMin, x, y) }
func (b *builder) fma(x, y, z *value) *value  { return b.op(opFMA, x, y, z) }
func (b *builder) fms(x, y, z *value) *value  { return b.op(opFMS, x, y, z) }
func (b *builder) fnma(x, y, z *value) *value { return b.op(opFNMA, x, y, z) }
func (b *builder) and(x, y *value) *value     { return b.op(opAnd, x, y) }
func (b *builder) or(x, y *value) *value      { return b.op(opOr, x, y) }
func (b *builder) xor(x, y *value) *value     { return b.op(opXor, x, y) }

func (b *builder) shl(x *value, n int) *value {
	return b.make(value{op: opShl, arg: []*value{x}, imm: uint8(n)})
}

func (b *builder) shr(x *value, n int) *value {
	return b.make(value{op: opShr, arg: []*value{x}, imm: uint8(n)})
}

// Predicates of comparisons (quiet).
const (
	equal     = 0x00
	unordered = 0x03
	notEqual  = 0x04 // true for NaN
	less      = 0x11
	ordNotEq  = 0x0c // false for NaN
	notGE     = 0x19 // less, or NaN
)

func (b *builder) cmp(x *value, pred uint8, y *value) *value {
	return b.make(value{op: opCmp, arg: []*value{x, y}, imm: pred})
}

func (b *builder) choose(mask, yes, no *value) *value { return b.op(opSelect, mask, yes, no) }

// sign is the sign bit; mantissa the bits of the stored mantissa.
func (b *builder) sign() *value  { return b.raw(1 << (8*b.size - 1)) }
func (b *builder) mantissa() int { return map[int]int{4: 23, 8: 52}[b.size] }

func (b *builder) abs(x *value) *value { return b.and(x, b.raw(1<<(8*b.size-1)-1)) }

// odd is a mask of the lowest bit of x; a blend reads the top one in AVX2.
func (b *builder) odd(x *value) *value {
	if b.wide {
		return b.op(opTest, x, b.raw(1))
	}
	return b.shl(x, 8*b.size-1)
}

// poly is the polynomial with coefficients c, lowest first, by Horner's rule.
func (b *builder) poly(x *value, c []float64) *value {
	p := b.num(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		p = b.fma(p, x, b.num(c[i]))
	}
	return p
}

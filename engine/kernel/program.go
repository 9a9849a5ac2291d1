package kernel

import (
	"fmt"
	"unsafe"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// Limits of one code.
const (
	MaxIn  = 24 // operands
	MaxOut = 16 // results
)

// Args are the operands and results of one call, rows × N elements.
//
// Memory behind Full and Row operands and behind outputs is read and written
// in whole 64-byte vectors: N is rounded up to a multiple of 64 bytes, and
// the caller owns that padding. Rows are done from first to last, so that the
// padding of an output's row may be the beginning of its next row. An output
// with padding of its own may be the same memory as a Full operand, element
// for element; any other overlap is an error of the caller.
type Args struct {
	In        [MaxIn]unsafe.Pointer // first element of each operand
	InStride  [MaxIn]uintptr        // bytes from one row to the next: 0 for Row and Scalar
	Out       [MaxOut]unsafe.Pointer
	OutStride [MaxOut]uintptr
	Rows, N   int
	Scratch   unsafe.Pointer // ScratchSize bytes, 64-byte aligned, private to the worker
}

// A Program is a compiled code. It is not changed by Run: workers share it.
type Program[T array.Float] struct {
	fused  func(*byte) // generated kernel, nil if there is none
	steps  []step[T]
	consts []T // constants of the steps, pointed into by them
	chunk  int // bytes of one virtual register
	regs   int // virtual registers
}

// Compile makes c runnable at the current [Level].
//
// It returns an error for more than MaxIn operands or MaxOut outputs, and for
// a code that refers to values that do not exist.
func Compile[T array.Float](c Code) (*Program[T], error) {
	if len(c.In) > MaxIn || len(c.Out) > MaxOut {
		return nil, fmt.Errorf("kernel: %d operands and %d outputs: at most %d and %d", len(c.In), len(c.Out), MaxIn, MaxOut)
	}
	if err := check(c); err != nil {
		return nil, err
	}
	p := &Program[T]{fused: lookupFused[T](c)}
	if p.fused == nil {
		p.plan(Lower(c))
	}
	return p, nil
}

func check(c Code) error {
	for i, s := range c.Ins {
		for k, v := range [3]int{s.A, s.B, s.C} {
			if k < s.Op.Arity() && (v < 0 || v >= len(c.In)+i) {
				return fmt.Errorf("kernel: instruction %d (%v) reads value %d, not yet made", i, s.Op, v)
			}
		}
	}
	for _, v := range c.Out {
		if v < 0 || v >= len(c.In)+len(c.Ins) {
			return fmt.Errorf("kernel: output %d of %d values", v, len(c.In)+len(c.Ins))
		}
	}
	return nil
}

// Generated reports whether a fused generated kernel runs p.
func (p *Program[T]) Generated() bool { return p.fused != nil }

// ScratchSize returns the bytes of scratch memory Run needs.
func (p *Program[T]) ScratchSize() int { return p.regs * p.chunk }

// Run computes all rows of a. It allocates nothing.
func (p *Program[T]) Run(a *Args) {
	if a.Rows <= 0 || a.N <= 0 {
		return
	}
	if p.fused != nil {
		p.fused((*byte)(noescape(unsafe.Pointer(a))))
		return
	}
	p.interpret(a)
}

// noescape hides p from escape analysis. Kernels keep no pointer after they
// return, which the compiler cannot see through a function value. While p is
// a number nothing may move the stack: no check of pointers, as in race
// builds, and no growth.
//
//go:nosplit
//go:nocheckptr
func noescape(p unsafe.Pointer) unsafe.Pointer {
	x := uintptr(p)
	return *(*unsafe.Pointer)(unsafe.Pointer(&x))
}

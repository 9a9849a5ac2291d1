//go:build !purego

package kernel

import (
	"unsafe"

	"github.com/gakuri-lab/gakuri/engine/array"
	"golang.org/x/sys/cpu"
)

//go:generate go run -tags purego ./gen -dir .

// Levels of instructions; kernel tables hold the two types of avx2 first.
const (
	plain = iota
	avx2
	avx512
)

var levelNames = [...]string{"plain", "avx2", "avx512"}

// level is what the processor can do; tests lower it.
var level = detect()

func detect() int {
	x := cpu.X86
	switch {
	case x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL && x.HasFMA:
		return avx512
	case x.HasAVX2 && x.HasFMA:
		return avx2
	}
	return plain
}

// Level names the instructions in use: "avx512", "avx2" or "plain".
func Level() string { return levelNames[level] }

// machine is the place in a kernel table for the present level and T.
func machine[T array.Float]() int {
	var zero T
	return 2*(level-1) + int(unsafe.Sizeof(zero))/8
}

func lookupFused[T array.Float](c Code) func(*byte) {
	if level == plain {
		return nil
	}
	return fusedKernels[c.String()][machine[T]()]
}

func lookupOp[T array.Float](op Op, n int, bcast [3]bool) func(*byte) {
	if level == plain {
		return nil
	}
	mask := 0
	for k := range n {
		if bcast[k] {
			mask |= 1 << k
		}
	}
	return opKernels[op][mask][machine[T]()]
}

// lookupReduction returns the kernel for r and the bytes of its vectors.
func lookupReduction[T array.Float](r reduction) (func(*byte), int) {
	if level == plain {
		return nil, 0
	}
	return reduceKernels[r][machine[T]()], 32 << (level - avx2)
}

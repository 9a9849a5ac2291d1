// Package matmul multiplies small matrices: the tiles of a numerical
// program and the packed blocks of dense algebra.
//
// [Mul] runs on one core, allocates nothing and copies no matrix. Its meaning
// is the plain loop mulPlain. On amd64 it runs in assembly written by
// matmul/gen for AVX-512 or AVX2 with FMA, whichever the processor has; the
// build tag purego leaves the plain loop only.
package matmul

//go:generate go run ./gen -out zmul_amd64.s -stubs zmul_amd64.go -pkg matmul

import (
	"fmt"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// level is a way to compute.
type level uint8

const (
	plain  level = iota // Go
	avx2                // 256-bit vectors, FMA
	avx512              // 512-bit vectors, 32 registers
)

var levelNames = [...]string{"plain", "avx2", "avx512"}

func (l level) String() string { return levelNames[l] }

// current is the level in use, the best one of this processor. Only tests
// change it.
var current = best()

// Level returns the name of the instructions in use: "avx512", "avx2" or
// "plain".
func Level() string { return current.String() }

// Mul sets C to the product A·B, or adds the product to C if acc is true:
//
//	C[i,j] = (acc ? C[i,j] : 0) + Σₚ A[i,p]·B[p,j],  i < m, j < n, p < k.
//
// Element C[i,j] is c[i·ldc+j], B[p,j] is b[p·ldb+j] and A[i,p] is
// a[i·ars+p·acs]: A row-major has acs = 1, A stored transposed has ars = 1.
// C must not overlap A or B. No element outside the three matrices is read
// or written, and without acc the old C is not read.
//
// Each C[i,j] is summed in the order p = 0, 1, … with fused multiply-adds and
// then added to the old one (plain Go fuses or not, as the compiler does for
// the processor). So its bits do not depend on m, n or the position in the
// tile. The exception is a single column, n = 1, with contiguous rows of A:
// each row is then a dot product of several partial sums, in an order
// fixed by k.
//
// Row lengths of 2 KB and more that are powers of two compete for the same
// places in the cache: the weight gradient of width 512 loses 5 % against
// rows one cache line longer, the forward product nothing.
//
// It panics if a slice is too short for its matrix or a size is negative.
func Mul[T array.Float](c []T, ldc int, a []T, ars, acs int, b []T, ldb int, m, n, k int, acc bool) {
	if m|n|k|ldc|ars|acs|ldb < 0 {
		panic(fmt.Sprintf("matmul: negative size or stride: m %d, n %d, k %d, ldc %d, ars %d, acs %d, ldb %d",
			m, n, k, ldc, ars, acs, ldb))
	}
	if m == 0 || n == 0 {
		return
	}
	if ldc < n && m > 1 {
		panic(fmt.Sprintf("matmul: rows of C are %d apart, need %d", ldc, n))
	}
	short("C", len(c), (m-1)*ldc+n)
	if k == 0 {
		if !acc {
			for i := range m {
				clear(c[i*ldc : i*ldc+n])
			}
		}
		return
	}
	short("A", len(a), (m-1)*ars+(k-1)*acs+1)
	short("B", len(b), (k-1)*ldb+n)
	if current == plain {
		mulPlain(c, ldc, a, ars, acs, b, ldb, m, n, k, acc)
		return
	}
	mulVector(c, ldc, a, ars, acs, b, ldb, m, n, k, acc)
}

func short(name string, have, want int) {
	if have < want {
		panicShort(name, have, want)
	}
}

//go:noinline
func panicShort(name string, have, want int) {
	panic(fmt.Sprintf("matmul: %s has %d elements, need %d", name, have, want))
}

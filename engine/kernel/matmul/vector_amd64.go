//go:build !purego

package matmul

import (
	"unsafe"

	"golang.org/x/sys/cpu"

	"github.com/gakuri-lab/gakuri/engine/array"
)

func best() level {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA || !x.HasBMI2:
		return plain
	case x.HasAVX512F && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512BW:
		return avx512
	}
	return avx2
}

func bytes[T any](s *T) *byte { return (*byte)(unsafe.Pointer(s)) }

func isFloat32[T array.Float]() bool {
	var x T
	return unsafe.Sizeof(x) == 4
}

// buffer is the number of elements of the small arrays in which strided
// vectors are gathered, on the stack.
const buffer = 256

// mulVector is [Mul] for sizes of at least one.
func mulVector[T array.Float](c []T, ldc int, a []T, ars, acs int, b []T, ldb int, m, n, k int, acc bool) {
	if n == 1 && (m == 1 || k > 1) {
		switch {
		case acs == 1:
			mulColumn(c, ldc, a, ars, b, ldb, m, k, acc)
			return
		case ars == 1:
			mulColumnT(c, ldc, a, acs, b, ldb, m, k, acc)
			return
		}
	}
	mulPanels(c, ldc, a, ars, acs, b, ldb, m, n, k, acc)
}

// mulPanels splits C into panels of columns, one call of a kernel each. L
// counts the elements of 32 bytes.
func mulPanels[T array.Float](c []T, ldc int, a []T, ars, acs int, b []T, ldb int, m, n, k int, acc bool) {
	single := isFloat32[T]()
	L := 4
	if single {
		L = 8
	}
	more := 0
	if acc {
		more = 1
	}
	for j := 0; j < n; {
		f, w, last := panel(current, n-j, L, m == 1)
		cp, ap, bp := bytes(&c[j]), bytes(&a[0]), bytes(&b[j])
		if single {
			call32(f, cp, ldc, ap, ars, acs, bp, ldb, m, k, last, more)
		} else {
			call64(f, cp, ldc, ap, ars, acs, bp, ldb, m, k, last, more)
		}
		j += w
	}
}

// form names a kernel by the vectors of its row: z has 512 bits, y has 256, h
// has 128.
type form uint8

const (
	formPart512 form = iota // y under a mask
	formYY512
	formYYY512
	formYYH512
	formZZ
	formZZZ
	formRow512 // eight z, one row
	formPart   // y under a mask
	formY
	formYY
	formYYY
	formRow // eight y, one row
)

// panel chooses the kernel for the next columns when w are left. It returns
// how many it covers and where its last vector starts. Where the width is no
// multiple of L the last two vectors overlap and give the same bits twice.
// A mask is for products of fewer than L columns only: a panel of one vector
// is limited by the loads of A, so no wider product is split into one.
func panel(l level, w, L int, row bool) (f form, width, last int) {
	units := (w + L - 1) / L
	if l == avx512 {
		switch {
		case row && units >= 16:
			width = min(w, 16*L)
			return formRow512, width, width - 2*L
		case row && units >= 8:
			width = min(w, 8*L)
			return formRow, width, width - L
		case units >= 7:
			return formZZ, 4 * L, 2 * L
		}
		switch units {
		case 1:
			return formPart512, w, w
		case 2:
			return formYY512, w, w - L
		case 3:
			if w <= 2*L+L/2 {
				return formYYH512, w, w - L/2
			}
			return formYYY512, w, w - L
		case 4:
			return formZZ, w, w - 2*L
		case 5:
			if w <= 4*L+L/2 {
				return formYY512, 2 * L, L
			}
			return formYYY512, 3 * L, 2 * L
		}
		return formZZZ, w, w - 2*L
	}
	switch {
	case row && units >= 8:
		width = min(w, 8*L)
		return formRow, width, width - L
	case units >= 4:
		return formYY, 2 * L, L
	case units == 3:
		return formYYY, w, w - L
	case units == 2:
		return formYY, w, w - L
	case w == L:
		return formY, w, 0
	}
	return formPart, w, w
}

// mulColumn is n = 1 with contiguous rows of A: row dot products.
func mulColumn[T array.Float](c []T, ldc int, a []T, ars int, b []T, ldb int, m, k int, acc bool) {
	var xs [buffer]T
	for p := 0; p < k; p += buffer {
		kp := min(buffer, k-p)
		x := b[p*ldb:]
		if ldb != 1 {
			for i := range kp {
				xs[i] = b[(p+i)*ldb]
			}
			x = xs[:kp]
		}
		dots(c, ldc, a[p:], ars, x[:kp], m, acc || p > 0)
	}
}

// dots sets the column C to A·x, or adds the product.
func dots[T array.Float](c []T, ldc int, a []T, ars int, x []T, m int, acc bool) {
	var out [buffer]T
	for i := 0; i < m; {
		first, stride, groups, end := i, ars, min(m-i, buffer)/8, 0
		switch {
		case groups > 0:
			end = i + 8*groups
		case m >= 8: // the last eight: some again, with the same bits
			first, groups, end = m-8, 1, m
		default: // fewer than eight in all: each by itself, eight times
			stride, groups, end = 0, 1, i+1
		}
		dot8(&out[0], &a[first*ars], stride, x, groups)
		sums := out[i-first : end-first]
		if acc {
			for r, s := range sums {
				c[(i+r)*ldc] += s
			}
		} else {
			for r, s := range sums {
				c[(i+r)*ldc] = s
			}
		}
		i = end
	}
}

func dot8[T array.Float](out, a *T, ars int, x []T, groups int) {
	if isFloat32[T]() {
		dot8F32(bytes(out), bytes(a), ars, bytes(&x[0]), len(x), groups)
	} else {
		dot8F64(bytes(out), bytes(a), ars, bytes(&x[0]), len(x), groups)
	}
}

// mulColumnT is n = 1 with A stored transposed: the row bᵀ·Aᵀ.
func mulColumnT[T array.Float](c []T, ldc int, a []T, acs int, b []T, ldb int, m, k int, acc bool) {
	if ldc == 1 || m == 1 {
		mulPanels(c, m, b, 1, ldb, a, acs, 1, m, k, acc)
		return
	}
	var row [buffer]T
	for i := 0; i < m; i += buffer {
		part := row[:min(buffer, m-i)]
		if acc {
			for j := range part {
				part[j] = c[(i+j)*ldc]
			}
		}
		mulPanels(part, buffer, b, 1, ldb, a[i:], acs, 1, len(part), k, acc)
		for j, x := range part {
			c[(i+j)*ldc] = x
		}
	}
}

func fmaLoop[T array.Float](rounds int) (flops int) {
	switch single := isFloat32[T](); {
	case current == avx512 && single:
		peakAVX512F32(rounds)
		return rounds * 24 * 32
	case current == avx512:
		peakAVX512F64(rounds)
		return rounds * 24 * 16
	case current == avx2 && single:
		peakAVX2F32(rounds)
		return rounds * 12 * 16
	case current == avx2:
		peakAVX2F64(rounds)
		return rounds * 12 * 8
	}
	return fmaLoopPlain[T](rounds)
}

package matmul

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"unsafe"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// guarded returns n elements that end, or begin, at a page no one may touch.
func guarded[T array.Float](t *testing.T, n int, atEnd bool) []T {
	size := int(unsafe.Sizeof(T(0)))
	page := syscall.Getpagesize()
	body := (n*size + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, body+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip("no guard pages:", err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(mem) })
	for _, edge := range [][]byte{mem[:page], mem[page+body:]} {
		if err := syscall.Mprotect(edge, syscall.PROT_NONE); err != nil {
			t.Skip("no guard pages:", err)
		}
	}
	at := page
	if atEnd {
		at += body - n*size
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&mem[at])), n)
}

// Reading or writing one element too far is a fault here.
func TestMulGuardPages(t *testing.T) {
	for _, l := range levels() {
		withLevel(t, l)
		testGuards[float32](t)
		testGuards[float64](t)
	}
}

func testGuards[T array.Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for _, atEnd := range []bool{false, true} {
		a, b, c := guarded[T](t, 3000, atEnd), guarded[T](t, 3000, atEnd), guarded[T](t, 3000, atEnd)
		edge := func(s []T, n int) []T {
			if atEnd {
				return s[len(s)-n:]
			}
			return s[:n]
		}
		for n := 1; n <= 70; n++ {
			for _, m := range []int{1, 2, 7, 8, 13, 24} {
				k := 1 + rng.IntN(40)
				for _, transposed := range []bool{false, true} {
					p := shape[T](m, n, k, 0, transposed).fill(rng)
					p.a = edge(a, copy(edge(a, len(p.a)), p.a))
					p.b = edge(b, copy(edge(b, len(p.b)), p.b))
					out := edge(c, len(p.c))
					Mul(out, p.ldc, p.a, p.ars, p.acs, p.b, p.ldb, m, n, k, false)
					Mul(out, p.ldc, p.a, p.ars, p.acs, p.b, p.ldb, m, n, k, true)
				}
			}
		}
	}
}

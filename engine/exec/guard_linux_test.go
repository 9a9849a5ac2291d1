package exec_test

import (
	"fmt"
	"runtime/debug"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// fenced returns numbers that end, or with front set begin, where memory may
// not be touched.
func fenced[T array.Float](t *testing.T, v []T, front bool) []T {
	t.Helper()
	page := syscall.Getpagesize()
	size := len(v) * int(unsafe.Sizeof(T(0)))
	room := (size + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, room+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	for _, fence := range [][]byte{mem[:page], mem[page+room:]} {
		if err := syscall.Mprotect(fence, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	at := page + room - size
	if front {
		at = page
	}
	s := unsafe.Slice((*T)(unsafe.Pointer(&mem[at])), len(v))
	copy(s, v)
	return s
}

func runFenced[T array.Float](t *testing.T, p *point, pool *exec.Pool, front bool) {
	m := compile[T](t, p.name, p.outputs...)
	want := load(m, p)
	m.Run(pool)
	if len(p.Params) > 0 {
		m.Params(fenced(t, convert[T](p.Params), front))
	}
	for name, x := range p.Inputs {
		m.Input(name, fenced(t, convert[T](x), front))
	}
	got := make([][]T, len(want))
	for i, w := range want {
		got[i] = fenced(t, make([]T, len(w)), front)
		m.Output(i, got[i])
	}
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s, batch %d in %T, in front %v: %v", p.name, p.Batch, T(0), front, r)
		}
	}()
	m.Run(pool)
	if err := sameBits(want, got); err != nil {
		t.Errorf("%s, batch %d in %T: %v", p.name, p.Batch, T(0), err)
	}
}

// No kernel touches memory before or behind the numbers of the user, though
// kernels work on whole vectors.
func TestFences(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	pool := exec.NewPool(1) // faults come on this goroutine
	defer pool.Close()
	all := linearPrograms()
	for _, s := range shapes {
		all = append(all, program{fmt.Sprint("operands ", s), 0.5, 2, func(g *graph.Graph) []*graph.Node {
			x, y := operands(g, "x ", s), operands(g, "y ", s)
			var ys []*graph.Node
			for i := range x {
				ys = append(ys, x[0].Mul(y[i]), x[1].Mul(y[i]), x[i].Exp())
			}
			return ys
		}})
	}
	all = slices.Concat(all, phasedPrograms, []program{
		{"heat", -1, 1, heat(7, 9, 1)}, {"wide", -1, 1, regression(3, (*graph.Node).Tanh, 33, 130, 2)},
	})
	for i, pr := range all {
		if testing.Short() && i%9 > 0 {
			continue
		}
		p := pr.at([]int{3, 97, 1, 8}[i%4], uint64(i))
		runFenced[float64](t, p, pool, i%3 == 0)
		runFenced[float32](t, p, pool, i%3 == 0)
	}
}

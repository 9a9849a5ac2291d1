package exec_test

import (
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// sharedPrograms are large enough that a few hundred samples wake the workers.
var sharedPrograms = []program{
	{"heat", -1, 1, heat(24, 24, 1)},
	{"normalised", -1, 1, func(g *graph.Graph) []*graph.Node {
		h := batchNorm(g.Input("x", 20).MatMul(g.Param("w", 20, 60))).Tanh()
		return withGradient(g, batchNorm(h.MatMul(g.Param("v", 60, 30))))
	}},
}

func sameBits[T array.Float](a, b [][]T) error {
	for i := range a {
		for j, x := range a[i] {
			if y := b[i][j]; math.Float64bits(float64(x)) != math.Float64bits(float64(y)) {
				return fmt.Errorf("output %d, element %d: %v and %v", i, j, x, y)
			}
		}
	}
	return nil
}

// sameOnAll runs p on pools of several sizes, many times, and wants the bits
// of the first run on one thread.
func sameOnAll[T array.Float](t *testing.T, p *point, pools []*exec.Pool, times int) {
	m := compile[T](t, p.name, p.outputs...)
	want := load(m, p)
	m.Run(pools[0])
	for _, pool := range pools {
		for k := range times {
			got := load(m, p)
			m.Run(pool)
			if err := sameBits(want, got); err != nil {
				t.Errorf("%s, batch %d in %T, %d threads, run %d: %v", p.name, p.Batch, T(0), pool.Threads(), k, err)
				return
			}
		}
	}
}

// Losses, gradients and Jacobians have the same bits on any number of workers.
func TestSameBits(t *testing.T) {
	var pools []*exec.Pool
	for _, n := range []int{1, 2, 3, 4, 8} {
		pool := exec.NewPool(n)
		defer pool.Close()
		pools = append(pools, pool)
	}
	for i, pr := range sharedPrograms {
		times := 50 // so that lucky scheduling does not hide a race
		if testing.Short() || raceDetector {
			times = 3
		}
		for k, batch := range few([]int{301, 1000, 96, 1}, 1) {
			p := pr.at(batch, uint64(i))
			sameOnAll[float64](t, p, pools, times)
			sameOnAll[float32](t, p, pools, times)
			if k == 0 {
				times = min(times, 5)
			}
		}
	}
}

// Two machines take turns on one pool, and a machine goes from pool to pool.
func TestMachinesInTurn(t *testing.T) {
	pool := exec.NewPool(3)
	defer pool.Close()
	p, q := sharedPrograms[0].at(300, 1), sharedPrograms[1].at(500, 2)
	m, n := compile[float64](t, p.name, p.outputs...), compile[float32](t, q.name, q.outputs...)
	wantP, wantQ := load(m, p), load(n, q)
	m.Run(pool)
	n.Run(pool)
	for range 10 {
		gotP, gotQ := load(m, p), load(n, q)
		m.Run(pool)
		n.Run(pool)
		if err := sameBits(wantP, gotP); err != nil {
			t.Fatal(p.name, err)
		}
		if err := sameBits(wantQ, gotQ); err != nil {
			t.Fatal(q.name, err)
		}
	}
}

// Every task of many small jobs is done once, by a worker that does no other
// at that time, and Run returns after the last.
func TestPoolTasks(t *testing.T) {
	jobs := 400000 // a fault in the gate shows once in some ten thousand
	if testing.Short() || raceDetector {
		jobs = 4000
	}
	// More threads than cores: the system then stops a worker anywhere.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	for _, threads := range []int{1, 2, 3, 8} {
		pool := exec.NewPool(threads)
		if pool.Threads() != threads {
			t.Errorf("%d threads, want %d", pool.Threads(), threads)
		}
		done := make([]int, 40) // written without locks: the pool must order it
		busy := make([]atomic.Bool, threads)
		for k := range jobs {
			tasks := 1 + k%len(done)
			pool.RunJob(tasks, func(worker, task int) {
				if busy[worker].Swap(true) {
					t.Errorf("worker %d has two tasks", worker)
				}
				done[task]++
				busy[worker].Store(false)
			})
			if k%(jobs/4) == 0 {
				time.Sleep(2 * time.Millisecond) // so that workers park
			}
			for i := range tasks {
				if done[i] != 1 {
					t.Fatalf("%d threads, job %d: task %d of %d was done %d times", threads, k, i, tasks, done[i])
				}
				done[i] = 0
			}
		}
		pool.Close()
	}
}

// Close ends the workers, parked or not, also twice, and leaves no goroutine.
func TestClose(t *testing.T) {
	before := runtime.NumGoroutine()
	for k := range 20 {
		pool := exec.NewPool(4)
		pool.RunJob(8, func(_, _ int) {})
		if k%2 == 0 {
			time.Sleep(time.Millisecond)
		}
		pool.Close()
		pool.Close()
	}
	for range 2000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// A run allocates nothing after the first.
func TestNoAllocation(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	batch, times := 400, 10
	if testing.Short() {
		batch, times = 100, 2
	}
	for _, threads := range []int{1, 2} {
		pool := exec.NewPool(threads)
		for _, pr := range append(sharedPrograms, program{"odds", -1, 1, func(g *graph.Graph) []*graph.Node {
			x := g.Input("x", 4, 6)
			y := x.MatMul(x.Transpose()).Softmax(-1).MatMul(x).CumSum(0).Gather(1, 3, 0, 3)
			return withGradient(g, y.MaxAxis(0).Mul(g.Param("p", 3)), y.Reshape(12))
		}}) {
			p := pr.at(batch, 1)
			m64, m32 := compile[float64](t, p.name, p.outputs...), compile[float32](t, p.name, p.outputs...)
			load(m64, p)
			load(m32, p)
			params, x := convert[float64](p.Params), convert[float64](p.Inputs["x"])
			step := func() {
				m64.Params(params)
				m64.Input("x", x)
				m64.Run(pool)
				m32.Run(pool)
			}
			if n := testing.AllocsPerRun(times, step); n != 0 {
				t.Errorf("%s, %d threads: %v allocations", p.name, threads, n)
			}
		}
		pool.Close()
	}
}

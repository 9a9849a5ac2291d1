package exec

import (
	"fmt"
	"runtime"
	"sync/atomic"
)

// A Pool shares the tasks of a job among workers. The caller is worker 0 and
// takes tasks itself; a worker that comes late is not waited for.
//
// Which worker takes which task is left to chance; a job must write the result
// of a task to a place of its own, so that nothing depends on it.
//
// A worker with nothing to do spins for some tens of microseconds, then parks.
// A Pool may be used by one goroutine at a time.
type Pool struct {
	threads int
	job     job
	tasks   int64
	next    atomic.Int64
	// gate admits workers: epoch<<16 | open<<15 | workers inside.
	gate   atomic.Uint64
	parked []atomic.Bool
	wake   []chan struct{}
	closed atomic.Bool
}

// A job is work that splits into tasks. worker is below the pool's threads and
// no two tasks run under one worker at the same time.
type job interface{ task(worker, task int) }

const (
	gateOpen  = 1 << 15
	gateCount = gateOpen - 1
	gateEpoch = 1 << 16
	// spins is how often an idle worker looks for work before it parks: about
	// 50 µs. Parking costs some 50 µs at the next call; a training step with
	// serial parts of 10 µs must not pay it.
	spins = 40000
)

// NewPool returns a pool of the given number of workers, the caller being one
// of them; 0 means as many as the program may run at once. Close releases it.
func NewPool(threads int) *Pool {
	if threads < 0 {
		panic(fmt.Sprintf("exec: %d threads: want 1 or more, or 0 for as many as may run at once", threads))
	}
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Pool{threads: threads, parked: make([]atomic.Bool, threads), wake: make([]chan struct{}, threads)}
	for w := 1; w < threads; w++ {
		p.wake[w] = make(chan struct{}, 1)
		go p.work(w)
	}
	return p
}

// Threads returns the number of workers.
func (p *Pool) Threads() int { return p.threads }

// Close ends the workers. The pool must not be in use.
func (p *Pool) Close() {
	p.closed.Store(true)
	for w := 1; w < p.threads; w++ {
		select {
		case p.wake[w] <- struct{}{}:
		default:
		}
	}
}

// run does all tasks of j and returns when they are done. With shared unset
// the caller does them alone, in order: waking a worker is worth it only from
// about 100 µs of work.
func (p *Pool) run(j job, tasks int, shared bool) {
	if p.threads == 1 || tasks == 1 || !shared {
		for i := range tasks {
			j.task(0, i)
		}
		return
	}
	p.job, p.tasks = j, int64(tasks)
	p.next.Store(0)
	epoch := (p.gate.Load()/gateEpoch + 1) * gateEpoch
	p.gate.Store(epoch | gateOpen)
	for w := 1; w < p.threads; w++ {
		if p.parked[w].Load() {
			select {
			case p.wake[w] <- struct{}{}:
			default:
			}
		}
	}
	p.drain(0)
	// Nobody may come in any more; wait for those inside.
	for {
		g := p.gate.Load()
		if p.gate.CompareAndSwap(g, g&^gateOpen) {
			break
		}
	}
	for i := 0; p.gate.Load()&gateCount != 0; i++ {
		if i > 1000 {
			runtime.Gosched()
		}
	}
	p.job = nil
}

func (p *Pool) drain(worker int) {
	for {
		i := p.next.Add(1) - 1
		if i >= p.tasks {
			return
		}
		p.job.task(worker, int(i))
	}
}

func (p *Pool) work(w int) {
	var seen uint64
	for {
		g := p.gate.Load()
		for i := 0; (g&gateOpen == 0 || g/gateEpoch == seen) && !p.closed.Load(); i++ {
			if i >= spins {
				p.parked[w].Store(true)
				if g = p.gate.Load(); g&gateOpen == 0 || g/gateEpoch == seen {
					<-p.wake[w]
				}
				p.parked[w].Store(false)
				i = 0
			}
			g = p.gate.Load()
		}
		if p.closed.Load() {
			return
		}
		if !p.gate.CompareAndSwap(g, g+1) {
			continue
		}
		seen = g / gateEpoch
		p.drain(w)
		p.gate.Add(^uint64(0))
	}
}

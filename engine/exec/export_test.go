package exec

import (
	"math"

	"github.com/gakuri-lab/gakuri/engine/graph"
)

// Poison fills everything that a machine computes and stores, with the padding
// around it, with NaN, and the padding of what it only reads.
func (m *Machine[T]) Poison() {
	nan := T(math.NaN())
	fill := func(s []T) {
		for i := range s {
			s[i] = nan
		}
	}
	for i := range m.memory {
		mem := &m.memory[i]
		switch {
		case mem.place != inStore || mem.fixed == nil:
		case len(mem.node.In) > 0 || mem.node.Op == graph.Param:
			fill(mem.fixed)
		case mem.node.Op == graph.Tensor:
			f := formOf(mem.node.Shape, vector[T]())
			for r := range f.rows {
				fill(mem.fixed[r*f.ld+f.n : (r+1)*f.ld])
			}
			fill(mem.fixed[f.size():])
		case mem.node.Op == graph.Const:
			fill(mem.fixed[1:])
		}
	}
	for _, ph := range m.phases {
		fill(ph.slabs)
	}
	for _, w := range m.workers {
		fill(w.arena)
	}
}

// RunJob does the tasks of a job on the pool, waking workers.
func (p *Pool) RunJob(tasks int, task func(worker, task int)) { p.run(jobFunc(task), tasks, true) }

type jobFunc func(worker, task int)

func (f jobFunc) task(worker, task int) { f(worker, task) }

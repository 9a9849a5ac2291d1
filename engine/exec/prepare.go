package exec

import (
	"slices"
	"unsafe"

	"github.com/gakuri-lab/gakuri/engine/graph"
)

const (
	tileSamples = 128     // 64 to 256 are equally fast within 3 %
	tileBytes   = 6 << 20 // arena of a tile at most; wide layers want many rows more than they want the cache
	maxGroups   = 32
	slabBytes   = 32 << 20 // sums of all groups, at most
)

// divide chooses tiles and groups for a batch of n. It must not look at the
// number of workers.
func (m *Machine[T]) divide(n int) plan {
	size := int(unsafe.Sizeof(*new(T)))
	arena, slab := 1, 1
	for _, ph := range m.phases {
		v := vector[T]()
		a, s := m.arenaLen(ph, v)/v, ph.slab
		arena, slab = max(arena, a), max(slab, s)
	}
	samples := min(tileSamples, max(8, tileBytes/(arena*size)/4*4))
	tiles := (n + samples - 1) / samples
	if tiles > 2 {
		tiles = roundUp(tiles, 4) // so that two or four workers share them evenly
	}
	samples = roundUp((n+tiles-1)/tiles, 4)
	tiles = (n + samples - 1) / samples
	groups := min(tiles, max(1, min(maxGroups, slabBytes/(slab*size))))
	return plan{samples: samples, tiles: tiles, groups: groups}
}

// prepare divides the batch and lays out the memory of every worker.
func (m *Machine[T]) prepare(n, threads int) {
	m.batch = n
	m.plan = m.divide(n)
	for _, mem := range m.memory {
		if mem.node.Op == graph.BatchSize {
			mem.fixed[0] = T(n)
		}
	}
	arena := 0
	for _, ph := range m.phases {
		arena = max(arena, m.arenaLen(ph, m.plan.samples))
		ph.slabs = alloc[T](ph.slab * m.plan.groups)
	}
	for len(m.workers) < threads {
		s := make([]byte, m.scratch+64)
		skip := -uintptr(unsafe.Pointer(unsafe.SliceData(s))) % 64
		m.workers = append(m.workers, &worker[T]{m: m, scratch: unsafe.Pointer(&s[skip]), val: make([][]T, len(m.memory))})
	}
	for _, w := range m.workers {
		w.arena = alloc[T](arena)
		for id := range m.memory {
			if mem := &m.memory[id]; mem.place == inStore || mem.place == inParams {
				w.val[id] = mem.fixed
			}
		}
		for _, ph := range m.phases {
			m.arenaLen(ph, m.plan.samples)
			for _, id := range ph.arena {
				mem := &m.memory[id]
				w.val[id] = w.arena[mem.at : mem.at+m.arenaSize(id, m.plan.samples)]
			}
			for _, id := range ph.sums {
				w.val[id] = ph.slabs[m.memory[id].at:]
			}
		}
	}
}

// arenaSize is the number of elements of a memory for a tile, with what
// kernels may touch: a vector's number of whole rows and a spare vector.
func (m *Machine[T]) arenaSize(id, samples int) int {
	return m.memory[id].size*roundUp(samples, vector[T]()) + vector[T]()
}

// arenaLen places the memories of a phase in the arena, each in the lowest
// gap free for the whole of its life, and returns the length of the arena.
func (m *Machine[T]) arenaLen(ph *phase[T], samples int) int {
	type span struct{ at, end, last int }
	var live []span
	length := 0
	for _, id := range ph.arena {
		mem := &m.memory[id]
		live = slices.DeleteFunc(live, func(s span) bool { return s.last < mem.first })
		need := m.arenaSize(id, samples)
		at, i := 0, 0
		for ; i < len(live) && live[i].at-at < need; i++ {
			at = max(at, live[i].end)
		}
		mem.at = at
		live = slices.Insert(live, i, span{at, at + need, mem.last})
		length = max(length, at+need)
	}
	return length
}

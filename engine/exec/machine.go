// Package exec plans and runs numerical programs.
//
// [Compile] turns nodes of a graph into a [Machine]. A run takes the batch in
// tiles of some 64 to 128 samples; one worker takes a whole tile through the
// whole program, forward and backward, in an arena that stays in its caches.
// What a program sums over the batch (losses, gradients by parameters) is
// added up tile by tile in buffers of fixed groups of tiles, and the groups
// are added in order: the bits of a result do not depend on the number of
// workers.
//
// A program whose batched part needs a sum over the whole batch runs in
// phases: unbatched work, a pass over the tiles, unbatched work, and so on.
// Batched values that a later pass needs are computed again there.
package exec

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// Machine is a compiled program for one element type. Its methods are not
// safe for use by several goroutines. Run allocates nothing after the first
// run with a batch of a given size.
type Machine[T array.Float] struct {
	graph  *graph.Graph
	memory []memory[T]
	phases []*phase[T]
	inputs []input[T]
	out    []output[T]
	config []T // settings

	flops   float64 // of matrix products, for each sample
	cost    float64 // of everything, for each sample, in like units
	scratch int     // bytes

	batch   int // samples of this run; 0 before the first
	plan    plan
	workers []*worker[T]
	current *phase[T] // while a pass over the tiles is under way
}

// memory is where values live; several nodes may share one.
type memory[T array.Float] struct {
	place place
	node  *graph.Node
	size  int // elements; of one sample if batched
	at    int // slab: elements from its start
	first int // arena: step that writes it
	last  int // arena: last step that reads it
	fixed []T // store: the memory itself
}

type place uint8

const (
	inStore  place = iota // unbatched, for good
	inParams              // a piece of the parameter vector
	inInput               // user data
	inArena               // batched, for the time of a tile
	inSlab                // sum over the batch
)

type input[T array.Float] struct {
	node *graph.Node
	mem  int
	data []T
}

type output[T array.Float] struct {
	node   *graph.Node
	ref    ref
	data   []T
	stride int // from sample to sample
}

// ref is a value: memory and how its elements lie there.
type ref struct {
	mem int
	form
}

// phase is unbatched work followed by a pass over the tiles.
type phase[T array.Float] struct {
	once  []instr[T]
	tile  []instr[T]
	arena []int // memories in the arena
	sums  []int // memories in the slab
	slab  int   // elements of one slab
	slabs []T   // one for each group of tiles
}

// plan divides a batch; it depends on the program and the batch only.
type plan struct {
	samples int // of a tile
	tiles   int
	groups  int
}

// An instr is one piece of work on a tile of w.samples samples, or on
// unbatched values, where w.samples is 1.
type instr[T array.Float] interface{ run(w *worker[T]) }

// worker is what one worker needs to run a tile.
type worker[T array.Float] struct {
	m       *Machine[T]
	arena   []T
	scratch unsafe.Pointer
	val     [][]T // every memory, at the present tile
	samples int
	start   int  // first sample of the tile
	fresh   bool // first tile of its group
}

// Params sets the flat parameter vector, which the machine reads at every run.
func (m *Machine[T]) Params(p []T) {
	if len(p) != m.graph.ParamSize() {
		panic(fmt.Sprintf("exec: %d parameters, the program has %d", len(p), m.graph.ParamSize()))
	}
	for id := range m.memory {
		mem := &m.memory[id]
		if mem.place == inParams {
			mem.fixed = p[mem.node.Offset : mem.node.Offset+mem.size]
			for _, w := range m.workers {
				w.val[id] = mem.fixed
			}
		}
	}
}

// Set gives a setting its value; before the first call it is 0.
func (m *Machine[T]) Set(name string, x float64) {
	for i, s := range m.graph.Settings()[:len(m.config)] {
		if s.Name == name {
			m.config[i] = T(x)
			return
		}
	}
	panic(fmt.Sprintf("exec: no setting %q", name))
}

// Input gives an input its data: one row for each sample, row-major. The
// machine reads them at every run. Inputs that the program does not need are
// ignored. Without any inputs the batch is one sample.
func (m *Machine[T]) Input(name string, data []T) {
	for i := range m.inputs {
		in := &m.inputs[i]
		if in.node.Name == name {
			if len(data) == 0 || len(data)%in.node.Size() != 0 {
				panic(fmt.Sprintf("exec: input %q: %d numbers for samples of shape %v", name, len(data), in.node.Shape))
			}
			in.data = data
			return
		}
	}
	if !slices.ContainsFunc(m.graph.Inputs(), func(n *graph.Node) bool { return n.Name == name }) {
		panic(fmt.Sprintf("exec: no input %q", name))
	}
}

// Output gives output k a place for its result: for an unbatched node its
// elements, for a batched one a row for each sample.
func (m *Machine[T]) Output(k int, dst []T) {
	m.checkOutput(k)
	m.OutputRows(k, dst, m.out[k].node.Size())
}

func (m *Machine[T]) checkOutput(k int) {
	if k < 0 || k >= len(m.out) {
		panic(fmt.Sprintf("exec: output %d of %d", k, len(m.out)))
	}
}

// OutputRows gives the batched output k a place in rows that are stride
// elements apart: columns of a matrix.
func (m *Machine[T]) OutputRows(k int, dst []T, stride int) {
	m.checkOutput(k)
	o := &m.out[k]
	if len(dst) < o.node.Size() {
		panic(fmt.Sprintf("exec: output %d: %d numbers for shape %v", k, len(dst), o.node.Shape))
	}
	if stride < o.node.Size() {
		panic(fmt.Sprintf("exec: output %d: rows %d apart for shape %v", k, stride, o.node.Shape))
	}
	o.data, o.stride = dst, stride
}

// Flops returns the floating-point operations in matrix products of a run on
// a batch of n: two for each multiply-add.
func (m *Machine[T]) Flops(n int) float64 { return m.flops * float64(n) }

// FusedCode is the element-wise code of one pass over a tile.
type FusedCode struct {
	Code      kernel.Code
	Columns   int  // length of the rows it works on
	Generated bool // it has a kernel of its own
}

// Codes returns the element-wise codes of the passes over the tiles.
func (m *Machine[T]) Codes() []FusedCode {
	var codes []FusedCode
	for _, ph := range m.phases {
		for _, in := range ph.tile {
			if g, ok := in.(*groupInstr[T]); ok {
				codes = append(codes, FusedCode{g.code, g.form.n, g.program.Generated()})
			}
		}
	}
	return codes
}

// sharedWork is the cost from which waking workers pays: about 100 µs.
const sharedWork = 4e6

// Run computes the outputs.
func (m *Machine[T]) Run(p *Pool) {
	n := m.samples()
	if n != m.batch || len(m.workers) < p.Threads() {
		m.checkParams()
		m.prepare(n, p.Threads())
	}
	w := m.workers[0]
	for _, ph := range m.phases {
		w.samples, w.start, w.fresh = 1, 0, true
		for _, in := range ph.once {
			in.run(w)
		}
		if len(ph.tile) > 0 {
			m.current = ph
			p.run(m, m.plan.groups, m.cost*float64(n) >= sharedWork)
			m.addSlabs(ph)
		}
	}
	for i := range m.out {
		if o := &m.out[i]; !o.node.Batched && o.data != nil {
			o.unpack(w.val[o.ref.mem], 1, 0)
		}
	}
}

// checkParams finds a parameter without numbers.
func (m *Machine[T]) checkParams() {
	for _, mem := range m.memory {
		if mem.place == inParams && mem.fixed == nil {
			panic(fmt.Sprintf("exec: %v has no numbers: Params takes all %d", mem.node, m.graph.ParamSize()))
		}
	}
}

// samples returns the size of the batch, checking that all inputs agree.
func (m *Machine[T]) samples() int {
	n := 1
	for i := range m.inputs {
		in := &m.inputs[i]
		if in.data == nil {
			panic(fmt.Sprintf("exec: input %q has no data", in.node.Name))
		}
		k := len(in.data) / in.node.Size()
		if i > 0 && k != n {
			panic(fmt.Sprintf("exec: input %q has %d samples, %q has %d", in.node.Name, k, m.inputs[0].node.Name, n))
		}
		n = k
	}
	for i := range m.out {
		if o := &m.out[i]; o.node.Batched && o.data != nil && len(o.data) < (n-1)*o.stride+o.node.Size() {
			panic(fmt.Sprintf("exec: output %d: %d numbers for %d samples of shape %v", i, len(o.data), n, o.node.Shape))
		}
	}
	return n
}

// task runs one group of tiles.
func (m *Machine[T]) task(worker, group int) {
	w := m.workers[worker]
	ph := m.current
	for _, id := range ph.sums {
		w.val[id] = ph.slabs[group*ph.slab+m.memory[id].at:]
	}
	lo, hi := group*m.plan.tiles/m.plan.groups, (group+1)*m.plan.tiles/m.plan.groups
	for tile := lo; tile < hi; tile++ {
		w.start = tile * m.plan.samples
		w.samples = min(m.plan.samples, m.batch-w.start)
		w.fresh = tile == lo
		for i := range m.inputs {
			in := &m.inputs[i]
			w.val[in.mem] = in.data[w.start*in.node.Size():]
		}
		for _, in := range ph.tile {
			in.run(w)
		}
	}
}

// addSlabs adds the sums of the groups, in order, to those of the first.
func (m *Machine[T]) addSlabs(ph *phase[T]) {
	total := ph.slabs[:ph.slab]
	for g := 1; g < m.plan.groups; g++ {
		kernel.Axpy(total, 1, ph.slabs[g*ph.slab:(g+1)*ph.slab])
	}
	for _, w := range m.workers {
		for _, id := range ph.sums {
			w.val[id] = total[m.memory[id].at:]
		}
	}
}

// unpack copies a value of some samples to the user's memory, from sample
// start on.
func (o *output[T]) unpack(src []T, samples, start int) {
	f := o.ref.form
	if f.ld == f.n && o.stride == f.rows*f.n {
		copy(o.data[start*o.stride:], src[:samples*o.stride])
		return
	}
	for i := range samples {
		dst := o.data[(start+i)*o.stride:]
		for r := range f.rows {
			copy(dst[r*f.n:(r+1)*f.n], src[(i*f.rows+r)*f.ld:])
		}
	}
}

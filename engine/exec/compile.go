package exec

import (
	"fmt"
	"slices"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// Compile plans the computation of nodes of one graph. Output k of the machine
// is outputs[k]. It adds nodes to the graph, which may go on growing: what is
// added later is no concern of the machine.
//
// It returns an error for arrays of more than seven axes.
func Compile[T array.Float](outputs ...*graph.Node) (*Machine[T], error) {
	if len(outputs) == 0 {
		panic("exec: a program without outputs")
	}
	g := outputs[0].Graph
	for i, o := range outputs {
		if o.Graph != g {
			panic(fmt.Sprintf("exec: output %d (%v) is of another graph than output 0", i, o))
		}
	}
	c := &compiler[T]{
		m:      &Machine[T]{graph: g, config: make([]T, len(g.Settings()))},
		vec:    vector[T](),
		shared: map[*graph.Node]ref{},
		padded: map[*graph.Node]bool{},

		repeated: map[ref]ref{},
	}
	// In the order of the program, so that the order of new nodes does not
	// depend on which output asks first.
	r := rewriter{done: map[*graph.Node]*graph.Node{}}
	for _, n := range reachable(outputs) {
		r.node(n)
	}
	for _, o := range outputs {
		n := r.node(o)
		if o.Batched {
			n = n.Batch() // a rewrite may have found out that all samples agree
		}
		c.m.out = append(c.m.out, output[T]{node: n})
	}
	if err := c.compile(); err != nil {
		return nil, err
	}
	return c.m, nil
}

// compiler is the state of one compilation.
type compiler[T array.Float] struct {
	m      *Machine[T]
	vec    int // elements in 64 bytes
	shared map[*graph.Node]ref
	padded map[*graph.Node]bool // inputs and parameters that need a padded copy
	users  map[*graph.Node][]*graph.Node
	phase  map[*graph.Node]int

	repeated map[ref]ref // rows, to copies of them one after another

	// The section under way:
	ph    *phase[T]
	batch bool // over tiles
	local map[*graph.Node]ref
	list  *[]instr[T]
	err   error
}

func (c *compiler[T]) isOutput(n *graph.Node) bool {
	return slices.ContainsFunc(c.m.out, func(o output[T]) bool { return o.node == n })
}

// reachable returns all nodes that the outputs need, operands first.
func reachable(outputs []*graph.Node) []*graph.Node {
	var list []*graph.Node
	seen := map[*graph.Node]bool{}
	var visit func(n *graph.Node)
	visit = func(n *graph.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, in := range n.In {
			visit(in)
		}
		list = append(list, n)
	}
	for _, o := range outputs {
		visit(o)
	}
	slices.SortFunc(list, func(a, b *graph.Node) int { return a.ID - b.ID })
	return list
}

func isLeaf(n *graph.Node) bool { return len(n.In) == 0 }

func (c *compiler[T]) compile() error {
	var wanted []*graph.Node
	for _, o := range c.m.out {
		wanted = append(wanted, o.node)
	}
	nodes := reachable(wanted)
	for _, n := range nodes {
		if len(n.Shape) > maxAxes-1 { // one axis more for the samples
			return fmt.Errorf("exec: %v has %d axes, at most %d", n, len(n.Shape), maxAxes-1)
		}
	}
	c.users = map[*graph.Node][]*graph.Node{}
	c.phase = map[*graph.Node]int{}
	phases := 1
	for _, n := range nodes {
		p := 0
		for _, in := range n.In {
			c.users[in] = append(c.users[in], n)
			p = max(p, c.phase[in])
		}
		if isReduction(n) {
			p++
		}
		c.phase[n] = p
		phases = max(phases, p+1)
	}
	var once, tile []*section
	for p := range phases {
		once = append(once, c.onceSection(nodes, p))
		tile = append(tile, c.tileSection(nodes, p))
	}
	for _, s := range slices.Concat(once, tile) {
		c.findPadded(s)
	}
	c.leaves(nodes)
	for p := range phases {
		c.ph = &phase[T]{}
		c.m.phases = append(c.m.phases, c.ph)
		c.batch, c.list = false, &c.ph.once
		c.local = map[*graph.Node]ref{}
		if p == 0 {
			c.copyPadded(nodes, false)
		}
		c.section(once[p])
		c.batch, c.list = true, &c.ph.tile
		c.local = map[*graph.Node]ref{}
		if len(tile[p].nodes) > 0 {
			c.copyPadded(tile[p].nodes, true)
			c.section(tile[p])
		}
	}
	for i := range c.m.out {
		if o := &c.m.out[i]; !o.node.Batched {
			o.ref = c.find(o.node)
		}
	}
	return c.err
}

// onceSection collects the unbatched nodes of phase p.
func (c *compiler[T]) onceSection(nodes []*graph.Node, p int) *section {
	var list []*graph.Node
	keep := map[*graph.Node]bool{}
	for _, n := range nodes {
		if !n.Batched && !isLeaf(n) && !isReduction(n) && c.phase[n] == p {
			list = append(list, n)
			keep[n] = c.isOutput(n)
			for _, u := range c.users[n] {
				keep[n] = keep[n] || u.Batched || c.phase[u] != p || isReduction(u)
			}
		}
	}
	return newSection(list, keep)
}

// tileSection collects the batched nodes that the sums and outputs of phase p
// need, and the sums.
func (c *compiler[T]) tileSection(nodes []*graph.Node, p int) *section {
	var list []*graph.Node
	keep := map[*graph.Node]bool{}
	seen := map[*graph.Node]bool{}
	var need func(n *graph.Node)
	need = func(n *graph.Node) {
		if seen[n] || isLeaf(n) && n.Op != graph.Input {
			return
		}
		seen[n] = true
		list = append(list, n)
		for _, in := range n.In {
			if in.Batched {
				need(in)
			}
		}
	}
	for _, n := range nodes {
		if isReduction(n) && c.phase[n] == p+1 || n.Batched && c.isOutput(n) && c.phase[n] == p {
			need(n)
			keep[n] = true
		}
	}
	return newSection(list, keep)
}

// findPadded marks parameters and inputs whose bare memory kernels could not
// read: whole vectors beyond their end.
func (c *compiler[T]) findPadded(s *section) {
	for _, st := range s.steps {
		for i, n := range st.reads {
			if k := st.code.In[i]; k == kernel.Full || k == kernel.Row {
				for n.Op == graph.Reshape {
					n = n.In[0]
				}
				c.padded[n] = true
			}
		}
		if st.node != nil && st.node.Op == graph.MatMul {
			// Rows a multiple of 1 KiB apart are slow to read down a column.
			b := st.node.In[1]
			if f := formOf(b.Shape, c.vec); b.Op == graph.Param && f.ld > roundUp(f.n, c.vec) {
				c.padded[b] = true
			}
		}
	}
}

func (c *compiler[T]) newMemory(mem memory[T]) int {
	c.m.memory = append(c.m.memory, mem)
	return len(c.m.memory) - 1
}

// leaves gives constants, parameters, settings and inputs their memory.
func (c *compiler[T]) leaves(nodes []*graph.Node) {
	for _, n := range nodes {
		f := dense(n.Shape)
		mem := memory[T]{node: n, size: f.size()}
		switch n.Op {
		case graph.Const:
			mem.fixed = alloc[T](1)
			mem.fixed[0] = T(n.X)
		case graph.BatchSize:
			mem.fixed = alloc[T](1)
		case graph.Setting:
			i := slices.Index(c.m.graph.Settings(), n)
			mem.fixed = c.m.config[i : i+1]
		case graph.Tensor:
			f = formOf(n.Shape, c.vec)
			mem.size = f.size()
			mem.fixed = alloc[T](f.size())
			for i, x := range n.Data {
				mem.fixed[i/f.n*f.ld+i%f.n] = T(x)
			}
		case graph.Param:
			mem.place = inParams
		case graph.Input:
			mem.place = inInput
		default:
			continue
		}
		id := c.newMemory(mem)
		if n.Op == graph.Input {
			c.m.inputs = append(c.m.inputs, input[T]{node: n, mem: id})
		}
		c.shared[n] = ref{id, f}
	}
}

// copyPadded copies parameters or inputs into padded rows.
func (c *compiler[T]) copyPadded(nodes []*graph.Node, batched bool) {
	for _, n := range nodes {
		if c.padded[n] && n.Batched == batched && (n.Op == graph.Param || n.Op == graph.Input) {
			src := c.shared[n]
			c.used(src)
			dst := c.newRef(n)
			c.emit(&moveInstr[T]{dst: dst, src: []ref{src}, moves: []move{c.moveOf(n.Shape, dst, src, n.Batched, n.Batched)}})
			c.define(n, dst)
		}
	}
}

// newRef allots memory for n in the present section.
func (c *compiler[T]) newRef(n *graph.Node) ref {
	f := formOf(n.Shape, c.vec)
	mem := memory[T]{node: n, size: f.size(), first: len(*c.list), last: len(*c.list)}
	switch {
	case isReduction(n):
		mem.place = inSlab
		mem.at = c.ph.slab
		c.ph.slab += roundUp(f.size(), c.vec) + c.vec
		id := c.newMemory(mem)
		c.ph.sums = append(c.ph.sums, id)
		return ref{id, f}
	case n.Batched:
		mem.place = inArena
		id := c.newMemory(mem)
		c.ph.arena = append(c.ph.arena, id)
		return ref{id, f}
	}
	mem.fixed = alloc[T](f.size())
	return ref{c.newMemory(mem), f}
}

func (c *compiler[T]) define(n *graph.Node, r ref) {
	if n.Batched {
		c.local[n] = r
	} else {
		c.shared[n] = r
	}
}

// find returns where n lives.
func (c *compiler[T]) find(n *graph.Node) ref {
	if r, ok := c.local[n]; ok {
		return r
	}
	r, ok := c.shared[n]
	if !ok {
		panic(fmt.Sprintf("exec: %v is not computed yet", n))
	}
	return r
}

// used notes that the next instruction reads r.
func (c *compiler[T]) used(r ref) {
	m := &c.m.memory[r.mem]
	m.last = max(m.last, len(*c.list))
}

func (c *compiler[T]) read(n *graph.Node) ref {
	r := c.find(n)
	c.used(r)
	return r
}

func (c *compiler[T]) emit(in instr[T]) { *c.list = append(*c.list, in) }

// section emits the steps of s.
func (c *compiler[T]) section(s *section) {
	for _, n := range s.nodes {
		if n.Op == graph.Input {
			c.handOut(n)
		}
	}
	for _, st := range s.steps {
		if st.group != nil {
			c.group(st)
			for _, n := range st.group {
				c.handOut(n)
			}
		} else if !isLeaf(st.node) {
			c.single(st.node)
			c.handOut(st.node)
		}
	}
}

// handOut copies n to the user if it is a batched output.
func (c *compiler[T]) handOut(n *graph.Node) {
	if !n.Batched {
		return
	}
	for i := range c.m.out {
		if o := &c.m.out[i]; o.node == n && c.phase[n] == len(c.m.phases)-1 && o.ref.n == 0 {
			o.ref = c.read(n)
			c.emit(&outInstr[T]{o})
		}
	}
}

package exec

import (
	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// group emits the instruction of a group of element-wise nodes. Where rows
// follow each other without gaps it works on one long row, as it is or with
// Row operands repeated.
func (c *compiler[T]) group(st step) {
	g := &groupInstr[T]{code: st.code}
	for _, n := range st.reads {
		g.in = append(g.in, c.read(n))
	}
	for _, n := range st.group {
		r := c.newRef(n)
		c.define(n, r)
		g.out = append(g.out, r)
	}
	g.form, g.joined = g.out[0].form, 1
	g.flat = true
	join := c.batch && g.form.ld == g.form.n
	for i, k := range g.code.In {
		full := k == kernel.Full && g.in[i].ld == g.form.ld
		g.flat = g.flat && (k == kernel.Scalar || full)
		join = join && (k == kernel.Scalar || full || k == kernel.Row)
	}
	if g.form.n == 1 {
		g.flat = true // a column is one long row
	}
	if join && !g.flat {
		g.joined = c.vec
		for i, k := range g.code.In {
			if k == kernel.Row {
				g.in[i] = c.repeat(st.reads[i])
			}
		}
	}
	p, err := kernel.Compile[T](st.code)
	if err != nil {
		c.err = err
		return
	}
	g.program = p
	c.m.scratch = max(c.m.scratch, p.ScratchSize())
	c.m.cost += float64(len(st.code.Ins)*g.form.rows*g.form.n) * 2
	c.emit(g)
}

// repeat returns a memory that holds an unbatched row n once for each of the
// rows that kernels take as one. It is filled once in a run.
func (c *compiler[T]) repeat(n *graph.Node) ref {
	src := c.find(n)
	if r, ok := c.repeated[src]; ok {
		return r
	}
	mem := memory[T]{node: n, size: c.vec * src.n, fixed: alloc[T](c.vec * src.n)}
	dst := ref{c.newMemory(mem), form{rows: c.vec, n: src.n, ld: src.n}}
	m := move{dims: []int{1, c.vec, src.n}, ds: []int{0, src.n, 1}, ss: []int{0, 0, 1}}
	c.ph.once = append(c.ph.once, &moveInstr[T]{dst: dst, src: []ref{src}, moves: []move{m}})
	c.repeated[src] = dst
	return dst
}

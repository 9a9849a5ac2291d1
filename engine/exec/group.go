package exec

import (
	"slices"

	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// group emits the instruction of a group of element-wise nodes. Rows without
// padding are taken as long ones that are whole vectors, with Row operands
// repeated and a column spread.
func (c *compiler[T]) group(st step) {
	f := formOf(st.group[0].Shape, c.vec)
	ragged := c.batch && f.n > 1 && f.ld%c.vec != 0 // rows end within vectors
	g := &groupInstr[T]{code: st.code, form: f, joined: 1}
	col := -1
	var spread ref
	if ragged {
		if col = only(kernel.Col, g.code.In); col >= 0 {
			spread = c.spread(st.reads[col], st.group[0])
			g.code.In = slices.Clone(g.code.In)
			g.code.In[col] = kernel.Full
		}
	}
	for i, n := range st.reads {
		if i == col {
			c.used(spread)
			g.in = append(g.in, spread)
		} else {
			g.in = append(g.in, c.read(n))
		}
	}
	for _, n := range st.group {
		r := c.newRef(n)
		c.define(n, r)
		g.out = append(g.out, r)
	}
	g.flat = true
	join := ragged
	for i, k := range g.code.In {
		full := k == kernel.Full && g.in[i].ld == f.ld
		g.flat = g.flat && (k == kernel.Scalar || full)
		join = join && (k == kernel.Scalar || full || k == kernel.Row)
	}
	if f.n == 1 {
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
	c.elementwise(g)
}

// elementwise emits g.
func (c *compiler[T]) elementwise(g *groupInstr[T]) {
	p, err := kernel.Compile[T](g.code)
	if err != nil {
		c.err = err
		return
	}
	g.program = p
	c.m.scratch = max(c.m.scratch, p.ScratchSize())
	c.m.cost += float64(len(g.code.Ins)*g.form.rows*g.form.n) * 2
	c.emit(g)
}

// only returns where the one operand of kind k stands, -1 if there is none or
// several.
func only(k kernel.Kind, kinds []kernel.Kind) int {
	i := slices.Index(kinds, k)
	if i >= 0 && slices.Contains(kinds[i+1:], k) {
		return -1
	}
	return i
}

// spread writes column n over the rows of the shape of like: one more pass
// costs less than vectors that end with the row.
func (c *compiler[T]) spread(n, like *graph.Node) ref {
	g := &groupInstr[T]{code: kernel.Code{In: []kernel.Kind{kernel.Col}, Out: []int{0}}, joined: 1, in: []ref{c.read(n)}}
	dst := c.newRef(like)
	g.form, g.out = dst.form, []ref{dst}
	c.elementwise(g)
	return dst
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

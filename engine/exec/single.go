package exec

import (
	"fmt"
	"slices"

	"github.com/gakuri-lab/gakuri/engine/graph"
)

// single emits the instruction of a node that is not element-wise.
func (c *compiler[T]) single(n *graph.Node) {
	switch n.Op {
	case graph.MatMul:
		a, b := c.read(n.In[0]), c.read(n.In[1])
		dst := c.newRef(n)
		c.emit(&mulInstr[T]{dst, a, b})
		c.define(n, dst)
		c.count(n, 2*n.Size()*n.In[1].Shape[0])
	case graph.EachMul:
		c.eachMul(n)
	case graph.Contract:
		c.contract(n)
	case graph.SumBatch:
		src := c.read(n.In[0])
		dst := c.newRef(n)
		c.emit(&sumInstr[T]{dst, src})
		c.define(n, dst)
	case graph.Reshape:
		c.reshape(n)
	case graph.CumSum:
		c.cumSum(n)
	case graph.Sum, graph.MaxAxis:
		c.reduceAxis(n)
	default:
		c.moves(n)
	}
}

// count notes the work of a batched node.
func (c *compiler[T]) count(n *graph.Node, flops int) {
	if c.batch {
		c.m.flops += float64(flops)
		c.m.cost += float64(flops)
	}
}

func (c *compiler[T]) eachMul(n *graph.Node) {
	a, b := n.In[0], n.In[1]
	r := len(n.Shape)
	in := &eachInstr[T]{a: c.read(a), b: c.read(b), lead: 1, m: n.Shape[r-2], k: a.Shape[r-1], n: n.Shape[r-1]}
	for _, d := range n.Shape[:r-2] {
		in.lead *= d
	}
	if a.Batched {
		in.aBatched = 1
	}
	if b.Batched {
		in.bBatched = 1
	}
	in.c = c.newRef(n)
	c.emit(in)
	c.define(n, in.c)
	c.count(n, 2*n.Size()*in.k)
}

func (c *compiler[T]) contract(n *graph.Node) {
	var as, bs []ref
	var aStep, bStep []int
	step := func(m *graph.Node, r ref) int {
		if m.Batched {
			return r.size()
		}
		return 0
	}
	flops := 0
	for i := 0; i < len(n.In); i += 2 {
		a, b := c.read(n.In[i]), c.read(n.In[i+1])
		as, bs = append(as, a), append(bs, b)
		aStep, bStep = append(aStep, step(n.In[i], a)), append(bStep, step(n.In[i+1], b))
		flops += 2 * n.Size() * a.rows
	}
	c.count(n, flops)
	if !n.Batched {
		dst := c.newRef(n)
		c.emit(&contractInstr[T]{c: dst, a: as, b: bs, m: n.Shape[0], n: n.Shape[1], sum: isReduction(n)})
		c.define(n, dst)
		return
	}
	in := &outerInstr[T]{a: as, b: bs, aStep: aStep, bStep: bStep, m: n.Shape[0], n: n.Shape[1]}
	if len(c.users[n]) == 0 {
		// Only handed out: written where the user wants it.
		for i := range c.m.out {
			if o := &c.m.out[i]; o.node == n && o.ref.n == 0 {
				o.ref.form = dense(n.Shape)
				direct := *in
				direct.direct = o
				c.emit(&direct)
			}
		}
		return
	}
	in.c = c.newRef(n)
	c.emit(in)
	c.define(n, in.c)
}

// reshape shares memory where the elements lie the same way.
func (c *compiler[T]) reshape(n *graph.Node) {
	src := c.find(n.In[0])
	f := formOf(n.Shape, c.vec)
	switch {
	case src.ld == src.n:
		c.define(n, ref{src.mem, dense(n.Shape)})
		return
	case src.n == f.n:
		f.ld = src.ld
		c.define(n, ref{src.mem, f})
		return
	}
	c.used(src)
	dst := c.newRef(n)
	c.emit(&reshapeInstr[T]{dst, src})
	c.define(n, dst)
}

// moveOf describes the copy of all elements of an array of the given shape.
func (c *compiler[T]) moveOf(shape []int, dst, src ref, dstBatched, srcBatched bool) move {
	m := move{dims: append([]int{1}, shape...), ds: []int{0}, ss: []int{0}}
	if dstBatched {
		m.ds[0] = dst.size()
	}
	if srcBatched {
		m.ss[0] = src.size()
	}
	m.ds = append(m.ds, dst.strides(shape)...)
	m.ss = append(m.ss, src.strides(shape)...)
	return m
}

// moves emits the operations that only carry elements.
func (c *compiler[T]) moves(n *graph.Node) {
	in := &moveInstr[T]{}
	for _, m := range n.In {
		in.src = append(in.src, c.read(m))
	}
	in.dst = c.newRef(n)
	x := n.In[0]
	src, dst := in.src[0], in.dst
	from := func(shape []int, src *graph.Node, r ref) move {
		m := c.moveOf(shape, dst, r, n.Batched, src.Batched)
		copy(m.ds[1:], dst.strides(n.Shape))
		copy(m.ss[1:], r.strides(src.Shape))
		return m
	}
	switch n.Op {
	case graph.Transpose:
		m := from(n.Shape, x, src)
		ss := src.strides(x.Shape)
		for i, p := range n.Ints {
			m.ss[1+i] = ss[p]
		}
		in.moves = []move{m}
	case graph.Broadcast:
		m := c.moveOf(n.Shape, dst, src, n.Batched, x.Batched)
		ss := src.strides(x.Shape)
		skip := len(n.Shape) - len(x.Shape)
		for i := range n.Shape {
			m.ss[1+i] = 0
			if i >= skip && x.Shape[i-skip] > 1 {
				m.ss[1+i] = ss[i-skip]
			}
		}
		in.moves = []move{m}
	case graph.Slice:
		m := from(n.Shape, x, src)
		m.sAt = n.Ints[1] * m.ss[1+n.Ints[0]]
		in.moves = []move{m}
	case graph.Pad:
		m := from(x.Shape, x, src)
		m.dAt = n.Ints[1] * m.ds[1+n.Ints[0]]
		in.moves, in.fill = []move{m}, true
	case graph.Join:
		at := 0
		for i, y := range n.In {
			m := from(y.Shape, y, in.src[i])
			m.dAt = at * m.ds[1+n.Ints[0]]
			at += y.Shape[n.Ints[0]]
			in.moves = append(in.moves, m)
		}
	case graph.Gather, graph.Scatter:
		a := n.Ints[0]
		places := n.Ints[1:]
		if n.Op == graph.Scatter {
			places, in.fill = n.Ints[2:], true
		}
		in.src = slices.Repeat(in.src, len(places))
		for i, p := range places {
			shape := slices.Clone(x.Shape)
			shape[a] = 1
			m := from(shape, x, src)
			if n.Op == graph.Gather {
				m.dAt, m.sAt = i*m.ds[1+a], p*m.ss[1+a]
			} else {
				m.dAt, m.sAt, m.mode = p*m.ds[1+a], i*m.ss[1+a], moveAdd
			}
			in.moves = append(in.moves, m)
		}
	default:
		panic(fmt.Sprintf("exec: no instruction for %v", n))
	}
	c.emit(in)
	c.define(n, dst)
}

func (c *compiler[T]) reduceAxis(n *graph.Node) {
	x, a := n.In[0], n.Ints[0]
	src := c.read(x)
	dst := c.newRef(n)
	c.define(n, dst)
	if a == len(x.Shape)-1 {
		if n.Op == graph.Sum {
			c.emit(&rowSumInstr[T]{dst, src})
		} else {
			c.emit(&rowMaxInstr[T]{dst, src})
		}
		return
	}
	m := c.moveOf(x.Shape, dst, src, n.Batched, x.Batched)
	copy(m.ds[1:], dst.strides(n.Shape))
	m.ds[1+a] = 0
	in := &moveInstr[T]{dst: dst, src: []ref{src}, fill: true}
	if n.Op == graph.Sum {
		m.mode = moveAdd
	} else {
		m.mode, in.with = moveMax, negInf
	}
	in.moves = []move{m}
	c.emit(in)
}

func (c *compiler[T]) cumSum(n *graph.Node) {
	x, a := n.In[0], n.Ints[0]
	src := c.read(x)
	dst := c.newRef(n)
	m := c.moveOf(x.Shape, dst, src, n.Batched, x.Batched)
	in := &cumSumInstr[T]{dst: dst, src: src, n: x.Shape[a], ds: m.ds[1+a], ss: m.ss[1+a]}
	if n.Ints[1] == 1 {
		m.dAt, m.sAt = (in.n-1)*in.ds, (in.n-1)*in.ss
		in.ds, in.ss = -in.ds, -in.ss
	}
	m.dims = slices.Delete(m.dims, 1+a, 2+a)
	m.ds = slices.Delete(m.ds, 1+a, 2+a)
	m.ss = slices.Delete(m.ss, 1+a, 2+a)
	in.lines = m
	c.emit(in)
	c.define(n, dst)
}

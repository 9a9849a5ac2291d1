package exec

import (
	"cmp"
	"slices"

	"github.com/gakuri-lab/gakuri/engine/graph"
	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// A section is a list of nodes computed together: the unbatched nodes of one
// phase, run once, or the batched nodes that a phase needs, run tile by tile.
type section struct {
	nodes  []*graph.Node        // in order of ID
	inside map[*graph.Node]bool // as a set
	keep   map[*graph.Node]bool // needed outside the section
	depth  map[*graph.Node]int  // number of steps that are not element-wise before it
	root   map[*graph.Node]bool // element-wise nodes that get memory
	steps  []step
}

// A step is one node that is not element-wise, or a group of element-wise
// nodes computed in one pass.
type step struct {
	node  *graph.Node
	group []*graph.Node // roots, in order of ID
	code  kernel.Code
	reads []*graph.Node // operands of the code
}

// inlineCost is the number of cheap operations that are rather done again than
// stored and loaded.
const inlineCost = 6

func newSection(nodes []*graph.Node, keep map[*graph.Node]bool) *section {
	s := &section{nodes: nodes, keep: keep, inside: map[*graph.Node]bool{}, depth: map[*graph.Node]int{}, root: map[*graph.Node]bool{}}
	slices.SortFunc(nodes, func(a, b *graph.Node) int { return a.ID - b.ID })
	for _, n := range nodes {
		s.inside[n] = true
	}
	for _, n := range nodes {
		d := 0
		for _, in := range n.In {
			d = max(d, s.depth[in])
		}
		if n.Op != graph.Elem {
			d++
		}
		s.depth[n] = d
	}
	s.chooseRoots()
	s.schedule()
	return s
}

func sameSpace(a, b *graph.Node) bool {
	return a.Batched == b.Batched && slices.Equal(a.Shape, b.Shape)
}

func isElem(n *graph.Node) bool { return n.Op == graph.Elem }

// expensive reports whether repeating fn costs more than a load.
func expensive(fn kernel.Op) bool {
	switch fn {
	case kernel.Sqrt, kernel.Exp, kernel.Log, kernel.Sin, kernel.Cos, kernel.Tanh, kernel.Erf, kernel.Sigmoid,
		kernel.Softplus, kernel.Recip, kernel.PowC, kernel.Div:
		return true
	}
	return false
}

// chooseRoots decides which element-wise nodes get memory: those used by
// anything but element-wise nodes over the same elements, and those whose
// repetition in a later pass would cost more than a load.
func (s *section) chooseRoots() {
	users := map[*graph.Node][]*graph.Node{}
	for _, n := range s.nodes {
		for _, in := range n.In {
			users[in] = append(users[in], n)
		}
	}
	cost := map[*graph.Node]int{}
	for _, n := range s.nodes {
		if !isElem(n) {
			continue
		}
		c := 1
		for _, in := range n.In {
			if isElem(in) && s.inside[in] && !s.root[in] {
				c += cost[in]
			}
		}
		cost[n] = c
		root := s.keep[n]
		for _, u := range users[n] {
			switch {
			case !isElem(u) || !sameSpace(u, n):
				root = true
			case s.depth[u] != s.depth[n]:
				root = root || expensive(n.Fn) || c > inlineCost
			}
		}
		s.root[n] = root
	}
}

// schedule lists the steps: by depth, first the nodes that are not
// element-wise, then the groups, small shapes first since large ones may read
// them.
func (s *section) schedule() {
	type space struct {
		depth   int
		batched bool
		size    int
		rank    int
		shape   string
	}
	groups := map[space][]*graph.Node{}
	var spaces []space
	var others []*graph.Node
	for _, n := range s.nodes {
		switch {
		case !isElem(n):
			others = append(others, n)
		case s.root[n]:
			text := make([]byte, len(n.Shape)*4)
			for i, d := range n.Shape {
				text[4*i], text[4*i+1], text[4*i+2], text[4*i+3] = byte(d), byte(d>>8), byte(d>>16), byte(d>>24)
			}
			k := space{s.depth[n], n.Batched, n.Size(), len(n.Shape), string(text)}
			if groups[k] == nil {
				spaces = append(spaces, k)
			}
			groups[k] = append(groups[k], n)
		}
	}
	slices.SortStableFunc(others, func(a, b *graph.Node) int { return s.depth[a] - s.depth[b] })
	slices.SortFunc(spaces, func(a, b space) int {
		return cmp.Or(a.depth-b.depth, a.size-b.size, a.rank-b.rank, cmp.Compare(a.shape, b.shape))
	})
	i := 0
	for _, k := range spaces {
		for i < len(others) && s.depth[others[i]] <= k.depth {
			s.steps = append(s.steps, step{node: others[i]})
			i++
		}
		s.addGroups(groups[k])
	}
	for _, n := range others[i:] {
		s.steps = append(s.steps, step{node: n})
	}
}

// addGroups makes steps of the roots, split where one kernel could not take
// all operands.
func (s *section) addGroups(roots []*graph.Node) {
	for len(roots) > 0 {
		n := len(roots)
		for {
			st := s.fuse(roots[:n])
			if len(st.code.In) <= kernel.MaxIn && len(st.code.Out) <= kernel.MaxOut {
				s.steps = append(s.steps, st)
				break
			}
			if n == 1 {
				// One root with too many operands: give memory to its operands.
				for _, in := range roots[0].In {
					if isElem(in) && s.inside[in] && !s.root[in] {
						s.root[in] = true
						s.addGroups([]*graph.Node{in})
					}
				}
				continue
			}
			n = (n + 1) / 2
		}
		roots = roots[n:]
	}
}

// fuse writes the element-wise code of a group.
func (s *section) fuse(roots []*graph.Node) step {
	f := fuser{
		s: s, st: step{group: roots}, mine: map[*graph.Node]bool{},
		operand: map[*graph.Node]int{}, value: map[*graph.Node]int{}, uses: map[*graph.Node]int{},
		counted: map[*graph.Node]bool{}, numbered: map[*graph.Node]bool{},
	}
	for _, n := range roots {
		f.mine[n] = true
	}
	for _, n := range roots {
		f.count(n)
	}
	// Operands are numbered first, since instructions come after them.
	for _, n := range roots {
		f.collect(n)
	}
	for _, n := range roots {
		f.emit(n)
	}
	for _, n := range roots {
		f.st.code.Out = append(f.st.code.Out, f.value[n])
	}
	return f.st
}

type fuser struct {
	s        *section
	st       step
	mine     map[*graph.Node]bool // roots of this group
	operand  map[*graph.Node]int
	value    map[*graph.Node]int
	uses     map[*graph.Node]int // within the group
	counted  map[*graph.Node]bool
	numbered map[*graph.Node]bool
}

// internal reports whether n is computed in this group for a user in it.
func (f *fuser) internal(n, user *graph.Node) bool {
	return isElem(n) && f.s.inside[n] && sameSpace(n, user) && (f.mine[n] || !f.s.root[n])
}

func (f *fuser) count(n *graph.Node) {
	if f.counted[n] {
		return
	}
	f.counted[n] = true
	for _, in := range n.In {
		f.uses[in]++
		if f.internal(in, n) {
			f.count(in)
		}
	}
}

func (f *fuser) collect(n *graph.Node) {
	if f.numbered[n] {
		return
	}
	f.numbered[n] = true
	for _, in := range n.In {
		if in.Op == graph.Const {
			continue
		}
		if f.internal(in, n) {
			f.collect(in)
			continue
		}
		if _, ok := f.operand[in]; ok {
			continue
		}
		kind, ok := kindOf(in, n)
		if !ok {
			panic("exec: operand " + in.String() + " of " + n.String() + " was not written out")
		}
		f.operand[in] = len(f.st.code.In)
		f.st.code.In = append(f.st.code.In, kind)
		f.st.reads = append(f.st.reads, in)
	}
}

func (f *fuser) put(in kernel.Instr) int {
	f.st.code.Ins = append(f.st.code.Ins, in)
	return len(f.st.code.In) + len(f.st.code.Ins) - 1
}

// emit writes the instructions for n and what it needs, and returns its
// number.
func (f *fuser) emit(n *graph.Node) int {
	if v, ok := f.value[n]; ok {
		return v
	}
	if v, ok := f.operand[n]; ok {
		return v
	}
	if n.Op == graph.Const {
		v := f.put(kernel.Instr{Op: kernel.Const, X: n.X})
		f.value[n] = v
		return v
	}
	v := f.instr(n)
	f.value[n] = v
	return v
}

// product reports whether n is a product used only here, so that it can be
// part of a fused multiply-add.
func (f *fuser) product(n, user *graph.Node) bool {
	_, done := f.value[n]
	return isElem(n) && n.Fn == kernel.Mul && f.internal(n, user) && !f.mine[n] && f.uses[n] == 1 && !done
}

func (f *fuser) instr(n *graph.Node) int {
	in := n.In
	fused := func(op kernel.Op, p, c *graph.Node) int {
		x := f.emit(c)
		a, b := f.emit(p.In[0]), f.emit(p.In[1])
		return f.put(kernel.Instr{Op: op, A: a, B: b, C: x})
	}
	switch {
	case n.Fn == kernel.Add && f.product(in[1], n):
		return fused(kernel.MulAdd, in[1], in[0])
	case n.Fn == kernel.Add && f.product(in[0], n):
		return fused(kernel.MulAdd, in[0], in[1])
	case n.Fn == kernel.Sub && f.product(in[1], n):
		return fused(kernel.NegMulAdd, in[1], in[0])
	case n.Fn == kernel.Sub && f.product(in[0], n):
		return fused(kernel.MulSub, in[0], in[1])
	}
	var v [3]int
	for i, m := range in {
		v[i] = f.emit(m)
	}
	return f.put(kernel.Instr{Op: n.Fn, A: v[0], B: v[1], C: v[2], X: n.X})
}

// Package graph holds numerical programs: operations on shaped arrays, one
// axis of which may be the batch, and the transforms that make new programs
// from old ones (gradients, Taylor jets, Jacobians).
//
// A program is traced once by calling the methods of [Node]; each call checks
// its shapes and adds one node to the [Graph]. Equal nodes are one node, so
// that transforms may write down the same expression twice at no cost.
// Nothing is computed here; package exec compiles nodes and runs them.
//
// Shapes are those of one sample: the batch axis is not written. A node is
// batched if it has one value for each sample, and is broadcast over the batch
// where a batched value meets an unbatched one.
package graph

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// Op is the kind of a node.
type Op uint8

const (
	Const     Op = iota // the number X, shape []
	Tensor              // the numbers Data
	Param               // trained: a piece of the flat parameter vector
	Setting             // not trained, may change between runs: a physical constant, a rate
	Input               // data, one row for each sample
	BatchSize           // number of samples in the run, shape []
	Elem                // element-wise: operation Fn on broadcast operands
	MatMul              // In[0] [… × k] · In[1] [k × n], the second unbatched
	EachMul             // one product for each sample: [… × m × k]·[… × k × n]
	Contract            // Σ over pairs and leading axes of In[2i]ᵀ·In[2i+1]: [m × n]
	Reshape             // the same elements in row-major order
	Transpose           // axis i of the result is axis Ints[i] of the operand
	Broadcast           // repeated along axes of length 1
	Sum                 // over axis Ints[0], which stays with length 1
	MaxAxis             // the largest over axis Ints[0], which stays with length 1
	CumSum              // running sum along axis Ints[0]; from the end if Ints[1] = 1
	Slice               // elements Ints[1] to Ints[2] of axis Ints[0]
	Pad                 // zeros before and after: Ints = axis, start, new length
	Join                // concatenated along axis Ints[0]
	Gather              // elements Ints[1:] of axis Ints[0]
	Scatter             // adds element i to place Ints[2+i] of axis Ints[0], length Ints[1]
	SumBatch            // over the samples; unbatched
	Stop                // the operand, with derivative zero
)

var opNames = [...]string{"const", "tensor", "param", "setting", "input", "batch size", "element-wise", "matrix product",
	"product for each sample", "contraction", "reshape", "transpose", "broadcast", "sum", "max", "cumulative sum", "slice",
	"pad", "concat", "gather", "scatter", "sum over batch", "stop"}

func (o Op) String() string { return opNames[o] }

// Node is one value of a program. Its fields are read by transforms and by
// package exec and never change.
type Node struct {
	Graph   *Graph
	ID      int // position in the graph; operands come before results
	Op      Op
	Fn      kernel.Op // of Elem
	In      []*Node
	Shape   []int // of one sample
	Batched bool
	X       float64 // Const; exponent of a constant power
	Ints    []int
	Name    string    // Param, Setting, Input
	Data    []float64 // Tensor
	Offset  int       // Param: where it starts in the flat parameter vector

	height int // longest path from a leaf
}

// Graph owns the nodes of related programs. It is not safe for use by several
// goroutines while nodes are added.
type Graph struct {
	nodes    []*Node
	known    map[string]*Node
	params   []*Node
	settings []*Node
	inputs   []*Node
	size     int
}

// New returns an empty graph.
func New() *Graph { return &Graph{known: map[string]*Node{}} }

// Params returns the parameters in the order of their creation, which is
// their order in the flat parameter vector.
func (g *Graph) Params() []*Node { return g.params }

// Settings returns the settings in the order of their creation.
func (g *Graph) Settings() []*Node { return g.settings }

// Inputs returns the inputs in the order of their creation.
func (g *Graph) Inputs() []*Node { return g.inputs }

// ParamSize returns the length of the flat parameter vector.
func (g *Graph) ParamSize() int { return g.size }

// Size returns the number of elements of one sample.
func (n *Node) Size() int { return product(n.Shape) }

func product(shape []int) int {
	p := 1
	for _, d := range shape {
		p *= d
	}
	return p
}

// String describes the node for messages: "tanh [64] batched".
func (n *Node) String() string {
	s := n.Op.String()
	if n.Op == Elem {
		s = n.Fn.String()
	}
	if n.Name != "" {
		s += " " + n.Name
	}
	s += fmt.Sprint(" ", n.Shape)
	if n.Batched {
		s += " batched"
	}
	return s
}

// add returns the node equal to n, adding n if there is none.
func (g *Graph) add(n Node) *Node {
	// Capitals separate: digits in base 36 are lower-case.
	key := make([]byte, 0, 64)
	key = append(key, byte(n.Op), byte(n.Fn))
	if n.Batched {
		key = append(key, 'B')
	}
	key = strconv.AppendUint(key, math.Float64bits(n.X), 36)
	for _, in := range n.In {
		if in.Graph != g {
			panic(fmt.Sprintf("graph: %v: operand %v is from another graph", n.Op, in))
		}
		key = append(key, 'N')
		key = strconv.AppendInt(key, int64(in.ID), 36)
	}
	for _, i := range n.Ints {
		key = append(key, 'I')
		key = strconv.AppendInt(key, int64(i), 36)
	}
	for _, d := range n.Shape {
		key = append(key, 'S')
		key = strconv.AppendInt(key, int64(d), 36)
	}
	for _, x := range n.Data {
		key = append(key, 'D')
		key = strconv.AppendUint(key, math.Float64bits(x), 36)
	}
	key = append(key, ':')
	key = append(key, n.Name...)
	if old := g.known[string(key)]; old != nil {
		return old
	}
	n.Graph, n.ID, n.height = g, len(g.nodes), 0
	for _, in := range n.In {
		n.height = max(n.height, in.height+1)
	}
	g.nodes = append(g.nodes, &n)
	g.known[string(key)] = &n
	return &n
}

func checkShape(name string, shape []int) {
	for _, d := range shape {
		if d < 1 {
			panic(fmt.Sprintf("graph: %s: shape %v: every length must be 1 or more", name, shape))
		}
	}
}

// leaf adds a named leaf; the name must be new.
func (g *Graph) leaf(n Node, list *[]*Node) *Node {
	checkShape(n.Op.String()+" "+n.Name, n.Shape)
	for _, old := range *list {
		if old.Name == n.Name {
			panic(fmt.Sprintf("graph: %v %q is there already, with shape %v", n.Op, n.Name, old.Shape))
		}
	}
	n.Shape = slices.Clone(n.Shape)
	p := g.add(n)
	*list = append(*list, p)
	return p
}

// Param adds a parameter: a piece of the flat parameter vector.
func (g *Graph) Param(name string, shape ...int) *Node {
	p := g.leaf(Node{Op: Param, Name: name, Shape: shape}, &g.params)
	p.Offset = g.size
	g.size += p.Size()
	return p
}

// Setting adds a number that is not trained and may change between runs.
func (g *Graph) Setting(name string) *Node {
	return g.leaf(Node{Op: Setting, Name: name}, &g.settings)
}

// Input adds data: one array of the given shape for each sample.
func (g *Graph) Input(name string, shape ...int) *Node {
	return g.leaf(Node{Op: Input, Name: name, Shape: shape, Batched: true}, &g.inputs)
}

// Const returns the number x.
func (g *Graph) Const(x float64) *Node { return g.add(Node{Op: Const, X: x}) }

// Tensor returns a constant array, row-major.
func (g *Graph) Tensor(data []float64, shape ...int) *Node {
	checkShape("tensor", shape)
	if product(shape) != len(data) {
		panic(fmt.Sprintf("graph: tensor of %d numbers for shape %v", len(data), shape))
	}
	return g.add(Node{Op: Tensor, Data: slices.Clone(data), Shape: slices.Clone(shape)})
}

// BatchSize returns the number of samples of the run.
func (g *Graph) BatchSize() *Node { return g.add(Node{Op: BatchSize}) }

func (n *Node) isConst(x float64) bool { return n.Op == Const && n.X == x }

// number returns the value of n if all its elements are one constant.
func (n *Node) number() (float64, bool) {
	if n.Op == Broadcast && !n.Batched {
		n = n.In[0]
	}
	return n.X, n.Op == Const
}

// Rebuild returns n with other operands of the same shapes or, for
// element-wise nodes, shapes that broadcast to the same.
func (n *Node) Rebuild(in []*Node) *Node {
	m := *n
	m.In = in
	return n.Graph.add(m)
}

package optim

import (
	"unsafe"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// The updates as element-wise codes: operands p, g, the slots, then the
// scalars in the order of the rule's coefficients; results p and the slots.
// The loops beside the constructors are their plain meaning. No code fuses a
// product with a sum, so that both give the same bits, on every processor.
const (
	sgdCode      = "f,f,s,s,s;mul 2 1;mul 3 0;add 5 6;mul 4 7;sub 0 8;>9"
	momentumCode = "f,f,f,s,s,s,s;mul 3 1;mul 4 0;add 7 8;mul 6 2;add 10 9;mul 5 11;sub 0 12;>13,11"
	nesterovCode = "f,f,f,s,s,s,s;mul 3 1;mul 4 0;add 7 8;mul 6 2;add 10 9;mul 6 11;add 9 12;mul 5 13;sub 0 14;>15,11"
	rmspropCode  = "f,f,f,s,s,s,s,s,s;mul 3 1;mul 4 0;add 9 10;mul 5 2;mul 11 11;mul 6 13;add 12 14;" +
		"sqrt 15;add 16 7;mul 8 11;div 18 17;sub 0 19;>20,15"
	gravesCode = "f,f,f,f,f,s,s,s,s,s,s,s,s;mul 5 1;mul 6 0;add 13 14;mul 7 2;mul 15 15;mul 8 17;add 16 18;" +
		"mul 7 3;mul 8 15;add 20 21;mul 22 22;mul 11 23;sub 19 24;const 0;max 25 26;sqrt 27;add 28 9;div 15 29;" +
		"mul 12 4;add 31 30;mul 10 32;sub 0 33;>34,19,22,32"
	adamCode = "f,f,f,f,s,s,s,s,s,s,s,s,s;mul 4 1;mul 5 2;mul 6 13;add 14 15;mul 7 3;mul 13 13;mul 8 18;add 17 19;" +
		"sqrt 20;mul 21 9;add 22 10;mul 11 16;div 24 23;mul 12 0;sub 26 25;>27,16,20"
)

// fused runs a rule's code as vector kernels.
type fused[T array.Float] struct {
	program *kernel.Program[T]
	slots   int
	scalars int
	idle    chan *call // arguments and scratch not in use, one a worker
}

// call is what one kernel call needs; it is kept so that no step allocates.
type call struct {
	args    kernel.Args
	scratch []byte
}

// lanes is the number of elements that a kernel reads and writes at once.
func lanes[T array.Float]() int { return 64 / int(unsafe.Sizeof(T(0))) }

// fuse compiles the rule's code, or returns nil where the processor has no
// kernels and the loop is faster.
func fuse[T array.Float](r rule[T]) *fused[T] {
	if kernel.Level() == "plain" {
		return nil
	}
	c, err := kernel.ParseCode(r.code)
	if err != nil {
		panic(err)
	}
	program, err := kernel.Compile[T](c)
	if err != nil {
		panic(err)
	}
	full := 2 + len(r.slots)
	return &fused[T]{program: program, slots: len(r.slots), scalars: len(c.In) - full, idle: make(chan *call, 64)}
}

// update applies the code to as many elements as fill whole vectors and
// returns their number. The slices have one length; s holds the slots.
func (f *fused[T]) update(p, g []T, s *slots[T], coef *[numCoef]T) int {
	n := len(p) / lanes[T]() * lanes[T]()
	if n == 0 {
		return 0
	}
	var c *call
	select {
	case c = <-f.idle:
	default:
		c = &call{scratch: make([]byte, f.program.ScratchSize()+64)}
	}
	a := &c.args
	a.Rows, a.N = 1, n
	a.In[0], a.In[1], a.Out[0] = unsafe.Pointer(&p[0]), unsafe.Pointer(&g[0]), unsafe.Pointer(&p[0])
	for i := range f.slots {
		a.In[2+i], a.Out[1+i] = unsafe.Pointer(&s[i][0]), unsafe.Pointer(&s[i][0])
	}
	for i := range f.scalars {
		a.In[2+f.slots+i] = unsafe.Pointer(&coef[i])
	}
	at := -uintptr(unsafe.Pointer(&c.scratch[0])) & 63
	a.Scratch = unsafe.Pointer(&c.scratch[at])
	f.program.Run(a)
	c.args = kernel.Args{} // keep no parameters alive
	select {
	case f.idle <- c:
	default:
	}
	return n
}

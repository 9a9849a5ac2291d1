package graph

import (
	"fmt"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/kernel"
)

// bigEval interprets a program on power series: leaves gives the series of
// leaves, [samples × size]; Const, Tensor and BatchSize are constant.
type bigEval struct {
	batch, order int
	leaves       map[*Node][][]taylor
	known        map[*Node][][]taylor
}

func (e *bigEval) value(n *Node) [][]taylor {
	if v := e.known[n]; v != nil {
		return v
	}
	samples := 1
	if n.Batched {
		samples = e.batch
	}
	v := e.leaves[n]
	if v == nil {
		for s := range samples {
			v = append(v, e.sample(n, s))
		}
	}
	e.known[n] = v
	return v
}

func (e *bigEval) zeros(n int) []taylor {
	z := make([]taylor, n)
	for i := range z {
		z[i] = constant(0, make(taylor, e.order+1))
	}
	return z
}

func (e *bigEval) at(n *Node, s int) []taylor {
	if !n.Batched {
		s = 0
	}
	return e.value(n)[s]
}

func (e *bigEval) sample(n *Node, s int) []taylor {
	y := e.zeros(n.Size())
	like := make(taylor, e.order+1)
	var x []taylor
	if len(n.In) > 0 && n.Op != SumBatch && n.Op != Contract {
		x = e.at(n.In[0], s)
	}
	// place returns which element of x has the coordinates of element i of n,
	// changed by f.
	place := func(i int, f func(c []int)) taylor {
		c := coordinates(i, n.Shape)
		f(c)
		return x[position(c, n.In[0].Shape)]
	}
	// back returns which element of n has the coordinates of element i of x.
	back := func(i int, f func(c []int)) int {
		c := coordinates(i, n.In[0].Shape)
		f(c)
		return position(c, n.Shape)
	}
	switch n.Op {
	case Const:
		y[0] = constant(n.X, like)
	case BatchSize:
		y[0] = constant(float64(e.batch), like)
	case Tensor:
		for i, d := range n.Data {
			y[i] = constant(d, like)
		}
	case Reshape:
		copy(y, x)
	case Stop:
		for i := range y {
			y[i] = constant(0, like)
			y[i][0] = x[i][0]
		}
	case Elem:
		for i := range y {
			args := make([]taylor, len(n.In))
			for k, m := range n.In {
				args[k] = e.at(m, s)[stretched(i, n.Shape, m.Shape)]
			}
			y[i] = bigElement(n, args)
		}
	case Broadcast:
		for i := range y {
			y[i] = x[stretched(i, n.Shape, n.In[0].Shape)]
		}
	case MatMul, EachMul:
		m := n.In[1]
		k := m.Shape[len(m.Shape)-2]
		for i := range y {
			c := coordinates(i, n.Shape)
			row, col := i/n.Shape[len(n.Shape)-1], c[len(c)-1]
			for l := range k {
				d := []int{l, col}
				if n.Op == EachMul {
					d = append(append([]int{}, c[:len(c)-2]...), l, col)
				}
				y[i] = y[i].add(x[row*k+l].mul(e.at(m, s)[position(d, m.Shape)]))
			}
		}
	case Contract:
		for p := 0; p < len(n.In); p += 2 {
			samples := []int{s}
			if !n.Batched && anyBatched(n.In) {
				samples = nil
				for r := range e.batch {
					samples = append(samples, r)
				}
			}
			rows, cols := n.Shape[0], n.Shape[1]
			for _, r := range samples {
				a, b := e.at(n.In[p], r), e.at(n.In[p+1], r)
				for k := range a {
					for j := range cols {
						i := k%rows*cols + j
						y[i] = y[i].add(a[k].mul(b[k/rows*cols+j]))
					}
				}
			}
		}
	case SumBatch:
		for r := range e.batch {
			for i, v := range e.at(n.In[0], r) {
				y[i] = y[i].add(v)
			}
		}
	case Transpose:
		for i := range y {
			y[i] = place(i, func(c []int) {
				d := append([]int{}, c...)
				for k, p := range n.Ints {
					c[p] = d[k]
				}
			})
		}
	case Sum:
		for i, v := range x {
			o := back(i, func(c []int) { c[n.Ints[0]] = 0 })
			y[o] = y[o].add(v)
		}
	case MaxAxis:
		seen := make([]bool, len(y))
		for i, v := range x {
			o := back(i, func(c []int) { c[n.Ints[0]] = 0 })
			if !seen[o] || v[0].Cmp(y[o][0]) > 0 {
				y[o] = v
			}
			seen[o] = true
		}
	case CumSum:
		a := n.Ints[0]
		for i, v := range x {
			first, last := coordinates(i, n.Shape)[a], n.Shape[a]-1
			if n.Ints[1] == 1 {
				first, last = 0, first
			}
			for k := first; k <= last; k++ {
				o := back(i, func(c []int) { c[a] = k })
				y[o] = y[o].add(v)
			}
		}
	case Slice:
		for i := range y {
			y[i] = place(i, func(c []int) { c[n.Ints[0]] += n.Ints[1] })
		}
	case Pad:
		for i, v := range x {
			y[back(i, func(c []int) { c[n.Ints[0]] += n.Ints[1] })] = v
		}
	case Join:
		for i := range y {
			c := coordinates(i, n.Shape)
			for _, m := range n.In {
				if c[n.Ints[0]] < m.Shape[n.Ints[0]] {
					y[i] = e.at(m, s)[position(c, m.Shape)]
					break
				}
				c[n.Ints[0]] -= m.Shape[n.Ints[0]]
			}
		}
	case Gather:
		for i := range y {
			y[i] = place(i, func(c []int) { c[n.Ints[0]] = n.Ints[1+c[n.Ints[0]]] })
		}
	case Scatter:
		for i, v := range x {
			o := back(i, func(c []int) { c[n.Ints[0]] = n.Ints[2+c[n.Ints[0]]] })
			y[o] = y[o].add(v)
		}
	default:
		panic(fmt.Sprintf("no big value of %v", n))
	}
	return y
}

func bigElement(n *Node, v []taylor) taylor {
	z := v[0]
	mask := func(b bool) taylor {
		if b {
			return constant(1, z)
		}
		return constant(0, z)
	}
	choose := func(b bool, x, y taylor) taylor {
		if b {
			return x
		}
		return y
	}
	switch n.Fn {
	case kernel.Neg:
		return z.scale(-1)
	case kernel.Abs:
		return z.scale(float64(z[0].Sign()))
	case kernel.Sign:
		return constant(float64(z[0].Sign()), z)
	case kernel.Sqrt:
		return z.pow(0.5)
	case kernel.Exp:
		return z.exp()
	case kernel.Log:
		return z.log()
	case kernel.Sin:
		s, _ := z.sinCos()
		return s
	case kernel.Cos:
		_, c := z.sinCos()
		return c
	case kernel.Tanh:
		return z.tanh()
	case kernel.Erf:
		return z.erf()
	case kernel.Sigmoid:
		return z.sigmoid()
	case kernel.Softplus:
		return z.exp().add(constant(1, z)).log()
	case kernel.Recip:
		return constant(1, z).div(z)
	case kernel.PowC:
		return z.pow(n.X)
	case kernel.Add:
		return z.add(v[1])
	case kernel.Sub:
		return z.sub(v[1])
	case kernel.Mul:
		return z.mul(v[1])
	case kernel.Div:
		return z.div(v[1])
	case kernel.Max:
		return choose(z[0].Cmp(v[1][0]) > 0, z, v[1])
	case kernel.Min:
		return choose(z[0].Cmp(v[1][0]) < 0, z, v[1])
	case kernel.Less:
		return mask(z[0].Cmp(v[1][0]) < 0)
	case kernel.Equal:
		return mask(z[0].Cmp(v[1][0]) == 0)
	case kernel.Where:
		return choose(z[0].Sign() != 0, v[1], v[2])
	}
	panic(fmt.Sprintf("no big value of %v", n.Fn))
}

// checkBig compares the streams of ys (order 0 to len-1 of the power series in
// t) with the big series, where each moving leaf is x + v·t + w·t².
func checkBig(t *testing.T, p *point, order int, ys []*Node, streams [][]*Node, tol float64) {
	t.Helper()
	e := &bigEval{batch: p.Batch, order: order, leaves: map[*Node][][]taylor{}, known: map[*Node][][]taylor{}}
	for _, n := range p.leaves {
		size := n.Size()
		x := [][]float64{p.full(n, n)}
		for _, d := range p.moves[n] {
			x = append(x, p.full(d, n))
		}
		rows := make([][]taylor, len(x[0])/size)
		for s := range rows {
			rows[s] = e.zeros(size)
			for i := range size {
				for k := range x {
					if k <= order {
						rows[s][i][k] = number(x[k][s*size+i])
					}
				}
			}
		}
		e.leaves[n] = rows
	}
	for i, y := range ys {
		want := e.value(y)
		for k, s := range streams[i] {
			got := make([]float64, len(want)*y.Size())
			if s != nil {
				got = p.full(s, y)
			}
			for j := range got {
				w, _ := want[j/y.Size()][j%y.Size()][k].Float64()
				if !within(got[j], w, tol) {
					t.Errorf("%v: stream %d, element %d: %.17g, want %.17g", y, k, j, got[j], w)
					return
				}
			}
		}
	}
}

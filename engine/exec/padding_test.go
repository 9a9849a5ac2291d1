package exec_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/graph"
)

// samePoisoned runs p on memory full of NaN and after a batch full of NaN, and
// wants the bits of a first run.
func samePoisoned[T array.Float](t *testing.T, p *point, pool *exec.Pool) {
	m := compile[T](t, p.name, p.outputs...)
	want := load(m, p)
	m.Run(pool)
	m.Poison()
	got := load(m, p)
	m.Run(pool)
	if err := sameBits(want, got); err != nil {
		t.Errorf("%s, batch %d in %T, memory full of NaN: %v", p.name, p.Batch, T(0), err)
	}
	sick := *p
	nan := []float64{math.NaN()}
	sick.Params = slices.Repeat(nan, len(p.Params))
	sick.Inputs = map[string][]float64{}
	for name, x := range p.Inputs {
		sick.Inputs[name] = slices.Repeat(nan, len(x))
	}
	load(m, &sick)
	m.Run(pool)
	got = load(m, p)
	m.Run(pool)
	if err := sameBits(want, got); err != nil {
		t.Errorf("%s, batch %d in %T, after a batch of NaN: %v", p.name, p.Batch, T(0), err)
	}
}

// What stands in padding, in gaps and from the run before leaks into nothing.
func TestPadding(t *testing.T) {
	pool := exec.NewPool(1)
	defer pool.Close()
	all := slices.Concat(phasedPrograms, linearPrograms())
	for _, w := range []int{1, 7, 20, 33} {
		all = append(all, program{fmt.Sprint("heat ", w), -1, 1, heat(w, w, 1)}, program{fmt.Sprint("regression ", w), -1, 1, regression(w, (*graph.Node).Tanh, w, 3)})
	}
	for i, pr := range all {
		if testing.Short() && i%9 > 0 {
			continue
		}
		p := pr.at([]int{3, 101}[i%2], uint64(i))
		samePoisoned[float64](t, p, pool)
		samePoisoned[float32](t, p, pool)
	}
}

// A machine reads nothing before or behind the user's numbers and writes
// nothing there: rows of outputs in a wider matrix, inputs and parameters
// between NaN.
func TestBounds(t *testing.T) {
	pool := exec.NewPool(2)
	defer pool.Close()
	const batch, margin, extra = 130, 40, 3
	for _, pr := range []program{
		{"heat", -1, 1, heat(7, 9, 1)}, {"regression", -1, 1, regression(3, (*graph.Node).Tanh, 20, 2)}, phasedPrograms[8],
		{"outputs", -1, 1, func(g *graph.Graph) []*graph.Node {
			x := g.Input("x", 3, 5)
			return []*graph.Node{x, x.SumAxis(0), x.SumAxis(1), x.CumSum(0), x.Reshape(15), g.Param("p", 3, 5).Batch(), g.Param("q", 7), g.Param("r", 2, 3).Reshape(3, 2)}
		}},
	} {
		p := pr.at(batch, 4)
		m := compile[float32](t, p.name, p.outputs...)
		want := load(m, p)
		m.Run(pool)
		nan := float32(math.NaN())
		inside := func(v []float64) []float32 {
			s := slices.Repeat([]float32{nan}, len(v)+2*margin)
			copy(s[margin:], convert[float32](v))
			return s[margin : margin+len(v)]
		}
		m.Params(inside(p.Params))
		for name, x := range p.Inputs {
			m.Input(name, inside(x))
		}
		const mark = 777
		places := make([][]float32, len(want))
		for i, o := range p.outputs {
			rows := len(want[i]) / o.Size()
			places[i] = slices.Repeat([]float32{mark}, margin+rows*(o.Size()+extra)+margin)
			m.OutputRows(i, places[i][margin:margin+(rows-1)*(o.Size()+extra)+o.Size()], o.Size()+extra)
		}
		m.Run(pool)
		for i, o := range p.outputs {
			for j, x := range places[i] {
				row, col := (j-margin)/(o.Size()+extra), (j-margin)%(o.Size()+extra)
				w := float32(mark)
				if j >= margin && col < o.Size() && row*o.Size() < len(want[i]) {
					w = want[i][row*o.Size()+col]
				}
				if x != w {
					t.Errorf("%s, output %d (%v), row %d, column %d: %v, want %v", p.name, i, o, row, col, x, w)
					break
				}
			}
		}
	}
}

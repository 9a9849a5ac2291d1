package kernel

import (
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// checkPair runs the one-operation code c with its Full operand over v and
// the other operand equal to w, and compares with Eval, NaN and signs too.
func checkPair[T array.Float](t *testing.T, c Code, v []float64, w float64) {
	t.Helper()
	p, err := Compile[T](c)
	if err != nil {
		t.Fatal(err)
	}
	tl := newTile[T](rand.New(rand.NewPCG(1, 1)), c, 1, len(v), p.ScratchSize())
	for k, kind := range c.In {
		for j := range tl.in[k] {
			tl.in[k][j] = T(w)
			if kind == Full && (k == 0 || c.In[0] == Scalar) && j < len(v) {
				tl.in[k][j] = T(v[j])
			}
		}
	}
	p.Run(&tl.args)
	for j := range v {
		in := tl.operands(c, 0, j)
		want, got := float64(Eval(c, in)[0]), float64(tl.out[0][j])
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%v of %v: got %v, want %v", c, in, got, want)
		}
	}
}

// fusedCodes returns the lines of fused.txt.
func fusedCodes(t testing.TB) map[string]Code {
	text, err := os.ReadFile("fused.txt")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]Code{}
	for _, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		if name, code, ok := strings.Cut(line, ":"); ok {
			c, err := ParseCode(strings.TrimSpace(code))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if again, err := ParseCode(c.String()); err != nil || again.String() != c.String() {
				t.Errorf("%s: %q does not parse to itself", name, c)
			}
			codes[name] = c
		}
	}
	return codes
}

func TestFusedCodes(t *testing.T) {
	codes := fusedCodes(t)
	atEveryLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for name, c := range codes {
			p, err := Compile[float32](c)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := p.Generated(), Level() != "plain"; got != want {
				t.Errorf("%s: generated kernel %v, want %v", name, got, want)
			}
			for range 5 {
				rows, n := 1+r.IntN(5), 1+r.IntN(70)
				if agree[float32](t, c, r, rows, n) == 0 || agree[float64](t, c, r, rows, n) == 0 {
					t.Errorf("%s: nothing compared", name)
				}
			}
		}
	})
}

func TestReductions(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		reductions[float32](t, 2e-6)
		reductions[float64](t, 4e-15)
	})
}

func reductions[T array.Float](t *testing.T, tol float64) {
	r := rand.New(rand.NewPCG(8, 9))
	near := func(what string, n int, got T, want, scale float64) {
		if !(math.Abs(float64(got)-want) <= tol*(scale+1e-30)) {
			t.Errorf("%s of %d %T: got %v, want %v", what, n, got, got, want)
		}
	}
	for n := range 150 {
		x, y := make([]T, n), make([]T, n)
		sum, dot, scale, dscale := 0.0, 0.0, 0.0, 0.0
		for i := range x {
			x[i], y[i] = T(r.NormFloat64()), T(r.NormFloat64())
			sum += float64(x[i])
			dot += float64(x[i]) * float64(y[i])
			scale += math.Abs(float64(x[i]))
			dscale += math.Abs(float64(x[i]) * float64(y[i]))
		}
		near("sum", n, Sum(x), sum, scale)
		near("dot", n, Dot(x, y), dot, dscale)
		z := append([]T(nil), y...)
		Axpy(z, 1.5, x)
		for i := range z {
			near("axpy", n, z[i], float64(y[i])+1.5*float64(x[i]), 4)
		}
		rows, ld := r.IntN(40), n+r.IntN(2)*r.IntN(5)
		m := make([]T, rows*ld)
		for i := range m {
			m[i] = T(r.NormFloat64())
		}
		acc := make([]T, n+1)
		for i := range acc {
			acc[i] = T(i)
		}
		for _, add := range []bool{true, false} {
			d := append([]T(nil), acc...)
			SumRows(d, m, ld, rows, n, add)
			for j := range n {
				want := 0.0
				if add {
					want = float64(acc[j])
				}
				for i := range rows {
					want += float64(m[i*ld+j])
				}
				near("rows", n, d[j], want, 10+math.Abs(want))
			}
			if d[n] != acc[n] {
				t.Errorf("sum of rows wrote beyond column %d", n)
			}
		}
		big, total := make([]T, rows), make([]T, rows)
		RowMax(big, m, ld, rows, n)
		RowSum(total, m, ld, rows, n)
		for i := range rows {
			want, all := math.Inf(-1), 0.0
			for _, v := range m[i*ld : i*ld+n] {
				want, all = max(want, float64(v)), all+float64(v)
			}
			if float64(big[i]) != want {
				t.Errorf("row maximum of %d: got %v, want %v", n, big[i], want)
			}
			near("row sum", n, total[i], all, float64(n)+1)
		}
		if n > 0 {
			x[r.IntN(n)] = T(math.NaN())
			RowMax(big[:min(rows, 1)], x, n, min(rows, 1), n)
			if rows > 0 && !math.IsNaN(float64(big[0])) {
				t.Errorf("row maximum of %d with a NaN: got %v", n, big[0])
			}
		}
	}
}

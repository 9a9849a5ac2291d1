package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// levels returns what this processor can do, from plain up.
func levels() []level {
	var l []level
	for i := plain; i <= best(); i++ {
		l = append(l, i)
	}
	return l
}

func withLevel(t testing.TB, l level) {
	old := current
	current = l
	t.Cleanup(func() { current = old })
}

// problem is a product whose matrices lie in larger slices full of NaN.
type problem[T array.Float] struct {
	m, n, k, ldc, ars, acs, ldb int
	c, a, b                     []T
}

// shape gives a problem its sizes; pad is added to each row length.
func shape[T array.Float](m, n, k, pad int, transposed bool) *problem[T] {
	p := &problem[T]{m: m, n: n, k: k, ldc: n + pad, ars: k + pad, acs: 1, ldb: n + 2*pad}
	if transposed {
		p.ars, p.acs = 1, m+pad
	}
	return p
}

func (p *problem[T]) fill(rng *rand.Rand) *problem[T] {
	nan := T(math.NaN())
	full := func(rows, cols, rs, cs int) []T {
		s := make([]T, max(0, (rows-1)*rs+(cols-1)*cs+1))
		for i := range s {
			s[i] = nan
		}
		for i := range rows {
			for j := range cols {
				s[i*rs+j*cs] = T(rng.NormFloat64())
			}
		}
		return s
	}
	p.a = full(p.m, p.k, p.ars, p.acs)
	p.b = full(p.k, p.n, p.ldb, 1)
	p.c = full(p.m, p.n, p.ldc, 1)
	return p
}

// check multiplies and compares with the plain sum in float64, to the bound
// 2(k+1)·ε·(|C| + Σ|a||b|) of a sum of k products in any order.
func (p *problem[T]) check(t *testing.T, acc bool) {
	t.Helper()
	eps := 0x1p-24
	if _, double := any(p.c).([]float64); double {
		eps = 0x1p-53
	}
	c := make([]T, len(p.c)+16) // and a margin behind
	for i := range c {
		c[i] = T(math.NaN())
	}
	old := func(i, j int) T { return p.c[i*p.ldc+j] }
	if acc {
		for i := range p.m {
			copy(c[i*p.ldc:], p.c[i*p.ldc:i*p.ldc+p.n])
		}
	}
	Mul(c[:len(p.c)], p.ldc, p.a, p.ars, p.acs, p.b, p.ldb, p.m, p.n, p.k, acc)
	for at, got := range c {
		i, j := at/p.ldc, at%p.ldc
		if i >= p.m || j >= p.n {
			if got == got {
				t.Fatalf("%v: wrote %v outside C, at %d, %d", p, got, i, j)
			}
			continue
		}
		var want, size float64
		if acc {
			want = float64(old(i, j))
			size = math.Abs(want)
		}
		for q := range p.k {
			x, y := float64(p.a[i*p.ars+q*p.acs]), float64(p.b[q*p.ldb+j])
			want += x * y
			size += math.Abs(x * y)
		}
		if !(math.Abs(float64(got)-want) <= 2*float64(p.k+1)*eps*size) {
			t.Fatalf("%v acc %v: C[%d,%d] = %v, want %v", p, acc, i, j, got, want)
		}
	}
}

func (p *problem[T]) String() string {
	return fmt.Sprintf("%v %T m %d n %d k %d ldc %d ars %d acs %d ldb %d",
		current, p.c, p.m, p.n, p.k, p.ldc, p.ars, p.acs, p.ldb)
}

// tileShapes are products of a training step: (k, n) of layers for tiles of
// 64 to 128 rows.
var tileShapes = [][2]int{{32, 64}, {64, 32}, {20, 20}, {50, 50}, {128, 128}, {512, 512}, {784, 128}, {128, 10}, {64, 1}, {1, 64}}

func TestMul(t *testing.T) {
	for _, l := range levels() {
		t.Run(l.String(), func(t *testing.T) {
			withLevel(t, l)
			t.Run("float32", testMul[float32])
			t.Run("float64", testMul[float64])
		})
	}
}

func testMul[T array.Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	sizes := []int{1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 19, 24, 29, 40}
	both := func(m, n, k int) {
		for _, transposed := range []bool{false, true} {
			pad := rng.IntN(3)
			p := shape[T](m, n, k, pad, transposed).fill(rng)
			p.check(t, false)
			p.check(t, true)
		}
	}
	for _, m := range sizes {
		for n := 1; n <= 40; n++ {
			both(m, n, 1+rng.IntN(40))
		}
		for _, k := range sizes {
			both(m, sizes[rng.IntN(len(sizes))], k)
			both(m, 1, k)
		}
	}
	for n := 41; n <= 140; n++ {
		both(1, n, 1+rng.IntN(20))
		both(1+rng.IntN(26), n, 1+rng.IntN(20))
	}
	if testing.Short() {
		return
	}
	for _, s := range tileShapes {
		k, n := s[0], s[1]
		if k*n > 1<<16 {
			k, n = k/2+1, n/4+1
		}
		both(67, n, k)
		both(k, n, 67)
	}
	both(1, 1, 777)
	both(300, 1, 520)
	both(9, 1, 1000)
}

// General strides: B with one column out of several, A with neither stride 1.
func TestMulStrides(t *testing.T) {
	for _, l := range levels() {
		withLevel(t, l)
		rng := rand.New(rand.NewPCG(3, 4))
		for _, m := range []int{1, 3, 9, 14} {
			for _, n := range []int{1, 6, 21} {
				for _, k := range []int{1, 5, 270} {
					p := &problem[float64]{m: m, n: n, k: k, ldc: n + 4, ars: 2*k + 5, acs: 2, ldb: n + 3}
					p.fill(rng)
					p.check(t, false)
					p.check(t, true)
				}
			}
		}
	}
}

// Strides of 0 repeat a row or an element.
func TestMulZeroStrides(t *testing.T) {
	for _, l := range levels() {
		withLevel(t, l)
		a, b, c := []float64{2}, []float64{1, 3, 5}, make([]float64, 15)
		Mul(c, 3, a, 0, 0, b, 0, 5, 3, 4, false)
		if fmt.Sprint(c) != fmt.Sprint(slices.Repeat([]float64{8, 24, 40}, 5)) {
			t.Errorf("%v: %v", l, c)
		}
	}
}

// k = 0 clears or keeps; empty sizes touch nothing.
func TestMulEmpty(t *testing.T) {
	for _, l := range levels() {
		withLevel(t, l)
		c := []float32{1, 2, 3, 4, 5}
		Mul(c, 3, nil, 1, 1, nil, 2, 2, 2, 0, true)
		Mul(c, 3, nil, 1, 1, nil, 2, 0, 2, 5, false)
		Mul(c, 3, nil, 1, 1, nil, 0, 2, 0, 5, false)
		if fmt.Sprint(c) != "[1 2 3 4 5]" {
			t.Errorf("%v: empty product changed C to %v", l, c)
		}
		Mul(c, 3, nil, 1, 1, nil, 2, 2, 2, 0, false)
		if fmt.Sprint(c) != "[0 0 3 0 0]" {
			t.Errorf("%v: k = 0 gives %v", l, c)
		}
	}
}

// The bits of a row do not depend on how many rows or columns are computed
// with it. AVX-512 and AVX2 agree with the sum of math.FMA.
func TestMulBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	p := shape[float64](31, 77, 50, 1, false).fill(rng)
	want := make([]float64, len(p.c))
	for i := range p.m {
		for j := range p.n {
			s := 0.0
			for q := range p.k {
				s = math.FMA(p.a[i*p.ars+q], p.b[q*p.ldb+j], s)
			}
			want[i*p.ldc+j] = s
		}
	}
	for _, l := range slices.Backward(levels()) {
		withLevel(t, l)
		if l == plain {
			Mul(want, p.ldc, p.a, p.ars, 1, p.b, p.ldb, p.m, p.n, p.k, false)
		}
		for range 200 {
			i, j := rng.IntN(p.m), rng.IntN(p.n-1)
			m, n := 1+rng.IntN(p.m-i), 2+rng.IntN(p.n-j-1)
			got := make([]float64, m*n)
			Mul(got, n, p.a[i*p.ars:], p.ars, 1, p.b[j:], p.ldb, m, n, p.k, false)
			for r := range m {
				for s := range n {
					if got[r*n+s] != want[(i+r)*p.ldc+j+s] {
						t.Fatalf("%v: rows %d+%d, columns %d+%d: element %d, %d differs", l, i, m, j, n, r, s)
					}
				}
			}
		}
	}
}

func TestMulPanics(t *testing.T) {
	x := make([]float64, 6)
	for name, call := range map[string]func(){
		"matmul: A has 6 elements, need 9": func() { Mul(x, 2, x, 3, 1, x, 2, 3, 2, 3, false) },
		"matmul: B has 5 elements, need 6": func() { Mul(x, 2, x, 3, 1, x[:5], 2, 2, 2, 3, false) },
		"matmul: C has 3 elements, need 4": func() { Mul(x[:3], 2, x, 3, 1, x, 2, 2, 2, 3, false) },
		"matmul: rows of C are 1 apart, need 2": func() {
			Mul(x, 1, x, 3, 1, x, 2, 2, 2, 3, false)
		},
		"matmul: negative size or stride: m 2, n -1, k 3, ldc 2, ars 3, acs 1, ldb 2": func() {
			Mul(x, 2, x, 3, 1, x, 2, 2, -1, 3, false)
		},
	} {
		func() {
			defer func() {
				if got := recover(); got != name {
					t.Errorf("panic %v, want %v", got, name)
				}
			}()
			call()
		}()
	}
}

func TestMulAllocates(t *testing.T) {
	p := shape[float32](20, 20, 20, 0, false).fill(rand.New(rand.NewPCG(7, 8)))
	col := make([]float32, 20)
	n := testing.AllocsPerRun(10, func() {
		var c [400]float32 // stays on the stack
		Mul(c[:], 20, p.a, 20, 1, p.b, 20, 20, 20, 20, false)
		Mul(col, 1, c[:], 20, 1, p.b, 20, 20, 1, 20, false)
		Mul(c[:], 20, p.a, 1, 20, p.b, 20, 20, 1, 20, true)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

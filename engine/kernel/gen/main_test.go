package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/kernel"
)

func TestReadCodes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fused.txt")
	for _, tt := range []struct{ text, want string }{
		{"a: f;neg 0;>1\n\n# comment\nb: f;abs 0;>1 # why\nagain: f;neg 0;>1", ""},
		{"a: f;neg 0;>1\nb f;neg 0;>1", ":2: want name: code"},
		{"a: f;neg 1;>1", ":1: kernel: value"},
		{"a: f;neg 0;>1\na: f;abs 0;>1", ":2: name a again, as in line 1"},
		{"a: " + strings.Repeat("f,", kernel.MaxIn) + "f;neg 0;>1", "at most"},
	} {
		if err := os.WriteFile(path, []byte(tt.text), 0o644); err != nil {
			t.Fatal(err)
		}
		list, err := readCodes(path)
		switch {
		case tt.want == "" && (err != nil || len(list) != 2):
			t.Errorf("%q: got %d codes, %v", tt.text, len(list), err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%q: got error %v, want %q in it", tt.text, err, tt.want)
		}
	}
}

// chain is a code that keeps n values alive at once, with masks alive too.
func chain(n int) kernel.Code {
	c := kernel.Code{In: make([]kernel.Kind, n)}
	add := func(s kernel.Instr) int {
		c.Ins = append(c.Ins, s)
		return n + len(c.Ins) - 1
	}
	var v, m []int
	for i := range n {
		v = append(v, add(kernel.Instr{Op: kernel.Tanh, A: i}))
	}
	for i := range n {
		m = append(m, add(kernel.Instr{Op: kernel.Less, A: v[i], B: v[(i+1)%n]}))
	}
	s := v[0]
	for i := range n {
		w := add(kernel.Instr{Op: kernel.Where, A: m[n-1-i], B: v[i], C: s})
		s = add(kernel.Instr{Op: kernel.MulAdd, A: s, B: w, C: v[n-1-i]})
	}
	c.Out = append(m[:min(n, 12):min(n, 12)], s)
	return c
}

// TestPressure: codes that need more registers than there are still become
// kernels, by spilling, and the same text every time.
func TestPressure(t *testing.T) {
	make := func() string {
		f := newFile("pressure")
		for _, m := range machines {
			f.kernel("pressure"+m.name, m, layout{kernel.MaxIn, kernel.MaxOut}, chain(20))
		}
		text, err := f.text()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := make()
	if !strings.Contains(first, "(R15)") {
		t.Error("no value was spilled: the test is too easy")
	}
	if make() != first {
		t.Error("two runs of the generator differ")
	}
}

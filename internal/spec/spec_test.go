package spec_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/internal/spec"
)

type fall struct {
	Gravity    *float64  `flag:"gravity" default:"9.8" unit:"m/s²" min:"0" en:"gravitational acceleration" ja:"重力加速度"`
	Interval   []float64 `flag:"interval" default:"0,1" unit:"s" len:"2" en:"time interval" ja:"時間区間"`
	Widths     []int     `flag:"widths" default:"32,64,32" min:"1" len:"0.." en:"hidden layers" ja:"中間層の幅"`
	Activation string    `flag:"activation" default:"tanh" choices:"tanh,sin,gelu" en:"activation" ja:"活性化関数"`
	Hard       *bool     `flag:"hard" default:"true" en:"exact initial conditions" ja:"初期条件を厳密に課す"`
	Note       string    `flag:"note" en:"remark" ja:"備考"`
	Steps      int       `flag:"steps" min:"1" budget:"true" en:"training steps" ja:"学習ステップ数"`
}

func TestApply(t *testing.T) {
	f, err := spec.Parse("x.yaml", []byte("experiment: free-fall\npreset: moon\nseed: 18446744073709551615\ngravity: 0\ninterval: [0, 1e1]\nwidths: []\nhard: false\nnote: \"yes: #1\"\nsteps: 1e3\n"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Experiment != "free-fall" || f.Preset != "moon" || f.Seed == nil || *f.Seed != 1<<64-1 {
		t.Errorf("heads: %+v", f)
	}
	var s fall
	if err := f.Apply(&s); err != nil {
		t.Fatal(err)
	}
	if s.Gravity == nil || *s.Gravity != 0 || s.Interval[1] != 10 || s.Widths == nil || len(s.Widths) != 0 || *s.Hard || s.Note != "yes: #1" || s.Steps != 1000 {
		t.Errorf("spec: %+v", s)
	}
}

func TestRefuses(t *testing.T) {
	tests := []struct{ yaml, want string }{
		{"gravty: 3", `x.yaml:1:1: unknown key "gravty": did you mean "gravity"?`},
		{"\n  colour: 3", `x.yaml:2:3: unknown key "colour": give one of gravity, interval, widths, activation, hard, note, steps`},
		{"gravity: -3", `x.yaml:1:10: gravity: -3 m/s² is out of range: give 0 or more`},
		{"gravity: heavy", `x.yaml:1:10: gravity: found "heavy": give a number`},
		{"gravity: .nan", `x.yaml:1:10: gravity: ".nan" is not a finite number: give a number such as 9.8`},
		{"gravity:", `x.yaml:1:9: gravity: found nothing: give a number`},
		{"gravity: [1]", `x.yaml:1:10: gravity: found a list: give a number`},
		{"gravity: {a: 1}", `x.yaml:1:10: gravity: found a mapping: give a number`},
		{"steps: 3\ngravity: 1\nsteps: 4", `x.yaml:3:1: steps is set twice: first in line 1`},
		{"widths: 32,64", `x.yaml:1:9: widths: found "32,64": give a list of whole numbers such as [32, 64]`},
		{"widths:\n- 32\n- big", `x.yaml:3:3: widths: found "big": give a list of whole numbers such as [32, 64]`},
		{"activation: 3", `x.yaml:1:13: activation: found 3: give text`},
		{"activation: tahn", `x.yaml:1:13: activation: "tahn" is not a choice: did you mean "tanh"? (one of tanh, sin, gelu)`},
		{"hard: yes please", `x.yaml:1:7: hard: found "yes please": give true or false`},
		{"seed: -1", `x.yaml:1:7: seed: found -1: give a whole number, 0 or more`},
		{"experiment: 3", `x.yaml:1:13: experiment: found 3: give a name`},
		{"- 1", `x.yaml:1:1: found a list: give lines such as "gravity: 9.8"`},
		{"3: 4", `x.yaml:1:1: found 3 as a key: give the name of a field`},
		{"a: &x 1\ngravity: *x", `x.yaml:1:1: unknown key "a": give one of`},
		{"steps: &x 1\ngravity: *x", `x.yaml:2:10: gravity: found an alias (*x), which spec files do not have: give a number`},
		{"<<: {gravity: 3}", `x.yaml:1:1: found << as a key: give the name of a field`},
		{"gravity: 1\n---\ngravity: 2", `x.yaml:2:1: a second document begins here: give one`},
		{"gravity: 1\n\tsteps: 2", `x.yaml:2: not YAML: found a tab character that violates indentation`},
		{"gravity: [1", `x.yaml:1: not YAML: did not find expected ',' or ']'`},
		{strings.Repeat("#", spec.MaxSize+1), `x.yaml: a spec file has at most 1048576 bytes`},
	}
	for _, tt := range tests {
		f, err := spec.Parse("x.yaml", []byte(tt.yaml))
		if err == nil {
			err = f.Apply(&fall{})
		}
		var e *spec.Error
		if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%.60q\n got %v\nwant %s", tt.yaml, err, tt.want)
		}
	}
}

// TestAliasBomb checks that nested aliases are refused, not expanded.
func TestAliasBomb(t *testing.T) {
	yaml := "a: &a [1,1,1,1,1,1,1,1,1]\n"
	for c := 'b'; c <= 'z'; c++ {
		prev := string(c - 1)
		yaml += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+prev+",", 9) + "]\n"
	}
	f, err := spec.Parse("bomb.yaml", []byte(yaml))
	if err == nil {
		err = f.Apply(&fall{})
	}
	if err == nil {
		t.Error("alias bomb accepted")
	}
}

func TestReadFileMissing(t *testing.T) {
	if _, err := spec.ReadFile("no/such.yaml", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestMarshalReadsBack(t *testing.T) {
	for _, lang := range []string{"en", "ja"} {
		s := &fall{Gravity: new(1.62), Note: "a \"b\": #c\n日本"}
		experiment.Fill(s)
		data := spec.Marshal("free-fall", 7, s, lang)
		f, err := spec.Parse("spec.yaml", data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		back := &fall{}
		if err := f.Apply(back); err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if c := experiment.Changed(s, back); len(c) > 0 || f.Experiment != "free-fall" || *f.Seed != 7 {
			t.Errorf("changed: %v\n%s", c, data)
		}
	}
}

func TestMarshalText(t *testing.T) {
	s := &fall{}
	experiment.Fill(s)
	want := "experiment: free-fall\nseed: 0\n\n# 重力加速度 [m/s²、0 以上]\ngravity: 9.8\n"
	if got := string(spec.Marshal("free-fall", 0, s, "ja")); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s", got)
	}
}

// FuzzParse checks that no input panics, that every error says where, and that
// what is accepted survives being written and read again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "gravity: 9.8\nwidths: [32, 64, 32]\nhard: true\n", "experiment: x\npreset: y\nseed: 3\n",
		"interval:\n  - 0\n  - 1e1\n", "a: &a [*a]\n", "gravity: *x\n", "---\n---\n", "\xff\xfe", "note: |\n  two\n  lines\n",
		"steps: 0x10\n", "steps: 0o7\n", "gravity: 1_000.5\n", "note: !!str 3\n", "? [a]\n: b\n", "note: \"\\u0000\"\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := spec.Parse("f.yaml", data)
		s := &fall{}
		if err == nil {
			err = file.Apply(s)
		}
		if err != nil {
			var e *spec.Error
			if !errors.As(err, &e) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		experiment.Fill(s)
		again, err := spec.Parse("again.yaml", spec.Marshal("x", 1, s, "en"))
		if err != nil {
			t.Fatal(err)
		}
		back := &fall{}
		if err := again.Apply(back); err != nil {
			t.Fatal(err)
		}
		experiment.Fill(back)
		if c := experiment.Changed(s, back); len(c) > 0 {
			t.Fatalf("%s changed: %q, %q", c[0].Flag, c[0].Format(s), c[0].Format(back))
		}
	})
}

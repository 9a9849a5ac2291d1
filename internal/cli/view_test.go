package cli

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gakuri-lab/gakuri/experiment"
)

func TestWrap(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"one two three four five six", []string{"one two three four", "five six"}},
		{"short", []string{"short"}},
		{"a-word-longer-than-the-whole-width then", []string{"a-word-longer-than-the-whole-width", "then"}},
		{"ばねのエネルギーの勾配降下法は、縮めるか。", []string{"ばねのエネルギーの勾", "配降下法は、縮める", "か。"}},
		{"次の float64 と tanh を使う", []string{"次の float64 と tanh", "を使う"}},
		{"0 より大きい (0 は不可)", []string{"0 より大きい (0 は不", "可)"}},
	}
	for _, tt := range tests {
		got := wrap(tt.text, 20)
		if !slices.Equal(got, tt.want) {
			t.Errorf("wrap(%q) = %q, want %q", tt.text, got, tt.want)
		}
		squeeze := strings.NewReplacer(" ", "")
		if squeeze.Replace(strings.Join(got, "")) != squeeze.Replace(tt.text) {
			t.Errorf("wrap(%q) lost letters: %q", tt.text, got)
		}
	}
}

// TestRulerTable holds the table against what it must look like in both
// languages, and looks at the cells in which columns begin and end.
func TestRulerTable(t *testing.T) {
	rulers := []experiment.Ruler{
		{Name: "g", Text: experiment.Text{En: "recovered g", Ja: "復元した g"}, Value: 9.8000004, Exact: 9.8, Error: 4e-7, Unit: "m/s²", PassMark: 1e-5, OK: true, Source: "given"},
		{Name: "mse", Text: experiment.Text{En: "mean squared error", Ja: "平均二乗誤差"}, Value: 0.02, Exact: 0, Error: 0.02, Sigma: new(0.001), Unit: "m²", PassMark: 1e-10, Source: "exact parabola"},
	}
	tests := []struct {
		lang  string
		width int
		want  string
	}{
		{"en", 100, `
   ruler                      value  exact  unit  error  pass mark  source
✓  recovered g                  9.8    9.8  m/s²  4e-07      1e-05  given
✗  mean squared error  0.02 ± 0.001      0  m²     0.02      1e-10  exact parabola
`}, {"ja", 75, `
   物差し                  値  厳密値  単位   誤差  合格線  出典
✓  復元した g             9.8     9.8  m/s²  4e-07   1e-05  given
✗  平均二乗誤差  0.02 ± 0.001       0  m²     0.02   1e-10  exact parabola
`}, {"en", 72, `
   ruler                      value  exact  unit  error  pass mark
✓  recovered g                  9.8    9.8  m/s²  4e-07      1e-05
     given
✗  mean squared error  0.02 ± 0.001      0  m²     0.02      1e-10
     exact parabola
`}, {"ja", 50, `
   物差し
              値  厳密値  単位   誤差  合格線
✓  復元した g
             9.8     9.8  m/s²  4e-07   1e-05
     given
✗  平均二乗誤差
    0.02 ± 0.001       0  m²     0.02   1e-10
     exact parabola
`}}
	for _, tt := range tests {
		var out bytes.Buffer
		a := &app{lang: tt.lang}
		a.rulerTable(&out, rulers, tt.width)
		if got := "\n" + out.String(); got != tt.want {
			t.Errorf("%s, %d cells:%s", tt.lang, tt.width, got)
		}
		for line := range strings.Lines(out.String()) {
			if w := textWidth(strings.TrimSuffix(line, "\n")); w > tt.width {
				t.Errorf("%s: %d cells of %d: %s", tt.lang, w, tt.width, line)
			}
		}
	}
}

// TestPlainProgress checks the lines of a run whose standard error is no
// terminal: one now and then, no control characters.
func TestPlainProgress(t *testing.T) {
	var out, errs bytes.Buffer
	a := &app{out: &out, err: &errs, lang: "en"}
	v := a.newView(&runFlags{})
	v.Put(experiment.Summary{Text: "model"})
	v.Put(experiment.Progress{Step: 1, Total: 10, Loss: 0.5, Unit: "J"})
	v.Put(experiment.Ruler{Name: "g", Value: 9.79, Unit: "m/s²"})
	v.last = v.last.Add(-lineEvery)
	v.Put(experiment.Progress{Step: 2, Total: 10, Loss: 0.25, Unit: "J"})
	v.Put(experiment.Progress{Step: 3, Total: 10, Loss: 0.125, Unit: "J"})
	v.done()
	if got, want := errs.String(), "step 2/10  loss 2.50e-01 J  g 9.79 m/s²\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if out.String() != "model\n" {
		t.Errorf("summary: %q", out.String())
	}
}

// TestKeeper checks that states reach the recorder at most once in keepEvery
// and other frames always.
func TestKeeper(t *testing.T) {
	var got []experiment.Frame
	k := &keeper{to: sinkFunc(func(f experiment.Frame) { got = append(got, f) }), last: time.Now()}
	k.Put(experiment.Saved{})
	k.Put(experiment.Progress{Step: 1})
	k.last = k.last.Add(-keepEvery)
	k.Put(experiment.Saved{})
	k.Put(experiment.Saved{})
	if want := []experiment.Frame{experiment.Progress{Step: 1}, experiment.Saved{}}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

type sinkFunc func(experiment.Frame)

func (f sinkFunc) Put(x experiment.Frame) { f(x) }

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 4289: "4,289", -4289: "-4,289", 1000000: "1,000,000", -100: "-100"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestLanguage(t *testing.T) {
	tests := []struct {
		args         []string
		all, lang, x string
	}{
		{nil, "", "", "en"},
		{nil, "", "ja_JP.UTF-8", "ja"},
		{nil, "C", "ja_JP.UTF-8", "en"},
		{nil, "ja", "", "ja"},
		{nil, "", "java", "en"},
		{[]string{"--lang", "ja"}, "C", "", "ja"},
		{[]string{"run", "--lang=en"}, "ja", "", "en"},
		{[]string{"--", "--lang=en"}, "ja", "", "ja"},
	}
	for _, tt := range tests {
		t.Setenv("LC_ALL", tt.all)
		t.Setenv("LC_MESSAGES", "")
		t.Setenv("LANG", tt.lang)
		if got := language(tt.args); got != tt.x {
			t.Errorf("language(%q) with LC_ALL=%q LANG=%q is %q, want %q", tt.args, tt.all, tt.lang, got, tt.x)
		}
	}
}

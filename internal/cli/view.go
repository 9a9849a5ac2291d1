package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/gakuri-lab/gakuri/experiment"
)

// How often the screen follows the run.
const (
	barEvery  = 80 * time.Millisecond
	lineEvery = 2 * time.Second
)

// view shows the frames of a run: the summary, then a progress bar where
// standard error is a terminal, or now and then a line where it is not.
type view struct {
	app     *app
	quiet   bool
	summary io.Writer
	bar     *progressbar.ProgressBar // nil until the first progress
	tty     bool

	mu    sync.Mutex // note comes from another goroutine
	last  time.Time
	ruler string // the current one, if any
}

func (a *app) newView(f *runFlags) *view {
	v := &view{app: a, quiet: f.quiet, summary: a.out, tty: isTerminal(a.err), last: time.Now()}
	if f.json {
		v.summary = a.err
	}
	return v
}

// Put shows a frame.
func (v *view) Put(f experiment.Frame) {
	if v.quiet {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	switch f := f.(type) {
	case experiment.Summary:
		fmt.Fprintln(v.summary, strings.TrimRight(f.Text, "\n"))
	case experiment.Ruler:
		v.ruler = v.app.rulerName(f) + " " + withUnit(number(f.Value, 4), f.Unit)
	case experiment.Progress:
		v.progress(f)
	}
}

func (v *view) progress(p experiment.Progress) {
	now := time.Now()
	if !v.tty {
		if now.Sub(v.last) >= lineEvery {
			v.last = now
			fmt.Fprintln(v.app.err, v.line(p))
		}
		return
	}
	if now.Sub(v.last) < barEvery {
		return
	}
	v.last = now
	if v.bar == nil {
		v.bar = v.app.newBar(int64(p.Total))
	}
	v.bar.Describe(v.describe(p))
	if p.Total > 0 {
		_ = v.bar.Set(min(p.Step, p.Total-1)) // a full bar would end its own line
	} else {
		_ = v.bar.Add(0)
	}
}

// newBar is a progress bar with time left on standard error; total 0 if nobody
// knows it.
func (a *app) newBar(total int64, more ...progressbar.Option) *progressbar.ProgressBar {
	if total == 0 {
		total = -1
	}
	return progressbar.NewOptions64(total, append([]progressbar.Option{
		progressbar.OptionSetWriter(a.err),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░", BarStart: " ", BarEnd: " "}),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionFullWidth(),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(true),
	}, more...)...)
}

func (v *view) describe(p experiment.Progress) string {
	text := v.app.say(textLoss) + " " + withUnit(fmt.Sprintf("%.2e", p.Loss), p.Unit)
	if v.ruler != "" {
		text += "  " + v.ruler
	}
	return text
}

func (v *view) line(p experiment.Progress) string {
	of := ""
	if p.Total > 0 {
		of = fmt.Sprintf("/%d", p.Total)
	}
	return fmt.Sprintf("%s %d%s  %s", v.app.say(textStep), p.Step, of, v.describe(p))
}

// note says something while the run goes on.
func (v *view) note(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.bar != nil {
		_ = v.bar.Clear()
	}
	fmt.Fprintln(v.app.err, text)
}

// done takes the bar away.
func (v *view) done() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.bar != nil {
		_ = v.bar.Clear()
	}
}

func withUnit(number, unit string) string {
	if unit == "" {
		return number
	}
	return number + " " + unit
}

// showResult prints what a run found: the rulers, how it ended, the folder.
func (a *app) showResult(c *call, res experiment.Result, seconds float64, quiet bool) error {
	k := inkFor(a.out)
	stop := string(res.Stop)
	if t, ok := stopTexts[stop]; ok {
		stop = a.say(t)
	}
	parts := []string{stop}
	if n, all := passed(res.Rulers), len(res.Rulers); all > 0 {
		paint := k.green
		if n < all {
			paint = k.red
		}
		parts = []string{paint(fmt.Sprintf("%d/%d %s", n, all, a.say(textPass))), stop}
	}
	took := fmt.Sprintf("%.3g s", seconds)
	if quiet {
		parts = append(parts, took, c.dir)
		_, err := fmt.Fprintf(a.out, "%s: %s\n", c.experiment.Name, strings.Join(parts, " · "))
		return err
	}
	if len(res.Rulers) > 0 {
		fmt.Fprintln(a.out)
		a.rulerTable(a.out, res.Rulers, columns(a.out))
	}
	parts = append(parts, a.count(res.Steps, textSteps), took)
	fmt.Fprintf(a.out, "\n%s: %s\n", c.experiment.Name, strings.Join(parts, " · "))
	_, err := fmt.Fprintf(a.out, "%s: %s\n", a.say(textFolder), c.dir)
	if res.Stop == "cancelled" {
		_, err = fmt.Fprintf(a.out, "%s: gakuri run --resume %s\n", a.say(textGoOn), c.dir)
	}
	return err
}

// count writes a number of things.
func (a *app) count(n int, things experiment.Text) string {
	word := a.say(things)
	if n == 1 && a.lang == "en" {
		word = strings.TrimSuffix(word, "s")
	}
	return thousands(n) + " " + word
}

// thousands writes 12345 as 12,345.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

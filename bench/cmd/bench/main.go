// Command bench measures the engine against the floating-point peak of the
// processor and, with -peers, against other programs on the same work.
//
// Both sides of a ratio run in turns of about a tenth of a second, and the
// medians of the turns are compared, so that a busy moment of the machine
// hits both.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gakuri-lab/gakuri/bench"
	"github.com/gakuri-lab/gakuri/engine/array"
	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/kernel"
	"github.com/gakuri-lab/gakuri/engine/kernel/matmul"
)

var (
	peers  = flag.Bool("peers", false, "also run the peers in bench/.venv")
	rounds = flag.Int("rounds", 15, "turns of each side")
	out    = flag.String("out", "", "write the report to this file, such as docs/benchmarks.md")
	only   = flag.String("only", "", "run only the rows whose name contains this")
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: go run ./bench/cmd/bench [-peers] [-rounds N] [-only TEXT] [-out FILE]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 {
		flag.Usage()
		os.Exit(2)
	}
	var report strings.Builder
	write := func(format string, a ...any) {
		fmt.Printf(format, a...)
		fmt.Fprintf(&report, format, a...)
	}
	header(write)
	peakRows(write)
	if *peers {
		if err := peerRows(write); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
	}
	if *out != "" {
		if err := os.WriteFile(*out, []byte(report.String()), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
	}
}

func header(write func(string, ...any)) {
	write("# Benchmarks\n\n")
	write("Written by `go run ./bench/cmd/bench%s` on %s.\n\n", map[bool]string{true: " -peers"}[*peers], time.Now().UTC().Format("2006-01-02"))
	write("Machine: %s, %d cores; %s %s/%s; kernels: %s. Other work may have shared the machine; each figure is the median of %d turns taken alternately, with the best turn in brackets.\n\n",
		processor(), runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, kernel.Level(), *rounds)
}

func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "processor unknown"
	}
	for _, line := range strings.Split(string(text), "\n") {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, "\t :")
		}
	}
	return "processor unknown"
}

// turns times f in turns of about a tenth of a second each and returns the
// seconds of one call, turn by turn.
type timer struct {
	f     func()
	calls int
	took  []float64
}

func newTimer(f func()) *timer {
	t := &timer{f: f, calls: 1}
	f()
	for {
		s := t.once()
		if s > 0.05 || t.calls > 1<<20 {
			break
		}
		t.calls *= max(2, int(0.1/max(s, 1e-6))/2)
		if s > 0.02 {
			break
		}
	}
	return t
}

func (t *timer) once() float64 {
	start := time.Now()
	for range t.calls {
		t.f()
	}
	return time.Since(start).Seconds()
}

func (t *timer) turn() { t.took = append(t.took, t.once()/float64(t.calls)) }

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if len(s)%2 == 1 {
		return s[len(s)/2]
	}
	return (s[len(s)/2-1] + s[len(s)/2]) / 2
}

// ratio is the median of a turn by turn over b.
func ratio(a, b []float64) float64 {
	r := make([]float64, len(a))
	for i := range a {
		r[i] = a[i] / b[i]
	}
	return median(r)
}

func ms(v []float64) string {
	return fmt.Sprintf("%.3f (%.3f)", 1e3*median(v), 1e3*slices.Min(v))
}

// peakRow measures the share of the floating-point peak that a step's matrix
// products reach: its other work counts as time, not as operations.
func peakRow[T array.Float](write func(string, ...any), name string, must, aim float64, make func(*exec.Pool) bench.Work) {
	if !strings.Contains(name, *only) {
		return
	}
	pool := exec.NewPool(1)
	defer pool.Close()
	w := make(pool)
	step := newTimer(func() { w.Step() })
	flops := 0
	peak := newTimer(func() { flops = matmul.FMALoop[T](100000) })
	for range *rounds {
		step.turn()
		peak.turn()
	}
	share := func(stepTook, peakTook float64) float64 {
		return 100 * w.Flops() / stepTook / (float64(flops) / peakTook)
	}
	marks := " | "
	if must > 0 {
		marks = fmt.Sprintf("%.0f %% | %.0f %%", must, aim)
	}
	write("| %s | %s | %.1f | %.0f (%.0f) %% | %s |\n", name, ms(step.took), w.Flops()/median(step.took)/1e9,
		share(median(step.took), median(peak.took)), share(slices.Min(step.took), slices.Min(peak.took)), marks)
}

func fall[T array.Float](widths ...int) func(*exec.Pool) bench.Work {
	return func(p *exec.Pool) bench.Work { return bench.FreeFall[T](widths, p) }
}

func peakRows(write func(string, ...any)) {
	write("## Share of the floating-point peak, one core\n\n")
	write("Free fall: value and two derivatives at 1000 points, gradient and Adam. Only the operations of matrix products count; the peak is that of a loop of multiply-adds in registers, measured in the same process between the steps.\n\n")
	write("| step | ms | GFLOP/s | of peak | must | aim |\n|---|---|---|---|---|---|\n")
	peakRow[float32](write, "1-32-64-32-1 float32", 65, 83, fall[float32](1, 32, 64, 32, 1))
	peakRow[float64](write, "1-32-64-32-1 float64", 60, 79, fall[float64](1, 32, 64, 32, 1))
	for _, r := range []struct {
		width     int
		must, aim float64
	}{{20, 45, 65}, {50, 55, 75}, {128, 70, 85}, {512, 75, 85}} {
		peakRow[float32](write, fmt.Sprintf("three layers of %d float32", r.width), r.must, r.aim, fall[float32](1, r.width, r.width, r.width, 1))
	}
	peakRow[float32](write, "784-128-10 float32", 0, 0, bench.Classifier[float32])
	write("\n")
	coreRows(write)
	coldStart(write)
}

// coreRows measures what the other cores add.
func coreRows(write func(string, ...any)) {
	n := runtime.NumCPU()
	if n < 2 || !strings.Contains("cores", *only) {
		return
	}
	write("## More cores\n\n| step | one core, ms | %d cores, ms | faster | must | aim |\n|---|---|---|---|---|---|\n", n)
	row := func(name string, make func(*exec.Pool) bench.Work) {
		one, all := exec.NewPool(1), exec.NewPool(n)
		defer one.Close()
		defer all.Close()
		w1, wn := make(one), make(all)
		a, b := newTimer(func() { w1.Step() }), newTimer(func() { wn.Step() })
		for range *rounds {
			a.turn()
			b.turn()
		}
		write("| %s | %s | %s | %.2f (%.2f) | 1.5 | 1.9 |\n", name, ms(a.took), ms(b.took), ratio(a.took, b.took), slices.Min(a.took)/slices.Min(b.took))
	}
	row("1-32-64-32-1 float32", fall[float32](1, 32, 64, 32, 1))
	row("1-32-64-32-1 float64", fall[float64](1, 32, 64, 32, 1))
	write("\n")
}

// coldStart times whole processes up to their first finished training step.
func coldStart(write func(string, ...any)) {
	if !strings.Contains("cold start", *only) {
		return
	}
	dir, err := os.MkdirTemp("", "gakuri-bench")
	if err != nil {
		write("cold start: %v\n\n", err)
		return
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "gakuri")
	if err := run("go", "build", "-o", bin, "./bench/cmd/firststep"); err != nil {
		write("cold start: %v\n\n", err)
		return
	}
	var whole, first []float64
	for range max(5, *rounds) {
		seconds, step, err := firstStep(bin, dir)
		if err != nil {
			write("cold start: %v\n\n", err)
			return
		}
		whole, first = append(whole, seconds), append(first, step)
	}
	write("## Cold start\n\n")
	write("Process start to the first finished training step of `gakuri run free-fall --preset notebook`: %s ms; must 50, aim 20. ", ms(first))
	write("The whole process with 250 steps, run folder and pictures included: %s ms.\n\n", ms(whole))
}

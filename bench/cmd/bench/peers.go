package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gakuri-lab/gakuri/bench"
	engine "github.com/gakuri-lab/gakuri/engine/exec"
)

// peer is a process of bench/peer.py; README.md there states the protocol.
type peer struct {
	name  string
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Scanner
	hello struct {
		Version        string
		CompileSeconds float64 `json:"compile_seconds"`
		Blas           string
	}
	steps int
	took  []float64 // seconds of a step, turn by turn
}

func startPeer(name, work, dtype string, threads int) (*peer, error) {
	python := filepath.Join("bench", ".venv", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		return nil, fmt.Errorf("no peers at %s: run `make peers`, which installs them first", python)
	}
	p := &peer{name: name, cmd: exec.Command(python, "bench/peer.py", name, work, "--threads", fmt.Sprint(threads), "--dtype", dtype)}
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(stdout)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := p.answer(&p.hello); err != nil {
		p.stop()
		return nil, err
	}
	for p.steps = 1; ; p.steps *= 2 {
		s, err := p.run()
		if err != nil {
			p.stop()
			return nil, err
		}
		if s*float64(p.steps) > 0.05 {
			return p, nil
		}
	}
}

// answer reads one line of JSON.
func (p *peer) answer(v any) error {
	if !p.out.Scan() {
		return fmt.Errorf("peer %s ended without an answer", p.name)
	}
	var fault struct{ Error string }
	if json.Unmarshal(p.out.Bytes(), &fault) == nil && fault.Error != "" {
		return fmt.Errorf("peer %s: %s", p.name, fault.Error)
	}
	return json.Unmarshal(p.out.Bytes(), v)
}

// run takes p.steps steps and returns the seconds of one.
func (p *peer) run() (float64, error) {
	fmt.Fprintf(p.in, "run %d\n", p.steps)
	var r struct{ Seconds float64 }
	err := p.answer(&r)
	return r.Seconds / float64(p.steps), err
}

func (p *peer) turn() error {
	s, err := p.run()
	p.took = append(p.took, s)
	return err
}

func (p *peer) stop() {
	fmt.Fprintln(p.in, "quit")
	p.in.Close()
	p.cmd.Wait()
}

// rival is a peer with the factor by which it must be beaten.
type rival struct {
	name      string
	must, aim float64
}

// rest is the pause between turns.
const rest = 300 * time.Millisecond

// duel runs our work and the rivals in turns and writes a row for each.
func duel(write func(string, ...any), title, work, dtype string, threads int, rivals []rival, make func(*engine.Pool) bench.Work) error {
	if !strings.Contains(title, *only) {
		return nil
	}
	pool := engine.NewPool(threads)
	defer pool.Close()
	w := make(pool)
	ours := newTimer(func() { w.Step() })
	type pair struct {
		rival
		p    *peer
		ours []float64
	}
	var pairs []*pair
	for _, r := range rivals {
		p, err := startPeer(r.name, work, dtype, threads)
		if err != nil {
			write("| %s | %s | not measured: %v |\n", title, r.name, err)
			continue
		}
		defer p.stop()
		pairs = append(pairs, &pair{rival: r, p: p})
	}
	for range *rounds {
		for _, q := range pairs {
			// Libraries' threads spin for some time after their work; the next
			// turn must not pay for it.
			time.Sleep(rest)
			ours.turn()
			q.ours = append(q.ours, ours.took[len(ours.took)-1])
			time.Sleep(rest)
			if err := q.p.turn(); err != nil {
				return err
			}
		}
	}
	for _, q := range pairs {
		mark := func(x float64) string {
			if x == 0 {
				return ""
			}
			return fmt.Sprintf("%g", x)
		}
		write("| %s | %s %s | %s | %s | %.1f (%.1f) | %s | %s |\n", title, q.name, q.p.hello.Version, ms(q.ours), ms(q.p.took),
			ratio(q.p.took, q.ours), slices.Min(q.p.took)/slices.Min(q.ours), mark(q.must), mark(q.aim))
	}
	return nil
}

func peerRows(write func(string, ...any)) error {
	write("## Beside peers\n\n")
	write("Milliseconds of one step; the factor is the median of the turns' ratios (best turn against best turn in brackets). Works and peers are described in bench/README.md.\n\n")
	write("| work | peer | ours, ms | peer, ms | faster | must | aim |\n|---|---|---|---|---|---|---|\n")
	fallPeers := []rival{{"torch-nested", 6, 10}, {"torch-compile", 2, 3}, {"torch-taylor", 2, 3}, {"torch-compile-taylor", 2, 3}, {"torch-hand", 2, 3},
		{"jax-nested", 2, 4}, {"jax-jet", 2, 3}, {"keras-tape", 15, 50}, {"keras-function", 4, 8}}
	if err := duel(write, "free fall 32-64-32, float32, one thread", "freefall", "f32", 1, fallPeers, fall[float32](1, 32, 64, 32, 1)); err != nil {
		return err
	}
	if err := duel(write, "free fall 32-64-32, float64, one thread", "freefall", "f64", 1,
		[]rival{{"torch-nested", 0, 0}, {"torch-hand", 0, 0}, {"jax-jet", 0, 0}}, fall[float64](1, 32, 64, 32, 1)); err != nil {
		return err
	}
	for _, width := range []int{20, 50, 128, 512} {
		err := duel(write, fmt.Sprintf("three layers of %d, float32, one thread", width), fmt.Sprint("mlp", width), "f32", 1,
			[]rival{{"torch-nested", 0, 0}, {"torch-hand", 0, 0}, {"jax-jet", 0, 0}}, fall[float32](1, width, width, width, 1))
		if err != nil {
			return err
		}
	}
	if err := duel(write, "Gauss-Newton step, float64, two threads", "gauss-newton", "f64", 2,
		[]rival{{"torch-func", 3, 6}, {"torch-func-compile", 3, 6}, {"jax", 3, 6}}, bench.GaussNewton); err != nil {
		return err
	}
	if err := duel(write, "classifier 784-128-10, float32, one thread", "classifier", "f32", 1,
		[]rival{{"torch-adam", 1.8, 2.9}, {"torch-adam-foreach", 1.8, 2.9}, {"torch-adam-fused", 1.8, 2.9}, {"torch-adam-compile", 0, 0}, {"jax", 0, 0}, {"keras-train-on-batch", 0, 0}},
		bench.Classifier[float32]); err != nil {
		return err
	}
	write("\n")
	return portable(write)
}

// portable times the build without assembly against PyTorch.
func portable(write func(string, ...any)) error {
	if !strings.Contains("portable", *only) {
		return nil
	}
	cmd := exec.Command("go", "run", "-tags", "purego", "./bench/cmd/portable")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	us := &peer{name: "portable build", cmd: cmd, in: in, out: bufio.NewScanner(stdout), steps: 10}
	defer us.stop()
	if err := us.answer(&us.hello); err != nil {
		return err
	}
	torch, err := startPeer("torch-nested", "freefall", "f32", 1)
	if err != nil {
		return err
	}
	defer torch.stop()
	for range *rounds {
		if err := us.turn(); err != nil {
			return err
		}
		if err := torch.turn(); err != nil {
			return err
		}
	}
	write("Portable build (`-tags purego`, no assembly), free fall in float32, one thread: %s ms against PyTorch nested %s ms: %.2f times as fast; must 0.5, aim 1.5.\n",
		ms(us.took), ms(torch.took), ratio(torch.took, us.took))
	return nil
}

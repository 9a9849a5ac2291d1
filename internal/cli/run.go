package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gakuri-lab/gakuri/engine/train"
	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/internal/record"
	"github.com/gakuri-lab/gakuri/internal/spec"
)

// runFlags are the flags of every run.
type runFlags struct {
	preset, spec string
	out, resume  string
	seed         uint64
	threads      int
	json, quiet  bool
}

// runFlagNames are taken: a spec cannot have them.
var runFlagNames = []string{"preset", "spec", "seed", "threads", "out", "resume", "json", "quiet", "lang", "help"}

// runCommand is "run", with one command below it for each experiment.
func (a *app) runCommand() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use: "run NAME", Short: a.say(textRun), Args: cobra.ArbitraryArgs, DisableSuggestions: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return a.unknown("experiment", args[0], a.names(), "gakuri list")
			}
			return fmt.Errorf("run: no experiment named: give one of %s", strings.Join(a.names(), ", "))
		},
	}
	p := cmd.PersistentFlags()
	p.SortFlags = false
	p.StringVar(&f.preset, "preset", "", a.say(textPreset))
	p.StringVar(&f.spec, "spec", "", a.say(textSpec))
	p.BoolVar(&f.json, "json", false, a.say(textJSON))
	p.Uint64Var(&f.seed, "seed", 0, a.say(textSeed))
	p.IntVar(&f.threads, "threads", 0, a.say(textThreads))
	p.StringVar(&f.out, "out", "", a.say(textOut))
	p.StringVar(&f.resume, "resume", "", a.say(textResume))
	p.BoolVar(&f.quiet, "quiet", false, a.say(textQuiet))
	must(cmd.MarkPersistentFlagFilename("spec", "yaml", "yml"))
	must(cmd.MarkPersistentFlagDirname("out"))
	must(cmd.MarkPersistentFlagDirname("resume"))
	must(cmd.RegisterFlagCompletionFunc("preset", a.completePreset))
	for _, e := range a.experiments {
		cmd.AddCommand(a.experimentCommand(e, f))
	}
	return cmd
}

func (a *app) completePreset(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var list []string
	for _, e := range a.experiments {
		for _, p := range e.Presets {
			if e.Name == cmd.Name() {
				list = append(list, cobra.CompletionWithDesc(p.Name, a.say(p.Text)))
			}
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// experimentCommand makes the command of e, its flags from its spec.
func (a *app) experimentCommand(e *experiment.Experiment, f *runFlags) *cobra.Command {
	var given []setting
	cmd := &cobra.Command{
		Use: e.Name, Short: a.say(e.Title), Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.prepare(e, f, given, cmd.Flags().Changed("seed"))
			if err != nil {
				return err
			}
			return a.run(cmd.Context(), c, f)
		},
	}
	cmd.Flags().SortFlags = false
	for _, field := range experiment.Fields(e.NewSpec()) {
		for _, taken := range runFlagNames {
			if field.Flag == taken {
				panic(fmt.Sprintf("cli: field %s of %s has the flag %q, which every run has", field.Name, e.Name, taken))
			}
		}
		flag := cmd.Flags().VarPF(&fieldFlag{field: field, given: &given, scratch: e.NewSpec()}, field.Flag, "", a.say(field.Text))
		if field.Kind == experiment.Bool {
			flag.NoOptDefVal = "true"
		}
		must(cmd.RegisterFlagCompletionFunc(field.Flag, completeField(field)))
	}
	cmd.SetHelpFunc(func(*cobra.Command, []string) { a.experimentHelp(e, cmd) })
	return cmd
}

// setting is a flag of a spec as the user gave it.
type setting struct {
	field experiment.Field
	text  string
}

// fieldFlag is the flag of a field of a spec. Values are checked when they are
// parsed, and set later: presets and spec files come first.
type fieldFlag struct {
	field   experiment.Field
	given   *[]setting
	scratch any
}

var _ pflag.Value = (*fieldFlag)(nil)

func (f *fieldFlag) Set(text string) error {
	if err := f.field.Set(f.scratch, text); err != nil {
		return err
	}
	*f.given = append(*f.given, setting{f.field, text})
	return nil
}

func (f *fieldFlag) String() string { return f.field.Default }
func (f *fieldFlag) Type() string   { return string(f.field.Kind) }

func completeField(f experiment.Field) cobra.CompletionFunc {
	words := f.Choices
	switch {
	case f.Kind == experiment.Bool:
		words = []string{"true", "false"}
	case len(words) == 0 && f.Default != "":
		words = []string{f.Default}
	}
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}

// call is a run that is ready to start.
type call struct {
	experiment *experiment.Experiment
	spec       any
	seed       uint64
	threads    int
	dir        string            // of the run folder
	from       *train.Checkpoint // nil starts anew
}

// prepare puts the spec together: defaults, then preset, spec file, flags.
func (a *app) prepare(e *experiment.Experiment, f *runFlags, given []setting, seeded bool) (*call, error) {
	if f.threads < 0 {
		return nil, fmt.Errorf("threads: %d is out of range: give 0 (all cores) or more", f.threads)
	}
	c := &call{experiment: e, seed: f.seed, threads: f.threads, dir: f.out}
	if c.threads == 0 {
		c.threads = runtime.GOMAXPROCS(0)
	}
	if f.resume != "" {
		return c, c.takeUp(f, given, seeded)
	}
	file := &spec.File{}
	if f.spec != "" {
		var err error
		if file, err = spec.ReadFile(f.spec, a.in); err != nil {
			return nil, err
		}
	}
	if file.Experiment != "" && file.Experiment != e.Name {
		return nil, fmt.Errorf("%s is a spec of %q, not of %q", file.Name, file.Experiment, e.Name)
	}
	if file.Seed != nil && !seeded {
		c.seed = *file.Seed
	}
	preset := f.preset
	if preset == "" {
		preset = file.Preset
	}
	var err error
	if c.spec, err = newSpec(e, preset); err != nil {
		return nil, err
	}
	if err := file.Apply(c.spec); err != nil {
		return nil, err
	}
	if err := apply(c.spec, given); err != nil {
		return nil, err
	}
	if c.dir == "" {
		c.dir = record.DefaultDir(e.Name, time.Now())
	}
	return c, nil
}

// apply sets flags, fills the rest and checks the whole.
func apply(s any, given []setting) error {
	for _, g := range given {
		if err := g.field.Set(s, g.text); err != nil {
			return err
		}
	}
	experiment.Fill(s)
	return experiment.Validate(s)
}

// newSpec returns the spec of a preset, or the zero value if preset is "".
func newSpec(e *experiment.Experiment, preset string) (any, error) {
	if preset == "" {
		return e.NewSpec(), nil
	}
	var list []string
	for _, p := range e.Presets {
		if p.Name == preset {
			return p.Spec(), nil
		}
		list = append(list, p.Name)
	}
	if near := experiment.Nearest(preset, list); near != "" {
		return nil, fmt.Errorf("unknown preset %q: did you mean %q?", preset, near)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("unknown preset %q: %s has none", preset, e.Name)
	}
	return nil, fmt.Errorf("unknown preset %q: give one of %s", preset, strings.Join(list, ", "))
}

// keepEvery is the least time between two states written to the run folder: a
// state on the disk costs as much as thousands of steps of a small network. The
// last state of a run that ends by itself or by Ctrl-C is always written.
const keepEvery = time.Second

// keeper passes frames to a recorder, and states not too often.
type keeper struct {
	to   experiment.Sink
	last time.Time
}

func (k *keeper) Put(f experiment.Frame) {
	if _, ok := f.(experiment.Saved); ok {
		if time.Since(k.last) < keepEvery {
			return
		}
		defer func() { k.last = time.Now() }()
	}
	k.to.Put(f)
}

// sinks hands every frame to several sinks.
type sinks []experiment.Sink

func (s sinks) Put(f experiment.Frame) {
	for _, sink := range s {
		sink.Put(f)
	}
}

// run runs a prepared call: frames to the run folder and the screen, then the
// result to the folder, the screen and the exit code.
func (a *app) run(ctx context.Context, c *call, f *runFlags) error {
	rec, err := a.openFolder(c)
	if err != nil {
		return err
	}
	defer rec.Close()
	v := a.newView(f)
	stopNote := context.AfterFunc(ctx, func() { v.note(a.say(textStopping)) })
	start := time.Now()
	res, runErr := c.experiment.Run(ctx, c.spec, experiment.Options{Seed: c.seed, Threads: c.threads, Resume: c.from}, sinks{&keeper{rec, start}, v})
	seconds := time.Since(start).Seconds()
	stopNote()
	v.done()

	_, diverged := errors.AsType[*train.DivergedError](runErr)
	switch {
	case diverged:
		res.Stop = train.Diverged
	case runErr != nil && errors.Is(runErr, context.Canceled):
		res.Stop, runErr = train.Cancelled, nil
	case runErr != nil:
		return errors.Join(runErr, rec.Fail(runErr))
	}
	rep, err := newReport(c, res, seconds, c.dir)
	if err != nil {
		return err
	}
	text, err := rep.json()
	if err != nil {
		return err
	}
	kept := cmp.Or(rec.Finish(res, text), rec.Close())
	if f.json {
		_, err = a.out.Write(text)
	} else {
		err = a.showResult(c, res, seconds, f.quiet)
	}
	if err := cmp.Or(kept, err); err != nil {
		return err
	}
	return a.verdict(c, res, runErr)
}

func (a *app) openFolder(c *call) (*record.Recorder, error) {
	h := record.Header{
		Experiment: c.experiment.Name, Seed: c.seed, Threads: c.threads, Lang: a.lang, Versions: versions(),
		Spec: spec.Marshal(c.experiment.Name, c.seed, c.spec, a.lang),
	}
	if c.from != nil {
		return record.Reopen(c.dir, h, c.from)
	}
	return record.Create(c.dir, h)
}

// verdict turns a result into the error whose exit code is the program's.
func (a *app) verdict(c *call, res experiment.Result, runErr error) error {
	switch {
	case res.Stop == train.Diverged:
		return &exit{exitFail, &divergedError{c.experiment.Name, c.dir, res.Steps, runErr}}
	case res.Stop == train.Cancelled:
		return &exit{code: exitInterrupted}
	case len(res.Rulers) == 0:
		return &exit{exitFail, errors.New(a.say(textNoRuler))}
	case passed(res.Rulers) < len(res.Rulers):
		return &exit{code: exitFail}
	}
	return nil
}

// divergedError says at which step a run diverged, what is kept and where, and
// what to try.
type divergedError struct {
	name, dir string
	step      int
	cause     error // a *[train.DivergedError], or nil
}

func (e *divergedError) Error() string { return e.In("en") }

// In returns the sentence in lang.
func (e *divergedError) In(lang string) string {
	loss, kept := math.NaN(), e.step
	if d, ok := errors.AsType[*train.DivergedError](e.cause); ok {
		loss, kept, e.step = d.Loss, d.Kept, d.Step
	}
	if lang == "ja" {
		return fmt.Sprintf("%s は発散しました。ステップ %d で損失が %g になりました。ステップ %d の状態を %s に保存しました。学習率を小さくするか、勾配を制限してください",
			e.name, e.step, loss, kept, e.dir)
	}
	return fmt.Sprintf("%s diverged: loss %g at step %d; the state of step %d is kept in %s; try a smaller rate or clip the gradient",
		e.name, loss, e.step, kept, e.dir)
}

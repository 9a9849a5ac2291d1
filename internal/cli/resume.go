package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/internal/record"
	"github.com/gakuri-lab/gakuri/internal/spec"
)

// nameFromFile finds the experiment of "run --resume DIR" and "run --spec
// FILE", which need not name it; "" if args have neither.
func (a *app) nameFromFile(args []string) (string, error) {
	var dir, file string
	p := pflag.NewFlagSet("", pflag.ContinueOnError)
	p.ParseErrorsAllowlist.UnknownFlags = true
	p.SetOutput(io.Discard)
	p.Usage = func() {}
	p.StringVar(&dir, "resume", "", "")
	p.StringVar(&file, "spec", "", "")
	if err := p.Parse(args); err != nil {
		return "", nil // the command says it better
	}
	name := ""
	switch {
	case dir != "":
		run, err := record.Load(dir)
		if err != nil {
			return "", err
		}
		name, file = run.Experiment, filepath.Join(dir, record.RunFile)
	case file != "" && file != "-":
		f, err := spec.ReadFile(file, nil)
		if err != nil {
			return "", err
		}
		if f.Experiment == "" {
			return "", fmt.Errorf("run: no experiment named, neither here nor in %s: give one of %s", file, strings.Join(a.names(), ", "))
		}
		name = f.Experiment
	default:
		return "", nil
	}
	for _, known := range a.names() {
		if name == known {
			return name, nil
		}
	}
	return "", fmt.Errorf("%s: %w", file, a.unknown("experiment", name, a.names(), "gakuri list"))
}

// takeUp makes c the continuation of the run in folder f.resume: same
// experiment, spec and seed, from its last checkpoint. Flags may change only
// fields that a resumed run may change.
func (c *call) takeUp(f *runFlags, given []setting, seeded bool) error {
	for name, value := range map[string]string{"out": f.out, "spec": f.spec, "preset": f.preset} {
		if value != "" {
			return fmt.Errorf("%s: cannot go with --resume: the run goes on in its own folder with its own spec", name)
		}
	}
	old, err := record.Load(f.resume)
	if err != nil {
		return err
	}
	if old.Experiment != c.experiment.Name {
		return fmt.Errorf("resume: %s holds a run of %q, not of %q", f.resume, old.Experiment, c.experiment.Name)
	}
	if seeded && f.seed != old.Seed {
		return fmt.Errorf("seed: the run in %s has seed %d, which cannot change when it is resumed", f.resume, old.Seed)
	}
	c.seed, c.dir = old.Seed, f.resume
	before, err := specOf(c.experiment, f.resume, old.Spec, nil)
	if err != nil {
		return err
	}
	if c.spec, err = specOf(c.experiment, f.resume, old.Spec, given); err != nil {
		return err
	}
	for _, field := range experiment.Changed(before, c.spec) {
		if !field.Budget {
			return fmt.Errorf("%s: %s in %s cannot become %s: %s", field.Flag, field.Format(before), f.resume, field.Format(c.spec), mayChange(c.spec))
		}
	}
	c.from, err = record.LoadCheckpoint(f.resume)
	return err
}

// specOf reads the recorded spec of a run and sets flags on it.
func specOf(e *experiment.Experiment, dir string, data []byte, given []setting) (any, error) {
	file, err := spec.Parse(filepath.Join(dir, record.SpecFile), data)
	if err != nil {
		return nil, err
	}
	s := e.NewSpec()
	if err := errors.Join(file.Apply(s), apply(s, given)); err != nil {
		return nil, err
	}
	return s, nil
}

// mayChange says which fields a resumed run may change.
func mayChange(s any) string {
	var flags []string
	for _, f := range experiment.Fields(s) {
		if f.Budget {
			flags = append(flags, f.Flag)
		}
	}
	if len(flags) == 0 {
		return "a resumed run changes nothing"
	}
	return "a resumed run may change only " + strings.Join(flags, ", ")
}

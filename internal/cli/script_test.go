package cli_test

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/internal/cli"
)

// TestMain lets the test binary be the program: scripts call "gakuri", which
// runs in a process of its own, with real signals and exit codes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gakuri": func() {
		ctx, stop := cli.Interruptible()
		code := cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, []*experiment.Experiment{descent})
		stop()
		os.Exit(code)
	}})
}

// TestScripts runs testdata/script, one file for each part of the command line.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "C")
			env.Setenv("LC_ALL", "")
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_CACHE_HOME", env.WorkDir+"/cache")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":      runForCode,
			"json":      checkJSON,
			"cutoff":    truncate,
			"interrupt": interrupt,
		},
	})
}

// runForCode is "code N command args…": the command must end with exit code N.
func runForCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command args…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		e, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = e.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// truncate is "cutoff file": the file loses its second half.
func truncate(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs(args[0])
	st, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.Truncate(path, st.Size()/2))
}

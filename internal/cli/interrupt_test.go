package cli_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// interrupt is "interrupt SIGNAL times CODE file command args…": the command is
// started; when the file exists and a little longer it gets the signal so many
// times, and must end with that exit code, where a process killed by SIGINT
// counts as 130, as in a shell. Its output goes to the files out and err.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}
	times, err := strconv.Atoi(args[1])
	ts.Check(err)
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(args[4], args[5:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "LC_ALL=", "LANG=C")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	ts.Check(cmd.Start())
	for range 500 {
		if _, err := os.Stat(ts.MkAbs(args[3])); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	for range times {
		time.Sleep(300 * time.Millisecond)
		ts.Check(cmd.Process.Signal(signals[args[0]]))
	}
	slow := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	defer slow.Stop()
	err = cmd.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("out"), stdout.Bytes(), 0o666))
	ts.Check(os.WriteFile(ts.MkAbs("err"), stderr.Bytes(), 0o666))
	code := 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		code = e.ExitCode()
		if e.String() == "signal: interrupt" {
			code = exitBySignal
		}
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d\n%s%s", code, want, stdout.Bytes(), stderr.Bytes())
	}
}

// exitBySignal is what shells say of a process that SIGINT has ended.
const exitBySignal = 130

package main

import (
	"bufio"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// firstStep starts a fresh process that trains free fall by the recipe of the
// notebook, and returns the seconds to its end and to the report of its first
// step. With 250 steps every step is reported.
func firstStep(bin, dir string) (whole, first float64, err error) {
	cmd := exec.Command(bin, "run", "free-fall", "--preset", "notebook", "--steps", "250",
		"--out", filepath.Join(dir, fmt.Sprint(time.Now().UnixNano())))
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	text := ""
	for in := bufio.NewScanner(stderr); in.Scan(); {
		if in.Text() == "first step" {
			first = time.Since(start).Seconds()
		}
		text = in.Text()
	}
	err = cmd.Wait()
	whole = time.Since(start).Seconds()
	// Exit code 1: after so few steps the rulers have not passed.
	if cmd.ProcessState.ExitCode() > 1 || first == 0 {
		return 0, 0, fmt.Errorf("gakuri: %v: %s", err, text)
	}
	return whole, first, nil
}

// Package record keeps a run as a folder of files.
//
// The folder of a run holds
//
//	run.json                what ran and with what: written first, it marks the folder as ours
//	spec.yaml               the spec
//	metrics.jsonl           one JSON object a line, from the frames of the run
//	checkpoint.safetensors  the last state kept; the run goes on from here
//	checkpoint.json         the same state's step and texts, for people
//	arrays.npz              arrays of the result, for numpy.load
//	weights.safetensors     weights of the network, for Python's safetensors
//	<figure>.svg, .png      pictures of the result
//	result.json             the result as printed with --json
//
// Every file except metrics.jsonl is written whole or not at all (package
// atomicfile), metrics.jsonl only grows at its end. The folder is therefore
// complete and resumable whenever the program stops.
package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/gakuri-lab/gakuri/engine/train"
	"github.com/gakuri-lab/gakuri/internal/atomicfile"
)

// Names of the files of a run folder.
const (
	RunFile        = "run.json"
	SpecFile       = "spec.yaml"
	MetricsFile    = "metrics.jsonl"
	CheckpointFile = "checkpoint.safetensors"
	CheckpointText = "checkpoint.json"
	ArraysFile     = "arrays.npz"
	WeightsFile    = "weights.safetensors"
	ResultFile     = "result.json"
)

const (
	runFormat  = "gakuri run 1"
	maxRunFile = 1 << 20     // bytes of a run.json or spec.yaml that is read
	flushEvery = time.Second // of metrics.jsonl, while frames come
)

// Header is what is known of a run before it starts.
type Header struct {
	Experiment string
	Spec       []byte // YAML, written as it is
	Seed       uint64
	Threads    int
	Lang       string // of the pictures: "ja", or anything else for English
	Versions   Versions
}

// Versions say which program ran on which machine.
type Versions struct {
	Gakuri string `json:"gakuri"` // module version, "(devel)" for a working copy
	Go     string `json:"go"`
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	Kernel string `json:"kernel"` // instruction set of the kernels, as the engine names it
}

// ThisProgram returns the versions of the running program; kernel is the
// engine's name for the instruction set in use.
func ThisProgram(kernel string) Versions {
	v := Versions{Gakuri: "(unknown)", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Kernel: kernel}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		v.Gakuri = info.Main.Version
	}
	return v
}

// Run is what run.json says.
type Run struct {
	Format     string     `json:"format"`
	Experiment string     `json:"experiment"`
	Seed       uint64     `json:"seed"`
	Threads    int        `json:"threads"`
	Lang       string     `json:"lang"`
	Started    time.Time  `json:"started"`
	Resumed    int        `json:"resumed"`         // how many times the run went on from a checkpoint
	Stop       train.Stop `json:"stop"`            // "" while the run is going on, or if it was killed
	Fault      string     `json:"fault,omitempty"` // what ended the run instead of a stop reason
	Versions   Versions   `json:"versions"`
	Spec       []byte     `json:"-"` // of spec.yaml
}

// DefaultDir names a folder for a new run, runs/<experiment>-<YYYYMMDD-HHMMSS>,
// with "-2", "-3" … behind it if that exists.
func DefaultDir(experiment string, now time.Time) string {
	base := filepath.Join("runs", experiment+"-"+now.Format("20060102-150405"))
	dir := base
	for n := 2; ; n++ {
		if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) || n > 1000 {
			return dir
		}
		dir = fmt.Sprintf("%s-%d", base, n)
	}
}

// Create makes the folder dir for a new run, with run.json, spec.yaml and an
// empty metrics.jsonl. A folder that exists must be empty: one that holds a
// run is not overwritten, nor one that holds anything else. The caller closes
// the recorder, whatever becomes of the run.
func Create(dir string, h Header) (*Recorder, error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return nil, fmt.Errorf("cannot make the run folder %s: %w", dir, bare(err))
	}
	if err := os.Mkdir(dir, 0o777); errors.Is(err, fs.ErrExist) {
		if err := checkEmpty(dir); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, fmt.Errorf("cannot make the run folder %s: %w", dir, bare(err))
	}
	run := newRun(h)
	run.Started = time.Now().Round(time.Second)
	return open(dir, run)
}

// Reopen goes on with the run in folder dir, from the checkpoint cp that
// [LoadCheckpoint] gave. Lines of metrics.jsonl after the checkpoint's step
// are dropped: the run says them again.
func Reopen(dir string, h Header, cp *train.Checkpoint) (*Recorder, error) {
	old, err := Load(dir)
	if err != nil {
		return nil, err
	}
	if old.Experiment != h.Experiment {
		return nil, fmt.Errorf("the run folder %s holds a run of %s, not of %s", dir, old.Experiment, h.Experiment)
	}
	if err := atomicfile.RemoveLeftovers(dir); err != nil {
		return nil, fmt.Errorf("cannot go on in the run folder %s: %w", dir, bare(err))
	}
	if err := cutMetrics(filepath.Join(dir, MetricsFile), cp.Step); err != nil {
		return nil, err
	}
	run := newRun(h)
	run.Started, run.Resumed = old.Started, old.Resumed+1
	return open(dir, run)
}

// Load reads what run.json and spec.yaml of a run folder say.
func Load(dir string) (Run, error) {
	st, err := os.Stat(dir)
	if err != nil {
		return Run{}, fmt.Errorf("no run folder %s: %w", dir, bare(err))
	}
	if !st.IsDir() {
		return Run{}, fmt.Errorf("%s is a file: need the folder of a run", dir)
	}
	path := filepath.Join(dir, RunFile)
	text, err := readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Run{}, fmt.Errorf("%s is not a run folder: it has no %s", dir, RunFile)
	}
	if err != nil {
		return Run{}, err
	}
	var run Run
	if err := json.Unmarshal(text, &run); err != nil {
		return Run{}, fmt.Errorf("%s is damaged: %w", path, err)
	}
	if run.Format != runFormat {
		return Run{}, fmt.Errorf("%s has format %q: need %q", path, run.Format, runFormat)
	}
	run.Spec, err = readSmall(filepath.Join(dir, SpecFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Run{}, fmt.Errorf("the run folder %s has no %s", dir, SpecFile)
	}
	return run, err
}

func newRun(h Header) Run {
	return Run{
		Format: runFormat, Experiment: h.Experiment, Seed: h.Seed, Threads: h.Threads,
		Lang: h.Lang, Versions: h.Versions, Spec: h.Spec,
	}
}

// checkEmpty says why dir cannot become a new run folder.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("cannot use %s as a run folder: %w", dir, bare(err))
	}
	if len(entries) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, RunFile)); err == nil {
		return fmt.Errorf("the folder %s already holds a run: resume it, or choose another folder", dir)
	}
	return fmt.Errorf("the folder %s is not empty and not a run folder: choose another one", dir)
}

// readSmall reads a file that ought to be small.
func readSmall(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxRunFile {
		return nil, fmt.Errorf("%s is not a regular file of at most %d bytes: it was not written by gakuri", path, maxRunFile)
	}
	return os.ReadFile(path)
}

// writeJSON writes v as indented JSON.
func writeJSON(path string, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return atomicfile.WriteBytes(path, b.Bytes())
}

// bare takes the path off a file error whose message names it already.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gakuri-lab/gakuri/engine/train"
	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/internal/npz"
	"github.com/gakuri-lab/gakuri/internal/safetensors"
)

func header() Header {
	return Header{
		Experiment: "free-fall", Spec: []byte("gravity: 9.8\n"), Seed: 1<<64 - 1, Threads: 2, Lang: "ja",
		Versions: ThisProgram("avx2"),
	}
}

func state(step int) *train.Checkpoint {
	return &train.Checkpoint{
		Step: step,
		Meta: map[string]string{"optimiser": "adam", "": "empty key", "random": "\x00\x01"},
		Tensors: []train.Tensor{
			{Name: "w", Shape: []int{2, 2}, F32: []float32{1, 2, 3, float32(math.NaN())}},
			{Name: "adam.m", Shape: []int{2}, F64: []float64{0.1, float64(step)}},
		},
	}
}

func result() experiment.Result {
	axis := experiment.Axis{Label: experiment.Text{En: "t", Ja: "時刻 t"}, Unit: "s"}
	line := experiment.Line{Label: experiment.Text{En: "network", Ja: "予測"}, X: []float64{0, 1}, Y: []float64{0, 1}}
	return experiment.Result{
		Steps: 20, Stop: train.Budget,
		Figures: []experiment.Curve{
			{Figure: "solution", X: axis, Y: axis, Lines: []experiment.Line{line}},
			{Figure: "loss", X: axis, Y: axis, Lines: []experiment.Line{line}},
			{Figure: "solution", X: axis, Y: axis, Lines: []experiment.Line{line}},
		},
		Arrays:     []experiment.Array{{Name: "x", Shape: []int{2}, Data: []float64{1, 2}}, {Name: "none", Shape: []int{0}}},
		Weights:    []train.Tensor{{Name: "w", Shape: []int{1}, F32: []float32{1}}},
		Checkpoint: state(20),
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

func create(t *testing.T) (*Recorder, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "runs", "one")
	r, err := Create(dir, header())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Err(); err != nil { // waits for run.json
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, dir
}

// TestWholeRun records a run and reads every file of it.
func TestWholeRun(t *testing.T) {
	r, dir := create(t)
	sigma := 0.5
	for _, f := range []experiment.Frame{
		experiment.Summary{Text: "network"},
		experiment.Progress{Step: 10, Total: 20, Loss: 0.25, Unit: "m²"},
		experiment.Scalar{Name: "g", Step: 10, Value: math.NaN(), Unit: "m/s²"},
		experiment.Saved{Checkpoint: state(10)},
		experiment.Ruler{Name: "g", Value: 9.7, Exact: 9.8, Error: 0.1, Sigma: &sigma, OK: true},
	} {
		r.Put(f)
	}
	if err := r.Finish(result(), []byte("{}\n")); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	const want = "arrays.npz checkpoint.json checkpoint.safetensors loss.png loss.svg metrics.jsonl result.json run.json solution.png solution.svg spec.yaml weights.safetensors"
	if got := names(t, dir); got != want {
		t.Errorf("files %s\n want %s", got, want)
	}
	run, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if run.Experiment != "free-fall" || run.Seed != 1<<64-1 || run.Threads != 2 || run.Stop != train.Budget ||
		string(run.Spec) != "gravity: 9.8\n" || run.Versions.Kernel != "avx2" || run.Versions.Go == "" || run.Started.IsZero() {
		t.Errorf("run.json says %+v", run)
	}
	lines, err := os.ReadFile(filepath.Join(dir, MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	const wantLines = `{"kind":"progress","step":10,"total":20,"name":"loss","value":0.25,"unit":"m²"}
{"kind":"scalar","step":10,"name":"g","value":null,"unit":"m/s²"}
{"kind":"ruler","step":10,"name":"g","value":9.7,"exact":9.8,"error":0.1,"sigma":0.5,"ok":true}
`
	if string(lines) != wantLines {
		t.Errorf("metrics.jsonl:\n%swant:\n%s", lines, wantLines)
	}
	arrays, err := npz.ReadFile(filepath.Join(dir, ArraysFile))
	if err != nil || len(arrays) != 2 || !reflect.DeepEqual(arrays[0].F64, []float64{1, 2}) {
		t.Errorf("arrays %v, error %v", arrays, err)
	}
	weights, _, err := safetensors.ReadFile(filepath.Join(dir, WeightsFile))
	if err != nil || len(weights) != 1 {
		t.Errorf("weights %v, error %v", weights, err)
	}
	picture, err := os.ReadFile(filepath.Join(dir, "solution.png"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, CheckpointText))
	if err != nil || !json.Valid(text) {
		t.Errorf("checkpoint.json: %s, error %v", text, err)
	}
	sameState(t, dir, state(20))
}

// sameState checks that the checkpoint in dir is want, bit for bit, apart from
// the order of its tensors.
func sameState(t *testing.T, dir string, want *train.Checkpoint) {
	t.Helper()
	got, err := LoadCheckpoint(dir)
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	if err := safetensors.Write(&a, got.Tensors, got.Meta); err != nil {
		t.Fatal(err)
	}
	if err := safetensors.Write(&b, want.Tensors, want.Meta); err != nil {
		t.Fatal(err)
	}
	if got.Step != want.Step || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Errorf("another checkpoint, of step %d, want %d", got.Step, want.Step)
	}
}

func TestCreateRefuses(t *testing.T) {
	_, dir := create(t)
	if _, err := Create(dir, header()); err == nil || !strings.Contains(err.Error(), "already holds a run") {
		t.Errorf("a run folder: error %v", err)
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "thesis.tex"), []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(foreign, header()); err == nil || !strings.Contains(err.Error(), "not empty and not a run folder") {
		t.Errorf("a foreign folder: error %v", err)
	}
	if got := names(t, foreign); got != "thesis.tex" {
		t.Errorf("the foreign folder now holds %s", got)
	}
	file := filepath.Join(foreign, "thesis.tex")
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		if _, err := Create(dir, header()); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", dir, err)
		}
	}
	r, err := Create(t.TempDir(), header())
	if err != nil {
		t.Fatalf("an empty folder: error %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// TestReopen goes on from step 10 of a run that was killed at step 17 in the
// middle of a line.
func TestReopen(t *testing.T) {
	r, dir := create(t)
	for step := 1; step <= 17; step++ {
		r.Put(experiment.Progress{Step: step})
		if step == 10 {
			r.Put(experiment.Saved{Checkpoint: state(step)})
		}
	}
	r.Close()
	path := filepath.Join(dir, MetricsFile)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"kind":"prog`)
	f.Close()
	leftover := filepath.Join(dir, ".arrays.npz.00112233445566aa.part")
	if err := os.WriteFile(leftover, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	cp, err := LoadCheckpoint(dir)
	if err != nil {
		t.Fatal(err)
	}
	other := header()
	other.Experiment = "pendulum"
	if _, err := Reopen(dir, other, cp); err == nil || !strings.Contains(err.Error(), "of free-fall, not of pendulum") {
		t.Errorf("another experiment: error %v", err)
	}
	again, err := Reopen(dir, header(), cp)
	if err != nil {
		t.Fatal(err)
	}
	again.Put(experiment.Progress{Step: 11})
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 11 || !strings.Contains(lines[10], `"step":11`) {
		t.Errorf("metrics.jsonl has %d lines, the last %s", len(lines), lines[len(lines)-1])
	}
	if _, err := os.Stat(leftover); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary file is still there: %v", err)
	}
	if run, err := Load(dir); err != nil || run.Resumed != 1 {
		t.Errorf("resumed %d times, error %v", run.Resumed, err)
	}
}

// TestBadCheckpoint holds that each damaged or foreign checkpoint is refused
// in one sentence that names the file.
func TestBadCheckpoint(t *testing.T) {
	r, dir := create(t)
	if _, err := LoadCheckpoint(dir); err == nil || !strings.Contains(err.Error(), "has no checkpoint.safetensors") {
		t.Errorf("no checkpoint: error %v", err)
	}
	r.Put(experiment.Saved{Checkpoint: state(10)})
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	path := filepath.Join(dir, CheckpointFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := func(name string, b []byte, want string) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := LoadCheckpoint(dir)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q", name, err, want)
		}
	}
	for n := range good {
		bad("cut", good[:n], "safetensors")
	}
	for i := 8; i < len(good); i++ { // every byte of header and data counts
		b := bytes.Clone(good)
		b[i] ^= 1
		bad("a bit flipped", b, "")
	}
	var foreign bytes.Buffer
	if err := safetensors.Write(&foreign, state(1).Tensors, map[string]string{"format": "pt"}); err != nil {
		t.Fatal(err)
	}
	bad("foreign", foreign.Bytes(), "is not a checkpoint of gakuri")
	if err := SaveCheckpoint(dir, "pendulum", state(3)); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadCheckpoint(dir); err == nil || !strings.Contains(err.Error(), `a checkpoint of "pendulum", but the run folder is of "free-fall"`) {
		t.Errorf("another experiment: error %v", err)
	}
	// Killed between the two files: checkpoint.json is of another state, and
	// that does no harm.
	if err := os.WriteFile(path, good, 0o666); err != nil {
		t.Fatal(err)
	}
	sameState(t, dir, state(10))
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	runs := map[string]string{}
	for name, text := range map[string]string{"broken": `{"format":`, "later": `{"format":"gakuri run 99"}`, "bare": `{"format":"gakuri run 1"}`} {
		runs[name] = filepath.Join(dir, name)
		if err := os.Mkdir(runs[name], 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(runs[name], RunFile), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ dir, want string }{
		{filepath.Join(dir, "absent"), "no run folder"},
		{file, "is a file: need the folder of a run"},
		{dir, "is not a run folder: it has no run.json"},
		{runs["broken"], "is damaged"},
		{runs["later"], `has format "gakuri run 99"`},
		{runs["bare"], "has no spec.yaml"},
	} {
		if _, err := LoadCheckpoint(tt.dir); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q", tt.dir, err, tt.want)
		}
	}
}

// TestOneFailure holds that a file that cannot be written keeps back no other,
// and is reported.
func TestOneFailure(t *testing.T) {
	r, dir := create(t)
	if err := os.Mkdir(filepath.Join(dir, ArraysFile), 0o777); err != nil {
		t.Fatal(err)
	}
	res := result()
	res.Figures[1].Figure = "../outside"
	err := r.Finish(res, []byte("{}"))
	if err == nil || !strings.Contains(err.Error(), "cannot write "+filepath.Join(dir, ArraysFile)) {
		t.Errorf("error %v, want one that names %s", err, ArraysFile)
	}
	for _, name := range []string{WeightsFile, CheckpointFile, "solution.png", ResultFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "..", "outside.png")); err == nil {
		t.Error("a picture was written outside the folder")
	}
	sameState(t, dir, state(20))
}

func TestDefaultDir(t *testing.T) {
	t.Chdir(t.TempDir())
	at := time.Date(2026, 11, 23, 20, 5, 9, 0, time.UTC)
	for _, want := range []string{"free-fall-20261123-200509", "free-fall-20261123-200509-2", "free-fall-20261123-200509-3"} {
		dir := DefaultDir("free-fall", at)
		if dir != filepath.Join("runs", want) {
			t.Errorf("%s, want runs/%s", dir, want)
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
}

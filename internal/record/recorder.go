package record

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/gakuri-lab/gakuri/engine/train"
	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/internal/atomicfile"
	"github.com/gakuri-lab/gakuri/internal/npz"
	"github.com/gakuri-lab/gakuri/internal/plot"
	"github.com/gakuri-lab/gakuri/internal/safetensors"
)

// A Recorder writes the folder of one run. It is an [experiment.Sink]: frames
// come from one goroutine, and writing errors wait in [Recorder.Err], so that
// a full disk does not stop the physics.
type Recorder struct {
	dir     string
	run     Run
	metrics *metrics
	started chan error // the result of writing spec.yaml and run.json; nil once it is known
	err     error
}

var _ experiment.Sink = (*Recorder)(nil)

// open opens metrics.jsonl and writes spec.yaml, then run.json. A disk may take
// tens of milliseconds to sync them, longer than the first training steps
// take, so that happens beside the run.
func open(dir string, run Run) (*Recorder, error) {
	m, err := openMetrics(filepath.Join(dir, MetricsFile))
	if err != nil {
		return nil, err
	}
	r := &Recorder{dir: dir, run: run, metrics: m, started: make(chan error, 1)}
	go func() {
		err := atomicfile.WriteBytes(filepath.Join(dir, SpecFile), run.Spec)
		if err == nil {
			err = writeJSON(filepath.Join(dir, RunFile), run)
		}
		r.started <- err
	}()
	return r, nil
}

// settle waits until the writing that [open] began is done.
func (r *Recorder) settle() {
	if r.started != nil {
		r.note(<-r.started)
		r.started = nil
	}
}

// Dir returns the folder.
func (r *Recorder) Dir() string { return r.dir }

// Err returns the first writing error so far.
func (r *Recorder) Err() error {
	r.settle()
	return r.err
}

// Put takes a frame: progress, scalars and rulers become lines of
// metrics.jsonl, a checkpoint replaces the one kept. Other frames are drawn
// from the result at the end.
func (r *Recorder) Put(f experiment.Frame) {
	switch f := f.(type) {
	case experiment.Saved:
		if f.Checkpoint == nil {
			return
		}
		r.settle()
		// The metrics first: what a kept checkpoint has behind it is never lost.
		r.note(r.metrics.flush())
		r.note(r.saveCheckpoint(f.Checkpoint))
	default:
		r.note(r.metrics.put(f))
	}
}

// Finish writes what the run found: arrays, weights, the last checkpoint,
// pictures, the JSON object resultJSON, and the stop reason. A nil resultJSON
// writes none. One file that fails does not keep back the others; the first
// error is returned, also if it came earlier in the run.
func (r *Recorder) Finish(res experiment.Result, resultJSON []byte) error {
	r.settle()
	r.note(r.metrics.flush())
	if len(res.Arrays) > 0 {
		r.note(r.saveArrays(res.Arrays))
	}
	if len(res.Weights) > 0 {
		meta := map[string]string{"gakuri.experiment": r.run.Experiment, "gakuri.version": r.run.Versions.Gakuri}
		r.note(safetensors.WriteFile(filepath.Join(r.dir, WeightsFile), res.Weights, meta))
	}
	if res.Checkpoint != nil {
		r.note(r.saveCheckpoint(res.Checkpoint))
	}
	r.note(r.savePictures(res.Figures))
	if resultJSON != nil {
		r.note(atomicfile.WriteBytes(filepath.Join(r.dir, ResultFile), resultJSON))
	}
	r.run.Stop = res.Stop
	r.note(writeJSON(filepath.Join(r.dir, RunFile), r.run))
	return r.err
}

// Fail notes what ended the run without a result.
func (r *Recorder) Fail(fault error) error {
	r.settle()
	r.note(r.metrics.flush())
	r.run.Fault = fault.Error()
	r.note(writeJSON(filepath.Join(r.dir, RunFile), r.run))
	return r.err
}

// Close flushes and closes metrics.jsonl and returns the first error of the
// whole recording.
func (r *Recorder) Close() error {
	r.settle()
	r.note(r.metrics.close())
	return r.err
}

// note keeps the first error.
func (r *Recorder) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *Recorder) saveArrays(arrays []experiment.Array) error {
	list := make([]npz.Array, len(arrays))
	for i, a := range arrays {
		data := a.Data
		if data == nil {
			data = []float64{}
		}
		list[i] = npz.Array{Name: a.Name, Shape: a.Shape, F64: data}
	}
	return npz.WriteFile(filepath.Join(r.dir, ArraysFile), list, npz.Stored)
}

func (r *Recorder) saveCheckpoint(cp *train.Checkpoint) error {
	return SaveCheckpoint(r.dir, r.run.Experiment, cp)
}

// figureName is what a picture may be called.
var figureName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// savePictures draws the curves, those of one figure name as one picture.
func (r *Recorder) savePictures(curves []experiment.Curve) error {
	var names []string
	panels := map[string][]experiment.Curve{}
	for _, c := range curves {
		if panels[c.Figure] == nil {
			names = append(names, c.Figure)
		}
		panels[c.Figure] = append(panels[c.Figure], c)
	}
	formats := []string{"svg", "png"}
	errs := make([]error, len(names)*len(formats))
	var wg sync.WaitGroup
	for i, name := range names {
		if !figureName.MatchString(name) {
			errs[i*len(formats)] = fmt.Errorf("a picture named %q: need letters, digits, '-' and '_'", name)
			continue
		}
		for k, format := range formats {
			wg.Go(func() {
				errs[i*len(formats)+k] = atomicfile.Write(filepath.Join(r.dir, name+"."+format), func(w io.Writer) error {
					return plot.Render(panels[name], r.run.Lang, w, format)
				})
			})
		}
	}
	wg.Wait()
	return first(errs)
}

func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

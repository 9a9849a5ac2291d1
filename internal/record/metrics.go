package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"time"

	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/internal/atomicfile"
)

// line is one line of metrics.jsonl. Kind is "progress", "scalar" or "ruler".
type line struct {
	Kind  string  `json:"kind"`
	Step  int     `json:"step"`
	Total int     `json:"total,omitempty"` // of progress
	Name  string  `json:"name,omitempty"`
	Value number  `json:"value"` // the loss of progress
	Exact *number `json:"exact,omitempty"`
	Error *number `json:"error,omitempty"`
	Sigma *number `json:"sigma,omitempty"`
	Unit  string  `json:"unit,omitempty"`
	OK    *bool   `json:"ok,omitempty"`
}

// number is a float64 that JSON can hold: NaN and the infinities, which it
// cannot, become null.
type number float64

// MarshalJSON writes null for what JSON has no number for.
func (x number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(x))
}

// metrics is the growing file of a run's frames.
type metrics struct {
	path    string
	f       *os.File
	buf     *bufio.Writer
	flushed time.Time
	step    int // of the last frame that had one
}

func openMetrics(path string) (*metrics, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, bare(err))
	}
	return &metrics{path: path, f: f, buf: bufio.NewWriterSize(f, 1<<15), flushed: time.Now()}, nil
}

// put adds the line of a frame, if it has one. Lines reach the file at least
// once a second while frames come.
func (m *metrics) put(f experiment.Frame) error {
	l, ok := m.lineOf(f)
	if !ok {
		return nil
	}
	text, err := json.Marshal(l)
	if err != nil {
		return m.failed(err)
	}
	if _, err := m.buf.Write(append(text, '\n')); err != nil {
		return m.failed(err)
	}
	if time.Since(m.flushed) >= flushEvery {
		return m.flush()
	}
	return nil
}

func (m *metrics) lineOf(f experiment.Frame) (line, bool) {
	switch f := f.(type) {
	case experiment.Progress:
		m.step = f.Step
		return line{Kind: "progress", Step: f.Step, Total: f.Total, Name: "loss", Value: number(f.Loss), Unit: f.Unit}, true
	case experiment.Scalar:
		m.step = f.Step
		return line{Kind: "scalar", Step: f.Step, Name: f.Name, Value: number(f.Value), Unit: f.Unit}, true
	case experiment.Ruler:
		exact, diff, ok := number(f.Exact), number(f.Error), f.OK
		l := line{Kind: "ruler", Step: m.step, Name: f.Name, Value: number(f.Value), Exact: &exact, Error: &diff, Unit: f.Unit, OK: &ok}
		if f.Sigma != nil {
			sigma := number(*f.Sigma)
			l.Sigma = &sigma
		}
		return l, true
	}
	return line{}, false
}

func (m *metrics) flush() error {
	m.flushed = time.Now()
	if err := m.buf.Flush(); err != nil {
		return m.failed(err)
	}
	return nil
}

func (m *metrics) close() error {
	err := m.flush()
	if e := m.f.Close(); err == nil && e != nil && !errors.Is(e, os.ErrClosed) {
		err = m.failed(e)
	}
	return err
}

func (m *metrics) failed(err error) error {
	return fmt.Errorf("cannot write %s: %w", m.path, bare(err))
}

// cutMetrics drops from the file the lines after the given step and a last
// line that a killed process left unfinished.
func cutMetrics(path string, step int) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", path, bare(err))
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		defer f.Close() // before the rename: Windows replaces no open file
		r := bufio.NewReaderSize(f, 1<<16)
		for {
			text, err := r.ReadBytes('\n')
			if err == io.EOF {
				return nil // an unfinished line ends here
			}
			if err != nil {
				return err
			}
			var l struct{ Step int }
			if json.Unmarshal(bytes.TrimSpace(text), &l) != nil || l.Step > step {
				continue
			}
			if _, err := w.Write(text); err != nil {
				return err
			}
		}
	})
}

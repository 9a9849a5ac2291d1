package train_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/train"
)

// script is a stepper that plays given losses; its state is the place in them.
type script struct {
	losses []float64
	at     int
	halt   *train.HaltError // with the last loss
	fault  error            // instead of the last loss
}

func (s *script) Step() (float64, error) {
	s.at++
	loss := s.losses[s.at-1]
	if s.at == len(s.losses) {
		if s.fault != nil {
			return 0, s.fault
		}
		if s.halt != nil {
			return loss, s.halt
		}
	}
	return loss, nil
}

func (s *script) Save(c *train.Checkpoint) {
	train.Put(c, "at", []float64{float64(s.at)})
}

func (s *script) Restore(c *train.Checkpoint) error {
	v, err := train.Get[float64](c, "at", 1)
	if err == nil {
		s.at = int(v[0])
	}
	return err
}

func TestRunStops(t *testing.T) {
	fall := []float64{8, 4, 2, 1, 0.5, 0.25}
	flat := []float64{8, 4, 3.99, 5, 3.98, 6, 7, 8, 9}
	tests := []struct {
		name   string
		losses []float64
		opt    train.Options
		halt   *train.HaltError
		stop   train.Stop
		step   int // steps taken
		at     int // state the stepper is left in
	}{
		{"no steps", fall, train.Options{}, nil, train.Budget, 0, 0},
		{"budget", fall, train.Options{Steps: 4}, nil, train.Budget, 4, 4},
		{"goal", fall, train.Options{Steps: 6, Goal: 1}, nil, train.Converged, 4, 4},
		{"goal below zero", []float64{1, -1, -3, -4}, train.Options{Steps: 4, Goal: -2}, nil, train.Converged, 3, 3},
		{"goal on the last step", fall, train.Options{Steps: 4, Goal: 1}, nil, train.Converged, 4, 4},
		{"patience, any gain", flat, train.Options{Steps: 9, Patience: 2}, nil, train.Patience, 7, 5},
		{"patience, gain of 10 %", flat, train.Options{Steps: 9, Patience: 3, MinGain: 0.1}, nil, train.Patience, 5, 5},
		{"budget with patience goes back", flat, train.Options{Steps: 6, Patience: 5}, nil, train.Budget, 6, 5},
		{"method has converged", fall, train.Options{Steps: 9}, &train.HaltError{Stop: train.Converged}, train.Converged, 6, 6},
		{"method has stalled", fall, train.Options{Steps: 9}, &train.HaltError{Stop: train.Stalled}, train.Stalled, 6, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{losses: tt.losses, halt: tt.halt}
			res, err := train.Run(context.Background(), s, tt.opt, nil)
			if err != nil {
				t.Fatal(err)
			}
			if res.Stop != tt.stop || res.Step != tt.step || s.at != tt.at {
				t.Errorf("stop %q (%s) after %d steps, left at %d; want %q, %d, %d",
					res.Stop, res.Reason, res.Step, s.at, tt.stop, tt.step, tt.at)
			}
		})
	}
}

func TestRunDiverged(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		s := &script{losses: []float64{5, 4, 3, 2, 1, bad, 0}}
		var kept *train.Checkpoint
		keep := func(c *train.Checkpoint) error { kept = c.Clone(); return nil }
		res, err := train.Run(context.Background(), s, train.Options{Steps: 7, Guard: 2, Keep: keep}, nil)
		var d *train.DivergedError
		if !errors.As(err, &d) || res.Stop != train.Diverged {
			t.Fatalf("loss %v: stop %q, error %v; want a DivergedError", bad, res.Stop, err)
		}
		if d.Step != 6 || d.Kept != 4 || s.at != 4 {
			t.Errorf("loss %v: step %d, kept %d, left at %d; want 6, 4, 4", bad, d.Step, d.Kept, s.at)
		}
		if !strings.Contains(err.Error(), "step 6") || !strings.Contains(err.Error(), "rate") {
			t.Errorf("message %q names neither step nor remedy", err)
		}
		if kept == nil || kept.Step != 4 {
			t.Fatalf("loss %v: the checkpoint is %+v, want one of step 4", bad, kept)
		}
		again := &script{losses: []float64{5, 4, 3, 2, 1, 0.5, 0.25}}
		res, err = train.Run(context.Background(), again, train.Options{Steps: 7, From: kept}, nil)
		if err != nil || res.Step != 7 || res.Loss != 0.25 {
			t.Errorf("resumed from it: %+v, %v; want 7 steps to loss 0.25", res, err)
		}
	}
}

func TestRunFaults(t *testing.T) {
	fault := errors.New("no such point")
	s := &script{losses: []float64{2, 1}, fault: fault}
	if _, err := train.Run(context.Background(), s, train.Options{Steps: 2}, nil); !errors.Is(err, fault) {
		t.Errorf("Step's error came back as %v", err)
	}
	s = &script{losses: []float64{2, 1}}
	full := errors.New("disk full")
	opt := train.Options{Steps: 2, Keep: func(*train.Checkpoint) error { return full }}
	if _, err := train.Run(context.Background(), s, opt, nil); !errors.Is(err, full) {
		t.Errorf("Keep's error came back as %v", err)
	}
	opt = train.Options{Steps: 2, From: &train.Checkpoint{}}
	if _, err := train.Run(context.Background(), s, opt, nil); err == nil || s.at != 2 {
		t.Errorf("an empty checkpoint: error %v, stepper moved to %d", err, s.at)
	}
}

func TestRunReports(t *testing.T) {
	var steps []int
	s := &script{losses: []float64{9, 8, 7, 6, 5, 4, 3}}
	opt := train.Options{Steps: 7, Every: 3}
	_, err := train.Run(context.Background(), s, opt, func(r train.Report) { steps = append(steps, r.Step) })
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) != 3 || steps[0] != 3 || steps[1] != 6 || steps[2] != 7 {
		t.Errorf("reports at %v, want 3, 6 and the last, 7", steps)
	}
}

// TestRunResumes cuts a run at every step, by cancelling, and goes on from
// the checkpoint: reports, result and final state are those of the whole run.
func TestRunResumes(t *testing.T) {
	losses := []float64{8, 4, 3.99, 5, 3.98, 6, 7, 8, 9}
	opt := train.Options{Steps: 9, Patience: 3}
	whole := &script{losses: losses}
	want, err := train.Run(context.Background(), whole, opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 1; cut < want.Step; cut++ {
		var kept *train.Checkpoint
		first := opt
		first.Keep = func(c *train.Checkpoint) error { kept = c.Clone(); return nil }
		ctx, cancel := context.WithCancel(context.Background())
		res, err := train.Run(ctx, &script{losses: losses}, first, func(r train.Report) {
			if r.Step == cut {
				cancel()
			}
		})
		cancel()
		if err != nil || res.Stop != train.Cancelled || kept == nil || kept.Step != cut {
			t.Fatalf("cut at %d: stop %q, error %v, checkpoint %v", cut, res.Stop, err, kept)
		}
		second := opt
		second.From = kept
		s := &script{losses: losses}
		got, err := train.Run(context.Background(), s, second, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got != want || s.at != whole.at {
			t.Errorf("resumed at %d: %+v, left at %d; whole run %+v, %d", cut, got, s.at, want, whole.at)
		}
	}
}

func TestCheckpointNumbers(t *testing.T) {
	c := &train.Checkpoint{}
	for _, v := range []float64{0, math.Copysign(0, -1), 0.1, math.Inf(-1), math.MaxFloat64, 5e-324} {
		c.SetFloat("v", v)
		if got, err := c.Float("v"); err != nil || math.Float64bits(got) != math.Float64bits(v) {
			t.Errorf("%v came back as %v, %v", v, got, err)
		}
	}
	train.Put(c, "w", []float32{1, 2})
	if _, err := train.Get[float64](c, "w", 2); err == nil {
		t.Error("a float32 vector was read as float64")
	}
	if _, err := train.Get[float32](c, "w", 3); err == nil {
		t.Error("2 elements were read as 3")
	}
	train.Put(c, "w", []float32{3, 4, 5})
	if w, err := train.Get[float32](c, "w", 3); err != nil || w[2] != 5 || len(c.Tensors) != 1 {
		t.Errorf("replaced vector is %v, %v", w, err)
	}
}

package train

import "fmt"

// Stalled is the end that a method declares when rounding, not the problem,
// keeps it from a lower loss.
const Stalled Stop = "stalled"

// A HaltError is how a [Stepper] ends the run by itself: the step it comes
// with is taken and its loss counts, and no further step would gain.
type HaltError struct {
	Stop   Stop   // Converged or Stalled
	Reason string // one clause: what was met
}

func (e *HaltError) Error() string { return fmt.Sprintf("train: %s: %s", e.Stop, e.Reason) }

// A DivergedError reports a loss that is NaN or infinite. The stepper is left
// in the state after step Kept, the last one kept with a finite loss.
type DivergedError struct {
	Step int     // the step whose loss it is
	Loss float64 // its value
	Kept int     // the step whose state is kept, below Step
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("train: loss %v at step %d; the state of step %d is kept; try a smaller rate or clip the gradient",
		e.Loss, e.Step, e.Kept)
}

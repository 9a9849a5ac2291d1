// Package train holds the one training loop: step, report, stop reason and
// the checkpoint as a value. It touches no files.
package train

// Tensor is a named array of one element type, row-major. Exactly one of F32
// and F64 is set.
type Tensor struct {
	Name  string
	Shape []int
	F32   []float32
	F64   []float64
}

// Checkpoint is the whole state of a run between two steps: from it the run
// goes on with the same bits as if it had not been stopped.
type Checkpoint struct {
	Step    int
	Meta    map[string]string // what is not an array: experiment, optimiser, random state
	Tensors []Tensor          // weights and optimiser state
}

// Stop says why a run ended.
type Stop string

const (
	Converged Stop = "converged" // the goal was reached
	Budget    Stop = "budget"    // all steps were taken
	Patience  Stop = "patience"  // no gain for the stated number of steps
	Cancelled Stop = "cancelled" // by the user
	Diverged  Stop = "diverged"  // a loss that is NaN or infinite
)

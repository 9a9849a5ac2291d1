// Package optim minimises: first-order methods with their schedules, L-BFGS,
// and Gauss-Newton with Levenberg-Marquardt damping.
//
// All of them work on flat vectors and know nothing of networks. The
// first-order rules ([Method]) only turn a gradient into new parameters;
// [Descent], [LBFGS] and [GaussNewton] also evaluate, and are steppers that
// train.Run drives. Their whole state goes into a train.Checkpoint and comes
// back bit for bit.
package optim

import "github.com/gakuri-lab/gakuri/engine/array"

// Loss is a differentiable function R^P → R.
type Loss[T array.Float] interface {
	// Eval returns the loss at x and fills grad, of the same length, with
	// ∂loss/∂x. It keeps neither slice.
	Eval(x, grad []T) float64
}

// Residuals is a differentiable function r: R^P → R^N; Gauss-Newton minimises
// ½‖r‖².
type Residuals interface {
	// Size returns N and P.
	Size() (n, p int)
	// Eval fills r [n] with the residuals at x [p].
	Eval(x, r []float64)
	// Jacobian fills r as Eval does and jac with J[i·ld+j] = ∂rᵢ/∂xⱼ,
	// shape [n × p] with rows ld apart.
	Jacobian(x, r, jac []float64, ld int)
}

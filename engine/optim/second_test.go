package optim

import "github.com/gakuri-lab/gakuri/engine/train"

// secondOrder lists the steppers with a memory of their own for TestResume.
func secondOrder() []resumable {
	wood := mgh()[6]
	gauss := func(opt GaussNewtonOptions) func() (train.Stepper, func() []uint64) {
		return func() (train.Stepper, func() []uint64) {
			x := append([]float64(nil), wood.start...)
			return NewGaussNewton(&curve{n: wood.n, p: wood.p, resid: wood.resid}, x, opt), bitsOf(x)
		}
	}
	single := func() (train.Stepper, func() []uint64) {
		x := start[float32](20)
		return NewLBFGS(rosenbrock[float32]{}, x, LBFGSOptions{Memory: 4}), bitsOf(x)
	}
	double := func() (train.Stepper, func() []uint64) {
		x := start[float64](20)
		return NewLBFGS(rosenbrock[float64]{}, x, LBFGSOptions{}), bitsOf(x)
	}
	return []resumable{
		{"L-BFGS, float64", double},
		{"L-BFGS, float32", single},
		{"Gauss-Newton", gauss(GaussNewtonOptions{})},
		{"Gauss-Newton, scaled", gauss(GaussNewtonOptions{Scale: true, Bend: -1})},
	}
}

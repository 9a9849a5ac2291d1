package kernel

// Accuracy returns the largest error of op in units in the last place, in
// float32 and float64, at every [Level]; the tests hold every level to it.
//
//	                float32  float64  domain
//	exp             1.5      2        all; denormal results too
//	log             1.5      1.5      all; log 0 = -Inf, NaN below 0
//	sin, cos        2        2        |x| ≤ 1e5 (float32), 1e8 (float64)
//	tanh            3        3        all
//	erf             2        2        all
//	sigmoid         2.5      2.5      all; denormal results too
//	softplus        3        2.5      all; denormal results too
//	all others      0.5      0.5      rounded once
//
// Beyond their domain sin and cos lose accuracy but stay within 1e-3 of
// [-1,1]; of ±Inf they are NaN. NaN in any operand gives NaN, except where a
// comparison ignores it. PowC is what [Lower] writes for it.
func Accuracy(op Op) (ulp32, ulp64 float64) {
	switch op {
	case Exp:
		return 1.5, 2
	case Log:
		return 1.5, 1.5
	case Sin, Cos, Erf:
		return 2, 2
	case Tanh:
		return 3, 3
	case Softplus:
		return 3, 2.5
	case Sigmoid:
		return 2.5, 2.5
	}
	return 0.5, 0.5
}

package matmul

import "github.com/gakuri-lab/gakuri/engine/array"

// FMALoop does the given number of rounds of independent multiply-adds on
// registers only and returns their floating-point operations, a multiply-add
// counting as two. Timed by a benchmark it gives the peak of one core at the
// level in use, against which products are measured.
func FMALoop[T array.Float](rounds int) (flops int) {
	if rounds <= 0 {
		return 0
	}
	return fmaLoop[T](rounds)
}

func fmaLoopPlain[T array.Float](rounds int) (flops int) {
	var s0, s1, s2, s3, s4, s5, s6, s7 T
	x, y := T(0.5), T(1)
	for range rounds {
		s0 += x * y
		s1 += x * y
		s2 += x * y
		s3 += x * y
		s4 += x * y
		s5 += x * y
		s6 += x * y
		s7 += x * y
		x = -x
	}
	if s0+s1+s2+s3+s4+s5+s6+s7 < 0 { // never: the sums are read so that the compiler keeps them
		return 0
	}
	return rounds * 16
}

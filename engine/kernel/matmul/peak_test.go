package matmul

import "testing"

func TestFMALoop(t *testing.T) {
	for _, l := range levels() {
		withLevel(t, l)
		one, many := FMALoop[float32](1), FMALoop[float32](1000)
		if one <= 0 || many != 1000*one || FMALoop[float64](0) != 0 {
			t.Errorf("%v: %d operations in a round, %d in 1000", l, one, many)
		}
	}
}

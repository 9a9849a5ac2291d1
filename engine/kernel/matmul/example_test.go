package matmul_test

import (
	"fmt"

	"github.com/gakuri-lab/gakuri/engine/kernel/matmul"
)

func ExampleMul() {
	a := []float64{1, 2, 3, 4, 5, 6} // 2 × 3
	b := []float64{1, 0, 0, 1, 1, 1} // 3 × 2
	c := make([]float64, 4)
	matmul.Mul(c, 2, a, 3, 1, b, 2, 2, 2, 3, false)
	fmt.Println(c)
	matmul.Mul(c, 2, a, 1, 2, b, 2, 2, 2, 3, true) // A stored transposed, added
	fmt.Println(c)
	// Output:
	// [4 5 10 11]
	// [10 13 18 21]
}

package linalg_test

import (
	"fmt"

	"github.com/gakuri-lab/gakuri/engine/linalg"
)

// Least squares by the normal equations: the line through (0,1), (1,3), (2,5).
func ExampleCholeskySolve() {
	x := []float64{1, 0, 1, 1, 1, 2} // rows 1, t
	y := []float64{1, 3, 5}
	gram, line := make([]float64, 4), make([]float64, 2)
	linalg.Syrk(gram, 2, true, x, 2, 2, 3, 1, 0, 1)                 // XᵀX
	linalg.Gemm(line, 1, true, false, x, 2, y, 1, 2, 1, 3, 1, 0, 1) // Xᵀy
	err := linalg.CholeskySolve(gram, 2, 2, line, 1, 1, 1)          // (XᵀX)⁻¹Xᵀy
	fmt.Printf("%.3f + %.3f t, %v\n", line[0], line[1], err)
	// Output: 1.000 + 2.000 t, <nil>
}

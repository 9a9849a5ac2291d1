// Command gen writes the assembly of package matmul with avo: row blocks for
// two levels (AVX-512, AVX2+FMA) and two precisions, row dot products, and
// register-only loops that show the peak.
//
//	go run ./gen -out zmul_amd64.s -stubs zmul_amd64.go -pkg matmul
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("!purego")
	for _, bits := range []int{32, 64} {
		for _, f := range forms {
			f.emit(bits)
		}
		emitDot(bits)
		emitPeak(bits, true)
		emitPeak(bits, false)
	}
	Generate()
}

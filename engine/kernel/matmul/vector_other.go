//go:build !amd64 || purego

package matmul

import "github.com/gakuri-lab/gakuri/engine/array"

func best() level { return plain }

func mulVector[T array.Float](c []T, ldc int, a []T, ars, acs int, b []T, ldb int, m, n, k int, acc bool) {
	mulPlain(c, ldc, a, ars, acs, b, ldb, m, n, k, acc)
}

func fmaLoop[T array.Float](rounds int) (flops int) { return fmaLoopPlain[T](rounds) }

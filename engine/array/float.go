// Package array names the element types of the engine's arrays. The arrays
// themselves are plain slices in row-major order; their shapes belong to the
// nodes of a program (package graph).
package array

// Float is the set of element types of the engine.
type Float interface{ float32 | float64 }

// Package array holds dense row-major arrays of float32 or float64: the
// values that go into and come out of numerical programs.
package array

// Float is the set of element types of the engine.
type Float interface{ float32 | float64 }

//go:build !amd64 || purego

package kernel

import "github.com/gakuri-lab/gakuri/engine/array"

// Level names the instructions in use: always "plain" in this build.
func Level() string { return "plain" }

func lookupFused[T array.Float](Code) func(*byte) { return nil }

func lookupOp[T array.Float](Op, int, [3]bool) func(*byte) { return nil }

func lookupReduction[T array.Float](reduction) (func(*byte), int) { return nil, 0 }

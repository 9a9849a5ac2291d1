package plot

import (
	"io"
	"testing"
)

// BenchmarkRender times the two pictures of a run with a panel of 1001 points
// and one of its error.
func BenchmarkRender(b *testing.B) {
	for _, format := range Formats {
		b.Run(format, func(b *testing.B) {
			for b.Loop() {
				if err := Render(freeFall(), "ja", io.Discard, format); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

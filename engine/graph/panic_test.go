package graph

import (
	"fmt"
	"strings"
	"testing"
)

// wantPanic runs f and wants a panic whose message begins with "graph: " and
// holds every one of the words.
func wantPanic(t *testing.T, words string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		text := fmt.Sprint(recover())
		if !strings.HasPrefix(text, "graph: ") {
			t.Errorf("panic %q, want one of package graph with %q", text, words)
		}
		for _, w := range strings.Split(words, "|") {
			if !strings.Contains(text, w) {
				t.Errorf("panic %q, want %q in it", text, w)
			}
		}
	}()
	f()
}

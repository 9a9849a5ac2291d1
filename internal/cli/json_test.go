package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// checkJSON is "json FILE key=value …": the file ("stdout" is the output of the
// last command) holds exactly one JSON object, in which each key, written
// rulers.0.ok, has that value in JSON.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	dec := json.NewDecoder(strings.NewReader(text))
	var object map[string]any
	if err := dec.Decode(&object); err != nil {
		ts.Fatalf("%s is no JSON object: %v\n%s", args[0], err, text)
	}
	if _, err := dec.Token(); err != io.EOF {
		ts.Fatalf("%s holds more than one JSON object:\n%s", args[0], text)
	}
	for _, arg := range args[1:] {
		key, want, _ := strings.Cut(arg, "=")
		got, err := json.Marshal(lookup(object, strings.Split(key, ".")))
		ts.Check(err)
		if (string(got) == want) == neg {
			fmt.Fprint(os.Stderr, text)
			ts.Fatalf("%s: %s is %s, want %s", args[0], key, got, want)
		}
	}
}

// lookup follows a path of keys and indices; nil if it leads nowhere.
func lookup(v any, path []string) any {
	for _, key := range path {
		switch w := v.(type) {
		case map[string]any:
			value, ok := w[key]
			if !ok {
				return "missing"
			}
			v = value
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(w) {
				return "missing"
			}
			v = w[i]
		default:
			return "missing"
		}
	}
	return v
}

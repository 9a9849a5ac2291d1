package spec

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gakuri-lab/gakuri/experiment"
)

// Marshal writes a filled spec as a spec file that [Parse] reads back, each
// value with its text, unit and range in lang ("en" or "ja") as a comment.
func Marshal(name string, seed uint64, spec any, lang string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "experiment: %s\nseed: %d\n", name, seed)
	for _, f := range experiment.Fields(spec) {
		comment := Comment(f, lang)
		if comment != "" {
			fmt.Fprintf(&b, "\n# %s\n", comment)
		}
		value := yamlValue(f, spec)
		if value == "" {
			fmt.Fprintf(&b, "# %s: chosen by the experiment\n", f.Flag)
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", f.Flag, value)
	}
	return []byte(b.String())
}

// Comment is what is to be said of a field in one line: text, unit, range, choices.
func Comment(f experiment.Field, lang string) string {
	var notes []string
	if f.Unit != "" {
		notes = append(notes, f.Unit)
	}
	if r := f.Range().In(lang); r != "" {
		notes = append(notes, r)
	}
	if len(f.Choices) > 0 {
		notes = append(notes, strings.Join(f.Choices, ", "))
	}
	text := strings.Join(strings.Fields(f.Text.In(lang)), " ")
	if len(notes) == 0 {
		return text
	}
	separator := "; "
	if lang == "ja" {
		separator = "、"
	}
	return strings.TrimSpace(text + " [" + strings.Join(notes, separator) + "]")
}

// yamlValue is the field's value in YAML; "" if it has none.
func yamlValue(f experiment.Field, spec any) string {
	text := f.Format(spec)
	switch {
	case f.Value(spec) == nil:
		return ""
	case f.Kind.List():
		if text == "" && f.MinLen > 0 {
			return ""
		}
		return "[" + strings.ReplaceAll(text, ",", ", ") + "]"
	case f.Kind == experiment.String:
		if text == "" {
			return ""
		}
		return strconv.Quote(text)
	case f.Kind == experiment.Int && f.Default == "" && !f.Pointer && text == "0",
		f.Kind == experiment.Float && f.Default == "" && !f.Pointer && text == "0":
		return ""
	}
	return text
}

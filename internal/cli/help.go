package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gakuri-lab/gakuri/experiment"
)

// experimentHelp prints the question, examples, fields and presets of e.
func (a *app) experimentHelp(e *experiment.Experiment, cmd *cobra.Command) {
	k := inkFor(a.out)
	width := columns(a.out)
	fmt.Fprintf(a.out, "%s\n", k.bold(a.say(e.Title)))
	for _, line := range wrap(a.say(e.Question), width) {
		fmt.Fprintln(a.out, line)
	}
	head := func(t experiment.Text) { fmt.Fprintf(a.out, "\n%s\n", k.bold(a.say(t))) }

	head(textUsage)
	fmt.Fprintf(a.out, "  gakuri run %s [flags]\n", e.Name)
	head(textExamples)
	for _, line := range e.Example {
		fmt.Fprintln(a.out, "  "+line)
	}

	fields := experiment.Fields(e.NewSpec())
	var every []*pflag.Flag
	cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) { every = append(every, f) })
	column := len("  --threads  ")
	for _, f := range fields {
		column = max(column, len("  --"+f.Flag+"  "))
	}
	entry := func(name string, parts ...string) {
		text := strings.Join(parts, a.comma())
		for i, line := range wrap(text, width-column) {
			if i > 0 {
				name = ""
			}
			fmt.Fprintln(a.out, pad("  "+name, column, left)+line)
		}
	}
	head(textFields)
	for _, f := range fields {
		entry("--"+f.Flag, a.fieldParts(f)...)
	}
	if len(e.Presets) > 0 {
		head(textPresets)
		for _, p := range e.Presets {
			fmt.Fprintln(a.out, "  --preset "+p.Name)
			for _, line := range wrap(a.say(p.Text), width-column) {
				fmt.Fprintln(a.out, strings.Repeat(" ", column)+line)
			}
		}
	}
	head(textEveryRun)
	for _, f := range every {
		entry("--"+f.Name, f.Usage)
	}
	fmt.Fprintln(a.out)
	for _, line := range wrap(a.say(textExitCodes), width) {
		fmt.Fprintln(a.out, line)
	}
}

func (a *app) comma() string {
	if a.lang == "ja" {
		return "、"
	}
	return ", "
}

// fieldParts says what a field is, its unit and range, its default.
func (a *app) fieldParts(f experiment.Field) []string {
	text := a.say(f.Text)
	if f.Unit != "" {
		text += " [" + f.Unit + "]"
	}
	parts := []string{text}
	if r := a.say(f.Range()); r != "" {
		parts = append(parts, r)
	}
	if len(f.Choices) > 0 {
		parts = append(parts, a.say(textOneOf)+" "+strings.Join(f.Choices, " "))
	}
	switch {
	case f.Kind == experiment.Bool && f.Default == "":
		parts = append(parts, a.say(textDefault)+" false")
	case f.Default == "":
		parts = append(parts, a.say(textAuto))
	default:
		parts = append(parts, a.say(textDefault)+" "+f.Default)
	}
	return parts
}

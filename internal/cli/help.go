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
	fmt.Fprintf(a.out, "%s\n", k.bold(a.say(e.Title)))
	a.entry(0, "", a.say(e.Question))
	head := func(t experiment.Text) { fmt.Fprintf(a.out, "\n%s\n", k.bold(a.say(t))) }

	head(textUsage)
	fmt.Fprintf(a.out, "  gakuri run %s [flags]\n", e.Name)
	head(textExamples)
	for _, line := range e.Example {
		fmt.Fprintln(a.out, "  "+line)
	}

	fields := experiment.Fields(e.NewSpec())
	column := len("  --threads  ")
	for _, f := range fields {
		column = max(column, len("  --"+f.Flag+"  "))
	}
	head(textFields)
	for _, f := range fields {
		a.entry(column, "--"+f.Flag, strings.Join(a.fieldParts(f), a.say(experiment.Text{En: "; ", Ja: "。"})))
	}
	if len(e.Presets) > 0 {
		head(textPresets)
	}
	for _, p := range e.Presets {
		fmt.Fprintln(a.out, "  --preset "+p.Name)
		a.entry(column, "", a.say(p.Text))
	}
	head(textEveryRun)
	for _, name := range runFlagNames {
		if f := cmd.Flag(name); f != nil {
			a.entry(column, "--"+name, f.Usage)
		}
	}
	fmt.Fprintln(a.out)
	a.entry(0, "", a.say(textExitCodes))
}

// commandHelp prints what a command is, its commands and flags.
func (a *app) commandHelp(cmd *cobra.Command) {
	k := inkFor(a.out)
	a.entry(0, "", cmd.Short)
	head := func(t experiment.Text) { fmt.Fprintf(a.out, "\n%s\n", k.bold(a.say(t))) }

	head(textUsage)
	use := strings.TrimSuffix(cmd.UseLine(), " [flags]")
	if cmd.HasAvailableSubCommands() && cmd.Name() != "run" {
		use += " COMMAND"
	}
	fmt.Fprintf(a.out, "  %s [flags]\n", use)
	column := 12
	for _, c := range cmd.Commands() {
		column = max(column, len("  "+c.Name()+"  "))
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) { column = max(column, len("  --"+f.Name+"  ")) })
	if cmd.HasAvailableSubCommands() {
		head(textCommands)
	}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			a.entry(column, c.Name(), c.Short)
		}
	}
	head(textFlags)
	cmd.Flags().VisitAll(func(f *pflag.Flag) { a.entry(column, "--"+f.Name, f.Usage) })
	if long := cmd.Long; long != "" {
		fmt.Fprintf(a.out, "\n%s\n", long)
	}
}

// entry prints a name and, beginning in the given column, its text.
func (a *app) entry(column int, name, text string) {
	if name != "" {
		name = "  " + name
	}
	for _, line := range wrap(text, columns(a.out)-column) {
		fmt.Fprintln(a.out, pad(name, column, left)+line)
		name = ""
	}
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
		parts = append(parts, strings.Join(f.Choices, ", "))
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

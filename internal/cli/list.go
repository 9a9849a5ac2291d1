package cli

import (
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/gakuri-lab/gakuri/engine/kernel/matmul"
	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/internal/record"
)

// printJSON writes v as one JSON object, indented.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func (a *app) listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: a.say(textList), Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return a.printJSON(a.listing())
			}
			width := 0
			for _, e := range a.experiments {
				width = max(width, textWidth(e.Name))
			}
			for _, e := range a.experiments {
				fmt.Fprintf(a.out, "%s  %s\n", pad(e.Name, width, left), a.say(e.Title))
				for _, line := range wrap(a.say(e.Question), columns(a.out)-width-2) {
					fmt.Fprintf(a.out, "%*s  %s\n", width, "", line)
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, a.say(textJSON))
	return cmd
}

// listed is an experiment as "list --json" shows it.
type listed struct {
	Name     string          `json:"name"`
	Title    experiment.Text `json:"title"`
	Question experiment.Text `json:"question"`
	Examples []string        `json:"examples"`
	Presets  []listedPreset  `json:"presets"`
	Fields   []listedField   `json:"fields"`
}

type listedPreset struct {
	Name string          `json:"name"`
	Text experiment.Text `json:"text"`
}

type listedField struct {
	Flag    string          `json:"flag"`
	Kind    experiment.Kind `json:"kind"`
	Text    experiment.Text `json:"text"`
	Unit    string          `json:"unit"`
	Range   string          `json:"range"`
	Choices []string        `json:"choices,omitempty"`
	Default string          `json:"default"` // as on the command line; "" if the experiment chooses
}

func (a *app) listing() []listed {
	list := []listed{}
	for _, e := range a.experiments {
		l := listed{Name: e.Name, Title: e.Title, Question: e.Question,
			Examples: append([]string{}, e.Example...), Presets: []listedPreset{}, Fields: []listedField{}}
		for _, p := range e.Presets {
			l.Presets = append(l.Presets, listedPreset{p.Name, p.Text})
		}
		for _, f := range experiment.Fields(e.NewSpec()) {
			l.Fields = append(l.Fields, listedField{f.Flag, f.Kind, f.Text, f.Unit, f.Range().En, f.Choices, f.Default})
		}
		list = append(list, l)
	}
	return list
}

// versions says which program this is.
func versions() record.Versions { return record.ThisProgram(matmul.Level()) }

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "version", Short: a.say(textVersion), Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versions()
			if asJSON {
				return a.printJSON(v)
			}
			_, err := fmt.Fprintf(a.out, "gakuri %s, %s, %s/%s, %d cores, kernels %s\n", v.Gakuri, v.Go, v.OS, v.Arch, runtime.NumCPU(), v.Kernel)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, a.say(textJSON))
	return cmd
}

// noArgs refuses words after a command that takes none.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s: %q is too much: this command takes flags only", cmd.CommandPath(), args[0])
	}
	return nil
}

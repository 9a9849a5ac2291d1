package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/gakuri-lab/gakuri/internal/dataset"
)

// dataCommand is "data list", "data get NAME" and "data path NAME".
func (a *app) dataCommand() *cobra.Command {
	var given string
	cmd := &cobra.Command{
		Use: "data", Short: a.say(textData), Args: cobra.ArbitraryArgs, DisableSuggestions: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return a.unknown("command", "data "+args[0], []string{"data list", "data get", "data path"}, "gakuri data --help")
			}
			return errors.New("data: nothing asked: give list, get NAME or path NAME")
		},
	}
	cmd.PersistentFlags().StringVar(&given, "data-dir", os.Getenv("GAKURI_DATA"), a.say(textDataDir))
	cmd.PersistentFlags().Lookup("data-dir").DefValue = "" // the environment is not the default
	must(cmd.MarkPersistentFlagDirname("data-dir"))
	cmd.AddCommand(a.dataList(&given),
		a.dataOne("get", a.say(textDataGet), func(ctx context.Context, name string) error { return a.getData(ctx, given, name) }),
		a.dataOne("path", a.say(textDataPath), func(_ context.Context, name string) error {
			dir, err := store(given).Path(name)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, dir)
			return err
		}))
	return cmd
}

// store is where data sets are: the given folder first, then the user's cache.
func store(given string) dataset.Store {
	cache, _ := dataset.DefaultCache() // without one, Get says what to do
	return dataset.Store{Sets: dataset.Sets(), Given: given, Cache: cache}
}

// dataOne makes a command that takes the name of a data set.
func (a *app) dataOne(verb, short string, do func(ctx context.Context, name string) error) *cobra.Command {
	var names []string
	for _, s := range dataset.Sets() {
		names = append(names, cobra.CompletionWithDesc(s.Name, a.say(s.Text)))
	}
	return &cobra.Command{
		Use: verb + " NAME", Short: short,
		ValidArgsFunction: cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("data %s: %d names given: give one, \"gakuri data list\" shows all", verb, len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return do(cmd.Context(), args[0]) },
	}
}

// listedSet is a data set as "data list --json" shows it.
type listedSet struct {
	Name    string `json:"name"`
	Text    string `json:"text"`
	Licence string `json:"licence"`
	Source  string `json:"source"`
	Path    string `json:"path"` // "" if it is not here
}

func (a *app) dataList(given *string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: a.say(textDataList), Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			st := store(*given)
			list := []listedSet{}
			for _, s := range st.Sets {
				path, err := st.Path(s.Name)
				if missing := (*dataset.MissingError)(nil); err != nil && !errors.As(err, &missing) {
					return err
				}
				list = append(list, listedSet{s.Name, a.say(s.Text), s.Licence, s.Source, path})
			}
			if asJSON {
				return a.printJSON(list)
			}
			a.showSets(list)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, a.say(textJSON))
	return cmd
}

func (a *app) showSets(list []listedSet) {
	width := 0
	for _, s := range list {
		width = max(width, textWidth(s.Name))
	}
	for _, s := range list {
		where := s.Path
		if where == "" {
			where = a.say(textNotHere) + " gakuri data get " + s.Name
		}
		name := s.Name
		for _, text := range []string{s.Text, s.Licence, where} {
			for _, line := range wrap(text, columns(a.out)-width-2) {
				fmt.Fprintf(a.out, "%s  %s\n", pad(name, width, left), line)
				name = ""
			}
		}
	}
}

// getData fetches a data set, licence first, and prints its folder.
func (a *app) getData(ctx context.Context, given, name string) error {
	st := store(given)
	set, err := dataset.Find(st.Sets, name)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.err, "%s\n%s\n%s\n", a.say(set.Text), set.Source, set.Licence)
	var bar *progressbar.ProgressBar
	file := ""
	clear := func() {
		if bar != nil {
			_ = bar.Clear()
		}
	}
	dir, err := st.Get(ctx, name, func(p dataset.Progress) {
		if !isTerminal(a.err) {
			if p.File != file {
				fmt.Fprintln(a.err, p.File)
			}
			file = p.File
			return
		}
		if p.File != file {
			clear()
			file, bar = p.File, a.newBar(p.Total, progressbar.OptionShowBytes(true), progressbar.OptionSetDescription(p.File))
		}
		_ = bar.Set64(p.Done)
	})
	clear()
	if errors.Is(err, context.Canceled) {
		return &exit{exitInterrupted, err}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.out, dir)
	return err
}

// Package cli is the command line: it makes flags of specs, runs experiments,
// shows their frames and turns what happened into an exit code.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gakuri-lab/gakuri/experiment"
)

// Exit codes.
const (
	exitPass        = 0   // all rulers pass
	exitFail        = 1   // a ruler fails, or the run diverged
	exitCall        = 2   // wrong call, or files that cannot be read or written
	exitInterrupted = 130 // stopped by Ctrl-C
)

// app is one call of the program.
type app struct {
	in          io.Reader
	out, err    io.Writer
	experiments []*experiment.Experiment
	lang        string
}

// exit is an error that carries an exit code other than that of a wrong call.
// Without an error inside, all has been said.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// Run runs the program with the arguments after its name and returns the exit
// code: 0 all rulers pass, 1 a ruler fails or the run diverged, 2 wrong call,
// 130 if ctx was cancelled.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, experiments []*experiment.Experiment) int {
	out := &output{Writer: stdout}
	a := &app{in: stdin, out: out, err: stderr, experiments: experiments, lang: language(args)}
	err := a.execute(ctx, args)
	if err == nil && out.err != nil {
		err = fmt.Errorf("cannot write the output: %w", out.err)
	}
	if err != nil {
		a.showError(err)
	}
	return exitCode(err)
}

// output is standard output; it remembers the first error, so that a full disk
// is noticed whoever wrote.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// Interruptible returns a context that the first Ctrl-C or SIGTERM cancels; the
// second one ends the program at once, as if nobody listened.
func Interruptible() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

func exitCode(err error) int {
	if err == nil {
		return exitPass
	}
	if e, ok := errors.AsType[*exit](err); ok {
		return e.code
	}
	return exitCall
}

func (a *app) execute(ctx context.Context, args []string) error {
	root := a.root()
	args, err := a.route(root, args)
	if err != nil {
		return err
	}
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// root makes the tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:                "gakuri",
		Short:              a.say(textRoot),
		Args:               cobra.ArbitraryArgs,
		DisableSuggestions: true,
		SilenceErrors:      true,
		SilenceUsage:       true,
		Run:                func(*cobra.Command, []string) { a.welcome() },
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(a.flagError)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { a.commandHelp(cmd) })
	root.PersistentFlags().String("lang", a.lang, a.say(textLang))
	root.AddCommand(a.runCommand(), a.listCommand(), a.dataCommand(), a.versionCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Short = a.say(textHelpCmd)
		case "completion":
			cmd.Short = a.say(textComplete)
		}
	}
	a.helpFlags(root)
	must(root.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions([]string{"en", "ja"}, cobra.ShellCompDirectiveNoFileComp)))
	return root
}

// helpFlags gives cmd and all below it the flag --help in the language of the call.
func (a *app) helpFlags(cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	cmd.Flags().Lookup("help").Usage = a.say(textHelp)
	for _, c := range cmd.Commands() {
		a.helpFlags(c)
	}
}

// must stops the program on a slip of its own.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (a *app) say(t experiment.Text) string { return t.In(a.lang) }

// route looks at args before flags are parsed: it refuses unknown commands
// and experiments, whose flags nobody knows, and puts in the name of the
// experiment where a run folder or spec file tells it.
func (a *app) route(root *cobra.Command, args []string) ([]string, error) {
	if a.lang != "en" && a.lang != "ja" {
		bad := a.lang
		a.lang = "en"
		return nil, fmt.Errorf("lang: %q is not a language of this program: give en or ja", bad)
	}
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return args, nil
	}
	if len(args) == 1 && args[0] == "--version" {
		return []string{"version"}, nil
	}
	cmd, rest, err := root.Find(args)
	if err != nil {
		return nil, err
	}
	word := ""
	if len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		word = rest[0]
	}
	switch {
	case cmd == root && word != "":
		return nil, a.unknown("command", word, names(root.Commands()), "gakuri --help")
	case cmd.Name() == "help" && cmd.Parent() == root:
		_, err := a.route(root, rest)
		return args, err
	case cmd.Name() != "run" || cmd.Parent() != root:
		return args, nil
	case word != "":
		return nil, a.unknown("experiment", word, a.names(), "gakuri list")
	}
	name, err := a.nameFromFile(rest)
	if name == "" || err != nil {
		return args, err
	}
	return append([]string{"run", name}, rest...), nil
}

// names lists what can be called.
func names(cmds []*cobra.Command) []string {
	var list []string
	for _, c := range cmds {
		list = append(list, c.Name())
	}
	return list
}

func (a *app) names() []string {
	list := make([]string, len(a.experiments))
	for i, e := range a.experiments {
		list[i] = e.Name
	}
	return list
}

// unknown is the error for a word that is not in list.
func (a *app) unknown(what, word string, list []string, see string) error {
	if near := experiment.Nearest(word, list); near != "" {
		return fmt.Errorf("unknown %s %q: did you mean %q?", what, word, near)
	}
	return fmt.Errorf("unknown %s %q: %q shows all", what, word, see)
}

// flagError turns what the flag parser says into one sentence of ours.
func (a *app) flagError(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	if _, ok := errors.AsType[*experiment.FieldError](err); ok {
		return errors.Unwrap(err)
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var flags []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
		name := e.GetSpecifiedName()
		dashes := "--"
		if e.GetSpecifiedShortnames() != "" {
			dashes = "-"
		}
		if near := experiment.Nearest(name, flags); near != "" {
			return fmt.Errorf("unknown flag %q: did you mean %q?", dashes+name, "--"+near)
		}
		return fmt.Errorf("unknown flag %q: \"%s --help\" shows all", dashes+name, cmd.CommandPath())
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return fmt.Errorf("%s: no value given: write --%s=VALUE", e.GetSpecifiedName(), e.GetSpecifiedName())
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return fmt.Errorf("%s: %q is not valid: give %s", e.GetFlag().Name, e.GetValue(), wants[e.GetFlag().Value.Type()])
	}
	return err
}

// wants says what the flags of every run take.
var wants = map[string]string{
	"bool": "true or false", "int": "a whole number", "uint64": "a whole number, 0 or more",
}

// showError prints an error as one line on standard error.
func (a *app) showError(err error) {
	if e, ok := errors.AsType[*exit](err); ok && e.err == nil {
		return
	}
	fmt.Fprintln(a.err, inkFor(a.err).red("gakuri:"), a.sentence(err))
}

// sentence is the error in the language of the call, where it has one.
func (a *app) sentence(err error) string {
	if t, ok := errors.AsType[interface {
		error
		In(lang string) string
	}](err); ok {
		return t.In(a.lang)
	}
	return strings.Join(slices.DeleteFunc(strings.Split(err.Error(), "\n"), func(s string) bool { return s == "" }), "; ")
}

// welcome is what the program says without arguments.
func (a *app) welcome() {
	fmt.Fprintf(a.out, "%s\n", a.say(textRoot))
	show := func(head experiment.Text, lines ...[2]string) {
		fmt.Fprintf(a.out, "\n%s\n", a.say(head))
		for _, l := range lines {
			fmt.Fprintln(a.out, strings.TrimRight("  "+pad(l[0], 30, left)+l[1], " "))
		}
	}
	if len(a.experiments) > 0 {
		first := a.experiments[0]
		show(textTry, [2]string{"gakuri run " + first.Name, a.say(first.Title)})
		show(textThen, [2]string{"gakuri run " + first.Name + " --help", a.say(textHelpOf)},
			[2]string{"gakuri list", a.say(textListAll)}, [2]string{"gakuri --help", a.say(textHelpAll)})
		return
	}
	show(textThen, [2]string{"gakuri --help", a.say(textHelpAll)})
}

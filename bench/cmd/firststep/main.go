// Command firststep is the gakuri program, but for a line on standard error
// when the first training step of a run is finished: it is how the cold start
// is timed.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/experiment/catalog"
	"github.com/gakuri-lab/gakuri/internal/cli"
)

func main() {
	all := catalog.All()
	for _, e := range all {
		run := e.Run
		e.Run = func(ctx context.Context, spec any, opt experiment.Options, sink experiment.Sink) (experiment.Result, error) {
			return run(ctx, spec, opt, &watch{Sink: sink})
		}
	}
	os.Exit(cli.Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, all))
}

type watch struct {
	experiment.Sink
	done bool
}

func (w *watch) Put(f experiment.Frame) {
	if _, ok := f.(experiment.Progress); ok && !w.done {
		w.done = true
		fmt.Fprintln(os.Stderr, "first step")
	}
	w.Sink.Put(f)
}

// Command gakuri trains neural networks on physics problems and holds every
// result against an exact answer.
package main

import (
	"os"

	"github.com/gakuri-lab/gakuri/experiment/catalog"
	"github.com/gakuri-lab/gakuri/internal/cli"
)

func main() {
	ctx, stop := cli.Interruptible()
	code := cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, catalog.All())
	stop()
	os.Exit(code)
}

// Command portable is the free-fall step behind the protocol of bench/peer.py,
// so that the build with -tags purego can be timed like a peer.
package main

import (
	"bufio"
	"fmt"
	"os"
	"time"

	"github.com/gakuri-lab/gakuri/bench"
	"github.com/gakuri-lab/gakuri/engine/exec"
	"github.com/gakuri-lab/gakuri/engine/kernel"
)

func main() {
	pool := exec.NewPool(1)
	defer pool.Close()
	w := bench.FreeFall[float32]([]int{1, 32, 64, 32, 1}, pool)
	w.Step()
	fmt.Printf("{\"version\": %q}\n", kernel.Level())
	for in := bufio.NewScanner(os.Stdin); in.Scan() && in.Text() != "quit"; {
		var k int
		if _, err := fmt.Sscanf(in.Text(), "run %d", &k); err != nil || k < 1 {
			fmt.Printf("{\"error\": \"%q: want run K or quit\"}\n", in.Text())
			os.Exit(2)
		}
		start := time.Now()
		loss := 0.0
		for range k {
			loss = w.Step()
		}
		fmt.Printf("{\"seconds\": %g, \"loss\": %g}\n", time.Since(start).Seconds(), loss)
	}
}

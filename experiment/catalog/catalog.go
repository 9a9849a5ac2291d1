// Package catalog is the one list of all experiments.
package catalog

import (
	"github.com/gakuri-lab/gakuri/experiment"
	"github.com/gakuri-lab/gakuri/experiment/freefall"
)

// All returns the experiments in the order in which they are shown.
func All() []*experiment.Experiment {
	return []*experiment.Experiment{
		freefall.Experiment(),
	}
}

// Package dataset knows public data sets and fetches them.
//
// A data set is a folder of files. It is looked for in a folder that the user
// names (--data-dir or GAKURI_DATA), below it in a folder of the set's name,
// and otherwise kept in the user's cache, where [Store.Get] downloads it. What
// a file must contain is fixed by a SHA-256 in the table of sets.
package dataset

import (
	"fmt"
	"strings"

	"github.com/gakuri-lab/gakuri/experiment"
)

// Set is one data set.
type Set struct {
	Name    string // as on the command line
	Text    experiment.Text
	Licence string // to be shown before it is fetched
	Source  string // who made it, where it is described
	Files   []File
}

// File is one file of a data set.
type File struct {
	Name   string
	URLs   []string // where it is, in the order of trying
	Form   Form     // how SHA256 and Size are taken
	SHA256 string   // hexadecimal
	Size   int64    // bytes of what SHA256 is taken of
}

// Form says of what a file's SHA-256 and size are taken, so that copies which
// hold the same data in another wrapping pass.
type Form int

const (
	AsIs       Form = iota // the file itself
	Gunzipped              // what gzip packed: another compressor gives other bytes
	NumberRows             // the lines that begin with a digit, ended by \n: some copies have a line of headings or \r\n
)

// Sets returns the data sets that the program knows.
func Sets() []Set { return []Set{mnist(), digits()} }

// Find returns the set of that name among sets, or an error that names what
// there is.
func Find(sets []Set, name string) (Set, error) {
	var names []string
	for _, s := range sets {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Set{}, fmt.Errorf("no data set %q: there are %s", name, strings.Join(names, ", "))
}

// mnist is the database of handwritten digits of LeCun, Cortes and Burges: the
// hashes are those of the original files, uncompressed.
func mnist() Set {
	s := Set{
		Name:    "mnist",
		Text:    experiment.Text{En: "handwritten digits, 28×28 grey, 60,000 to train and 10,000 to test", Ja: "手書き数字 28×28 グレー画像、訓練用 60,000 枚とテスト用 10,000 枚"},
		Licence: "CC BY-SA 3.0, © Yann LeCun and Corinna Cortes",
		Source:  "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Proc. IEEE 86 (1998) 2278",
	}
	for _, f := range []struct {
		name, hash string
		size       int64
	}{
		{"train-images-idx3-ubyte.gz", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 47_040_016},
		{"train-labels-idx1-ubyte.gz", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 60_008},
		{"t10k-images-idx3-ubyte.gz", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 7_840_016},
		{"t10k-labels-idx1-ubyte.gz", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 10_008},
	} {
		s.Files = append(s.Files, File{
			Name: f.name, Form: Gunzipped, SHA256: f.hash, Size: f.size,
			URLs: []string{
				"https://ossci-datasets.s3.amazonaws.com/mnist/" + f.name,
				"https://storage.googleapis.com/cvdf-datasets/mnist/" + f.name,
			},
		})
	}
	return s
}

// digits is the data set of Alpaydin and Kaynak: each row has 64 counts of 0
// to 16, the pixels of an 8×8 image, and the digit.
func digits() Set {
	const at = "https://archive.ics.uci.edu/ml/machine-learning-databases/optdigits/"
	return Set{
		Name:    "digits",
		Text:    experiment.Text{En: "handwritten digits, 8×8 with 17 levels, 3,823 to train and 1,797 to test", Ja: "手書き数字 8×8（17 階調）、訓練用 3,823 枚とテスト用 1,797 枚"},
		Licence: "CC BY 4.0, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository",
		Source:  "E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits (1998), doi:10.24432/C50P49",
		Files: []File{
			{Name: "optdigits.tra", URLs: []string{at + "optdigits.tra"}, Form: NumberRows,
				SHA256: "e1b683cc211604fe8fd8c4417e6a69f31380e0c61d4af22e93cc21e9257ffedd", Size: 563_639},
			{Name: "optdigits.tes", URLs: []string{at + "optdigits.tes"}, Form: NumberRows,
				SHA256: "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8", Size: 264_712},
		},
	}
}

package cli

import (
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/term"

	"github.com/gakuri-lab/gakuri/experiment"
)

// side is where the text of a column stands.
type side bool

const (
	left  side = false
	right side = true
)

// textWidth is the number of terminal cells of s: two for a kanji.
func textWidth(s string) int { return uniseg.StringWidth(s) }

// pad fills s with spaces to width cells.
func pad(s string, width int, at side) string {
	space := strings.Repeat(" ", max(0, width-textWidth(s)))
	if at == right {
		return space + s
	}
	return s + space
}

// wrap breaks text into lines of at most width cells: after a space, or, as
// Japanese allows, beside a wide letter that does not close a phrase.
func wrap(text string, width int) []string {
	width = max(width, 20)
	var lines []string
	line := ""
	for _, piece := range pieces(text) {
		if line != "" && textWidth(line)+textWidth(strings.TrimRight(piece, " ")) > width {
			lines, line = append(lines, strings.TrimRight(line, " ")), ""
		}
		line += piece
	}
	if line = strings.TrimRight(line, " "); line != "" {
		lines = append(lines, line)
	}
	return lines
}

// pieces cuts text where a line may end.
func pieces(text string) []string {
	var list []string
	begin, open := 0, true // open: a line may end before the next wide letter
	for i, r := range text {
		wide := textWidth(string(r)) == 2
		closing := strings.ContainsRune("、。)」・ーッャュョァィゥェォ", r)
		if i > begin && (text[i-1] == ' ' || wide && !closing || open && !closing) {
			list, begin = append(list, text[begin:i]), i
		}
		open = wide
	}
	return append(list, text[begin:])
}

// fileOf returns the file that w writes to, or nil.
func fileOf(w io.Writer) *os.File {
	if o, ok := w.(*output); ok {
		w = o.Writer
	}
	f, _ := w.(*os.File)
	return f
}

// isTerminal says whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f := fileOf(w)
	return f != nil && term.IsTerminal(int(f.Fd()))
}

// columns is the width of the terminal behind w, at most 120, or 80 if there
// is none.
func columns(w io.Writer) int {
	if f := fileOf(w); f != nil {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return min(width, 120)
		}
	}
	return 80
}

// ink colours text for a terminal; the zero value leaves it as it is.
type ink struct{ on bool }

func inkFor(w io.Writer) ink {
	return ink{isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (k ink) paint(code, s string) string {
	if !k.on {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (k ink) bold(s string) string  { return k.paint("1", s) }
func (k ink) dim(s string) string   { return k.paint("2", s) }
func (k ink) green(s string) string { return k.paint("32", s) }
func (k ink) red(s string) string   { return k.paint("31", s) }

// number writes x with the given significant digits.
func number(x float64, digits int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return strings.ToLower(strconv.FormatFloat(x, 'g', -1, 64))
	}
	return strconv.FormatFloat(x, 'g', digits, 64)
}

// rulerTable writes the rulers as a table. Where width cells are too few,
// sources stand on a line of their own, and then names too.
func (a *app) rulerTable(w io.Writer, rulers []experiment.Ruler, width int) {
	rows := [][]string{{"", a.say(textRuler), a.say(textValue), a.say(textExact), a.say(textUnit), a.say(textError), a.say(textPassMark), a.say(textSource)}}
	for _, r := range rulers {
		rows = append(rows, a.rulerCells(r))
	}
	const mark, name = 0, 1
	sides := []side{left, left, right, right, left, right, right, left}
	source := len(rows[0]) - 1
	widths := make([]int, source+1)
	total := -2
	for i := range widths {
		for _, row := range rows {
			widths[i] = max(widths[i], textWidth(row[i]))
		}
		total += widths[i] + 2
	}
	sourceBelow := total > width
	nameAbove := total-widths[source]-2 > width
	k := inkFor(w)
	for n, row := range rows {
		paint := k.bold
		if n > 0 && rulers[n-1].OK {
			paint = k.green
		} else if n > 0 {
			paint = k.red
		}
		line := paint(pad(row[mark], widths[mark], left)) + "  " + pad(row[name], widths[name], left)
		if nameAbove {
			fmt.Fprintln(w, strings.TrimRight(line, " "))
			line = "  "
		}
		for i := name + 1; i < source; i++ {
			line += "  " + pad(row[i], widths[i], sides[i])
		}
		if !sourceBelow {
			line += "  " + row[source]
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
		if sourceBelow && n > 0 && row[source] != "" {
			for _, l := range wrap(row[source], width-5) {
				fmt.Fprintln(w, "     "+k.dim(l))
			}
		}
	}
}

func (a *app) rulerCells(r experiment.Ruler) []string {
	mark := "✗"
	if r.OK {
		mark = "✓"
	}
	value := number(r.Value, 6)
	if r.Sigma != nil {
		value += " ± " + number(*r.Sigma, 2)
	}
	return []string{mark, a.rulerName(r), value, number(r.Exact, 6), r.Unit, number(r.Error, 2), number(r.PassMark, 2), r.Source}
}

func (a *app) rulerName(r experiment.Ruler) string {
	if name := a.say(r.Text); name != "" {
		return name
	}
	return r.Name
}

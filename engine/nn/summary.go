package nn

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Summary returns a table of the layers with their output shapes and numbers
// of parameters, in the form that model.summary() of Keras 3 has on a terminal
// of 80 columns. A number takes bytesPerParam bytes: 4 in float32.
func (m *MLP) Summary(bytesPerParam int) string {
	rows := [][3]string{}
	fixed := 0
	add := func(layer string, out, params int) {
		rows = append(rows, [3]string{layer, fmt.Sprintf("(None, %d)", out), thousands(params)})
	}
	if f := m.Features; f != nil {
		fixed = f.B.Size()
		add("fourier (Fourier)", f.Out, fixed)
	}
	for _, d := range m.Layers {
		add(d.Name+" (Dense)", d.Out, d.Params())
	}
	var s strings.Builder
	s.WriteString("Model: \"sequential\"\n")
	rule(&s, "┏━┳┓")
	row(&s, "┃", [3]string{"Layer (type)", "Output Shape", "Param #"})
	rule(&s, "┡━╇┩")
	for i, r := range rows {
		if i > 0 {
			rule(&s, "├─┼┤")
		}
		row(&s, "│", r)
	}
	rule(&s, "└─┴┘")
	total := func(name string, n int) {
		fmt.Fprintf(&s, " %s: %s (%s)\n", name, thousands(n), memory(n*bytesPerParam))
	}
	total("Total params", m.Params()+fixed)
	total("Trainable params", m.Params())
	total("Non-trainable params", fixed)
	return s.String()
}

// columns are the widths of the three columns within their borders and a space
// on both sides: 45, 35 and 20 % of 76.
var columns = [3]int{31, 22, 13}

// rule writes a line: corner, dash, crossing, corner.
func rule(s *strings.Builder, signs string) {
	r := []rune(signs)
	s.WriteRune(r[0])
	for i, w := range columns {
		if i > 0 {
			s.WriteRune(r[2])
		}
		s.WriteString(strings.Repeat(string(r[1]), w+2))
	}
	s.WriteRune(r[3])
	s.WriteByte('\n')
}

// row writes the cells between bars, the last to the right. A name that does
// not fit is cut with an ellipsis, and its type goes to a line of its own.
func row(s *strings.Builder, bar string, cells [3]string) {
	name := cells[0]
	second := ""
	if at := strings.LastIndexByte(name, ' '); at > 0 && utf8.RuneCountInString(name) > columns[0] {
		name, second = name[:at], name[at+1:]
	}
	if r := []rune(name); len(r) > columns[0] {
		name = string(r[:columns[0]-1]) + "…"
	}
	line := func(a, b, c string) {
		fmt.Fprintf(s, "%s %-*s %s %-*s %s %*s %s\n", bar, columns[0], a, bar, columns[1], b, bar, columns[2], c, bar)
	}
	line(name, cells[1], cells[2])
	if second != "" {
		line(second, "", "")
	}
}

// thousands writes 4289 as 4,289.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// memory writes a number of bytes in the largest unit of which there is one or
// more; a KB has 1024 bytes.
func memory(bytes int) string {
	size := float64(bytes)
	for _, unit := range []string{"B", "KB", "MB", "GB", "TB"} {
		if size < 1024 {
			return fmt.Sprintf("%.2f %s", size, unit)
		}
		size /= 1024
	}
	return fmt.Sprintf("%.2f PB", size)
}

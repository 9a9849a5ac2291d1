package plot

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/gakuri-lab/gakuri/experiment"
)

// Sizes, in points.
const (
	tallPanel  = vg.Length(170) // frame of the first panel
	lowPanel   = vg.Length(105) // frame of each other panel
	titleSize  = vg.Length(10)
	labelSize  = vg.Length(9.5)
	tickSize   = vg.Length(8.5)
	rowHeight  = vg.Length(14) // of a title or a row of the legend
	tickLength = vg.Length(3.5)
	gap        = vg.Length(4) // between things that must not touch
	edge       = vg.Length(8) // around the picture
	sample     = vg.Length(18)
)

var (
	ink   = color.Gray{0x22} // frames, text, exact lines
	faint = color.Gray{0xe4} // grid
)

// figure is a picture laid out: panels from top to bottom.
type figure struct {
	font        *typeface
	panels      []panel
	left, right vg.Length // of the frames
	height      vg.Length
	empty       string // stands in a panel that shows nothing
}

// panel is one curve in its place.
type panel struct {
	title   string
	x, y    axis
	lines   []line
	rows    [][]int   // of the legend: lines by number
	inTitle bool      // the legend's one row stands beside the title
	bottom  bool      // the x axis is labelled
	lo, hi  vg.Length // bottom and top of the frame
}

// line is one line of a curve with its looks.
type line struct {
	experiment.Line
	label string
	style style
}

// newFigure lays the panels out.
func newFigure(curves []experiment.Curve, lang string, f *typeface) *figure {
	fig := &figure{font: f, empty: experiment.Text{En: "(no values to show)", Ja: "（表示できる値がありません）"}.In(lang)}
	shared := !slices.ContainsFunc(curves, func(c experiment.Curve) bool { return c.X != curves[0].X })
	var all [][]float64 // the x of all panels
	for _, c := range curves {
		all = append(all, xs(c)...)
	}
	wide := vg.Length(0) // widest tick label and factor of the y axes
	labelled := false
	for i, c := range curves {
		p := panel{title: c.Title.In(lang), lines: styled(c.Lines, lang)}
		values := all
		if !shared {
			values = xs(c)
		}
		for want := 6; want > 0; want-- {
			p.x = newAxis(c.X, lang, values, 0.02, want)
			if fig.labelsFit(p.x) {
				break
			}
		}
		frame, want := tallPanel, 6
		if i > 0 {
			frame, want = lowPanel, 4
		}
		p.y = newAxis(c.Y, lang, ys(c, p.x), 0.06, want)
		p.bottom = !shared || i == len(curves)-1
		p.lo, p.hi = 0, frame
		for _, t := range p.y.ticks {
			wide = max(wide, f.width(t.label, tickSize))
		}
		wide = max(wide, f.width(p.y.factor, tickSize))
		labelled = labelled || p.y.label != ""
		fig.panels = append(fig.panels, p)
	}
	fig.left = edge + wide + gap + tickLength
	if labelled {
		fig.left += labelSize + gap
	}
	fig.right = width - edge - gap
	fig.stack()
	return fig
}

// labelsFit reports whether the labels of the ticks of a horizontal axis keep
// clear of each other, on the narrowest frame there may be.
func (fig *figure) labelsFit(a axis) bool {
	wide, n := vg.Length(0), 0
	for _, t := range a.ticks {
		if t.label != "" {
			wide, n = max(wide, fig.font.width(t.label, tickSize)), n+1
		}
	}
	return vg.Length(n)*(wide+3*gap) <= 0.75*width
}

// stack places the frames, from the bottom of the last panel upwards.
func (fig *figure) stack() {
	y := edge
	for i := len(fig.panels) - 1; i >= 0; i-- {
		p := &fig.panels[i]
		if p.bottom {
			y += tickLength + gap + tickSize
			if p.x.label != "" || p.x.factor != "" {
				y += gap + labelSize
			}
		}
		frame := p.hi
		p.lo, p.hi = y, y+frame
		fig.setLegend(p)
		y = p.hi + gap
		if p.title != "" || p.inTitle || p.y.factor != "" {
			y += rowHeight
		}
		if !p.inTitle {
			y += rowHeight * vg.Length(len(p.rows))
		}
		y += gap
	}
	fig.height = y + edge - gap
}

// setLegend breaks the legend into rows that fit above the frame; one short
// row shares the line of the title.
func (fig *figure) setLegend(p *panel) {
	room := fig.right - fig.left
	used := room + 1
	for i, l := range p.lines {
		if l.label == "" {
			continue
		}
		w := fig.entryWidth(l)
		if used+w > room {
			p.rows = append(p.rows, nil)
			used = 0
		}
		p.rows[len(p.rows)-1] = append(p.rows[len(p.rows)-1], i)
		used += w
	}
	p.inTitle = len(p.rows) == 1 && fig.font.width(p.title, titleSize)+3*gap+used <= room
}

func (fig *figure) entryWidth(l line) vg.Length {
	return sample + gap + fig.font.width(l.label, tickSize) + 3*gap
}

// xs collects the x values of a curve's lines.
func xs(c experiment.Curve) [][]float64 {
	var list [][]float64
	for _, l := range c.Lines {
		list = append(list, l.X)
	}
	return list
}

// ys collects the y values that have a place on the x axis.
func ys(c experiment.Curve, x axis) [][]float64 {
	var list [][]float64
	for _, l := range c.Lines {
		var seen []float64
		for i, v := range l.Y {
			if x.shows(l.X[i]) {
				seen = append(seen, v)
			}
		}
		list = append(list, seen)
	}
	return list
}

// style is how a line looks.
type style struct {
	color color.Color
	width vg.Length
	dash  []vg.Length
	dot   vg.Length // radius; 0 draws a line
}

// Okabe and Ito's colours, those that show well on white.
var (
	blue      = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	vermilion = color.RGBA{0xd5, 0x5e, 0x00, 0xff}
	green     = color.RGBA{0x00, 0x9e, 0x73, 0xff}
	purple    = color.RGBA{0xcc, 0x79, 0xa7, 0xff}
	sky       = color.RGBA{0x56, 0xb4, 0xe9, 0xff}
	orange    = color.RGBA{0xe6, 0x9f, 0x00, 0xff}

	lineColors = []color.Color{blue, vermilion, green, purple, sky, orange}
	dotColors  = []color.Color{orange, sky, purple, green, vermilion, blue}
	exactDash  = [][]vg.Length{{5, 3}, {1.5, 2}, {7, 2, 1.5, 2}}
)

// styled gives each line its looks: by kind, then in turn.
func styled(lines []experiment.Line, lang string) []line {
	out := make([]line, len(lines))
	plain, dots, exact := 0, 0, 0
	for i, l := range lines {
		s := style{}
		switch {
		case l.Dots:
			s = style{color: dotColors[dots%len(dotColors)], dot: dotRadius(len(l.X))}
			if l.Exact {
				s.color = ink
			}
			dots++
		case l.Exact:
			s = style{color: ink, width: 0.9, dash: exactDash[exact%len(exactDash)]}
			exact++
		default:
			s = style{color: lineColors[plain%len(lineColors)], width: 1.6}
			plain++
		}
		out[i] = line{l, l.Label.In(lang), s}
	}
	return out
}

// dotRadius shrinks dots as they get many.
func dotRadius(n int) vg.Length {
	switch {
	case n <= 50:
		return 2.4
	case n <= 300:
		return 1.8
	}
	return 1.2
}

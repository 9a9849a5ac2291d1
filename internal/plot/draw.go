package plot

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// draw paints the figure.
func (fig *figure) draw(c vg.Canvas) {
	c.SetColor(color.White)
	c.Fill(box(0, 0, width, fig.height))
	for _, p := range fig.panels {
		fig.drawAxes(c, p)
		fig.drawLines(c, p)
		c.SetColor(ink)
		c.SetLineWidth(0.7)
		c.Stroke(box(fig.left, p.lo, fig.right, p.hi))
		fig.drawHead(c, p)
	}
}

// at returns the point of a panel that stands at fractions x and y of it.
func (fig *figure) at(p panel, x, y float64) vg.Point {
	return vg.Point{
		X: round(fig.left + vg.Length(x)*(fig.right-fig.left)),
		Y: round(p.lo + vg.Length(y)*(p.hi-p.lo)),
	}
}

// drawAxes paints grid, ticks and labels.
func (fig *figure) drawAxes(c vg.Canvas, p panel) {
	for _, t := range p.x.ticks {
		at, ok := p.x.place(t.value)
		if !ok || at > 1+1e-9 {
			continue
		}
		foot, top := fig.at(p, at, 0), fig.at(p, at, 1)
		fig.mark(c, foot, top, vg.Point{Y: -1}, t.label != "")
		if p.bottom && t.label != "" {
			fig.text(c, t.label, tickSize, vg.Point{X: foot.X, Y: p.lo - tickLength - gap - capHeight*tickSize}, 0.5)
		}
	}
	for _, t := range p.y.ticks {
		at, ok := p.y.place(t.value)
		if !ok || at > 1+1e-9 {
			continue
		}
		foot, end := fig.at(p, 0, at), fig.at(p, 1, at)
		fig.mark(c, foot, end, vg.Point{X: -1}, t.label != "")
		if t.label != "" {
			fig.text(c, t.label, tickSize, vg.Point{X: fig.left - tickLength - gap, Y: foot.Y - capHeight*tickSize/2}, 1)
		}
	}
	middle := (fig.left + fig.right) / 2
	if row := p.lo - tickLength - gap - tickSize - gap - capHeight*labelSize; p.bottom {
		fig.text(c, p.x.label, labelSize, vg.Point{X: middle, Y: row}, 0.5)
		fig.text(c, p.x.factor, tickSize, vg.Point{X: fig.right, Y: row}, 1)
	}
	if p.y.factor != "" {
		fig.text(c, p.y.factor, tickSize, vg.Point{X: fig.left - gap, Y: p.hi + gap}, 1)
	}
	if p.y.label != "" {
		c.Push()
		c.Translate(vg.Point{X: edge + capHeight*labelSize, Y: (p.lo + p.hi) / 2})
		c.Rotate(math.Pi / 2)
		fig.text(c, p.y.label, labelSize, vg.Point{}, 0.5)
		c.Pop()
	}
}

// mark paints a tick at foot, pointing along out, and the grid line to end.
func (fig *figure) mark(c vg.Canvas, foot, end, out vg.Point, major bool) {
	length := tickLength
	if !major {
		length /= 2
	}
	c.SetLineDash(nil, 0)
	if major {
		c.SetColor(faint)
		c.SetLineWidth(0.6)
		c.Stroke(vg.Path{{Type: vg.MoveComp, Pos: foot}, {Type: vg.LineComp, Pos: end}})
	}
	c.SetColor(ink)
	c.SetLineWidth(0.6)
	tip := vg.Point{X: foot.X + out.X*length, Y: foot.Y + out.Y*length}
	c.Stroke(vg.Path{{Type: vg.MoveComp, Pos: foot}, {Type: vg.LineComp, Pos: tip}})
}

// drawLines paints the dots, over them the lines, over them the exact lines.
func (fig *figure) drawLines(c vg.Canvas, p panel) {
	drawn := 0
	for _, layer := range []func(line) bool{
		func(l line) bool { return l.style.dot > 0 },
		func(l line) bool { return l.style.dot == 0 && !l.Exact },
		func(l line) bool { return l.style.dot == 0 && l.Exact },
	} {
		for _, l := range p.lines {
			if !layer(l) {
				continue
			}
			if l.style.dot > 0 {
				drawn += fig.drawDots(c, p, l)
			} else {
				drawn += fig.drawLine(c, p, l)
			}
		}
	}
	c.SetLineDash(nil, 0)
	if drawn == 0 {
		pt := fig.at(p, 0.5, 0.5)
		fig.text(c, fig.empty, tickSize, vg.Point{X: pt.X, Y: pt.Y}, 0.5)
	}
}

// drawDots paints a dot at every point, once where dots would lie on each
// other to within a quarter of a point.
func (fig *figure) drawDots(c vg.Canvas, p panel, l line) int {
	seen := map[[2]int]bool{}
	var path vg.Path
	for i := range l.X {
		pt, ok := fig.point(p, l.X[i], l.Y[i])
		cell := [2]int{int(pt.X * 4), int(pt.Y * 4)}
		if !ok || seen[cell] {
			continue
		}
		seen[cell] = true
		dot(&path, pt, l.style.dot)
	}
	if len(path) > 0 {
		c.SetColor(l.style.color)
		c.Fill(path)
	}
	return len(seen)
}

// drawLine paints a line, broken where a point has no place; a point alone
// between two breaks becomes a dot.
func (fig *figure) drawLine(c vg.Canvas, p panel, l line) int {
	var path, dots vg.Path
	var run []vg.Point
	drawn := 0
	end := func() {
		drawn += len(run)
		if len(run) == 1 {
			dot(&dots, run[0], l.style.width/2+0.3)
		}
		for i, pt := range thin(run) {
			if i == 0 {
				path.Move(pt)
			} else {
				path.Line(pt)
			}
		}
		run = run[:0]
	}
	for i := range l.X {
		if pt, ok := fig.point(p, l.X[i], l.Y[i]); ok {
			run = append(run, pt)
		} else {
			end()
		}
	}
	end()
	c.SetColor(l.style.color)
	c.SetLineWidth(l.style.width)
	c.SetLineDash(l.style.dash, 0)
	if len(path) > 0 {
		c.Stroke(path)
	}
	if len(dots) > 0 {
		c.Fill(dots)
	}
	return drawn
}

// thin leaves out what cannot be seen: of neighbouring points in one column a
// fifth of a point wide it keeps the first, lowest, highest and last.
func thin(pts []vg.Point) []vg.Point {
	var out []vg.Point
	column := func(i int) int { return int(math.Floor(float64(pts[i].X) * 5)) }
	for from := 0; from < len(pts); {
		to, low, high := from, from, from
		for to < len(pts) && column(to) == column(from) {
			if pts[to].Y < pts[low].Y {
				low = to
			}
			if pts[to].Y > pts[high].Y {
				high = to
			}
			to++
		}
		last := -1
		for _, i := range []int{from, min(low, high), max(low, high), to - 1} {
			if i > last {
				out = append(out, pts[i])
				last = i
			}
		}
		from = to
	}
	return out
}

// point returns where (x, y) stands in the panel, and whether it does.
func (fig *figure) point(p panel, x, y float64) (vg.Point, bool) {
	u, okx := p.x.place(x)
	v, oky := p.y.place(y)
	return fig.at(p, u, v), okx && oky
}

// drawHead paints title and legend above the frame.
func (fig *figure) drawHead(c vg.Canvas, p panel) {
	base := p.hi + gap
	for i := len(p.rows) - 1; i >= 0; i-- {
		wide := vg.Length(0)
		for _, n := range p.rows[i] {
			wide += fig.entryWidth(p.lines[n])
		}
		x := fig.right - wide + 3*gap // rows end at the frame's right side
		for _, n := range p.rows[i] {
			fig.drawEntry(c, p.lines[n], vg.Point{X: x, Y: base})
			x += fig.entryWidth(p.lines[n])
		}
		if !p.inTitle {
			base += rowHeight
		}
	}
	c.SetColor(ink)
	fig.text(c, p.title, titleSize, vg.Point{X: fig.left, Y: base}, 0)
}

// drawEntry paints one entry of the legend, its baseline beginning at pt.
func (fig *figure) drawEntry(c vg.Canvas, l line, pt vg.Point) {
	y := round(pt.Y + capHeight*tickSize/2)
	c.SetColor(l.style.color)
	if l.style.dot > 0 {
		var path vg.Path
		dot(&path, vg.Point{X: pt.X + sample - 5, Y: y}, max(l.style.dot, 1.8))
		c.Fill(path)
	} else {
		c.SetLineWidth(l.style.width)
		c.SetLineDash(l.style.dash, 0)
		c.Stroke(vg.Path{{Type: vg.MoveComp, Pos: vg.Point{X: pt.X, Y: y}}, {Type: vg.LineComp, Pos: vg.Point{X: pt.X + sample, Y: y}}})
		c.SetLineDash(nil, 0)
	}
	fig.text(c, l.label, tickSize, vg.Point{X: pt.X + sample + gap, Y: pt.Y}, 0)
}

// text paints s with its baseline at pt, shifted left by the fraction align of
// its width.
func (fig *figure) text(c vg.Canvas, s string, size vg.Length, pt vg.Point, align vg.Length) {
	if s == "" {
		return
	}
	pt.X -= align * fig.font.width(s, size)
	c.SetColor(ink)
	c.Fill(fig.font.path(s, size, pt))
}

func dot(p *vg.Path, pt vg.Point, radius vg.Length) {
	p.Move(vg.Point{X: pt.X + radius, Y: pt.Y})
	p.Arc(pt, radius, 0, 2*math.Pi)
	p.Close()
}

func box(x0, y0, x1, y1 vg.Length) vg.Path {
	var p vg.Path
	p.Move(vg.Point{X: x0, Y: y0})
	p.Line(vg.Point{X: x1, Y: y0})
	p.Line(vg.Point{X: x1, Y: y1})
	p.Line(vg.Point{X: x0, Y: y1})
	p.Close()
	return p
}

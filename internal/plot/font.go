package plot

import (
	"fmt"
	"sync"

	"github.com/hajimehoshi/ebiten/v2/examples/resources/fonts"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/vg"
)

// typeface is a font whose glyphs are drawn as paths.
type typeface struct {
	font *sfnt.Font
	ppem fixed.Int26_6 // pixels per em at which outlines are asked for: no rounding
}

// loadFont parses the embedded font, M+ 1p regular, when it is first needed.
// Why this one: docs/decision/0005-japanese-font.md.
var loadFont = sync.OnceValues(func() (*typeface, error) {
	f, err := sfnt.Parse(fonts.MPlus1pRegular_ttf)
	if err != nil {
		return nil, fmt.Errorf("plot: embedded font: %w", err)
	}
	return &typeface{f, fixed.I(int(f.UnitsPerEm()))}, nil
})

// capHeight is the height of a capital letter in ems, which centres a line of
// text on a tick.
const capHeight = 0.73

// glyphs walks through text set at the given size, giving each glyph's outline
// and its place from the left, and returns the whole width.
func (t *typeface) glyphs(text string, size vg.Length, each func(sfnt.Segments, vg.Length)) vg.Length {
	var buf sfnt.Buffer
	scale := size / vg.Length(t.ppem)
	at := vg.Length(0)
	for _, r := range text {
		index, err := t.font.GlyphIndex(&buf, r)
		if err != nil {
			continue
		}
		if each != nil {
			if outline, err := t.font.LoadGlyph(&buf, index, t.ppem, nil); err == nil {
				each(outline, at)
			}
		}
		if advance, err := t.font.GlyphAdvance(&buf, index, t.ppem, font.HintingNone); err == nil {
			at += vg.Length(advance) * scale
		}
	}
	return at
}

// width returns the width of text.
func (t *typeface) width(text string, size vg.Length) vg.Length { return t.glyphs(text, size, nil) }

// path returns the outlines of text, with its baseline beginning at pt.
func (t *typeface) path(text string, size vg.Length, pt vg.Point) vg.Path {
	var p vg.Path
	scale := size / vg.Length(t.ppem)
	t.glyphs(text, size, func(outline sfnt.Segments, at vg.Length) {
		point := func(q fixed.Point26_6) vg.Point { // the font's y points down
			return vg.Point{X: round(pt.X + at + vg.Length(q.X)*scale), Y: round(pt.Y - vg.Length(q.Y)*scale)}
		}
		for i, s := range outline {
			switch s.Op {
			case sfnt.SegmentOpMoveTo:
				if i > 0 {
					p.Close()
				}
				p.Move(point(s.Args[0]))
			case sfnt.SegmentOpLineTo:
				p.Line(point(s.Args[0]))
			case sfnt.SegmentOpQuadTo:
				p.QuadTo(point(s.Args[0]), point(s.Args[1]))
			case sfnt.SegmentOpCubeTo:
				p.CubeTo(point(s.Args[0]), point(s.Args[1]), point(s.Args[2]))
			}
		}
		if len(outline) > 0 {
			p.Close()
		}
	})
	return p
}

// round keeps two decimals of a point: a hundredth is a thirtieth of a pixel
// of the PNG, and SVG stays short.
func round(x vg.Length) vg.Length {
	if x < 0 {
		return -vg.Length(int(-x*100+0.5)) / 100
	}
	return vg.Length(int(x*100+0.5)) / 100
}

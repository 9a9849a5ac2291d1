// Package plot draws the curves of an experiment as SVG and PNG pictures.
//
// A picture is a stack of panels over a shared horizontal axis: each panel has
// its title, legend and axes, lines of the prediction in colour, the known
// answer as a dashed dark line over them, and points as dots below them.
// Colours are those of Okabe and Ito, which people with any kind of colour
// vision can tell apart (https://jfly.uni-koeln.de/color/).
//
// Drawing goes through gonum/plot's vector canvases (packages vg, vgsvg and
// vgimg). Its package plot is not imported: that would parse fonts at every
// start of the program, and its axes can be neither shared nor labelled with
// powers of ten. All text is drawn as the outlines of one embedded font, so
// that a picture looks the same, in Japanese too, where no such font is
// installed.
package plot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/gakuri-lab/gakuri/experiment"
)

// Width of every picture, and resolution of PNG: 1600 pixels.
const (
	width = vg.Length(384) // points, 1/72 inch
	dpi   = 300
)

// Formats lists what [Render] can write.
var Formats = []string{"svg", "png"}

// Render writes the curves as one picture, a panel each, from top to bottom,
// in format "svg" or "png". Titles, labels and legends are in lang, "ja" or
// anything else for English.
//
// Values that have no place on their axis (NaN, infinite, or not positive on a
// logarithmic axis) are left out, and a line breaks there. It fails on no
// curves, on an unknown format, on a line whose X and Y differ in length, and
// when w fails.
func Render(curves []experiment.Curve, lang string, w io.Writer, format string) error {
	if len(curves) == 0 {
		return fmt.Errorf("plot: no curves: need at least one")
	}
	for _, c := range curves {
		for _, l := range c.Lines {
			if len(l.X) != len(l.Y) {
				return fmt.Errorf("plot: line %q of %q has %d x and %d y: need as many", l.Label.En, c.Title.En, len(l.X), len(l.Y))
			}
		}
	}
	f, err := loadFont()
	if err != nil {
		return err
	}
	fig := newFigure(curves, lang, f)
	switch format {
	case "svg":
		c := vgsvg.New(width, fig.height)
		fig.draw(c)
		var b bytes.Buffer
		if _, err := c.WriteTo(&b); err != nil {
			return err
		}
		_, err := w.Write(named(b.Bytes(), curves, lang))
		return err
	case "png":
		c := vgimg.NewWith(vgimg.UseWH(width, fig.height), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))
		fig.draw(c)
		return (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(w, c.Image())
	}
	return fmt.Errorf("plot: format %q: need %s", format, strings.Join(Formats, " or "))
}

// named gives the SVG document the panels' titles as its name, for those who
// read it by other means than the eye: its text is outlines.
func named(svg []byte, curves []experiment.Curve, lang string) []byte {
	var titles []string
	for _, c := range curves {
		if t := c.Title.In(lang); t != "" {
			titles = append(titles, t)
		}
	}
	var name bytes.Buffer
	xml.EscapeText(&name, []byte(strings.Join(titles, "; ")))
	at := bytes.Index(svg, []byte("<svg"))
	if at < 0 {
		return svg
	}
	end := at + bytes.IndexByte(svg[at:], '>') + 1
	head := append([]byte{}, svg[:end-1]...)
	head = fmt.Appendf(head, " role=\"img\">\n<title>%s</title>", name.Bytes())
	return append(head, svg[end:]...)
}

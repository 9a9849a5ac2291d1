package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"github.com/gakuri-lab/gakuri/experiment"
)

// look names a folder into which the pictures of the tests are written, for
// somebody to look at: go test ./internal/plot -look /tmp/pictures
var look = flag.String("look", "", "write the pictures into this folder")

func text(en, ja string) experiment.Text { return experiment.Text{En: en, Ja: ja} }

// freeFall is the picture of a run: a parabola of 1001 points with an error of
// about 1e-9 that is exactly zero at some points.
func freeFall() []experiment.Curve {
	n := 1001
	t, x, exact, diff := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	var pt, px []float64
	for i := range n {
		t[i] = float64(i) / float64(n-1)
		exact[i] = -4.9*t[i]*t[i] + t[i]
		x[i] = exact[i] + 1e-9*t[i]*math.Sin(25*t[i])
		diff[i] = math.Abs(x[i] - exact[i])
		if i%40 == 0 {
			pt, px = append(pt, t[i]), append(px, exact[i])
		}
	}
	tAxis := experiment.Axis{Label: text("t", "時刻 t"), Unit: "s"}
	return []experiment.Curve{
		{
			Figure: "solution", Title: text("Free fall", "自由落下"),
			X: tAxis, Y: experiment.Axis{Label: text("x", "位置 x"), Unit: "m"},
			Lines: []experiment.Line{
				{Label: text("network", "ニューラルネット"), X: t, Y: x},
				{Label: text("exact", "厳密解"), X: t, Y: exact, Exact: true},
				{Label: text("training points", "訓練点"), X: pt, Y: px, Dots: true},
			},
		},
		{
			Figure: "solution", Title: text("Error", "誤差"),
			X: tAxis, Y: experiment.Axis{Label: text("|error|", "誤差の絶対値"), Unit: "m", Log: true},
			Lines: []experiment.Line{{Label: text("|network − exact|", "|予測 − 厳密解|"), X: t, Y: diff}},
		},
	}
}

// hostile are curves with every value that could break a picture.
func hostile() []experiment.Curve {
	nan, inf := math.NaN(), math.Inf(1)
	axis := func(log bool) experiment.Axis { return experiment.Axis{Label: text("q", "量"), Unit: "J", Log: log} }
	line := func(y ...float64) []experiment.Line {
		x := make([]float64, len(y))
		for i := range x {
			x[i] = float64(i)
		}
		return []experiment.Line{{Label: text("values", "値"), X: x, Y: y}, {Label: text("points", "点"), X: x, Y: y, Dots: true}}
	}
	var list []experiment.Curve
	for _, c := range []struct {
		name string
		log  bool
		y    []float64
	}{
		{"nothing", false, nil},
		{"nothing, log", true, nil},
		{"not finite", false, []float64{nan, inf, -inf}},
		{"constant", false, []float64{9.8, 9.8, 9.8}},
		{"constant zero", false, []float64{0, 0}},
		{"constant to rounding", false, []float64{1, 1 + 1e-16, 1 - 1e-16}},
		{"constant, log", true, []float64{1e-8, 1e-8}},
		{"zero and negative, log", true, []float64{1e-3, 0, -1, 1e-12, nan, 1e-5, 1e-4}},
		{"very large", false, []float64{-1.5e299, 1.5e299, math.MaxFloat64}},
		{"very small", false, []float64{1e-300, 2e-300, 5e-324}},
		{"very small, log", true, []float64{5e-324, 1e-320, 1e-200, 1}},
		{"small", false, []float64{-2.5e-9, 1e-9, 3e-9}},
		{"offset", false, []float64{100000.0001, 100000.0002}},
		{"one point", false, []float64{3}},
	} {
		list = append(list, experiment.Curve{Figure: "hostile", Title: text(c.name, c.name), X: axis(false), Y: axis(c.log), Lines: line(c.y...)})
	}
	return list
}

// many has a legend of two rows, wide labels and axes that are not shared.
func many() []experiment.Curve {
	x := []float64{1000000, 2000000, 3000000, 4000000}
	c := experiment.Curve{Figure: "many", Title: text("Loss against step", "損失と歩数"), X: experiment.Axis{Label: text("step", "歩数")}, Y: experiment.Axis{Label: text("loss", "損失"), Log: true}}
	for i := range 8 {
		y := []float64{1, 0.1 / float64(i+1), 0.02 / float64(i+1), 0.003 / float64(i+1)}
		c.Lines = append(c.Lines, experiment.Line{Label: text("a recipe of this kind", "この種の学習の方法"), X: x, Y: y, Exact: i > 5})
	}
	d := c
	d.X = experiment.Axis{Label: text("temperature", "温度"), Unit: "K", Log: true}
	d.Title, d.Lines = text("", ""), c.Lines[:1]
	return []experiment.Curve{c, d}
}

func TestPictures(t *testing.T) {
	for name, curves := range map[string][]experiment.Curve{"free-fall": freeFall(), "hostile": hostile(), "many": many()} {
		for _, lang := range []string{"en", "ja"} {
			for _, format := range Formats {
				t.Run(name+"-"+lang+"-"+format, func(t *testing.T) {
					var b bytes.Buffer
					if err := Render(curves, lang, &b, format); err != nil {
						t.Fatal(err)
					}
					if *look != "" {
						if err := os.WriteFile(filepath.Join(*look, name+"-"+lang+"."+format), b.Bytes(), 0o666); err != nil {
							t.Fatal(err)
						}
					}
					var again bytes.Buffer
					if err := Render(curves, lang, &again, format); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
						t.Errorf("drawn again: another picture, error %v", err)
					}
					if format == "svg" {
						checkSVG(t, b.Bytes())
					}
					if format == "png" {
						img, err := png.Decode(bytes.NewReader(b.Bytes()))
						if err != nil {
							t.Fatal(err)
						}
						if got := img.Bounds().Dx(); got != 1600 {
							t.Errorf("%d pixels wide, want 1600", got)
						}
					}
				})
			}
		}
	}
}

// checkSVG holds that the document is XML with a title, needs no font, and has
// no number that is none.
func checkSVG(t *testing.T, svg []byte) {
	t.Helper()
	elements := map[string]int{}
	dec := xml.NewDecoder(bytes.NewReader(svg))
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := tok.(xml.StartElement); ok {
			elements[start.Name.Local]++
		}
	}
	if elements["title"] != 1 || elements["text"] > 0 || elements["path"] == 0 {
		t.Errorf("elements %v: want one title, no text, and paths", elements)
	}
	for _, bad := range []string{"NaN", "Inf"} {
		if bytes.Contains(svg, []byte(bad)) {
			t.Errorf("the document holds %s", bad)
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	odd := []experiment.Curve{{Lines: []experiment.Line{{X: []float64{1}, Y: nil}}}}
	for _, tt := range []struct {
		curves []experiment.Curve
		format string
		want   string
	}{
		{nil, "svg", "no curves"},
		{odd, "svg", "has 1 x and 0 y"},
		{freeFall(), "pdf", "need svg or png"},
	} {
		if err := Render(tt.curves, "en", io.Discard, tt.format); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v, want one with %q", err, tt.want)
		}
	}
	full := errors.New("no space left on device")
	for _, format := range Formats {
		if err := Render(freeFall(), "en", failing{full}, format); !errors.Is(err, full) {
			t.Errorf("%s, disk full: error %v", format, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestGlyphs holds that the font has what labels are made of: no boxes.
func TestGlyphs(t *testing.T) {
	f, err := loadFont()
	if err != nil {
		t.Fatal(err)
	}
	const need = "AZaz09 ×·−±|()[]/%°²³⁰¹⁴⁵⁶⁷⁸⁹⁻∂∇∑√≈≤≥′αβγδεηθλμνξπρστφχψωΓΔΘΛΞΠΣΦΨΩħ" +
		"学習物理時刻位置速度加速度厳密解予測誤差訓練点試験損失歩数確率密度波動関数温度相転移臨界指数固有値励起対数絶対値重力自由落下ニューラルネット（）「」、。"
	for _, r := range need {
		if i, err := f.font.GlyphIndex(nil, r); err != nil || i == 0 {
			t.Errorf("no glyph for %q", r)
		}
	}
}

// TestThin holds that thinning keeps what can be seen: ends, lowest, highest.
func TestThin(t *testing.T) {
	var pts []vg.Point
	for i := range 100000 {
		pts = append(pts, vg.Point{X: vg.Length(i) / 1000, Y: vg.Length(math.Sin(float64(i) * 1.7))})
	}
	pts[43210].Y, pts[43211].Y = 5, -5
	out := thin(pts)
	low, high := vg.Length(0), vg.Length(0)
	for _, p := range out {
		low, high = min(low, p.Y), max(high, p.Y)
	}
	if len(out) > 4*501 || out[0] != pts[0] || out[len(out)-1] != pts[len(pts)-1] || low != -5 || high != 5 {
		t.Errorf("%d points from %v to %v, heights %v to %v", len(out), out[0], out[len(out)-1], low, high)
	}
}

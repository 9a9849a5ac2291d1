package plot

import (
	"bytes"
	"flag"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

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

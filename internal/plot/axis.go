package plot

import (
	"math"
	"strconv"
	"strings"

	"github.com/gakuri-lab/gakuri/experiment"
)

// axis is a range of values with its ticks.
type axis struct {
	label    string // with the unit
	log      bool
	min, max float64
	ticks    []tick
	factor   string // "×10⁻⁸" if the ticks' labels leave it out
}

// tick is a mark on an axis; a minor tick has no label.
type tick struct {
	value float64
	label string
}

const (
	huge    = 1e300  // larger magnitudes are not drawn: their differences may overflow
	tiny    = 1e-290 // nor smaller values on a logarithmic axis
	decades = 40     // most that a logarithmic axis shows, counted from its largest value
)

// place returns where v stands on the axis, from 0 to 1, and whether it stands
// there at all.
func (a axis) place(v float64) (float64, bool) {
	if !a.shows(v) {
		return 0, false
	}
	if a.log {
		lo, hi := math.Log10(a.min), math.Log10(a.max)
		at := (math.Log10(v) - lo) / (hi - lo)
		return at, at >= -1e-9
	}
	return (v - a.min) / (a.max - a.min), true
}

// shows reports whether v can stand on the axis.
func (a axis) shows(v float64) bool {
	return math.Abs(v) < huge && (!a.log || v > tiny) // false for NaN
}

// newAxis makes the axis that holds the values; want is how many labels to
// aim at.
func newAxis(spec experiment.Axis, lang string, values [][]float64, margin float64, want int) axis {
	a := axis{label: spec.Label.In(lang), log: spec.Log}
	if spec.Unit != "" {
		a.label = strings.TrimSpace(a.label + " (" + spec.Unit + ")")
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, list := range values {
		for _, v := range list {
			if a.shows(v) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	if a.log {
		a.logRange(lo, hi, margin)
		a.logTicks(want)
	} else {
		a.linearRange(lo, hi, margin)
		a.linearTicks(want)
	}
	return a
}

func (a *axis) linearRange(lo, hi, margin float64) {
	if lo > hi {
		lo, hi = 0, 1 // nothing to show
	}
	if span, size := hi-lo, max(math.Abs(lo), math.Abs(hi)); span <= 1e-12*size || span < 1e-290 {
		half := max(0.1*size, 1e-280) // a constant, up to rounding
		if size == 0 {
			half = 1
		}
		lo, hi = lo-half, hi+half
	}
	a.min, a.max = lo-margin*(hi-lo), hi+margin*(hi-lo)
}

func (a *axis) logRange(lo, hi, margin float64) {
	if lo > hi {
		lo, hi = 0.1, 1 // nothing to show
	}
	l, h := math.Log10(lo), math.Log10(hi)
	l = max(l, h-decades)
	if h-l < 1 { // show one whole decade at least
		l, h = math.Floor(l+1e-9), math.Ceil(h-1e-9)
		if h-l < 1 {
			l, h = l-1, h+1
		}
	}
	pad := margin * (h - l)
	a.min, a.max = math.Pow(10, l-pad), math.Pow(10, h+pad)
}

// linearTicks sets ticks at multiples of 1, 2 or 5 times a power of ten.
func (a *axis) linearTicks(want int) {
	step, minor := niceStep((a.max - a.min) / float64(want))
	size := max(math.Abs(a.min), math.Abs(a.max))
	power := 0
	if size < 1e-3 || size >= 1e5 {
		power = int(math.Floor(math.Log10(size)))
		a.factor = "×" + powerOfTen(power)
	}
	digits := max(0, power-int(math.Floor(math.Log10(step)+1e-9)))
	unit := math.Pow(10, float64(power))
	first, last := math.Ceil(a.min/step-1e-9), math.Floor(a.max/step+1e-9)
	for k := range int(min(last-first, 100)) + 1 {
		v := (first + float64(k)) * step
		label := strconv.FormatFloat(v/unit, 'f', min(digits, 15), 64)
		a.ticks = append(a.ticks, tick{v, minus(label)})
	}
	first, last = math.Ceil(a.min/minor-1e-9), math.Floor(a.max/minor+1e-9)
	for k := range int(min(last-first, 500)) + 1 {
		v := (first + float64(k)) * minor
		if r := v / step; math.Abs(r-math.Round(r)) > 1e-6 {
			a.ticks = append(a.ticks, tick{value: v})
		}
	}
}

// niceStep returns the least 1, 2 or 5 times a power of ten that is not below
// x, and the step of the minor ticks between.
func niceStep(x float64) (step, minor float64) {
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []struct{ step, minor float64 }{{1, 0.2}, {2, 0.5}, {5, 1}} {
		if x <= m.step*unit*(1+1e-9) {
			return m.step * unit, m.minor * unit
		}
	}
	return 10 * unit, 2 * unit
}

// logTicks labels powers of ten, every so many if there are too many.
func (a *axis) logTicks(want int) {
	first, last := int(math.Ceil(math.Log10(a.min)-1e-9)), int(math.Floor(math.Log10(a.max)+1e-9))
	every := 1
	for (last-first)/every+1 > want {
		every++
	}
	for k := first; k <= last; k++ {
		t := tick{value: math.Pow(10, float64(k))}
		if (last-k)%every == 0 {
			t.label = powerOfTen(k)
		}
		a.ticks = append(a.ticks, t)
	}
	if every > 1 {
		return
	}
	for k := first - 1; k <= last; k++ {
		for m := 2.0; m < 10; m++ {
			if v := m * math.Pow(10, float64(k)); v >= a.min && v <= a.max {
				a.ticks = append(a.ticks, tick{value: v})
			}
		}
	}
}

// powerOfTen writes 10 with a raised exponent.
func powerOfTen(k int) string {
	raised := strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴",
		"5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")
	return "10" + raised.Replace(strconv.Itoa(k))
}

// minus writes a number with the sign that printers use, and no negative zero.
func minus(label string) string {
	if strings.Trim(label, "-0.") == "" {
		return strings.TrimPrefix(label, "-")
	}
	return strings.Replace(label, "-", "−", 1)
}

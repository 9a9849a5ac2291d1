package experiment

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// FieldError says that a field of a spec cannot have a value.
type FieldError struct {
	Field   string // flag of the field
	Value   string // as given, with its unit
	Problem Text   // "is out of range"
	Want    Text   // "give 0 or more"
}

func (e *FieldError) Error() string { return e.In("en") }

// In returns the sentence in lang.
func (e *FieldError) In(lang string) string {
	if lang == "ja" {
		return fmt.Sprintf("%s: %s %s。%s", e.Field, e.Value, e.Problem.Ja, e.Want.Ja)
	}
	return fmt.Sprintf("%s: %s %s: %s", e.Field, e.Value, e.Problem.En, e.Want.En)
}

// Set gives the field in spec the value written as text: lists are separated by
// commas. It returns a *[FieldError] and leaves spec as it was if text is not a
// value of the field.
func (f Field) Set(spec any, text string) error {
	value, err := f.parse(text)
	if err == nil {
		err = f.check(value)
	}
	if err != nil {
		return err
	}
	if zero := value == 0 || value == 0.0 || value == ""; zero && !f.Pointer && f.Default != "" && f.Default != "0" {
		return f.fail(text, Text{"would stand for the default", "は既定値を表します"},
			Text{fmt.Sprintf("leave the flag out to get %s, or give another value", f.Default),
				fmt.Sprintf("%s でよければ指定を省き、そうでなければ別の値を指定してください", f.Default)})
	}
	f.store(structOf(spec).FieldByIndex(f.index), value)
	return nil
}

// Format writes the field's value in spec as [Field.Set] reads it; "" if nil.
func (f Field) Format(spec any) string { return format(f.Value(spec)) }

func format(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []int:
		return join(v)
	case []float64:
		return join(v)
	}
	return fmt.Sprint(value)
}

func join[T any](list []T) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = format(v)
	}
	return strings.Join(parts, ",")
}

// parse reads text as a value of the field's kind.
func (f Field) parse(text string) (any, error) {
	text = strings.TrimSpace(text)
	switch f.Kind {
	case Int:
		return f.parseInt(text)
	case Float:
		return f.parseFloat(text)
	case Bool:
		v, err := strconv.ParseBool(text)
		if err != nil {
			return nil, f.fail(strconv.Quote(text), Text{"is neither true nor false", "は真偽値ではありません"},
				Text{"give true or false", "true か false を指定してください"})
		}
		return v, nil
	case Ints:
		return parseList(text, f.parseInt)
	case Floats:
		return parseList(text, f.parseFloat)
	}
	return text, nil
}

func parseList[T any](text string, parse func(string) (T, error)) ([]T, error) {
	list := []T{}
	if text == "" {
		return list, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		v, err := parse(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// parseInt also reads 5_000 and 1e4.
func (f Field) parseInt(text string) (int, error) {
	if v, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 0); err == nil {
		return int(v), nil
	}
	x, err := strconv.ParseFloat(text, 64)
	if err == nil && x == math.Trunc(x) && math.Abs(x) <= 1<<53 {
		if v := int(x); float64(v) == x {
			return v, nil
		}
	}
	want := Text{"give a whole number", "整数を指定してください"}
	if f.Kind == Ints {
		want = Text{"give whole numbers separated by commas, such as " + f.sample("32,64,32"),
			"整数をコンマ区切りで指定してください(例: " + f.sample("32,64,32") + ")"}
	}
	return 0, f.fail(quoted(text, err == nil), Text{"is not a whole number", "は整数ではありません"}, want)
}

func (f Field) parseFloat(text string) (float64, error) {
	x, err := strconv.ParseFloat(text, 64)
	if err == nil && !math.IsInf(x, 0) && !math.IsNaN(x) {
		return x, nil
	}
	want := Text{"give a number such as " + f.sample("0.5"), "数値を指定してください(例: " + f.sample("0.5") + ")"}
	if f.Kind == Floats {
		want = Text{"give numbers separated by commas, such as " + f.sample("0,1"),
			"数値をコンマ区切りで指定してください(例: " + f.sample("0,1") + ")"}
	}
	return 0, f.fail(strconv.Quote(text), Text{"is not a finite number", "は有限の数値ではありません"}, want)
}

// sample is a value worth showing.
func (f Field) sample(other string) string {
	if f.Default != "" {
		return f.Default
	}
	return other
}

func quoted(text string, plain bool) string {
	if plain {
		return text
	}
	return strconv.Quote(text)
}

func (f Field) fail(value string, problem, want Text) *FieldError {
	return &FieldError{Field: f.Flag, Value: value, Problem: problem, Want: want}
}

// check holds a value against range, length and choices.
func (f Field) check(value any) error {
	switch v := value.(type) {
	case int:
		return f.checkNumber(float64(v), strconv.Itoa(v))
	case float64:
		return f.checkNumber(v, format(v))
	case string:
		return f.checkChoice(v)
	case []int:
		return checkList(f, v)
	case []float64:
		return checkList(f, v)
	}
	return nil
}

func checkList[T int | float64](f Field, list []T) error {
	if n := len(list); n < f.MinLen || f.MaxLen > 0 && n > f.MaxLen {
		en, ja := fmt.Sprintf("give %d", f.MinLen), fmt.Sprintf("%d 個指定してください", f.MinLen)
		switch {
		case f.MaxLen == 0:
			en, ja = en+" or more", fmt.Sprintf("%d 個以上指定してください", f.MinLen)
		case f.MaxLen > f.MinLen:
			en, ja = fmt.Sprintf("%s to %d", en, f.MaxLen), fmt.Sprintf("%d 個から %d 個まで指定してください", f.MinLen, f.MaxLen)
		}
		plural := "s"
		if n == 1 {
			plural = ""
		}
		return f.fail(quoted(join(list), n > 0), Text{fmt.Sprintf("has %d value%s", n, plural), fmt.Sprintf("は %d 個の値です", n)}, Text{en, ja})
	}
	for _, v := range list {
		if err := f.checkNumber(float64(v), format(v)); err != nil {
			return err
		}
	}
	return nil
}

func (f Field) checkNumber(x float64, text string) error {
	low := f.Min.Set && (x < f.Min.Value || f.Min.Open && x == f.Min.Value)
	high := f.Max.Set && (x > f.Max.Value || f.Max.Open && x == f.Max.Value)
	if !low && !high && !math.IsNaN(x) && !math.IsInf(x, 0) {
		return nil
	}
	if f.Unit != "" {
		text += " " + f.Unit
	}
	r := f.Range()
	if r.En == "" {
		r = Text{"a finite number", "有限の数値"}
	}
	return f.fail(text, Text{"is out of range", "は範囲外です"}, Text{"give " + r.En, r.Ja + "を指定してください"})
}

func (f Field) checkChoice(word string) error {
	if len(f.Choices) == 0 || slices.Contains(f.Choices, word) {
		return nil
	}
	list := strings.Join(f.Choices, ", ")
	want := Text{"give one of " + list, list + " のどれかを指定してください"}
	if near := Nearest(word, f.Choices); near != "" {
		want = Text{fmt.Sprintf("did you mean %q? (one of %s)", near, list), fmt.Sprintf("%q ですか?(%s のどれか)", near, list)}
	}
	return f.fail(strconv.Quote(word), Text{"is not a choice", "は選べません"}, want)
}

// Range says which numbers are allowed: "0 or more". It is empty if all are.
func (f Field) Range() Text {
	lo, hi := f.end(f.Min), f.end(f.Max)
	lowEn, lowJa := lo+" or more", lo+" 以上"
	if f.Min.Open {
		lowEn, lowJa = "more than "+lo, lo+" より大きい値"
	}
	highEn, highJa := hi+" or less", hi+" 以下"
	if f.Max.Open {
		highEn, highJa = "less than "+hi, hi+" 未満"
	}
	switch {
	case !f.Min.Set && !f.Max.Set:
		return Text{}
	case !f.Max.Set:
		return Text{lowEn, lowJa}
	case !f.Min.Set:
		return Text{highEn, highJa}
	case !f.Min.Open && !f.Max.Open:
		return Text{lo + " to " + hi, lo + " 以上 " + hi + " 以下"}
	}
	return Text{lowEn + ", " + highEn, lowJa + "、" + highJa}
}

// end writes a bound as people do: 1000000 points, but 1e6 m.
func (f Field) end(b Bound) string {
	if f.Kind == Int || f.Kind == Ints {
		return strconv.FormatFloat(b.Value, 'f', -1, 64)
	}
	return strings.NewReplacer("e+0", "e", "e-0", "e-", "e+", "e").Replace(format(b.Value))
}

// Nearest returns the word of list that a slip of the fingers may have meant,
// or "" if none is near: at most a third of its letters, and at least one, differ.
func Nearest(word string, list []string) string {
	best, least := "", math.MaxInt
	for _, w := range list {
		d := distance([]rune(strings.ToLower(word)), []rune(strings.ToLower(w)))
		if d < least && d <= max(1, len([]rune(w))/3) {
			best, least = w, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, change or swap with their
// neighbour to turn a into b (optimal string alignment).
func distance(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

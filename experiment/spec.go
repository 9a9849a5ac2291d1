package experiment

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A spec is a pointer to a struct whose zero value is the run shown in the
// README. Flags, the spec file, help, JSON and the lab's form are all made from
// the tags of its exported fields; those of embedded structs count too.
//
//	flag     name of the flag and key of the spec file; a field without it is not part of the spec
//	default  value that nil or zero stands for; "" means that Complete, or the experiment, chooses
//	unit     of the number, "" if it has none
//	min, max bounds of every number; a leading > or < leaves out the bound itself
//	len      of a list: "2" for exactly two, "0.." for any; one or more if not said
//	choices  words allowed, separated by commas
//	live     "true" if the lab may change it during a run
//	budget   "true" if a resumed run may change it: more steps, not other physics
//	en, ja   what it is
//
// Kinds: int, float64, string, bool, []int, []float64, and *int, *float64,
// *bool. Where 0 is physics the field must be a pointer: nil is then the default
// and 0 is 0. For a plain number with a default, 0 stands for the default and
// is refused when a user writes it.
//
// Two methods of the spec are called if it has them: Complete() by [Fill], for
// defaults that hang on other fields, and Check() error by [Validate], for
// what one field alone cannot show.
type Field struct {
	Name    string // of the struct's field: "Gravity"
	Flag    string // of the command line and spec file: "gravity"
	Kind    Kind
	Pointer bool // nil is the default, 0 is 0
	Text    Text
	Unit    string
	Min     Bound
	Max     Bound
	MinLen  int // of a list
	MaxLen  int // of a list; 0 means no limit
	Choices []string
	Default string // as written on the command line; "" if chosen by the experiment
	Live    bool   // may change during a run
	Budget  bool   // may change when a run is resumed

	index []int
}

// Kind is the type of a field, without the pointer.
type Kind string

// The kinds of fields.
const (
	Int    Kind = "int"
	Float  Kind = "float"
	String Kind = "string"
	Bool   Kind = "bool"
	Ints   Kind = "ints"
	Floats Kind = "floats"
)

// List says whether the kind holds several numbers.
func (k Kind) List() bool { return k == Ints || k == Floats }

// Bound is one end of a range.
type Bound struct {
	Set   bool
	Value float64
	Open  bool // the bound itself is outside
}

var kinds = map[reflect.Type]Kind{
	reflect.TypeFor[int]():       Int,
	reflect.TypeFor[float64]():   Float,
	reflect.TypeFor[string]():    String,
	reflect.TypeFor[bool]():      Bool,
	reflect.TypeFor[[]int]():     Ints,
	reflect.TypeFor[[]float64](): Floats,
}

// Fields lists the fields of a spec in the order of the struct. It panics on
// tags that contradict themselves: those are slips of the experiment's author.
func Fields(spec any) []Field {
	return appendFields(nil, structOf(spec).Type(), nil)
}

func appendFields(fields []Field, t reflect.Type, index []int) []Field {
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(slices.Clone(index), i)
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct {
			fields = appendFields(fields, sf.Type, at)
			continue
		}
		flag, ok := sf.Tag.Lookup("flag")
		if !ok || !sf.IsExported() {
			continue
		}
		f := newField(sf, flag)
		f.index = at
		for _, g := range fields {
			if g.Flag == f.Flag {
				panic(fmt.Sprintf("experiment: fields %s and %s both have the flag %q", g.Name, f.Name, f.Flag))
			}
		}
		fields = append(fields, f)
	}
	return fields
}

func newField(sf reflect.StructField, flag string) Field {
	get := sf.Tag.Get
	f := Field{
		Name: sf.Name, Flag: flag, Unit: get("unit"), Default: get("default"),
		Text: Text{En: get("en"), Ja: get("ja")},
		Live: get("live") == "true", Budget: get("budget") == "true",
		MinLen: 1,
	}
	t := sf.Type
	if t.Kind() == reflect.Pointer {
		f.Pointer, t = true, t.Elem()
	}
	kind, ok := kinds[t]
	if !ok || f.Pointer && (kind == String || kind.List()) {
		panic(fmt.Sprintf("experiment: field %s has type %v: need int, float64, string, bool, a list of numbers, or a pointer to int, float64 or bool", f.Name, sf.Type))
	}
	f.Kind = kind
	if c := get("choices"); c != "" {
		f.Choices = strings.Split(c, ",")
	}
	f.Min, f.Max = f.bound(get("min"), ">"), f.bound(get("max"), "<")
	if l := get("len"); l != "" {
		f.setLen(l)
	}
	if kind == Bool && !f.Pointer && f.Default == "true" {
		panic(fmt.Sprintf("experiment: field %s is true by default: make it a *bool", f.Name))
	}
	if f.Default != "" {
		value, err := f.parse(f.Default)
		if err == nil {
			err = f.check(value)
		}
		if err != nil {
			panic("experiment: default of " + err.Error())
		}
	}
	return f
}

func (f *Field) bound(text, open string) Bound {
	if text == "" {
		return Bound{}
	}
	number, isOpen := strings.CutPrefix(text, open)
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		panic(fmt.Sprintf("experiment: field %s has the bound %q: need a number, or one after %s", f.Name, text, open))
	}
	return Bound{Set: true, Value: v, Open: isOpen}
}

func (f *Field) setLen(text string) {
	low, high, isRange := strings.Cut(text, "..")
	lo, err := strconv.Atoi(low)
	if err == nil && isRange && high == "" {
		f.MinLen, f.MaxLen = lo, 0
		return
	}
	hi := lo
	if err == nil && isRange {
		hi, err = strconv.Atoi(high)
	}
	if err != nil || hi < lo {
		panic(fmt.Sprintf("experiment: field %s has the length %q: need 2, 1..3 or 0..", f.Name, text))
	}
	f.MinLen, f.MaxLen = lo, hi
}

// structOf returns the struct that spec points to.
func structOf(spec any) reflect.Value {
	v := reflect.ValueOf(spec)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("experiment: spec of type %T: need a pointer to a struct", spec))
	}
	return v.Elem()
}

// Fill replaces every nil or zero field by its default, then calls the spec's
// Complete, so that a recorded spec shows every value.
func Fill(spec any) {
	v := structOf(spec)
	for _, f := range Fields(spec) {
		if x := v.FieldByIndex(f.index); f.Default != "" && x.IsZero() {
			value, _ := f.parse(f.Default) // checked by newField
			f.store(x, value)
		}
	}
	if c, ok := spec.(interface{ Complete() }); ok {
		c.Complete()
	}
}

// Validate says what is wrong with a filled spec: a [FieldError] for the
// first field out of its range, or what the spec's own Check finds.
func Validate(spec any) error {
	v := structOf(spec)
	for _, f := range Fields(spec) {
		x := v.FieldByIndex(f.index)
		if f.Default == "" && x.IsZero() {
			continue // the experiment chooses
		}
		if err := f.check(f.load(x)); err != nil {
			return err
		}
	}
	if c, ok := spec.(interface{ Check() error }); ok {
		return c.Check()
	}
	return nil
}

// Value returns the field's value in spec: an int, float64, string, bool,
// []int or []float64, or nil for a pointer that is nil.
func (f Field) Value(spec any) any { return f.load(structOf(spec).FieldByIndex(f.index)) }

func (f Field) load(x reflect.Value) any {
	if f.Pointer {
		if x.IsNil() {
			return nil
		}
		x = x.Elem()
	}
	return x.Interface()
}

func (f Field) store(x reflect.Value, value any) {
	v := reflect.ValueOf(value)
	if f.Pointer {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		v = p
	}
	x.Set(v)
}

// Changed lists the fields in which two specs of one type differ.
func Changed(a, b any) []Field {
	var changed []Field
	for _, f := range Fields(a) {
		if !reflect.DeepEqual(f.Value(a), f.Value(b)) {
			changed = append(changed, f)
		}
	}
	return changed
}

// SpecJSON returns the spec as a JSON object whose keys are the flags, in the
// order of the struct. A field without a value is null.
func SpecJSON(spec any) ([]byte, error) {
	out := []byte{'{'}
	for i, f := range Fields(spec) {
		value, err := json.Marshal(f.Value(spec))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Flag, err)
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(strconv.AppendQuote(out, f.Flag), ':')
		out = append(out, value...)
	}
	return append(out, '}'), nil
}

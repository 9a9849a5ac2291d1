// Package spec reads and writes spec files: YAML whose keys are the flags of
// an experiment, read strictly.
//
//	experiment: free-fall
//	preset: notebook
//	seed: 3
//	gravity: 1.62
//	widths: [16, 16]
//
// The keys experiment, preset and seed may be left out.
package spec

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gakuri-lab/gakuri/experiment"
)

// MaxSize is the largest spec file, in bytes.
const MaxSize = 1 << 20

// Heads are the keys that are not fields of an experiment.
var Heads = []string{"experiment", "preset", "seed"}

// Error says what is wrong with a spec file, and where.
type Error struct {
	File         string
	Line, Column int // from 1; 0 if not known
	Err          error
}

func (e *Error) Error() string { return e.In("en") }

// In returns the sentence in lang.
func (e *Error) In(lang string) string {
	at := e.File
	if e.Line > 0 {
		at += ":" + strconv.Itoa(e.Line)
	}
	if e.Column > 0 {
		at += ":" + strconv.Itoa(e.Column)
	}
	if t, ok := e.Err.(interface{ In(string) string }); ok {
		return at + ": " + t.In(lang)
	}
	return at + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// File is a spec file that has been read, but not yet held against an
// experiment.
type File struct {
	Name       string // for messages
	Experiment string // "" if not said
	Preset     string // "" if not said
	Seed       *uint64

	entries []entry
}

type entry struct {
	key   *yaml.Node
	value *yaml.Node
}

// ReadFile reads the spec file at path; "-" is standard input.
func ReadFile(path string, stdin io.Reader) (*File, error) {
	in := stdin
	name := path
	if path == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("spec file: %w", err)
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("spec file: %w", err)
	}
	return Parse(name, data)
}

// Parse reads a spec file; name stands in messages. All its errors are *[Error].
func Parse(name string, data []byte) (*File, error) {
	f := &File{Name: name}
	if len(data) > MaxSize {
		return nil, f.fail(nil, "a spec file has at most %d bytes", MaxSize)
	}
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	var doc yaml.Node
	if err := dec.Decode(&doc); err == io.EOF {
		return f, nil // empty: every default
	} else if err != nil {
		return nil, f.syntax(err)
	}
	var more yaml.Node
	if err := dec.Decode(&more); err == nil {
		return nil, f.fail(&more, "a second document begins here: give one")
	} else if err != io.EOF {
		return nil, f.syntax(err)
	}
	if err := f.take(&doc); err != nil {
		return nil, err
	}
	return f, nil
}

// take sorts the entries of the document.
func (f *File) take(doc *yaml.Node) error {
	if len(doc.Content) == 0 {
		return nil
	}
	top := doc.Content[0]
	if top.Kind == yaml.ScalarNode && top.ShortTag() == "!!null" {
		return nil
	}
	if top.Kind != yaml.MappingNode {
		return f.fail(top, "found %s: give lines such as \"gravity: 9.8\"", describe(top))
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
			return f.fail(key, "found %s as a key: give the name of a field", describe(key))
		}
		if first, ok := lines[key.Value]; ok {
			return f.fail(key, "%s is set twice: first in line %d", key.Value, first)
		}
		lines[key.Value] = key.Line
		if !slices.Contains(Heads, key.Value) {
			f.entries = append(f.entries, entry{key, value})
			continue
		}
		if err := f.takeHead(key.Value, value); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) takeHead(key string, value *yaml.Node) error {
	if key == "seed" {
		seed, err := strconv.ParseUint(value.Value, 10, 64)
		if value.Kind != yaml.ScalarNode || value.ShortTag() != "!!int" || err != nil {
			return f.fail(value, "seed: found %s: give a whole number, 0 or more", describe(value))
		}
		f.Seed = &seed
		return nil
	}
	if value.Kind != yaml.ScalarNode || value.ShortTag() != "!!str" || value.Value == "" {
		return f.fail(value, "%s: found %s: give a name", key, describe(value))
	}
	if key == "preset" {
		f.Preset = value.Value
	} else {
		f.Experiment = value.Value
	}
	return nil
}

// Apply sets the fields that the file names in spec. All its errors are *[Error].
func (f *File) Apply(spec any) error {
	fields := experiment.Fields(spec)
	flags := make([]string, len(fields))
	for i, field := range fields {
		flags[i] = field.Flag
	}
	for _, e := range f.entries {
		i := slices.Index(flags, e.key.Value)
		if i < 0 {
			if near := experiment.Nearest(e.key.Value, append(flags, Heads...)); near != "" {
				return f.fail(e.key, "unknown key %q: did you mean %q?", e.key.Value, near)
			}
			return f.fail(e.key, "unknown key %q: give one of %s", e.key.Value, strings.Join(flags, ", "))
		}
		text, err := f.text(fields[i], e.value)
		if err != nil {
			return err
		}
		if err := fields[i].Set(spec, text); err != nil {
			return f.at(e.value, err)
		}
	}
	return nil
}

// words names the YAML that a kind of field takes.
var words = map[experiment.Kind]string{
	experiment.Int: "a whole number", experiment.Float: "a number",
	experiment.String: "text", experiment.Bool: "true or false",
	experiment.Ints:   "a list of whole numbers such as [32, 64]",
	experiment.Floats: "a list of numbers such as [0, 1.5]",
}

// text returns a node as it would be written on the command line.
func (f *File) text(field experiment.Field, n *yaml.Node) (string, error) {
	if !field.Kind.List() {
		if n.Kind != yaml.ScalarNode || !fits(field.Kind, n.ShortTag()) {
			return "", f.wrong(field, n)
		}
		return n.Value, nil
	}
	if n.Kind != yaml.SequenceNode {
		return "", f.wrong(field, n)
	}
	parts := make([]string, len(n.Content))
	for i, item := range n.Content {
		if item.Kind != yaml.ScalarNode || !fits(field.Kind, item.ShortTag()) {
			return "", f.wrong(field, item)
		}
		parts[i] = item.Value
	}
	return strings.Join(parts, ","), nil
}

func fits(kind experiment.Kind, tag string) bool {
	switch kind {
	case experiment.String:
		return tag == "!!str"
	case experiment.Bool:
		return tag == "!!bool"
	}
	return tag == "!!int" || tag == "!!float" // 1e4 is a whole number too
}

func (f *File) wrong(field experiment.Field, n *yaml.Node) error {
	return f.fail(n, "%s: found %s: give %s", field.Flag, describe(n), words[field.Kind])
}

// describe names what stands in the file, cut short.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.AliasNode:
		return "an alias (*" + n.Value + "), which spec files do not have"
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	if n.ShortTag() == "!!null" {
		return "nothing"
	}
	text := []rune(n.Value)
	if len(text) > 40 {
		text = append(text[:40], '…')
	}
	if n.ShortTag() == "!!str" {
		return strconv.Quote(string(text))
	}
	return string(text)
}

func (f *File) fail(n *yaml.Node, format string, args ...any) error {
	return f.at(n, fmt.Errorf(format, args...))
}

func (f *File) at(n *yaml.Node, err error) error {
	e := &Error{File: f.Name, Err: err}
	if n != nil {
		e.Line, e.Column = n.Line, n.Column
	}
	return e
}

// syntax takes the line out of an error of the YAML parser, which knows no column.
func (f *File) syntax(err error) error {
	e := &Error{File: f.Name}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		number, message, found := strings.Cut(rest, ": ")
		if line, bad := strconv.Atoi(number); found && bad == nil {
			e.Line, text = line, message
		}
	}
	e.Err = errors.New("not YAML: " + text)
	return e
}

// Package gakuri_test holds the layout of the tree as a test. It parses every
// Go file itself, under all build tags, and names each one that breaks a rule
// of ARCHITECTURE.md. There is no code in the root.
package gakuri_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	module       = "github.com/gakuri-lab/gakuri"
	avo          = "github.com/mmcloughlin/avo"
	decisions    = "docs/decision/README.md"
	dependencies = "docs/decision/0002-dependencies.md"

	maxLines    = 700       // of a Go file that is neither test nor generated
	maxMain     = 59        // of cmd/gakuri/main.go
	maxTestdata = 1_500_000 // bytes of one file
)

// floors numbers the directories of the root. A package imports its own floor
// and those below it.
var floors = map[string]int{
	"engine":     1,
	"topic":      2,
	"experiment": 3, "course": 3,
	"internal": 4, "cmd": 4, "ui": 4, "bench": 4,
}

// host lists the packages through which a program reaches files, the clock,
// the network, the environment or unseeded randomness. They and all below them
// stay out of floors 1 and 2.
var host = []string{
	"crypto/rand", "flag", "io/fs", "io/ioutil", "log", "math/rand", "net", "os", "syscall", "time",
	"golang.org/x/net", "golang.org/x/sys/plan9", "golang.org/x/sys/unix", "golang.org/x/sys/windows",
}

// lowFloors lists the modules that floors 1 and 2 may import.
var lowFloors = []string{"golang.org/x", "gonum.org/v1/gonum"}

// vague lists names of places, not of things.
var vague = []string{"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}

// randTypes lists what may be selected from math/rand and math/rand/v2: the
// types and the constructors that take a seed. All else draws from the global,
// unseeded source.
var randTypes = []string{
	"ChaCha8", "New", "NewChaCha8", "NewPCG", "NewSource", "NewZipf", "PCG", "Rand", "Source", "Source64", "Zipf",
}

// homes says where files of another language live.
var homes = map[string]string{".py": "bench", ".ipynb": "bench", ".ts": "ui", ".tsx": "ui", ".svelte": "ui"}

// unread lists the directories of the root and of bench that are made, not written.
var unread = []string{".git", "bench/.venv", "bench/out", "runs", "ui/node_modules"}

// TestLayout holds the tree against its rules.
func TestLayout(t *testing.T) {
	tr, err := readTree(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range tr.check() {
		t.Error(fault)
	}
	for _, dir := range []string{"engine", "topic", "experiment", "internal", "cmd"} {
		if !slices.ContainsFunc(tr.sources, func(s source) bool { return s.top() == dir && !s.test }) {
			t.Errorf("no Go file read below %s: the rules were held against nothing", dir)
		}
	}
}

// source is one Go file.
type source struct {
	path  string // from the root, with slashes
	test  bool
	lines int
	fset  *token.FileSet
	file  *ast.File
}

func (s source) dir() string { return path.Dir(s.path) }
func (s source) top() string { return element(s.path, 0) }

// generator reports whether s belongs to a program of the engine that writes kernels.
func (s source) generator() bool {
	return s.top() == "engine" && s.file.Name.Name == "main" && slices.Contains(strings.Split(s.dir(), "/"), "gen")
}

// low reports whether s is code of floor 1 or 2 as it runs in the program.
func (s source) low() bool { f := floors[s.top()]; return (f == 1 || f == 2) && !s.generator() }

// seeded reports whether what s draws may reach a result, and must come from
// the run's seed. The program's own parts draw names of temporary files at most.
func (s source) seeded() bool { return !s.test && s.top() != "internal" && s.top() != "cmd" }

// tree is what the rules are held against.
type tree struct {
	sources []source
	tools   []string // packages of the tool directive of go.mod
	record  []string // modules named in docs/decision
	faults  []string
}

// check returns one line for each broken rule, sorted.
func (tr *tree) check() []string {
	for _, s := range tr.sources {
		tr.checkFile(s)
		for _, spec := range s.file.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				panic(err) // the parser has seen to it
			}
			if fault := s.importFault(target); fault != "" {
				tr.fault(s.at(spec), "%s", fault)
			}
			if base := path.Base(target); s.seeded() && (target == "math/rand" || target == "math/rand/v2") {
				if base == "v2" {
					base = "rand"
				}
				if spec.Name != nil {
					base = spec.Name.Name
				}
				tr.checkRandom(s, base)
			}
		}
	}
	tr.checkComments()
	tr.checkRecord()
	slices.Sort(tr.faults)
	return tr.faults
}

func (tr *tree) fault(where, format string, args ...any) {
	tr.faults = append(tr.faults, where+": "+fmt.Sprintf(format, args...))
}

func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(n.Pos()).Line)
}

// checkFile holds one file against the rules on place, name, length and registration.
func (tr *tree) checkFile(s source) {
	if s.top() != s.path && floors[s.top()] == 0 || s.top() == s.path && !s.test {
		tr.fault(s.path, "Go code on no floor; the floors are engine, topic, experiment, course, internal, cmd, ui, bench")
	}
	if name := s.file.Name.Name; slices.Contains(vague, strings.TrimSuffix(name, "_test")) {
		tr.fault(s.path, "package %s: name the thing, not the place", name)
	}
	limit := maxLines
	if s.path == "cmd/gakuri/main.go" {
		limit = maxMain
	}
	if s.lines > limit && !s.test && !ast.IsGenerated(s.file) {
		tr.fault(s.path, "%d lines, more than %d: one idea per file", s.lines, limit)
	}
	if s.test || s.top() != "topic" && s.top() != "experiment" {
		return
	}
	for _, decl := range s.file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name == "init" {
				tr.fault(s.at(d), "func init: experiments stand in one explicit list")
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if callsForEffect(spec) {
					tr.fault(s.at(spec), "var _ = call: experiments stand in one explicit list")
				}
			}
		}
	}
}

// callsForEffect reports whether spec is var _ = f(…), which runs f at start.
func callsForEffect(spec ast.Spec) bool {
	v, ok := spec.(*ast.ValueSpec)
	if !ok || v.Type != nil || len(v.Values) != 1 || v.Names[0].Name != "_" {
		return false
	}
	_, ok = v.Values[0].(*ast.CallExpr)
	return ok
}

// importFault says why s must not import target; "" if it may. Tests keep to
// the floors and to the modules of their floor, and may use all of the
// standard library.
func (s source) importFault(target string) string {
	if target == "C" {
		return "import \"C\": no cgo"
	}
	if local, ok := strings.CutPrefix(target, module+"/"); ok {
		return s.localFault(local)
	}
	if within(target, avo) && !s.generator() {
		return "import of avo outside the generators engine/**/gen"
	}
	if !s.low() {
		return ""
	}
	if !s.test && slices.ContainsFunc(host, func(p string) bool {
		return within(target, p) && target != "math/rand/v2"
	}) {
		return fmt.Sprintf("%s imports %s: no files, clock, network, environment or unseeded randomness here", s.top(), target)
	}
	if strings.Contains(element(target, 0), ".") && !slices.ContainsFunc(lowFloors, func(p string) bool { return within(target, p) }) {
		return fmt.Sprintf("%s imports %s: only the standard library, golang.org/x and gonum here", s.top(), target)
	}
	return ""
}

// localFault is importFault for a package of this module, given from the root.
func (s source) localFault(target string) string {
	from, to := s.top(), element(target, 0)
	if from == s.path {
		return "" // the tests of the root see everything
	}
	if floors[to] > floors[from] {
		return fmt.Sprintf("%s (floor %d) imports %s (floor %d): imports point down", from, floors[from], target, floors[to])
	}
	if from != to {
		return ""
	}
	here, there := element(s.dir(), 1), element(target, 1)
	switch {
	case from == "topic" && here != there:
		return fmt.Sprintf("topic %s imports topic %s: what two topics want moves down to engine", here, there)
	case from == "experiment" && there != "" && here != there && here != "catalog":
		return fmt.Sprintf("experiment %q imports experiment %s: only experiment/catalog knows the others", here, there)
	}
	return ""
}

// checkRandom finds uses of the global source of the random package that s
// imports as name.
func (tr *tree) checkRandom(s source, name string) {
	if name == "." {
		tr.fault(s.path, "dot import of a random package")
	}
	global := map[*ast.Ident]bool{} // identifiers that are no variable of the file
	for _, id := range s.file.Unresolved {
		global[id] = true
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && id.Name == name && global[id] && !slices.Contains(randTypes, sel.Sel.Name) {
			tr.fault(s.at(sel), "%s.%s draws from the global source: randomness arrives as a *rand.Rand", name, sel.Sel.Name)
		}
		return true
	})
}

// checkComments demands a package comment of every package that has more than tests.
func (tr *tree) checkComments() {
	said := map[string]bool{} // by directory and package name
	for _, s := range tr.sources {
		if s.test {
			continue
		}
		name := s.file.Name.Name
		key := s.dir() + ": package " + name
		text := s.file.Doc.Text()
		said[key] = said[key] || strings.HasPrefix(text, "Package "+name+" ") || name == "main" && text != ""
	}
	for key, ok := range said {
		if !ok {
			tr.fault(key, "no package comment")
		}
	}
}

// checkRecord holds the modules in use against the list of docs/decision, both ways.
func (tr *tree) checkRecord() {
	used := map[string]bool{}
	note := func(where, target string) {
		i := slices.IndexFunc(tr.record, func(m string) bool { return within(target, m) })
		if i < 0 {
			tr.fault(where, "%s has no line in %s", target, dependencies)
			return
		}
		used[tr.record[i]] = true
	}
	for _, s := range tr.sources {
		for _, spec := range s.file.Imports {
			target := strings.Trim(spec.Path.Value, "`\"")
			if strings.Contains(element(target, 0), ".") && !within(target, module) {
				note(s.at(spec), target)
			}
		}
	}
	for _, tool := range tr.tools {
		note("go.mod", tool)
	}
	for _, m := range tr.record {
		if !used[m] {
			tr.fault(dependencies, "%s is imported nowhere", m)
		}
	}
}

// readTree parses the Go files of fsys and holds the other files against the
// rules on language and size.
func readTree(fsys fs.FS) (*tree, error) {
	tr := &tree{}
	fset := token.NewFileSet()
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(unread, name) {
				return fs.SkipDir
			}
			return nil
		}
		ext := path.Ext(name)
		if home, ok := homes[ext]; ok && element(name, 0) != home {
			tr.fault(name, "%s files live in %s/", ext, home)
		}
		if slices.Contains(strings.Split(name, "/"), "testdata") {
			info, err := d.Info()
			if err != nil {
				return err
			}
			if info.Size() > maxTestdata {
				tr.fault(name, "%d bytes of testdata, more than %d", info.Size(), maxTestdata)
			}
			return nil // the go command does not look in there either
		}
		if ext != ".go" {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		tr.sources = append(tr.sources, source{name, strings.HasSuffix(name, "_test.go"), bytes.Count(text, []byte("\n")), fset, file})
		return nil
	})
	if err != nil {
		return nil, err
	}
	goMod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, err
	}
	_, tools, _ := strings.Cut(string(goMod), "\ntool (\n")
	tools, _, _ = strings.Cut(tools, "\n)")
	tr.tools = strings.Fields(tools)
	if err := tr.checkDecisions(fsys); err != nil {
		return nil, err
	}
	list, err := fs.ReadFile(fsys, dependencies)
	if err != nil {
		return nil, err
	}
	for row := range strings.Lines(string(list)) {
		if m, _, ok := strings.Cut(strings.TrimPrefix(row, "| `"), "` |"); ok && strings.HasPrefix(row, "| `") {
			tr.record = append(tr.record, m)
		}
	}
	return tr, nil
}

// checkDecisions demands that the index of docs/decision links to each of its pages.
func (tr *tree) checkDecisions(fsys fs.FS) error {
	index, err := fs.ReadFile(fsys, decisions)
	if err != nil {
		return err
	}
	pages, err := fs.Glob(fsys, path.Dir(decisions)+"/0*.md")
	for _, page := range pages {
		if !strings.Contains(string(index), "("+path.Base(page)+")") {
			tr.fault(page, "no line in %s", decisions)
		}
	}
	return err
}

// element returns the i-th element of a slash-separated path, "" beyond its end.
func element(p string, i int) string {
	parts := strings.Split(p, "/")
	if i >= len(parts) {
		return ""
	}
	return parts[i]
}

// within reports whether p is root or lies below it.
func within(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }

// cleanTree breaks no rule; it uses every liberty that the rules leave.
var cleanTree = map[string]string{
	"go.mod":     "module " + module + "\n\ntool (\n\tgolang.org/x/perf/cmd/benchstat\n)\n",
	decisions:    "[2](0002-dependencies.md)\n",
	dependencies: "| module |\n|---|\n| `" + avo + "` | a |\n| `golang.org/x/perf` | b |\n| `gonum.org/v1/gonum` | c |\n| `github.com/spf13/cobra` | d |\n",

	"layout_test.go":               "package gakuri_test\n\nimport \"os\"\n",
	"engine/exec/exec.go":          "// Package exec runs.\npackage exec\n\nimport (\n\t\"math/rand/v2\"\n\t\"runtime\"\n\t\"sync\"\n\n\t\"gonum.org/v1/gonum/mat\"\n)\n\nfunc F(r *rand.Rand) *rand.Rand { return rand.New(rand.NewPCG(r.Uint64(), 1)) }\n\nfunc G(rand *rand.Rand) float64 { return rand.Float64() }\n",
	"engine/exec/exec_test.go":     "package exec\n\nimport (\n\t\"os\"\n\t\"time\"\n)\n",
	"engine/kernel/gen/main.go":    "// Command gen writes kernels.\npackage main\n\nimport (\n\t\"os\"\n\n\t\"" + avo + "/build\"\n)\n",
	"engine/kernel/table.go":       "// Code generated by gen. DO NOT EDIT.\n\npackage kernel\n" + strings.Repeat("\n", maxLines),
	"engine/kernel/kernel.go":      "// Package kernel multiplies.\npackage kernel\n",
	"topic/pinn/doc.go":            "// Package pinn solves.\npackage pinn\n\nimport \"" + module + "/engine/exec\"\n",
	"topic/pinn/exact/exact.go":    "// Package exact knows.\npackage exact\n\nimport \"" + module + "/topic/pinn\"\n\nvar _ fmt.Stringer = pinn.T{}\n",
	"experiment/experiment.go":     "// Package experiment asks.\npackage experiment\n",
	"experiment/freefall/run.go":   "// Package freefall falls.\npackage freefall\n\nimport (\n\t\"" + module + "/experiment\"\n\t\"" + module + "/topic/pinn\"\n)\n",
	"experiment/catalog/list.go":   "// Package catalog lists.\npackage catalog\n\nimport \"" + module + "/experiment/freefall\"\n",
	"internal/cli/cli.go":          "// Package cli speaks.\npackage cli\n\nimport (\n\t\"os\"\n\n\t\"github.com/spf13/cobra\"\n\t\"" + module + "/experiment/catalog\"\n)\n\nfunc init() {}\n",
	"cmd/gakuri/main.go":           "// Command gakuri runs.\npackage main\n\nimport \"" + module + "/internal/cli\"\n",
	"bench/peers.py":               "print()\n",
	"ui/src/app.ts":                "let x\n",
	"topic/pinn/testdata/bad.go":   "not Go",
	"topic/pinn/testdata/full.txt": strings.Repeat("x", maxTestdata),
}

// TestLayoutRules breaks one rule at a time and demands that exactly this one is named.
func TestLayoutRules(t *testing.T) {
	imports := func(pkg string, paths ...string) string {
		return "// Package " + pkg + " is here.\npackage " + pkg + "\n\nimport \"" + strings.Join(paths, "\"\nimport \"") + "\"\n"
	}
	tests := []struct {
		name, path, text string
		want             string // in the one fault; "" for no fault
	}{
		{"nothing", "docs/note.md", "", ""},
		{"no floor", "pkg/a/a.go", "// Package a is here.\npackage a\n", "no floor"},
		{"code in the root", "root.go", "// Package gakuri is here.\npackage gakuri\n", "no floor"},
		{"engine imports topic", "engine/a/a.go", imports("a", module+"/topic/pinn"), "imports point down"},
		{"test of engine imports topic", "engine/a/a_test.go", imports("a", module+"/topic/pinn"), "imports point down"},
		{"topic imports experiment", "topic/a/a.go", imports("a", module+"/experiment"), "imports point down"},
		{"experiment imports internal", "experiment/a/a.go", imports("a", module+"/internal/cli"), "imports point down"},
		{"topic imports topic", "topic/a/a.go", imports("a", module+"/topic/pinn"), "moves down to engine"},
		{"experiment imports experiment", "experiment/a/a.go", imports("a", module+"/experiment/freefall"), "only experiment/catalog"},
		{"framework imports experiment", "experiment/a.go", imports("experiment", module+"/experiment/freefall"), "only experiment/catalog"},
		{"engine and files", "engine/a/a.go", imports("a", "os"), "no files"},
		{"engine and signals", "engine/a/a.go", imports("a", "os/signal"), "no files"},
		{"engine and file systems", "engine/a/a.go", imports("a", "io/fs"), "no files"},
		{"engine and clock", "engine/a/a.go", imports("a", "time"), "no files, clock"},
		{"engine and network", "engine/a/a.go", imports("a", "net/http"), "no files, clock, network"},
		{"engine and log", "engine/a/a.go", imports("a", "log"), "no files"},
		{"engine and math/rand", "engine/a/a.go", imports("a", "math/rand"), "unseeded"},
		{"topic and files", "topic/a/a.go", imports("a", "os"), "no files"},
		{"topic and clock under a tag", "topic/a/a_js.go", "//go:build js\n\n" + imports("a", "time"), "no files, clock"},
		{"engine and cobra", "engine/a/a.go", imports("a", "github.com/spf13/cobra"), "only the standard library"},
		{"test of topic and cobra", "topic/a/a_test.go", imports("a", "github.com/spf13/cobra"), "only the standard library"},
		{"avo outside gen", "engine/a/a.go", imports("a", avo+"/build"), "import of avo"},
		{"avo in bench", "bench/gen/main.go", imports("main", avo+"/build"), "import of avo"},
		{"avo in a gen that is no program", "engine/a/gen/a.go", imports("a", avo+"/build"), "import of avo"},
		{"cgo", "internal/a/a.go", imports("a", "C"), "no cgo"},
		{"global random", "experiment/a/a.go", imports("a", "math/rand/v2") + "\nvar x = rand.IntN(3)\n", "global source"},
		{"global random v1", "bench/a/a.go", imports("a", "math/rand") + "\nfunc f() { rand.Seed(3) }\n", "global source"},
		{"global random renamed", "topic/a/a.go", "// Package a is here.\npackage a\n\nimport dice \"math/rand/v2\"\n\nvar x = dice.Float64\n", "global source"},
		{"global random by dot", "engine/a/a.go", "// Package a is here.\npackage a\n\nimport . \"math/rand/v2\"\n", "dot import"},
		{"global random in the program's parts", "internal/a/a.go", imports("a", "math/rand/v2") + "\nvar x = rand.IntN(3)\n", ""},
		{"registration in init", "experiment/a/a.go", "// Package a is here.\npackage a\n\nfunc init() {}\n", "func init"},
		{"registration by var", "topic/a/a.go", "// Package a is here.\npackage a\n\nvar _ = register(1)\n", "var _ = call"},
		{"package util", "internal/util/a.go", "// Package util is here.\npackage util\n", "name the thing"},
		{"package helpers in a test", "internal/a/a_test.go", "package helpers_test\n", "name the thing"},
		{"long file", "internal/a/a.go", "// Package a is here.\npackage a\n" + strings.Repeat("\n", maxLines), "one idea per file"},
		{"long test", "internal/a/a_test.go", "package a\n" + strings.Repeat("\n", maxLines), ""},
		{"long main", "cmd/gakuri/main.go", "// Command gakuri runs.\npackage main\n" + strings.Repeat("\n", maxMain), "one idea per file"},
		{"no package comment", "internal/a/a.go", "package a\n", "no package comment"},
		{"foreign package comment", "internal/a/a.go", "// Copyright\npackage a\n", "no package comment"},
		{"Python outside bench", "topic/pinn/a.py", "", "live in bench/"},
		{"Python in testdata", "topic/pinn/testdata/a.py", "", "live in bench/"},
		{"notebook", "course/a.ipynb", "", "live in bench/"},
		{"TypeScript outside ui", "internal/lab/a.ts", "", "live in ui/"},
		{"large testdata", "topic/pinn/testdata/a.json", strings.Repeat("x", maxTestdata+1), "bytes of testdata"},
		{"dependency without a line", "internal/a/a.go", imports("a", "example.org/a"), "has no line in"},
		{"tool without a line", "go.mod", "module x\n\ntool (\n\tgolang.org/x/perf/cmd/benchstat\n\texample.org/tool\n)\n", "example.org/tool has no line in"},
		{"decision without a line", "docs/decision/0003-a.md", "", "no line in"},
		{"line without a dependency", "go.mod", "module x\n", "golang.org/x/perf is imported nowhere"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := fstest.MapFS{}
			for name, text := range cleanTree {
				fsys[name] = &fstest.MapFile{Data: []byte(text)}
			}
			fsys[tt.path] = &fstest.MapFile{Data: []byte(tt.text)}
			tr, err := readTree(fsys)
			if err != nil {
				t.Fatal(err)
			}
			faults := tr.check()
			switch {
			case tt.want == "" && len(faults) > 0:
				t.Errorf("faults %q, want none", faults)
			case tt.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], tt.want)):
				t.Errorf("faults %q, want one with %q", faults, tt.want)
			}
		})
	}
}

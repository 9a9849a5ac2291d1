package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// npy puts a .npy file together from its parts.
func npy(header string, data int) []byte {
	b := append([]byte(magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

// archive zips files of the given names and contents.
func archive(method uint16, parts ...any) []byte {
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := zw.CreateHeader(&zip.FileHeader{Name: parts[i].(string), Method: method})
		if err != nil {
			panic(err)
		}
		w.Write(parts[i+1].([]byte))
	}
	zw.Close()
	return b.Bytes()
}

func read(b []byte) ([]Array, error) { return Read(bytes.NewReader(b), int64(len(b))) }

// TestNumPy reads archives that NumPy wrote, one array of them in Fortran
// order.
func TestNumPy(t *testing.T) {
	grid := make([]float64, 24)
	for i := range grid {
		grid[i] = float64(i)
	}
	want := []Array{
		{Name: "t", Shape: []int{5}, F64: []float64{0, 0.25, 0.5, 0.75, 1}},
		{Name: "grid", Shape: []int{2, 3, 4}, F64: grid},
		{Name: "small", Shape: []int{1, 2}, F32: []float32{1.5, -2.5}},
		{Name: "count", Shape: []int{2}, I64: []int64{1 << 62, -1}},
		{Name: "scalar", Shape: []int{}, F64: []float64{9.8}},
		{Name: "none", Shape: []int{0, 2}, F64: []float64{}},
	}
	for _, name := range []string{"numpy.npz", "numpy_compressed.npz"} {
		got, err := ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Error(err)
			continue
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestPublished reads the reference solutions of DeepXDE, where they are.
func TestPublished(t *testing.T) {
	names, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "data", "pde", "*.npz"))
	if len(names) == 0 {
		t.Skip("no data: ../shared/data/pde/*.npz beside the repository")
	}
	for _, name := range names {
		arrays, err := ReadFile(name)
		if err != nil || len(arrays) < 2 {
			t.Errorf("%s: %d arrays, error %v", name, len(arrays), err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	long := make([]float64, 20000)
	for i := range long {
		long[i] = math.Sin(float64(i))
	}
	arrays := []Array{
		{Name: "long", Shape: []int{100, 200}, F64: long},
		{Name: "one", Shape: []int{1}, F32: []float32{float32(math.Inf(-1))}},
		{Name: "scalar", Shape: []int{}, I64: []int64{math.MinInt64}},
		{Name: "empty", Shape: []int{3, 0}, F64: []float64{}},
		{Name: "誤差", Shape: []int{2}, F64: []float64{1, 2}},
	}
	for _, method := range []Method{Stored, Deflated} {
		var b, again bytes.Buffer
		if err := Write(&b, arrays, method); err != nil {
			t.Fatal(err)
		}
		got, err := read(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, arrays) {
			t.Errorf("method %d: other arrays came back", method)
		}
		if err := Write(&again, got, method); err != nil || !bytes.Equal(again.Bytes(), b.Bytes()) {
			t.Errorf("method %d: written again: other bytes, error %v", method, err)
		}
	}
	// The data of a .npy file begin at a multiple of 64 bytes.
	for dims := range 20 {
		a := Array{Shape: make([]int, dims), F64: []float64{1}}
		for i := range a.Shape {
			a.Shape[i] = 1
		}
		var b bytes.Buffer
		if err := WriteNPY(&b, a); err != nil || (b.Len()-8)%64 != 0 {
			t.Errorf("%d dimensions: data begin at byte %d, error %v", dims, b.Len()-8, err)
		}
	}
}

const good = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n"

// faults are broken .npy files, each with words that its message must hold.
var faults = []struct {
	name string
	file []byte
	want string
}{
	{"empty", nil, "ends after 0 bytes"},
	{"other magic", []byte("PK\x03\x04 something"), "begins with"},
	{"version", append([]byte(magic), 2, 0, 0, 0), "version 2.0: only 1.0"},
	{"header cut", append([]byte(magic), 1, 0, 100, 0, '{'), "has 1 bytes, and bytes 8-9 promise 100"},
	{"no dict", npy("[]\n", 0), "byte 10: need '{'"},
	{"no newline", npy(strings.TrimSpace(good), 16), "need spaces and one newline"},
	{"text behind", npy(strings.TrimSpace(good)+" x\n", 16), "after the dict stands"},
	{"key missing", npy("{'descr': '<f8', 'shape': (2,)}\n", 16), `"fortran_order" is missing`},
	{"key twice", npy("{'descr': '<f8', 'descr': '<f8', }\n", 16), "given twice"},
	{"unknown key", npy("{'type': '<f8'}\n", 16), `unknown key "type"`},
	{"big-endian", npy(strings.Replace(good, "<f8", ">f8", 1), 16), `type ">f8": only`},
	{"complex", npy(strings.Replace(good, "<f8", "<c16", 1), 32), `type "<c16": only`},
	{"fields", npy(strings.Replace(good, "'<f8'", "[('x', '<f8')]", 1), 16), "need a string in quotes"},
	{"order", npy(strings.Replace(good, "False", "None", 1), 16), `is "None": need True or False`},
	{"no tuple", npy(strings.Replace(good, "(2,)", "(2)", 1), 16), "one size needs a comma"},
	{"negative", npy(strings.Replace(good, "(2,)", "(-2,)", 1), 16), "whole numbers of 0 or more"},
	{"too large", npy(strings.Replace(good, "(2,)", "(99999999999999999999,)", 1), 16), "below 2^63"},
	{"overflow", npy(strings.Replace(good, "(2,)", "(4611686018427387904, 4)", 1), 16), "needs 2^63 or more bytes"},
	{"many dimensions", npy(strings.Replace(good, "(2,)", "("+strings.Repeat("1,", 65)+")", 1), 16), "more than 64 dimensions"},
	{"truncated", npy(good, 12), "needs 16 bytes, and 12 follow"},
	{"left over", npy(good, 20), "needs 16 bytes, and 20 follow"},
}

func TestFaults(t *testing.T) {
	for _, tt := range faults {
		_, err := ReadNPY(bytes.NewReader(tt.file), int64(len(tt.file)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line: %v", tt.name, err)
		}
		if _, err := read(archive(zip.Deflate, "a.npy", tt.file)); err == nil || !strings.Contains(err.Error(), `array "a"`) {
			t.Errorf("%s, in an archive: error %v", tt.name, err)
		}
	}
	for _, tt := range []struct {
		name string
		file []byte
		want string
	}{
		{"no zip", []byte("nothing"), "not an .npz archive"},
		{"other entry", archive(zip.Store, "readme.txt", []byte("hello")), "end in .npy"},
		{"entry twice", archive(zip.Store, "a.npy", npy(good, 16), "a.npy", npy(good, 16)), "two entries"},
		{"checksum", bytes.Replace(archive(zip.Store, "a.npy", append(npy(good, 0), "sixteen bytes ok"...)), []byte("bytes"), []byte("bites"), 1), "checksum"},
	} {
		if _, err := read(tt.file); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

// TestTruncated cuts a good archive at every byte: none of the pieces may be
// read.
func TestTruncated(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("testdata", "numpy_compressed.npz"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := read(whole[:n]); err == nil {
			t.Errorf("read the first %d of %d bytes without an error", n, len(whole))
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	one := []float64{1}
	for _, tt := range []struct {
		name   string
		arrays []Array
		want   string
	}{
		{"no name", []Array{{Shape: []int{1}, F64: one}}, "need a name"},
		{"slash", []Array{{Name: "a/b", Shape: []int{1}, F64: one}}, "need a name"},
		{"twice", []Array{{Name: "a", Shape: []int{1}, F64: one}, {Name: "a", Shape: []int{1}, F64: one}}, "two arrays"},
		{"shape", []Array{{Name: "a", Shape: []int{2}, F64: one}}, "has 1 elements: need 2"},
		{"types", []Array{{Name: "a", Shape: []int{1}, F64: one, I64: []int64{1}}}, "2 types"},
		{"dimensions", []Array{{Name: "a", Shape: make([]int, 65), F64: one}}, "65 dimensions"},
	} {
		if err := Write(io.Discard, tt.arrays, Stored); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
	full := errors.New("no space left on device")
	if err := Write(failing{full}, []Array{{Name: "a", Shape: []int{1}, F64: one}}, Stored); !errors.Is(err, full) {
		t.Errorf("disk full: error %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// FuzzRead holds that no archive makes Read panic, or allocate more than
// DEFLATE can have packed into it.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"numpy.npz", "numpy_compressed.npz"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, tt := range faults {
		f.Add(archive(zip.Store, "a.npy", tt.file))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		arrays, err := read(b)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := Write(&out, arrays, Deflated); err != nil {
			return // names that we do not write
		}
		if again, err := read(out.Bytes()); err != nil || len(again) != len(arrays) {
			t.Fatalf("cannot read what was written: %v", err)
		}
	})
}

// FuzzReadNPY holds that no file makes ReadNPY panic or allocate far more than
// the file has, and that what is read survives another round.
func FuzzReadNPY(f *testing.F) {
	for _, tt := range faults {
		f.Add(tt.file)
	}
	f.Add(npy(good, 16))
	f.Add(npy("{'shape': (2, 3), 'fortran_order': True, 'descr': '<f4'}  \n", 24))
	f.Add(npy("{'descr': '<i8', 'fortran_order': False, 'shape': ()}\n", 8))
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a, err := ReadNPY(bytes.NewReader(b), int64(len(b)))
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20+20*uint64(len(b)) {
			t.Errorf("%d bytes allocated for a file of %d", used, len(b))
		}
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := WriteNPY(&out, a); err != nil {
			t.Fatal(err)
		}
		again, err := ReadNPY(&out, int64(out.Len()))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(a) {
			t.Fatalf("another array came back: %v", err)
		}
	})
}

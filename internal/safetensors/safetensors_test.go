package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/gakuri-lab/gakuri/engine/train"
)

// file puts a safetensors file together from its parts.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func read(b []byte) ([]train.Tensor, map[string]string, error) {
	return Read(bytes.NewReader(b), int64(len(b)))
}

// TestPython reads a file that the Python package wrote.
func TestPython(t *testing.T) {
	tensors, meta, err := ReadFile(filepath.Join("testdata", "python.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	third := float32(1.0 / 3)
	want := map[string]train.Tensor{
		"double":       {Name: "double", Shape: []int{4}, F64: []float64{math.Pi, math.Copysign(0, -1), math.Inf(1), 5e-324}},
		"empty":        {Name: "empty", Shape: []int{0, 3}, F64: []float64{}},
		"layer.weight": {Name: "layer.weight", Shape: []int{2, 3}, F32: []float32{0, third, 2 * third, 1, 4.0 / 3, 5.0 / 3}},
		"scalar":       {Name: "scalar", Shape: []int{}, F32: []float32{2.5}},
	}
	if len(tensors) != len(want) {
		t.Errorf("%d tensors, want %d", len(tensors), len(want))
	}
	for _, got := range tensors {
		if !reflect.DeepEqual(got, want[got.Name]) {
			t.Errorf("%#v, want %#v", got, want[got.Name])
		}
	}
	if !reflect.DeepEqual(meta, map[string]string{"made by": "python", "日本": "語"}) {
		t.Errorf("metadata %v", meta)
	}
}

func TestRoundTrip(t *testing.T) {
	long := make([]float64, 20000) // more than one buffer of the writer and reader
	for i := range long {
		long[i] = math.Sqrt(float64(i))
	}
	tensors := []train.Tensor{
		{Name: "f32", Shape: []int{3}, F32: []float32{1, -2, math.MaxFloat32}},
		{Name: "long", Shape: []int{100, 200}, F64: long},
		{Name: "<&>\n\"", Shape: nil, F64: []float64{math.NaN()}},
		{Name: "empty", Shape: []int{5, 0}, F32: []float32{}},
	}
	meta := map[string]string{"b": "2", "a": "<1>", "": ""}
	var b, again bytes.Buffer
	if err := Write(&b, tensors, meta); err != nil {
		t.Fatal(err)
	}
	if n := binary.LittleEndian.Uint64(b.Bytes()); n%8 != 0 {
		t.Errorf("header of %d bytes: the data are not aligned", n)
	}
	got, gotMeta, err := read(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	order := []int{1, 2, 0, 3} // F64 first
	for i, g := range got {
		w := tensors[order[i]]
		if g.Name != w.Name || !bits64(g.F64, w.F64) || !reflect.DeepEqual(g.F32, w.F32) || len(g.Shape) != len(w.Shape) {
			t.Errorf("tensor %d is %q of %v, want %q of %v", i, g.Name, g.Shape, w.Name, w.Shape)
		}
	}
	if !reflect.DeepEqual(gotMeta, meta) {
		t.Errorf("metadata %v, want %v", gotMeta, meta)
	}
	// What was read writes the same bytes: checkpoints are checked by that.
	if err := Write(&again, got, gotMeta); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("written again: other bytes, error %v", err)
	}
}

func bits64(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return false
		}
	}
	return true
}

// faults are broken files, each with words that its message must hold.
var faults = []struct {
	name string
	file []byte
	want string
}{
	{"empty", nil, "has 0 bytes"},
	{"short", []byte{1, 0, 0}, "has 3 bytes"},
	{"no safetensors", []byte("PK\x03\x04 something else entirely"), "the format allows 100000000"},
	{"header too long", append(binary.LittleEndian.AppendUint64(nil, 1<<20), '{', '}'), "a header of 1048576 bytes, but only 2 follow"},
	{"no header", file("", 0), "must begin with '{'"},
	{"leading space", file(" {}", 0), "must begin with '{'"},
	{"not UTF-8", file("{\"\xff\":1}", 0), "not UTF-8"},
	{"not JSON", file(`{"a":}`, 0), "not JSON at byte"},
	{"cut JSON", file(`{"a":{"dtype":"F32"`, 0), "ends too early"},
	{"text after JSON", file(`{} {}`, 0), "goes on after its JSON object at byte 10"},
	{"list", file(`{"a":[]}`, 0), `tensor "a" is [: need an object`},
	{"field missing", file(`{"a":{"dtype":"F32","shape":[1]}}`, 4), `lacks its data_offsets`},
	{"field twice", file(`{"a":{"dtype":"F32","dtype":"F64","shape":[1],"data_offsets":[0,4]}}`, 4), `has "dtype" twice`},
	{"unknown field", file(`{"a":{"type":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), `unknown field "type"`},
	{"name twice", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), `two entries named "a"`},
	{"metadata twice", file(`{"__metadata__":{"k":"1","k":"2"}}`, 0), `metadata "k" is given twice`},
	{"metadata not text", file(`{"__metadata__":{"k":1}}`, 0), `need a string`},
	{"other dtype", file(`{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}`, 2), `has dtype BF16: only F32 and F64`},
	{"unknown dtype", file(`{"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}`, 4), `unknown dtype "f32"`},
	{"negative size", file(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4), `holds -1: need whole numbers`},
	{"fraction", file(`{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}`, 4), `holds 1.5: need whole numbers`},
	{"three offsets", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, 4), `are 3 numbers: need 2`},
	{"offsets backwards", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4), `need 0 ≤ begin ≤ end`},
	{"wrong offsets", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), `[0, 4], 4 bytes: need 8`},
	{"overflow", file(`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`, 0), `fits into 63 bits`},
	{"truncated", file(`{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`, 12), `ends at byte 16 of the data, but the data have only 12`},
	{"overlap", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12), `tensor "b" begins at byte 4 of the data, inside tensor "a", which ends at byte 8`},
	{"gap", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`, 12), `bytes 4-7 of the data, before tensor "b", belong to no tensor`},
	{"left over", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 12), `bytes 4-11 of the data, after the last tensor`},
}

func TestFaults(t *testing.T) {
	for _, tt := range faults {
		_, _, err := read(tt.file)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line: %v", tt.name, err)
		}
	}
}

// TestTruncated cuts a good file at every byte: none of the pieces may be read.
func TestTruncated(t *testing.T) {
	good, err := os.ReadFile(filepath.Join("testdata", "python.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range good {
		if _, _, err := read(good[:n]); err == nil {
			t.Errorf("read the first %d of %d bytes without an error", n, len(good))
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	one := []float32{1}
	for _, tt := range []struct {
		name    string
		tensors []train.Tensor
		meta    map[string]string
		want    string
	}{
		{"no name", []train.Tensor{{Shape: []int{1}, F32: one}}, nil, "need another name"},
		{"reserved", []train.Tensor{{Name: "__metadata__", Shape: []int{1}, F32: one}}, nil, "need another name"},
		{"twice", []train.Tensor{{Name: "a", Shape: []int{1}, F32: one}, {Name: "a", Shape: []int{1}, F32: one}}, nil, "two tensors"},
		{"both", []train.Tensor{{Name: "a", Shape: []int{1}, F32: one, F64: []float64{1}}}, nil, "need one of them"},
		{"shape", []train.Tensor{{Name: "a", Shape: []int{2, 3}, F32: one}}, nil, "has 1 elements: need 6"},
		{"negative", []train.Tensor{{Name: "a", Shape: []int{-1, -1}, F32: one}}, nil, "0 or more"},
		{"name not UTF-8", []train.Tensor{{Name: "\xff", Shape: []int{1}, F32: one}}, nil, "UTF-8"},
		{"metadata not UTF-8", nil, map[string]string{"k": "\xff"}, "UTF-8"},
	} {
		var b bytes.Buffer
		if err := Write(&b, tt.tensors, tt.meta); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
		if b.Len() > 0 {
			t.Errorf("%s: %d bytes written before the error", tt.name, b.Len())
		}
	}
}

// FuzzRead holds that no file makes Read panic or allocate far more than the
// file has, and that what is read, written and read again is the same.
func FuzzRead(f *testing.F) {
	good, err := os.ReadFile(filepath.Join("testdata", "python.safetensors"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(file(`{"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"__metadata__":{"k":"v"}}  `, 8))
	for _, tt := range faults {
		f.Add(tt.file)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		tensors, meta, err := read(b)
		runtime.ReadMemStats(&after)
		// A token of the header, two bytes at least, becomes an entry, a map
		// slot and strings: some hundred bytes. The rest is for the runtime.
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20+400*uint64(len(b)) {
			t.Errorf("%d bytes allocated for a file of %d", used, len(b))
		}
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := Write(&out, tensors, meta); err != nil {
			if hasEmptyName(tensors) {
				return // the format allows a name that we do not write
			}
			t.Fatalf("cannot write what was read: %v", err)
		}
		again, _, err := read(out.Bytes())
		if err != nil || len(again) != len(tensors) {
			t.Fatalf("cannot read what was written: %v", err)
		}
	})
}

func hasEmptyName(tensors []train.Tensor) bool {
	for _, t := range tensors {
		if t.Name == "" {
			return true
		}
	}
	return false
}

// failing is a disk that is full after n bytes.
type failing struct{ n int }

var errFull = errors.New("no space left on device")

func (f *failing) Write(b []byte) (int, error) {
	if f.n -= len(b); f.n < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestWriteFails(t *testing.T) {
	tensors := []train.Tensor{{Name: "a", Shape: []int{10000}, F64: make([]float64, 10000)}}
	for _, n := range []int{0, 100, 40000, 80000} {
		if err := Write(&failing{n}, tensors, nil); !errors.Is(err, errFull) {
			t.Errorf("full after %d bytes: error %v", n, err)
		}
	}
}

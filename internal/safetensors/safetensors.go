// Package safetensors reads and writes named arrays in the safetensors format.
//
// A file is
//
//	8 bytes    n, little-endian: the length of the header
//	n bytes    header: one JSON object in UTF-8, beginning with '{', may end in spaces
//	the rest   data: the arrays one after another, little-endian, row-major
//
// The header maps each array's name to {"dtype", "shape", "data_offsets"},
// where data_offsets [begin, end) count from the first byte of the data; the
// arrays cover the data without gap or overlap. The name "__metadata__" holds
// a map from string to string instead.
//
// This package knows the types F32 and F64. Source of the format:
// https://huggingface.co/docs/safetensors, section "Format".
package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"sort"
	"unicode/utf8"

	"github.com/gakuri-lab/gakuri/engine/train"
	"github.com/gakuri-lab/gakuri/internal/atomicfile"
)

const (
	metadataKey = "__metadata__"
	lengthBytes = 8           // of the field that holds the header's length
	maxHeader   = 100_000_000 // bytes; the limit of the reference implementation
)

// Write puts the tensors and the metadata out as one safetensors file. So that
// every element is aligned, F64 tensors come before F32 tensors; otherwise the
// order is kept. The same input gives the same bytes. meta may be nil.
//
// It fails on a name that is empty, used twice, "__metadata__" or not UTF-8,
// on a tensor whose elements do not fill its shape, and when w fails.
func Write(w io.Writer, tensors []train.Tensor, meta map[string]string) error {
	ordered := make([]train.Tensor, len(tensors))
	copy(ordered, tensors)
	sort.SliceStable(ordered, func(i, j int) bool { return isF64(ordered[i]) && !isF64(ordered[j]) })
	header, err := encodeHeader(ordered, meta)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	buf := make([]byte, 0, 1<<15)
	for _, t := range ordered {
		for _, v := range t.F32 {
			if len(buf)+4 > cap(buf) {
				if _, err := w.Write(buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		for _, v := range t.F64 {
			if len(buf)+8 > cap(buf) {
				if _, err := w.Write(buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
			buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(v))
		}
	}
	_, err = w.Write(buf)
	return err
}

// WriteFile writes the file at path, whole or not at all.
func WriteFile(path string, tensors []train.Tensor, meta map[string]string) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Write(w, tensors, meta) })
}

// ReadFile reads the file at path. Errors name it.
func ReadFile(path string) ([]train.Tensor, map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is not a regular file: need a safetensors file", path)
	}
	tensors, meta, err := Read(f, st.Size())
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return tensors, meta, nil
}

func isF64(t train.Tensor) bool { return t.F64 != nil }

// encodeHeader returns the length field and the header, padded with spaces so
// that the data begin at a multiple of 8 bytes.
func encodeHeader(tensors []train.Tensor, meta map[string]string) ([]byte, error) {
	b := make([]byte, lengthBytes, 1024)
	b = append(b, '{')
	if len(meta) > 0 {
		for k, v := range meta {
			if !utf8.ValidString(k) || !utf8.ValidString(v) {
				return nil, fmt.Errorf("safetensors: metadata %q: need UTF-8", k)
			}
		}
		m, err := json.Marshal(meta) // sorts the keys
		if err != nil {
			return nil, err
		}
		b = append(b, `"`+metadataKey+`":`...)
		b = append(b, m...)
	}
	seen := make(map[string]bool, len(tensors))
	begin := 0
	for _, t := range tensors {
		if err := checkTensor(t, seen); err != nil {
			return nil, err
		}
		name, err := json.Marshal(t.Name)
		if err != nil {
			return nil, err
		}
		shape := t.Shape
		if shape == nil {
			shape = []int{}
		}
		dims, err := json.Marshal(shape)
		if err != nil {
			return nil, err
		}
		dtype, end := "F32", begin+4*len(t.F32)
		if isF64(t) {
			dtype, end = "F64", begin+8*len(t.F64)
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, name, dtype, dims, begin, end)
		begin = end
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	if len(b)-lengthBytes > maxHeader {
		return nil, fmt.Errorf("safetensors: header of %d bytes: the format allows %d", len(b)-lengthBytes, maxHeader)
	}
	binary.LittleEndian.PutUint64(b, uint64(len(b)-lengthBytes))
	return b, nil
}

func checkTensor(t train.Tensor, seen map[string]bool) error {
	switch {
	case t.Name == "" || t.Name == metadataKey:
		return fmt.Errorf("safetensors: tensor named %q: need another name", t.Name)
	case !utf8.ValidString(t.Name):
		return fmt.Errorf("safetensors: tensor named %q: need UTF-8", t.Name)
	case seen[t.Name]:
		return fmt.Errorf("safetensors: two tensors named %q: need one", t.Name)
	case t.F32 != nil && t.F64 != nil:
		return fmt.Errorf("safetensors: tensor %q has both F32 and F64: need one of them", t.Name)
	}
	seen[t.Name] = true
	n := 1
	for _, d := range t.Shape {
		if d < 0 {
			return fmt.Errorf("safetensors: tensor %q of shape %v: need sizes of 0 or more", t.Name, t.Shape)
		}
		n *= d
	}
	if got := len(t.F32) + len(t.F64); got != n {
		return fmt.Errorf("safetensors: tensor %q of shape %v has %d elements: need %d", t.Name, t.Shape, got, n)
	}
	return nil
}

package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"sort"

	"github.com/gakuri-lab/gakuri/engine/train"
)

// entry is one array as the header describes it.
type entry struct {
	name       string
	dtype      string
	shape      []int
	begin, end int64 // in the data
}

// Read reads a safetensors file of size bytes. The tensors come in the order
// of their data, F32 or F64 set (not nil, also when empty); meta is nil if the
// file has none.
//
// It is strict: every byte of the file must belong to exactly one of length
// field, header and tensors, and each fault is reported with the tensor or
// the byte offset and what would be right. It allocates no more than a small
// multiple of size, whatever the header claims.
func Read(r io.ReaderAt, size int64) ([]train.Tensor, map[string]string, error) {
	var field [lengthBytes]byte
	if size < lengthBytes {
		return nil, nil, fmt.Errorf("not a safetensors file: it has %d bytes, and the header's length alone takes %d", size, lengthBytes)
	}
	if err := readFull(r, field[:], 0); err != nil {
		return nil, nil, err
	}
	n := binary.LittleEndian.Uint64(field[:])
	if n > maxHeader {
		return nil, nil, fmt.Errorf("not a safetensors file: bytes 0-7 give a header of %d bytes, and the format allows %d", n, maxHeader)
	}
	if int64(n) > size-lengthBytes {
		return nil, nil, fmt.Errorf("truncated safetensors file: bytes 0-7 give a header of %d bytes, but only %d follow", n, size-lengthBytes)
	}
	header := make([]byte, n)
	if err := readFull(r, header, lengthBytes); err != nil {
		return nil, nil, err
	}
	entries, meta, err := parseHeader(header)
	if err != nil {
		return nil, nil, err
	}
	data := lengthBytes + int64(n) // offset of the data in the file
	if err := checkLayout(entries, size-data); err != nil {
		return nil, nil, err
	}
	tensors := make([]train.Tensor, len(entries))
	for i, e := range entries {
		t, err := readTensor(r, e, data)
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", e.name, err)
		}
		tensors[i] = t
	}
	return tensors, meta, nil
}

// elementBytes gives the bytes of one element of the types that this package
// reads.
var elementBytes = map[string]int64{"F32": 4, "F64": 8}

// otherTypes are the format's types that this package does not read.
var otherTypes = map[string]bool{
	"BOOL": true, "U8": true, "I8": true, "U16": true, "I16": true, "U32": true, "I32": true,
	"U64": true, "I64": true, "F16": true, "BF16": true, "F8_E4M3": true, "F8_E5M2": true,
	"F8_E8M0": true, "F6_E2M3": true, "F6_E3M2": true, "F4": true, "C64": true,
}

// checkLayout sorts the entries by their place in the data and checks types
// and sizes, and that they cover the bytes of the data once.
func checkLayout(entries []entry, bytes int64) error {
	for _, e := range entries {
		width, ok := elementBytes[e.dtype]
		if !ok {
			if otherTypes[e.dtype] {
				return fmt.Errorf("tensor %q has dtype %s: only F32 and F64 are read here", e.name, e.dtype)
			}
			return fmt.Errorf("tensor %q has unknown dtype %q: need F32 or F64", e.name, e.dtype)
		}
		if e.begin < 0 || e.end < e.begin {
			return fmt.Errorf("tensor %q has data_offsets [%d, %d]: need 0 ≤ begin ≤ end", e.name, e.begin, e.end)
		}
		if e.end > bytes {
			return fmt.Errorf("tensor %q ends at byte %d of the data, but the data have only %d: the file is truncated or its data_offsets are wrong", e.name, e.end, bytes)
		}
		need, ok := product(e.shape, width)
		if !ok || need != e.end-e.begin {
			return fmt.Errorf("tensor %q of shape %v and dtype %s has data_offsets [%d, %d], %d bytes: need %s",
				e.name, e.shape, e.dtype, e.begin, e.end, e.end-e.begin, needBytes(need, ok))
		}
	}
	sort.SliceStable(entries, func(i, j int) bool {
		if entries[i].begin != entries[j].begin {
			return entries[i].begin < entries[j].begin
		}
		return entries[i].end < entries[j].end // empty tensors first
	})
	at, before := int64(0), ""
	for _, e := range entries {
		switch {
		case e.begin < at:
			return fmt.Errorf("tensor %q begins at byte %d of the data, inside tensor %q, which ends at byte %d: tensors must not overlap", e.name, e.begin, before, at)
		case e.begin > at:
			return fmt.Errorf("bytes %d-%d of the data, before tensor %q, belong to no tensor: need none left over", at, e.begin-1, e.name)
		}
		at, before = e.end, e.name
	}
	if at != bytes {
		return fmt.Errorf("bytes %d-%d of the data, after the last tensor, belong to no tensor: need none left over", at, bytes-1)
	}
	return nil
}

// product returns width times the sizes, and false if that overflows.
func product(shape []int, width int64) (int64, bool) {
	for _, d := range shape {
		if d == 0 {
			return 0, true
		}
	}
	n := width
	for _, d := range shape {
		if n > math.MaxInt64/int64(d) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}

func needBytes(n int64, ok bool) string {
	if !ok {
		return "a shape that fits into 63 bits"
	}
	return fmt.Sprint(n)
}

// readTensor reads the elements of e, piece by piece.
func readTensor(r io.ReaderAt, e entry, data int64) (train.Tensor, error) {
	t := train.Tensor{Name: e.name, Shape: e.shape}
	n := (e.end - e.begin) / elementBytes[e.dtype]
	if e.dtype == "F64" {
		t.F64 = make([]float64, 0, n)
	} else {
		t.F32 = make([]float32, 0, n)
	}
	buf := make([]byte, min(1<<16, e.end-e.begin))
	for at := e.begin; at < e.end; at += int64(len(buf)) {
		buf = buf[:min(int64(len(buf)), e.end-at)]
		if err := readFull(r, buf, data+at); err != nil {
			return train.Tensor{}, err
		}
		if e.dtype == "F64" {
			for i := 0; i < len(buf); i += 8 {
				t.F64 = append(t.F64, math.Float64frombits(binary.LittleEndian.Uint64(buf[i:])))
			}
			continue
		}
		for i := 0; i < len(buf); i += 4 {
			t.F32 = append(t.F32, math.Float32frombits(binary.LittleEndian.Uint32(buf[i:])))
		}
	}
	return t, nil
}

// readFull fills b from offset off of the file.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		return fmt.Errorf("truncated safetensors file: it ends at byte %d, and bytes to %d are needed", off+int64(n), off+int64(len(b)))
	}
	return fmt.Errorf("cannot read bytes %d-%d: %w", off, off+int64(len(b))-1, err)
}

// Package npz reads and writes NumPy's array files: .npy (one array) and .npz
// (a zip archive of them).
//
// A .npy file of version 1.0 is
//
//	6 bytes    \x93NUMPY
//	2 bytes    version: 1 0
//	2 bytes    n, little-endian: the length of the header
//	n bytes    header: a Python dict literal in ASCII, padded with spaces and
//	           ended by a newline so that the data begin at a multiple of 64:
//	           {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
//	the rest   data: little-endian
//
// This package knows version 1.0 and the types '<f4', '<f8' and '<i8'. It
// writes C order (last index fastest) and reads Fortran order too, turning it
// into C order. Source: NumPy's documentation, numpy.lib.format, and NEP 1.
package npz

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Array is one array, row-major. Exactly one of F32, F64 and I64 is set.
type Array struct {
	Name  string // in the archive, without ".npy"
	Shape []int  // empty for a single number
	F32   []float32
	F64   []float64
	I64   []int64
}

const (
	magic     = "\x93NUMPY"
	preamble  = len(magic) + 4 // bytes before the header
	alignment = 64             // of the data
	maxDims   = 64             // as in NumPy 2
)

// WriteNPY writes the array (its name apart) as a .npy file. It fails if the
// elements do not fill the shape.
func WriteNPY(w io.Writer, a Array) error {
	descr, count, err := a.layout()
	if err != nil {
		return err
	}
	n, ok := elements(a.Shape)
	if !ok || n != int64(count) {
		return fmt.Errorf("npz: array %q of shape %v has %d elements: need %d", a.Name, a.Shape, count, n)
	}
	var dims strings.Builder
	for i, d := range a.Shape {
		if i > 0 {
			dims.WriteByte(' ')
		}
		fmt.Fprintf(&dims, "%d,", d) // a tuple of one needs its comma
	}
	shape := dims.String()
	if len(a.Shape) > 1 {
		shape = strings.TrimSuffix(shape, ",")
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape)
	pad := alignment - (preamble+len(header)+1)%alignment
	header += strings.Repeat(" ", pad%alignment) + "\n"
	head := append([]byte(magic), 1, 0)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(header)))
	if _, err := w.Write(append(head, header...)); err != nil {
		return err
	}
	return writeElements(w, a)
}

// layout returns the type as NumPy writes it and the number of elements.
func (a Array) layout() (descr string, count int, err error) {
	set := 0
	descr = "<f8" // an empty array of no type
	if a.F64 != nil {
		count, set = len(a.F64), set+1
	}
	if a.F32 != nil {
		descr, count, set = "<f4", len(a.F32), set+1
	}
	if a.I64 != nil {
		descr, count, set = "<i8", len(a.I64), set+1
	}
	if set > 1 {
		return "", 0, fmt.Errorf("npz: array %q has elements of %d types: need one", a.Name, set)
	}
	if len(a.Shape) > maxDims {
		return "", 0, fmt.Errorf("npz: array %q has %d dimensions: NumPy allows %d", a.Name, len(a.Shape), maxDims)
	}
	return descr, count, nil
}

func writeElements(w io.Writer, a Array) error {
	buf := make([]byte, 0, 1<<15)
	put := func(bits uint64, bytes int) error {
		if len(buf)+bytes > cap(buf) {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
		if bytes == 4 {
			buf = binary.LittleEndian.AppendUint32(buf, uint32(bits))
		} else {
			buf = binary.LittleEndian.AppendUint64(buf, bits)
		}
		return nil
	}
	for _, v := range a.F32 {
		if err := put(uint64(math.Float32bits(v)), 4); err != nil {
			return err
		}
	}
	for _, v := range a.F64 {
		if err := put(math.Float64bits(v), 8); err != nil {
			return err
		}
	}
	for _, v := range a.I64 {
		if err := put(uint64(v), 8); err != nil {
			return err
		}
	}
	_, err := w.Write(buf)
	return err
}

// ReadNPY reads one .npy file to its end; size is its length in bytes, or how
// many it claims to have. Memory grows with what r really delivers.
func ReadNPY(r io.Reader, size int64) (Array, error) {
	var pre [preamble]byte
	if n, err := io.ReadFull(r, pre[:]); err != nil {
		return Array{}, fmt.Errorf("not a .npy file: it ends after %d bytes, and the preamble takes %d%s", n, preamble, cause(err))
	}
	if string(pre[:len(magic)]) != magic {
		return Array{}, fmt.Errorf("not a .npy file: it begins with %q: need %q", pre[:len(magic)], magic)
	}
	if pre[6] != 1 || pre[7] != 0 {
		return Array{}, fmt.Errorf("bytes 6-7 give .npy version %d.%d: only 1.0 is read here", pre[6], pre[7])
	}
	header := make([]byte, binary.LittleEndian.Uint16(pre[8:]))
	if n, err := io.ReadFull(r, header); err != nil {
		return Array{}, fmt.Errorf("truncated .npy file: its header has %d bytes, and bytes 8-9 promise %d%s", n, len(header), cause(err))
	}
	h, err := parseHeader(string(header))
	if err != nil {
		return Array{}, err
	}
	data := size - int64(preamble+len(header))
	n, ok := elements(h.shape)
	width := int64(h.descr[2] - '0')
	if !ok || n > math.MaxInt64/width || n*width != data {
		return Array{}, fmt.Errorf("shape %s of type %s needs %s bytes, and %d follow the header: the file is truncated or its header is wrong",
			tuple(h.shape), h.descr, product(n, width, ok), data)
	}
	return readElements(r, h, n)
}

func readElements(r io.Reader, h header, n int64) (Array, error) {
	a := Array{Shape: h.shape}
	width := int64(h.descr[2] - '0')
	first := min(n, 1<<13) // capacity to begin with; append grows it as data come
	switch h.descr {
	case "<f4":
		a.F32 = make([]float32, 0, first)
	case "<f8":
		a.F64 = make([]float64, 0, first)
	case "<i8":
		a.I64 = make([]int64, 0, first)
	}
	buf := make([]byte, min(n*width, 1<<16))
	for left := n * width; left > 0; left -= int64(len(buf)) {
		buf = buf[:min(int64(len(buf)), left)]
		if _, err := io.ReadFull(r, buf); err != nil {
			return Array{}, fmt.Errorf("truncated .npy file: %d bytes of its data are missing%s", left, cause(err))
		}
		for i := 0; i < len(buf); i += int(width) {
			switch h.descr {
			case "<f4":
				a.F32 = append(a.F32, math.Float32frombits(binary.LittleEndian.Uint32(buf[i:])))
			case "<f8":
				a.F64 = append(a.F64, math.Float64frombits(binary.LittleEndian.Uint64(buf[i:])))
			case "<i8":
				a.I64 = append(a.I64, int64(binary.LittleEndian.Uint64(buf[i:])))
			}
		}
	}
	var one [1]byte
	if n, err := r.Read(one[:]); n > 0 {
		return Array{}, fmt.Errorf("bytes follow the last element: need none")
	} else if err != nil && err != io.EOF {
		return Array{}, err // the archive's checksum, for one
	}
	if h.fortran && len(h.shape) > 1 {
		a.F32, a.F64, a.I64 = rowMajor(a.F32, h.shape), rowMajor(a.F64, h.shape), rowMajor(a.I64, h.shape)
	}
	return a, nil
}

// rowMajor returns the elements of src, which has its first index fastest,
// with the last index fastest. A nil src stays nil.
func rowMajor[T any](src []T, shape []int) []T {
	if len(src) == 0 {
		return src
	}
	dst := make([]T, len(src))
	index := make([]int, len(shape))
	for _, v := range src {
		at := 0
		for axis, i := range index {
			at = at*shape[axis] + i
		}
		dst[at] = v
		for axis := range index { // the next index of src
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
		}
	}
	return dst
}

// elements multiplies the sizes; false if that overflows or one is negative.
func elements(shape []int) (int64, bool) {
	n := int64(1)
	for _, d := range shape {
		if d == 0 {
			return 0, true
		}
	}
	for _, d := range shape {
		if d < 0 || n > math.MaxInt64/int64(d) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}

func product(n, width int64, ok bool) string {
	if !ok || n > math.MaxInt64/width {
		return "2^63 or more"
	}
	return strconv.FormatInt(n*width, 10)
}

func tuple(shape []int) string {
	return "(" + strings.Trim(fmt.Sprint(shape), "[]") + ")"
}

// cause adds a reading error that is more than the end of the file.
func cause(err error) string {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ""
	}
	return ": " + err.Error()
}

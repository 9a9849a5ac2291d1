package npz

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/gakuri-lab/gakuri/internal/atomicfile"
)

// Method says how an archive keeps its arrays.
type Method uint16

const (
	Stored   = Method(zip.Store)   // as they are
	Deflated = Method(zip.Deflate) // compressed, as numpy.savez_compressed does
)

// maxRatio is how far DEFLATE can shrink its input: 258 bytes in 2 bits.
// Source: zlib's documentation, "Maximum Compression Factor", 1032:1.
const maxRatio = 1032

// epoch is the time stamp of every entry, the oldest a zip archive can hold:
// the same arrays give the same bytes.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Write writes the arrays as one .npz archive, in their order. It fails on a
// name that is empty, used twice or holds a slash, backslash or NUL, and on
// an array whose elements do not fill its shape.
func Write(w io.Writer, arrays []Array, method Method) error {
	zw := zip.NewWriter(w)
	seen := map[string]bool{}
	for _, a := range arrays {
		if a.Name == "" || strings.ContainsAny(a.Name, "/\\\x00") {
			return fmt.Errorf("npz: array named %q: need a name without slash, backslash and NUL", a.Name)
		}
		if seen[a.Name] {
			return fmt.Errorf("npz: two arrays named %q: need one", a.Name)
		}
		seen[a.Name] = true
		entry, err := zw.CreateHeader(&zip.FileHeader{Name: a.Name + ".npy", Method: uint16(method), Modified: epoch})
		if err != nil {
			return err
		}
		if err := WriteNPY(entry, a); err != nil {
			return err
		}
	}
	return zw.Close()
}

// WriteFile writes the archive at path, whole or not at all.
func WriteFile(path string, arrays []Array, method Method) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Write(w, arrays, method) })
}

// Read reads a .npz archive of size bytes; the arrays come in its order. It is
// strict about what it reads, checks every checksum, and allocates no more
// than DEFLATE can have packed into size bytes.
func Read(r io.ReaderAt, size int64) ([]Array, error) {
	zr, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("not an .npz archive, or a truncated one: %w", err)
	}
	var arrays []Array
	seen := map[string]bool{}
	claimed := uint64(0)
	for _, f := range zr.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			return nil, fmt.Errorf("entry %q of the archive: need only names that end in .npy", clip(f.Name))
		}
		if seen[name] {
			return nil, fmt.Errorf("two entries %q in the archive: need one", clip(f.Name))
		}
		seen[name] = true
		if f.Method != zip.Store && f.Method != zip.Deflate {
			return nil, fmt.Errorf("entry %q of the archive is packed by method %d: only 0 (stored) and 8 (deflated) are read here", clip(f.Name), f.Method)
		}
		claimed += f.UncompressedSize64
		if f.UncompressedSize64 > maxRatio*uint64(size) || claimed > maxRatio*uint64(size) {
			return nil, fmt.Errorf("entry %q of the archive claims %d bytes: more than an archive of %d bytes can hold", clip(f.Name), f.UncompressedSize64, size)
		}
		a, err := readEntry(f)
		if err != nil {
			return nil, fmt.Errorf("array %q: %w", name, err)
		}
		a.Name = name
		arrays = append(arrays, a)
	}
	return arrays, nil
}

func readEntry(f *zip.File) (Array, error) {
	rc, err := f.Open()
	if err != nil {
		return Array{}, err
	}
	defer rc.Close()
	return ReadNPY(rc, int64(f.UncompressedSize64))
}

// ReadFile reads the archive at path. Errors name it.
func ReadFile(path string) ([]Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file: need an .npz archive", path)
	}
	arrays, err := Read(f, st.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return arrays, nil
}

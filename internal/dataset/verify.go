package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// A ContentError reports a file that does not hold the data that its table
// entry promises.
type ContentError struct {
	Path string
	Why  string
}

func (e *ContentError) Error() string { return fmt.Sprintf("%s %s", e.Path, e.Why) }

// verify checks that the file at path holds the data of f. It reads no more
// than those data can need.
func (f File) verify(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	h := sha256.New()
	var n int64
	switch f.Form {
	case Gunzipped:
		var zr *gzip.Reader
		if zr, err = gzip.NewReader(bufio.NewReaderSize(file, 1<<16)); err == nil {
			n, err = io.Copy(h, io.LimitReader(zr, f.Size+1))
		}
		if err != nil {
			return &ContentError{path, "is no whole gzip file: " + err.Error()}
		}
	case NumberRows:
		n, err = copyRows(h, file, f.Size+1)
	default:
		n, err = io.Copy(h, io.LimitReader(file, f.Size+1))
	}
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", path, err)
	}
	if n > f.Size {
		return &ContentError{path, fmt.Sprintf("holds more than the %d bytes of data it should", f.Size)}
	}
	if n < f.Size {
		return &ContentError{path, fmt.Sprintf("holds %d bytes of data: need %d", n, f.Size)}
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != f.SHA256 {
		return &ContentError{path, fmt.Sprintf("has other data than expected: SHA-256 %s…, need %s…", got[:8], f.SHA256[:8])}
	}
	return nil
}

// copyRows copies the lines of r that begin with a digit, each ended by \n,
// until more than limit bytes are copied.
func copyRows(w io.Writer, r io.Reader, limit int64) (int64, error) {
	lines := bufio.NewScanner(r) // refuses lines over 64 KiB
	n := int64(0)
	for lines.Scan() && n < limit {
		row := bytes.TrimRight(lines.Bytes(), "\r")
		if len(row) == 0 || row[0] < '0' || row[0] > '9' {
			continue
		}
		m, err := w.Write(append(row, '\n'))
		n += int64(m)
		if err != nil {
			return n, err
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return n, errors.New("a line is longer than 64 KiB, so it is no table of numbers")
	} else if err != nil {
		return n, err
	}
	return n, nil
}

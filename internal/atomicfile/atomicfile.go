// Package atomicfile writes files that are either whole or untouched.
//
// A file is written under a temporary name in the same folder, synced to the
// disk, renamed over the old one, and the folder is synced too. Whatever goes
// wrong before the rename (disk full, a writer that fails, a crash), the old
// file keeps its content; unless the process is killed, the temporary file is
// removed as well.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// tempSuffix ends every temporary name: ".result.json.1f3c….part".
const tempSuffix = ".part"

// Write makes or replaces the file at path with what write puts out. The
// writer given to write is buffered. The error, if any, is one sentence that
// names the file.
func Write(path string, write func(io.Writer) error) (err error) {
	f, err := createTemp(path)
	if err != nil {
		return writeError(path, err)
	}
	defer func() {
		if err != nil {
			f.Close() // a second Close is harmless
			os.Remove(f.Name())
			err = writeError(path, err)
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	// The new file is in place from here on: a folder that cannot be synced
	// (some file systems refuse) must not be reported as a lost write.
	syncFolder(filepath.Dir(path))
	return nil
}

// WriteBytes is [Write] of the bytes b.
func WriteBytes(path string, b []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// RemoveLeftovers deletes the temporary files that killed processes left in
// folder dir. It must not run while another process writes there.
func RemoveLeftovers(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, ".*"+tempSuffix))
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// createTemp opens a new file beside path. Unlike os.CreateTemp it leaves the
// permissions to the user's umask.
func createTemp(path string) (*os.File, error) {
	dir, base := filepath.Split(path)
	for range 100 {
		name := filepath.Join(dir, fmt.Sprintf(".%s.%016x%s", strings.TrimPrefix(base, "."), rand.Uint64(), tempSuffix))
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, errors.New("no free temporary name after 100 tries")
}

// syncFolder makes a rename durable. Windows has no such call.
func syncFolder(dir string) {
	if runtime.GOOS == "windows" {
		return
	}
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}

// writeError says once which file could not be written, and why.
func writeError(path string, err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		err = pe.Err
	case errors.As(err, &le):
		err = le.Err
	}
	return fmt.Errorf("cannot write %s: %w", path, err)
}

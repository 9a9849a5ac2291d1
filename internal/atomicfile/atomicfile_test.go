package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// alone checks that dir holds only the named files: no temporary is left.
func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("the folder holds %q, want %q", got, names)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "result.json")
	for _, text := range []string{"first", "", strings.Repeat("long ", 100000)} {
		if err := WriteBytes(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != text {
			t.Errorf("%d bytes, want %d", len(got), len(text))
		}
		alone(t, dir, "result.json")
	}
}

// TestWriterFails holds that a writer that fails, early or after more than the
// buffer takes, leaves the old file.
func TestWriterFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "weights")
	full := errors.New("no space left on device")
	for _, before := range []int{0, 10, 1 << 20} {
		if err := WriteBytes(path, []byte("old")); err != nil {
			t.Fatal(err)
		}
		err := Write(path, func(w io.Writer) error {
			if _, err := w.Write(make([]byte, before)); err != nil {
				return err
			}
			return full
		})
		if !errors.Is(err, full) || !strings.Contains(err.Error(), "cannot write "+path) {
			t.Errorf("error %v, want one that names %s", err, path)
		}
		if got := content(t, path); got != "old" {
			t.Errorf("the old file became %q", got)
		}
		alone(t, dir, "weights")
	}
}

func TestNoFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "absent", "file")
	err := WriteBytes(path, nil)
	if !errors.Is(err, os.ErrNotExist) || strings.Count(err.Error(), "absent") != 1 {
		t.Errorf("error %v, want one that names the file once", err)
	}
}

// TestOntoFolder holds that a rename that fails takes the temporary with it.
func TestOntoFolder(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "taken")
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := WriteBytes(path, []byte("x")); err == nil {
		t.Error("wrote over a folder")
	}
	alone(t, dir, "taken")
}

func TestRemoveLeftovers(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"run.json", ".run.json.0123456789abcdef.part", ".hidden", "data.part"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := RemoveLeftovers(dir); err != nil {
		t.Fatal(err)
	}
	alone(t, dir, ".hidden", "data.part", "run.json")
}

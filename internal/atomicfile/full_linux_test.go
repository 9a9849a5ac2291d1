package atomicfile

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFileLimit runs itself again where files may not pass 8 KiB: the kernel
// then refuses to write, as on a full disk.
func TestFileLimit(t *testing.T) {
	const key = "GAKURI_TEST_LIMITED"
	if path := os.Getenv(key); path != "" {
		signal.Ignore(syscall.SIGXFSZ) // have the error instead of the signal
		limit := syscall.Rlimit{Cur: 8 << 10, Max: 8 << 10}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Skip("the system sets no limit: ", err)
		}
		if err := WriteBytes(path, make([]byte, 1<<20)); !errors.Is(err, syscall.EFBIG) {
			t.Fatalf("error %v, want %v", err, syscall.EFBIG)
		}
		return
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "weights")
	if err := WriteBytes(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFileLimit$")
	cmd.Env = append(os.Environ(), key+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := content(t, path); got != "old" {
		t.Errorf("the old file became %d bytes", len(got))
	}
	alone(t, dir, "weights")
}

// TestFullDisk fills a file system of 64 KiB, where this process may mount one.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("no right to mount a small file system: ", err)
	}
	defer syscall.Unmount(dir, 0)
	path := filepath.Join(dir, "weights")
	if err := WriteBytes(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	err := WriteBytes(path, make([]byte, 1<<20))
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("error %v, want %v", err, syscall.ENOSPC)
	}
	if got := content(t, path); got != "old" {
		t.Errorf("the old file became %d bytes", len(got))
	}
	alone(t, dir, "weights")
}

package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

// Store finds and fetches data sets. The zero value knows none and has no
// folder; the command line makes one from its flags and environment.
type Store struct {
	Sets  []Set        // usually [Sets]()
	Given string       // folder that the user names; "" means none. Nothing is written there
	Cache string       // folder for downloads, usually [DefaultCache]()
	HTTP  *http.Client // nil means a client that follows at most five redirects and never from https to http
}

// DefaultCache returns gakuri/data in the user's cache folder.
func DefaultCache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for downloads, name one with --data-dir: %w", err)
	}
	return filepath.Join(dir, "gakuri", "data"), nil
}

// Progress says how far a download is.
type Progress struct {
	File        string
	Done, Total int64 // bytes; Total is 0 while it is not known
}

// A MissingError reports a data set that is in no folder yet.
type MissingError struct {
	Name  string
	Where string // the file that is absent
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("the data set %s is not here (no %s): fetch it with gakuri data get %s, or name its folder's parent with --data-dir", e.Name, e.Where, e.Name)
}

// Path returns the folder that holds all files of the set, the given one
// before the cache. It looks at names only; see [Store.Verify].
func (s Store) Path(name string) (string, error) {
	set, err := Find(s.Sets, name)
	if err != nil {
		return "", err
	}
	missing := ""
	for _, root := range []string{s.Given, s.Cache} {
		if root == "" {
			continue
		}
		dir := filepath.Join(root, set.Name)
		absent := set.absent(dir)
		if absent == "" {
			return dir, nil
		}
		if missing == "" {
			missing = filepath.Join(dir, absent)
		}
	}
	return "", &MissingError{set.Name, missing}
}

// absent returns the first file of the set that is not in dir.
func (s Set) absent(dir string) string {
	for _, f := range s.Files {
		if st, err := os.Stat(filepath.Join(dir, f.Name)); err != nil || !st.Mode().IsRegular() {
			return f.Name
		}
	}
	return ""
}

// Verify returns the folder of the set like [Store.Path], after checking that
// each file holds what it should.
func (s Store) Verify(name string) (string, error) {
	dir, err := s.Path(name)
	if err != nil {
		return "", err
	}
	set, err := Find(s.Sets, name)
	if err != nil {
		return "", err
	}
	for _, f := range set.Files {
		if err := f.verify(filepath.Join(dir, f.Name)); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// Get returns the folder of the set, checked, fetching into the cache the
// files that are not there or hold something else. A download that was cut
// (cancelled, lost network) goes on where it stopped at the next call. The
// caller shows the set's licence first. progress, if not nil, is called from
// the same goroutine.
func (s Store) Get(ctx context.Context, name string, progress func(Progress)) (string, error) {
	set, err := Find(s.Sets, name)
	if err != nil {
		return "", err
	}
	if s.Given != "" && set.absent(filepath.Join(s.Given, set.Name)) == "" {
		return s.Verify(name)
	}
	if s.Cache == "" {
		return "", errors.New("no folder for downloads is set")
	}
	dir := filepath.Join(s.Cache, set.Name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", fmt.Errorf("cannot make the folder for %s: %w", set.Name, err)
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	for _, f := range set.Files {
		path := filepath.Join(dir, f.Name)
		err := f.verify(path)
		var content *ContentError
		if errors.Is(err, fs.ErrNotExist) || errors.As(err, &content) {
			err = s.fetch(ctx, f, path, progress)
		}
		if err != nil {
			return "", err
		}
	}
	return dir, nil
}

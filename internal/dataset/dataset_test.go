package dataset

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// payload is what the sets of these tests hold.
var payload = bytes.Repeat([]byte("0,1,2,3\n"), 40000)

func hash(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:]) }

// store returns a store whose one set has one file at each of the addresses.
func store(t *testing.T, form Form, urls ...string) Store {
	t.Helper()
	f := File{Name: "rows.csv", URLs: urls, Form: form, SHA256: hash(payload), Size: int64(len(payload))}
	return Store{Sets: []Set{{Name: "rows", Files: []File{f}}}, Cache: t.TempDir()}
}

// whole serves b, with ranges.
func whole(b []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	})
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL + "/rows.csv"
}

func packed(t *testing.T, b []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// got checks that the set is whole and no .part file is left.
func got(t *testing.T, s Store, dir string, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if dir != filepath.Join(s.Cache, "rows") {
		t.Errorf("folder %s", dir)
	}
	if again, err := s.Verify("rows"); err != nil || again != dir {
		t.Errorf("Verify: %s, %v", again, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, error %v", entries, err)
	}
}

func TestGet(t *testing.T) {
	var asked atomic.Int32
	counting := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1); h.ServeHTTP(w, r) })
	}
	crlf := append([]byte("Column 1,Column 2\r\n"), bytes.ReplaceAll(payload, []byte("\n"), []byte("\r\n"))...)
	for _, tt := range []struct {
		name string
		form Form
		body []byte
	}{
		{"as it is", AsIs, payload},
		{"packed well", Gunzipped, packed(t, payload, gzip.BestCompression)},
		{"packed fast", Gunzipped, packed(t, payload, gzip.BestSpeed)},
		{"rows", NumberRows, payload},
		{"rows with headings and carriage returns", NumberRows, crlf},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked.Store(0)
			s := store(t, tt.form, serve(t, counting(whole(tt.body))))
			var last Progress
			if _, err := s.Path("rows"); !errors.As(err, new(*MissingError)) {
				t.Errorf("before: error %v", err)
			}
			dir, err := s.Get(t.Context(), "rows", func(p Progress) { last = p })
			got(t, s, dir, err)
			if want := (Progress{"rows.csv", int64(len(tt.body)), int64(len(tt.body))}); last != want {
				t.Errorf("last progress %v, want %v", last, want)
			}
			if _, err := s.Get(t.Context(), "rows", nil); err != nil || asked.Load() != 1 {
				t.Errorf("second call: %d requests in all, error %v", asked.Load(), err)
			}
		})
	}
}

// TestCut cuts the connection after 100,000 bytes each time: each call goes on
// where the last one stopped.
func TestCut(t *testing.T) {
	var ranges []string
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		from := 0
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(payload)-1, len(payload)))
			w.Header().Set("Content-Length", strconv.Itoa(len(payload)-from))
			w.WriteHeader(http.StatusPartialContent)
		} else {
			w.Header().Set("Content-Length", strconv.Itoa(len(payload)))
		}
		end := min(from+100000, len(payload))
		w.Write(payload[from:end])
		if end < len(payload) {
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	s := store(t, AsIs, serve(t, h))
	var dir string
	var err error
	for range 4 {
		if dir, err = s.Get(t.Context(), "rows", nil); err == nil {
			break
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v", err)
		}
	}
	got(t, s, dir, err)
	if want := "[ bytes=100000- bytes=200000- bytes=300000-]"; fmt.Sprint(ranges) != want {
		t.Errorf("ranges %v, want %s", ranges, want)
	}
}

// TestStalePart goes on from a .part file that belongs to something else: the
// file is fetched anew.
func TestStalePart(t *testing.T) {
	for _, part := range [][]byte{[]byte("an older version"), make([]byte, len(payload)), make([]byte, len(payload)+5)} {
		s := store(t, AsIs, serve(t, whole(payload)))
		dir := filepath.Join(s.Cache, "rows")
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "rows.csv.part"), part, 0o666); err != nil {
			t.Fatal(err)
		}
		dir, err := s.Get(t.Context(), "rows", nil)
		got(t, s, dir, err)
	}
}

// TestNoRanges goes on at a server that knows no ranges and sends all again.
func TestNoRanges(t *testing.T) {
	s := store(t, AsIs, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(payload) })))
	dir := filepath.Join(s.Cache, "rows")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "rows.csv.part"), payload[:1000], 0o666); err != nil {
		t.Fatal(err)
	}
	dir, err := s.Get(t.Context(), "rows", nil)
	got(t, s, dir, err)
}

// TestDamagedCopy replaces a file in the cache that holds something else.
func TestDamagedCopy(t *testing.T) {
	s := store(t, AsIs, serve(t, whole(payload)))
	dir := filepath.Join(s.Cache, "rows")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "rows.csv"), payload[1:], 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Verify("rows"); err == nil || !strings.Contains(err.Error(), "holds 319999 bytes of data: need 320000") {
		t.Errorf("Verify: error %v", err)
	}
	dir, err := s.Get(t.Context(), "rows", nil)
	got(t, s, dir, err)
}

// TestMirror takes the second address where the first fails.
func TestMirror(t *testing.T) {
	for name, bad := range map[string]http.Handler{
		"not found":   http.NotFoundHandler(),
		"other data":  whole(bytes.ToUpper(append([]byte("x"), payload[1:]...))),
		"a web page":  whole([]byte("<html>please log in</html>")),
		"wrong range": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusPartialContent) }),
	} {
		t.Run(name, func(t *testing.T) {
			s := store(t, AsIs, serve(t, bad), serve(t, whole(payload)))
			dir, err := s.Get(t.Context(), "rows", nil)
			got(t, s, dir, err)
		})
	}
}

func TestGetFails(t *testing.T) {
	var loop http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/again", http.StatusFound)
	})
	endless := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	other := bytes.Clone(payload)
	other[7] = '9'
	for _, tt := range []struct {
		name string
		form Form
		h    http.Handler
		want string
	}{
		{"not found", AsIs, http.NotFoundHandler(), "answers 404 Not Found"},
		{"checksum", AsIs, whole(other), "has other data than expected: SHA-256"},
		{"short", AsIs, whole(payload[:10]), "holds 10 bytes of data: need 320000"},
		{"no gzip", Gunzipped, whole(payload), "is no whole gzip file"},
		{"gzip bomb", Gunzipped, whole(packed(t, make([]byte, 50<<20), gzip.BestSpeed)), "more than the 320000 bytes"},
		{"too large", AsIs, whole(make([]byte, 2<<20)), "expected at most"},
		{"endless", AsIs, endless, "that is not the file"},
		{"redirects", AsIs, loop, "more than 5 redirects"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := store(t, tt.form, serve(t, tt.h))
			_, err := s.Get(t.Context(), "rows", nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, tt.want)
			}
			if _, err := s.Path("rows"); err == nil {
				t.Error("the file stands in the cache")
			}
		})
	}
}

// TestPlainRedirect refuses to leave https.
func TestPlainRedirect(t *testing.T) {
	plain := serve(t, whole(payload))
	safe := httptest.NewTLSServer(http.RedirectHandler(plain, http.StatusFound))
	defer safe.Close()
	s := store(t, AsIs, safe.URL)
	s.HTTP = safe.Client()
	s.HTTP.CheckRedirect = checkRedirect
	if _, err := s.Get(t.Context(), "rows", nil); err == nil || !strings.Contains(err.Error(), "redirected from https to http") {
		t.Errorf("error %v", err)
	}
}

func TestCancel(t *testing.T) {
	sent := make(chan bool, 1)
	s := store(t, AsIs, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(payload)))
		w.Write(payload[:5000])
		w.(http.Flusher).Flush()
		sent <- true
		<-r.Context().Done()
	})))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-sent; cancel() }()
	_, err := s.Get(ctx, "rows", nil)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want %v", err, context.Canceled)
	}
	s.Sets[0].Files[0].URLs = []string{serve(t, whole(payload))}
	dir, err := s.Get(t.Context(), "rows", nil)
	got(t, s, dir, err)
}

// TestGiven finds a set in the user's folder, before the cache, and says what
// is wrong with it instead of fetching another copy.
func TestGiven(t *testing.T) {
	s := store(t, AsIs, "http://127.0.0.1:1/never-asked")
	s.Given = t.TempDir()
	dir := filepath.Join(s.Given, "rows")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		body []byte
		want string
	}{{payload, ""}, {payload[:8], "holds 8 bytes of data"}} {
		if err := os.WriteFile(filepath.Join(dir, "rows.csv"), tt.body, 0o666); err != nil {
			t.Fatal(err)
		}
		path, err := s.Get(t.Context(), "rows", nil)
		if (tt.want == "" && (err != nil || path != dir)) || (tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want))) {
			t.Errorf("%s, error %v, want %q", path, err, tt.want)
		}
	}
	if _, err := s.Get(t.Context(), "row", nil); err == nil || !strings.Contains(err.Error(), `no data set "row": there are rows`) {
		t.Errorf("unknown set: error %v", err)
	}
}

// TestRealSets checks the table against the files themselves, where they are.
func TestRealSets(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "data")
	s := Store{Sets: Sets(), Given: root}
	for _, set := range Sets() {
		t.Run(set.Name, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(root, set.Name)); err != nil {
				t.Skipf("no data: ../shared/data/%s beside the repository", set.Name)
			}
			if _, err := s.Verify(set.Name); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTable holds that each entry of the table is complete.
func TestTable(t *testing.T) {
	for _, s := range Sets() {
		if s.Text.En == "" || s.Text.Ja == "" || s.Licence == "" || s.Source == "" || len(s.Files) == 0 {
			t.Errorf("%s lacks something: %+v", s.Name, s)
		}
		for _, f := range s.Files {
			if len(f.SHA256) != 64 || f.Size <= 0 || len(f.URLs) == 0 || filepath.Base(f.Name) != f.Name {
				t.Errorf("%s: %+v", s.Name, f)
			}
			for _, u := range f.URLs {
				if !strings.HasPrefix(u, "https://") || !strings.HasSuffix(u, "/"+f.Name) {
					t.Errorf("%s: address %s", s.Name, u)
				}
			}
		}
	}
}

package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	partSuffix   = ".part"
	maxRedirects = 5
	slack        = 1 << 20          // bytes that a file may have beyond its data: headings, gzip of what does not shrink
	stallLimit   = 60 * time.Second // without a byte
	reportEvery  = 100 * time.Millisecond
)

// fetch downloads f from the first of its addresses that serves the right
// data, into path.
func (s Store) fetch(ctx context.Context, f File, path string, progress func(Progress)) error {
	var last error
	for _, address := range f.URLs {
		last = s.fetchFrom(ctx, f, address, path, progress)
		var content *ContentError
		if errors.As(last, &content) && content.Path == path+partSuffix {
			last = fmt.Errorf("%s: what it serves as %s", address, content.Why)
		}
		if last == nil || ctx.Err() != nil {
			break
		}
	}
	if last == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("fetching %s was stopped, the next call goes on from there: %w", f.Name, cause)
	}
	return fmt.Errorf("cannot fetch %s: %w", f.Name, last)
}

// fetchFrom downloads f from one address. A .part file of an earlier call is
// continued; if the whole then is not what it should be, the old part may be
// of another version or address, and the file is fetched once more from its
// beginning.
func (s Store) fetchFrom(ctx context.Context, f File, address, path string, progress func(Progress)) error {
	part := path + partSuffix
	resumed, err := s.download(ctx, f, address, part, progress)
	if err != nil {
		return err
	}
	err = f.verify(part)
	var content *ContentError
	if errors.As(err, &content) {
		if err := os.Remove(part); err != nil {
			return err
		}
		if !resumed {
			return content
		}
		if _, err := s.download(ctx, f, address, part, progress); err != nil {
			return err
		}
		if err = f.verify(part); errors.As(err, &content) {
			os.Remove(part)
		}
	}
	if err != nil {
		return err
	}
	return os.Rename(part, path)
}

// download appends to the file part what the address has beyond it, and
// reports whether there was something to continue.
func (s Store) download(ctx context.Context, f File, address, part string, progress func(Progress)) (resumed bool, err error) {
	var have int64
	if st, err := os.Stat(part); err == nil {
		have = st.Size()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(stallLimit, func() { cancel(fmt.Errorf("no data for %s", stallLimit)) })
	defer stall.Stop()
	body, total, start, err := s.request(ctx, address, have)
	if err != nil {
		return have > 0, explain(ctx, err)
	}
	if body == nil {
		return true, nil // the part is whole already
	}
	defer body.Close()
	if total > f.Size+slack {
		return false, fmt.Errorf("%s has %d bytes: expected at most %d", address, total, f.Size+slack)
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if start == 0 {
		flags |= os.O_TRUNC // the server sends everything
	}
	out, err := os.OpenFile(part, flags, 0o666)
	if err != nil {
		return false, err
	}
	defer out.Close()
	w := &meter{w: out, done: start, total: total, limit: f.Size + slack, file: f.Name, progress: progress, stall: stall}
	if _, err := io.Copy(w, body); err != nil {
		return start > 0, explain(ctx, err)
	}
	w.report()
	if err := out.Sync(); err != nil {
		return start > 0, err
	}
	if total > 0 && w.done < total {
		return start > 0, fmt.Errorf("%s: the connection ended after %d of %d bytes", address, w.done, total)
	}
	return start > 0, out.Close()
}

// request asks for the file from byte have on. It returns the body, the size
// of the whole file (0 if unknown) and where the body starts; a nil body means
// that there is nothing beyond byte have.
func (s Store) request(ctx context.Context, address string, have int64) (body io.ReadCloser, total, start int64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, 0, err
	}
	req.Header.Set("Accept-Encoding", "identity") // byte ranges of the file itself
	req.Header.Set("User-Agent", "gakuri")
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	client := s.HTTP
	if client == nil {
		client = &http.Client{CheckRedirect: checkRedirect}
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, 0, 0, err
	}
	switch {
	case res.StatusCode == http.StatusOK:
		return res.Body, max(res.ContentLength, 0), 0, nil
	case res.StatusCode == http.StatusPartialContent && have > 0:
		from, total, ok := parseRange(res.Header.Get("Content-Range"))
		if ok && from == have {
			return res.Body, total, have, nil
		}
		err = fmt.Errorf("%s answers with the range %q: asked for bytes from %d on", address, res.Header.Get("Content-Range"), have)
	case res.StatusCode == http.StatusRequestedRangeNotSatisfiable && have > 0:
		res.Body.Close()
		return nil, have, have, nil
	default:
		err = fmt.Errorf("%s answers %s", address, res.Status)
	}
	res.Body.Close()
	return nil, 0, 0, err
}

// parseRange reads "bytes 5-9/10"; the total may be "*", then it is 0.
// Source: RFC 9110, section 14.4.
func parseRange(header string) (from, total int64, ok bool) {
	rest, ok := strings.CutPrefix(header, "bytes ")
	if !ok {
		return 0, 0, false
	}
	span, size, ok := strings.Cut(rest, "/")
	first, _, ok2 := strings.Cut(span, "-")
	from, err := strconv.ParseInt(first, 10, 64)
	if !ok || !ok2 || err != nil || from < 0 {
		return 0, 0, false
	}
	if size == "*" {
		return from, 0, true
	}
	total, err = strconv.ParseInt(size, 10, 64)
	return from, total, err == nil && total > from
}

// checkRedirect stops after maxRedirects and where https would become http.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("redirected from https to %s", req.URL.Scheme)
	}
	return nil
}

// explain turns the errors of net/http into one clause, with the reason for a
// cancelled request.
func explain(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		return fmt.Errorf("%s: %w", ue.URL, ue.Err)
	}
	return err
}

// meter counts the bytes on their way to the file.
type meter struct {
	w                  io.Writer
	done, total, limit int64
	file               string
	progress           func(Progress)
	stall              *time.Timer
	reported           time.Time
}

// Write passes b on and reports ten times a second at most.
func (m *meter) Write(b []byte) (int, error) {
	m.stall.Reset(stallLimit)
	if m.done+int64(len(b)) > m.limit {
		return 0, fmt.Errorf("more than %d bytes come: that is not the file", m.limit)
	}
	n, err := m.w.Write(b)
	m.done += int64(n)
	if time.Since(m.reported) >= reportEvery {
		m.report()
	}
	return n, err
}

func (m *meter) report() {
	m.reported = time.Now()
	m.progress(Progress{m.file, m.done, m.total})
}

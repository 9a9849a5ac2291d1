package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// parseHeader reads the JSON object of the header. It walks the tokens
// itself, because encoding/json keeps silent about a key given twice.
func parseHeader(header []byte) ([]entry, map[string]string, error) {
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, fmt.Errorf("not a safetensors file: the header at byte %d must begin with '{'", lengthBytes)
	}
	if !utf8.Valid(header) {
		return nil, nil, fmt.Errorf("the header, bytes %d-%d, is not UTF-8", lengthBytes, lengthBytes+len(header)-1)
	}
	p := &parser{dec: json.NewDecoder(bytes.NewReader(header))}
	p.dec.UseNumber()
	entries, meta, err := p.header()
	if err != nil {
		return nil, nil, err
	}
	end := int(p.dec.InputOffset())
	if rest := bytes.TrimRight(header[end:], " "); len(rest) > 0 {
		return nil, nil, fmt.Errorf("the header goes on after its JSON object at byte %d: only spaces may follow", lengthBytes+end)
	}
	return entries, meta, nil
}

type parser struct{ dec *json.Decoder }

func (p *parser) header() (entries []entry, meta map[string]string, err error) {
	seen := map[string]bool{}
	err = p.object("header", func(name string) error {
		if seen[name] {
			return p.errorf("two entries named %q: need one", name)
		}
		seen[name] = true
		if name == metadataKey {
			meta, err = p.metadata()
			return err
		}
		e, err := p.entry(name)
		entries = append(entries, e)
		return err
	})
	return entries, meta, err
}

func (p *parser) metadata() (map[string]string, error) {
	meta := map[string]string{}
	err := p.object(metadataKey, func(key string) error {
		if _, ok := meta[key]; ok {
			return p.errorf("metadata %q is given twice: need one", key)
		}
		value, err := p.text("metadata " + strconv.Quote(key))
		meta[key] = value
		return err
	})
	return meta, err
}

func (p *parser) entry(name string) (entry, error) {
	e := entry{name: name}
	what := "tensor " + strconv.Quote(name)
	seen := map[string]bool{}
	err := p.object(what, func(key string) (err error) {
		if seen[key] {
			return p.errorf("%s has %q twice: need one", what, key)
		}
		seen[key] = true
		switch key {
		case "dtype":
			e.dtype, err = p.text("dtype of " + what)
		case "shape":
			var dims []int64
			dims, err = p.integers("shape of " + what)
			e.shape = make([]int, len(dims))
			for i, d := range dims {
				if int64(int(d)) != d {
					return p.errorf("shape of %s has a size of %d: too large for this machine", what, d)
				}
				e.shape[i] = int(d)
			}
		case "data_offsets":
			var at []int64
			at, err = p.integers("data_offsets of " + what)
			if err == nil && len(at) != 2 {
				return p.errorf("data_offsets of %s are %d numbers: need 2, begin and end", what, len(at))
			}
			if err == nil {
				e.begin, e.end = at[0], at[1]
			}
		default:
			return p.errorf("%s has an unknown field %q: need dtype, shape and data_offsets", what, key)
		}
		return err
	})
	if err != nil {
		return entry{}, err
	}
	for _, key := range []string{"dtype", "shape", "data_offsets"} {
		if !seen[key] {
			return entry{}, p.errorf("%s lacks its %s", what, key)
		}
	}
	return e, nil
}

// object reads {"key": …, …}, calling field at each value.
func (p *parser) object(what string, field func(key string) error) error {
	if err := p.delim(what, '{', "an object"); err != nil {
		return err
	}
	for p.dec.More() {
		tok, err := p.token()
		if err != nil {
			return err
		}
		key, ok := tok.(string)
		if !ok {
			return p.errorf("%s has %v where a name should stand", what, tok)
		}
		if err := field(key); err != nil {
			return err
		}
	}
	_, err := p.token() // the closing brace
	return err
}

func (p *parser) integers(what string) ([]int64, error) {
	if err := p.delim(what, '[', "a list of whole numbers"); err != nil {
		return nil, err
	}
	var list []int64
	for p.dec.More() {
		tok, err := p.token()
		if err != nil {
			return nil, err
		}
		n, ok := tok.(json.Number)
		if !ok {
			return nil, p.errorf("%s holds %v: need whole numbers of 0 or more", what, tok)
		}
		v, err := strconv.ParseInt(n.String(), 10, 64)
		if err != nil || v < 0 {
			return nil, p.errorf("%s holds %s: need whole numbers of 0 or more, below 2^63", what, n)
		}
		list = append(list, v)
	}
	_, err := p.token() // the closing bracket
	return list, err
}

func (p *parser) text(what string) (string, error) {
	tok, err := p.token()
	if err != nil {
		return "", err
	}
	s, ok := tok.(string)
	if !ok {
		return "", p.errorf("%s is %v: need a string", what, tok)
	}
	return s, nil
}

func (p *parser) delim(what string, want json.Delim, words string) error {
	tok, err := p.token()
	if err != nil {
		return err
	}
	if tok != want {
		return p.errorf("%s is %v: need %s", what, tok, words)
	}
	return nil
}

func (p *parser) token() (json.Token, error) {
	tok, err := p.dec.Token()
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return tok, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, p.errorf("the header's JSON ends too early")
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("the header is not JSON at byte %d: %w", lengthBytes+p.dec.InputOffset(), err)
	}
	return nil, p.errorf("the header is not JSON: %w", err)
}

// errorf adds the place in the file.
func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf(format+" (header, before byte %d)", append(args, lengthBytes+p.dec.InputOffset())...)
}

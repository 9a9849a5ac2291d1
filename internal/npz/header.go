package npz

import (
	"fmt"
	"strconv"
	"strings"
)

// header is what the dict literal of a .npy file says.
type header struct {
	descr   string // '<f4', '<f8' or '<i8'
	fortran bool   // first index fastest
	shape   []int
}

// parseHeader reads the dict literal, its three keys in any order.
func parseHeader(text string) (header, error) {
	p := &literal{text: text}
	var h header
	seen := map[string]bool{}
	if err := p.expect('{'); err != nil {
		return h, err
	}
	for !p.next('}') {
		key, err := p.quoted()
		if err != nil {
			return h, err
		}
		if seen[key] {
			return h, p.errorf("key %q is given twice: need one", key)
		}
		seen[key] = true
		if err := p.expect(':'); err != nil {
			return h, err
		}
		if err := p.value(key, &h); err != nil {
			return h, err
		}
		if !p.next(',') {
			if err := p.expect('}'); err != nil {
				return h, err
			}
			break
		}
	}
	if rest := strings.Trim(p.text[p.at:], " "); rest != "\n" {
		return h, p.errorf("after the dict stands %q: need spaces and one newline", clip(rest))
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return h, p.errorf("the key %q is missing", key)
		}
	}
	return h, nil
}

func (p *literal) value(key string, h *header) (err error) {
	switch key {
	case "descr":
		h.descr, err = p.quoted()
		if err == nil && h.descr != "<f4" && h.descr != "<f8" && h.descr != "<i8" {
			return p.errorf("type %q: only '<f4', '<f8' and '<i8' are read here", clip(h.descr))
		}
	case "fortran_order":
		word := p.word()
		if word != "True" && word != "False" {
			return p.errorf("fortran_order is %q: need True or False", clip(word))
		}
		h.fortran = word == "True"
	case "shape":
		h.shape, err = p.sizes()
	default:
		return p.errorf("unknown key %q: need descr, fortran_order and shape", clip(key))
	}
	return err
}

// literal walks through a Python literal.
type literal struct {
	text string
	at   int
}

func (p *literal) skip() {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
}

// next steps over c if it comes next.
func (p *literal) next(c byte) bool {
	p.skip()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *literal) expect(c byte) error {
	if !p.next(c) {
		return p.errorf("need %q, not %q", c, clip(p.text[p.at:]))
	}
	return nil
}

func (p *literal) quoted() (string, error) {
	p.skip()
	if p.at < len(p.text) && (p.text[p.at] == '\'' || p.text[p.at] == '"') {
		if n := strings.IndexByte(p.text[p.at+1:], p.text[p.at]); n >= 0 {
			s := p.text[p.at+1 : p.at+1+n]
			p.at += n + 2
			return s, nil
		}
	}
	return "", p.errorf("need a string in quotes, not %q", clip(p.text[p.at:]))
}

func (p *literal) word() string {
	p.skip()
	start := p.at
	for p.at < len(p.text) && (p.text[p.at]|0x20 >= 'a' && p.text[p.at]|0x20 <= 'z') {
		p.at++
	}
	return p.text[start:p.at]
}

// sizes reads a tuple: (), (3,) or (3, 4).
func (p *literal) sizes() ([]int, error) {
	if err := p.expect('('); err != nil {
		return nil, err
	}
	shape := []int{}
	for !p.next(')') {
		start := p.at
		for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
			p.at++
		}
		d, err := strconv.Atoi(p.text[start:p.at])
		if err != nil {
			return nil, p.errorf("shape holds %q: need whole numbers of 0 or more, below 2^63", clip(p.text[start:]))
		}
		if shape = append(shape, d); len(shape) > maxDims {
			return nil, p.errorf("more than %d dimensions", maxDims)
		}
		if p.next(',') {
			continue
		}
		if len(shape) == 1 {
			return nil, p.errorf("shape is not a tuple: one size needs a comma, (%d,)", d)
		}
		if err := p.expect(')'); err != nil {
			return nil, err
		}
		break
	}
	return shape, nil
}

// errorf adds the place in the file.
func (p *literal) errorf(format string, args ...any) error {
	return fmt.Errorf("header of the .npy file, byte %d: "+format, append([]any{preamble + p.at}, args...)...)
}

// clip shortens what a message quotes.
func clip(s string) string {
	if len(s) > 24 {
		return s[:24] + "…"
	}
	return s
}

package train

import (
	"fmt"
	"strconv"

	"github.com/gakuri-lab/gakuri/engine/array"
)

// State is anything whose whole state goes into a checkpoint and comes back
// bit for bit. Save adds to c under names of its own and reuses arrays that
// c already holds under them; Restore changes nothing if it returns an error.
type State interface {
	Save(c *Checkpoint)
	Restore(c *Checkpoint) error
}

// Tensor returns the tensor called name, or nil.
func (c *Checkpoint) Tensor(name string) *Tensor {
	for i := range c.Tensors {
		if c.Tensors[i].Name == name {
			return &c.Tensors[i]
		}
	}
	return nil
}

// Put copies v into the vector called name of c, which is made if c has none
// of that length.
func Put[T array.Float](c *Checkpoint, name string, v []T) {
	t := c.Tensor(name)
	if t == nil {
		c.Tensors = append(c.Tensors, Tensor{Name: name})
		t = &c.Tensors[len(c.Tensors)-1]
	}
	if len(t.Shape) != 1 || t.Shape[0] != len(v) {
		t.Shape = []int{len(v)}
	}
	switch v := any(v).(type) {
	case []float32:
		t.F32, t.F64 = append(t.F32[:0], v...), nil
	case []float64:
		t.F64, t.F32 = append(t.F64[:0], v...), nil
	}
}

// Get returns the vector of n elements called name. It shares c's memory.
func Get[T array.Float](c *Checkpoint, name string, n int) ([]T, error) {
	t := c.Tensor(name)
	if t == nil {
		return nil, fmt.Errorf("train: the checkpoint has no %q", name)
	}
	var v []T
	switch p := any(&v).(type) {
	case *[]float32:
		*p = t.F32
	case *[]float64:
		*p = t.F64
	}
	if len(v) != n {
		return nil, fmt.Errorf("train: %q in the checkpoint has %d elements of %T, want %d", name, len(v), *new(T), n)
	}
	return v, nil
}

// SetInt stores an integer in c's Meta.
func (c *Checkpoint) SetInt(name string, v int) { c.set(name, strconv.Itoa(v)) }

// Int returns an integer of c's Meta.
func (c *Checkpoint) Int(name string) (int, error) {
	v, err := strconv.Atoi(c.Meta[name])
	if err != nil {
		return 0, fmt.Errorf("train: the checkpoint's %q is %q, want an integer", name, c.Meta[name])
	}
	return v, nil
}

// SetFloat stores a number in c's Meta without loss: hexadecimal, NaN and
// infinities included.
func (c *Checkpoint) SetFloat(name string, v float64) {
	c.set(name, strconv.FormatFloat(v, 'x', -1, 64))
}

// Float returns a number of c's Meta.
func (c *Checkpoint) Float(name string) (float64, error) {
	v, err := strconv.ParseFloat(c.Meta[name], 64)
	if err != nil {
		return 0, fmt.Errorf("train: the checkpoint's %q is %q, want a number", name, c.Meta[name])
	}
	return v, nil
}

func (c *Checkpoint) set(name, value string) {
	if c.Meta == nil {
		c.Meta = map[string]string{}
	}
	c.Meta[name] = value
}

// Clone returns a copy that shares nothing with c.
func (c *Checkpoint) Clone() *Checkpoint {
	d := &Checkpoint{Step: c.Step}
	for k, v := range c.Meta {
		d.set(k, v)
	}
	for _, t := range c.Tensors {
		d.Tensors = append(d.Tensors, Tensor{
			Name:  t.Name,
			Shape: append([]int(nil), t.Shape...),
			F32:   append([]float32(nil), t.F32...),
			F64:   append([]float64(nil), t.F64...),
		})
	}
	return d
}

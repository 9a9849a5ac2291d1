// Package kernel holds the element-wise kernels of the engine.
//
// A [Code] is a straight-line element-wise program over a tile of rows × n
// elements: the unit of fusion. It is plain data; its meaning is [Eval], one
// element at a time in plain Go. [Compile] makes it runnable: with a generated
// SIMD kernel where kernel/gen has made one for exactly this code, and
// otherwise as a chain of one-operation vector kernels over a chunk that
// stays in the first-level cache.
package kernel

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Kind says how an operand varies over the rows × n elements of a tile.
type Kind uint8

const (
	Full   Kind = iota // one element for each row and column
	Row                // one row of n elements, the same for every row
	Col                // one element a row, the same for every column
	Scalar             // one element
)

var kindLetters = "frcs"

// Op is an element-wise operation on one, two or three values.
type Op uint8

// Comparison results are masks: 1 where true, 0 where false. [Accuracy] states
// the error of each operation.
const (
	Const     Op = iota // X
	Neg                 // -a
	Abs                 // |a|
	Sign                // -1, 0 or +1
	Sqrt                // √a
	Exp                 // eᵃ
	Log                 // natural logarithm
	Sin                 // sine of a radians
	Cos                 // cosine of a radians
	Tanh                // hyperbolic tangent
	Erf                 // error function
	Sigmoid             // 1/(1+e⁻ᵃ)
	Softplus            // log(1+eᵃ), without overflow
	Recip               // 1/a
	PowC                // a^X for a constant exponent X
	Add                 // a + b
	Sub                 // a - b
	Mul                 // a·b
	Div                 // a/b
	Max                 // the larger of a and b
	Min                 // the smaller of a and b
	Less                // 1 if a < b, else 0
	Equal               // 1 if a = b, else 0
	MulAdd              // a·b + c, rounded once
	MulSub              // a·b - c, rounded once
	NegMulAdd           // c - a·b, rounded once
	Where               // b if a ≠ 0, else c
	numOps
)

var opNames = [numOps]string{"const", "neg", "abs", "sign", "sqrt", "exp", "log", "sin", "cos", "tanh", "erf",
	"sigmoid", "softplus", "recip", "powc", "add", "sub", "mul", "div", "max", "min", "less", "equal",
	"muladd", "mulsub", "negmuladd", "where"}

func (o Op) String() string { return opNames[o] }

// Arity returns the number of operands of o: 0 for Const, up to 3.
func (o Op) Arity() int {
	switch {
	case o == Const:
		return 0
	case o <= PowC:
		return 1
	case o <= Equal:
		return 2
	}
	return 3
}

// Instr is one operation. A, B and C number the values it reads: the inputs
// of the code come first, then the results of its instructions in order.
type Instr struct {
	Op      Op
	A, B, C int
	X       float64 // Const: the constant; PowC: the exponent
}

// Code is an element-wise program in static single assignment form.
type Code struct {
	In  []Kind  // operands
	Ins []Instr // instruction i makes value len(In)+i
	Out []int   // values stored; every output is Full
}

// String returns the canonical text of c, such as
// "f,r;add 0 1;tanh 2;>3": inputs, instructions, outputs. Generated kernels
// are found by it.
func (c Code) String() string {
	var s strings.Builder
	for i, k := range c.In {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteByte(kindLetters[k])
	}
	for _, in := range c.Ins {
		s.WriteByte(';')
		s.WriteString(in.Op.String())
		for i, v := range [3]int{in.A, in.B, in.C} {
			if i < in.Op.Arity() {
				s.WriteByte(' ')
				s.WriteString(strconv.Itoa(v))
			}
		}
		if in.Op == Const || in.Op == PowC {
			s.WriteByte(' ')
			s.WriteString(strconv.FormatFloat(in.X, 'g', -1, 64))
		}
	}
	s.WriteString(";>")
	for i, v := range c.Out {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(strconv.Itoa(v))
	}
	return s.String()
}

// ParseCode is the inverse of [Code.String].
func ParseCode(text string) (Code, error) {
	var c Code
	parts := strings.Split(text, ";")
	if len(parts) < 2 || !strings.HasPrefix(parts[len(parts)-1], ">") {
		return c, fmt.Errorf("kernel: code %q: want inputs;instructions;>outputs", text)
	}
	if parts[0] != "" {
		for _, l := range strings.Split(parts[0], ",") {
			k := strings.Index(kindLetters, l)
			if k < 0 || len(l) != 1 {
				return c, fmt.Errorf("kernel: input kind %q: want f, r, c or s", l)
			}
			c.In = append(c.In, Kind(k))
		}
	}
	value := func(s string, limit int) (int, error) {
		v, err := strconv.Atoi(s)
		if err != nil || v < 0 || v >= limit {
			return 0, fmt.Errorf("kernel: value %q: want a number below %d", s, limit)
		}
		return v, nil
	}
	for i, p := range parts[1 : len(parts)-1] {
		f := strings.Fields(p)
		if len(f) == 0 {
			return c, fmt.Errorf("kernel: instruction %d is empty", i)
		}
		op := Op(0)
		for op < numOps && opNames[op] != f[0] {
			op++
		}
		if op == numOps {
			return c, fmt.Errorf("kernel: unknown operation %q", f[0])
		}
		in := Instr{Op: op}
		want := 1 + op.Arity()
		if op == Const || op == PowC {
			want++
		}
		if len(f) != want {
			return c, fmt.Errorf("kernel: %q: want %d operands", p, want-1)
		}
		for k, dst := range [3]*int{&in.A, &in.B, &in.C} {
			if k < op.Arity() {
				v, err := value(f[1+k], len(c.In)+i)
				if err != nil {
					return c, err
				}
				*dst = v
			}
		}
		if op == Const || op == PowC {
			x, err := strconv.ParseFloat(f[len(f)-1], 64)
			if err != nil || math.IsNaN(x) {
				return c, fmt.Errorf("kernel: %q: bad number", p)
			}
			in.X = x
		}
		c.Ins = append(c.Ins, in)
	}
	for _, s := range strings.Split(parts[len(parts)-1][1:], ",") {
		v, err := value(s, len(c.In)+len(c.Ins))
		if err != nil {
			return c, err
		}
		c.Out = append(c.Out, v)
	}
	return c, nil
}

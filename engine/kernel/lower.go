package kernel

import "math"

// maxPowChain is the largest integer exponent computed by multiplications.
const maxPowChain = 16

// Lower returns c with every PowC written in other operations, so that
// generated kernels and the interpreter share one meaning of powers:
//
//	X = 0, 1, 1/2, -1/2    1, a, √a, 1/√a
//	|X| integer ≤ 16       repeated squaring (error grows as X/2 ulp), then 1/aⁿ
//	other integers         exp(X·log|a|), times sign(a) if X is odd
//	otherwise              exp(X·log a): NaN for a < 0
//
// The last two have relative error about |X·log a|·ε, with ε = 2⁻²⁴ or 2⁻⁵³.
func Lower(c Code) Code {
	l := lowering{n: len(c.In)}
	ref := make([]int, len(c.In), len(c.In)+len(c.Ins))
	for i := range ref {
		ref[i] = i
	}
	for _, s := range c.Ins {
		if s.Op == PowC {
			ref = append(ref, l.power(ref[s.A], s.X))
			continue
		}
		for k, p := range [3]*int{&s.A, &s.B, &s.C} {
			if k < s.Op.Arity() {
				*p = ref[*p]
			}
		}
		ref = append(ref, l.add(s))
	}
	out := make([]int, len(c.Out))
	for i, v := range c.Out {
		out[i] = ref[v]
	}
	return Code{In: c.In, Ins: l.ins, Out: out}
}

type lowering struct {
	n   int // inputs
	ins []Instr
}

func (l *lowering) add(s Instr) int {
	l.ins = append(l.ins, s)
	return l.n + len(l.ins) - 1
}

func (l *lowering) power(a int, x float64) int {
	switch {
	case x == 0:
		return l.add(Instr{Op: Const, X: 1})
	case x == 0.5:
		return l.add(Instr{Op: Sqrt, A: a})
	case x == -0.5:
		return l.add(Instr{Op: Recip, A: l.add(Instr{Op: Sqrt, A: a})})
	case x == math.Trunc(x) && math.Abs(x) <= maxPowChain:
		p := l.chain(a, int(math.Abs(x)))
		if x < 0 {
			p = l.add(Instr{Op: Recip, A: p})
		}
		return p
	case x == math.Trunc(x):
		return l.signed(a, x)
	}
	return l.expLog(a, x)
}

// chain multiplies out aⁿ, n ≥ 1, by squaring.
func (l *lowering) chain(a, n int) int {
	if n == 1 {
		return a
	}
	h := l.chain(a, n/2)
	p := l.add(Instr{Op: Mul, A: h, B: h})
	if n%2 == 1 {
		p = l.add(Instr{Op: Mul, A: p, B: a})
	}
	return p
}

func (l *lowering) signed(a int, x float64) int {
	p := l.expLog(l.add(Instr{Op: Abs, A: a}), x)
	if math.Mod(x, 2) == 0 {
		return p
	}
	return l.add(Instr{Op: Mul, A: p, B: l.add(Instr{Op: Sign, A: a})})
}

func (l *lowering) expLog(a int, x float64) int {
	lg := l.add(Instr{Op: Log, A: a})
	k := l.add(Instr{Op: Const, X: x})
	return l.add(Instr{Op: Exp, A: l.add(Instr{Op: Mul, A: lg, B: k})})
}

// commutes reports whether the first two operands of op may change places.
func commutes(op Op) bool {
	switch op {
	case Add, Mul, Max, Min, Equal, MulAdd, MulSub, NegMulAdd:
		return true
	}
	return false
}

// Broadcasts lists, as bit masks over the operands of op, which may be one
// number for a whole row: the forms the one-operation kernels come in. The
// interpreter brings every other case to one of these.
func Broadcasts(op Op) []int {
	switch {
	case op.Arity() == 1:
		return []int{0}
	case op.Arity() == 3:
		return []int{0, 2, 4, 6}
	case commutes(op):
		return []int{0, 2}
	}
	return []int{0, 1, 2}
}

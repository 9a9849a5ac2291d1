package graph

import (
	"fmt"
	"math/rand/v2"
)

// Case is a program at a point, for tests that import package exec.
type Case struct {
	Name string
	Values
	Outputs []*Node
}

// Cases returns every step-th of the programs of this package's tests and of
// 100 random ones, with their first and second derivatives and Jacobian rows.
// Every program has an input, from which its batch is known.
func Cases(batch, step int) []Case {
	var cases []Case
	add := func(name string, p *point, outputs ...*Node) {
		for _, y := range outputs {
			if y.some(func(n *Node) bool { return n.Op == Input }) {
				cases = append(cases, Case{name, p.Values, outputs})
				return
			}
		}
	}
	for i, pr := range all() {
		if i%step > 0 {
			continue
		}
		p := pr.draw(batch, rand.New(rand.NewPCG(uint64(i), 4)))
		loss, _ := p.total(p.y, 1)
		add(pr.name, p, append([]*Node{p.y, loss}, Gradient(loss, p.leaves...)...)...)
		second := HVP(loss, p.leaves, p.direction())
		for _, s := range p.jets(3, p.y)[0][1:] {
			if s != nil {
				second = append(second, s)
			}
		}
		if p.y.Batched && !p.y.mixesSamples() {
			second = append(second, Jacobian(p.y.Square().Sum(), p.leaves...)...)
		}
		add("derivatives of "+pr.name, p, second...)
	}
	for i := uint64(0); i < 100; i += uint64(step) {
		p := randomProgram(randomCode(5000+i)).draw(batch, rand.New(rand.NewPCG(i, 5)))
		loss, _ := p.total(p.y, 1)
		add(fmt.Sprint("random ", i), p, append([]*Node{p.y, loss}, Gradient(loss, p.leaves...)...)...)
	}
	return cases
}

package graph

import (
	"fmt"
	"slices"
)

// JVP returns Σᵢ ∂yⱼ/∂xᵢ·vᵢ for each y: the Jacobian-vector products. The vs
// have the shapes of xs.
func JVP(ys, xs, vs []*Node) []*Node {
	if len(xs) == 0 || len(xs) != len(vs) {
		panic(fmt.Sprintf("graph: JVP with %d directions for %d nodes", len(vs), len(xs)))
	}
	a, _ := Multi([]int{1})
	seeds := map[*Node]Jet{}
	for i, x := range xs {
		seeds[x] = Jet{x, vs[i]}
	}
	out := make([]*Node, len(ys))
	for i, j := range a.Jets(seeds, ys...) {
		out[i] = orZero(j[1], ys[i])
	}
	return out
}

func orZero(s, like *Node) *Node {
	if s == nil {
		return like.Graph.Const(0).BroadcastTo(like.Shape...)
	}
	return s
}

// unit returns the direction of component i of x.
func unit(x *Node, direction []float64) *Node {
	if len(x.Shape) == 0 {
		return x.Graph.Const(direction[0])
	}
	return x.Graph.Tensor(direction, x.Shape...)
}

func checkPoint(name string, x *Node) int {
	if len(x.Shape) > 1 {
		panic(fmt.Sprintf("graph: %s by %v: want coordinates of shape [d] or []", name, x))
	}
	return x.Size()
}

// Partials returns the mixed partial derivatives of y by the components of x
// (shape [d] or []), one for each multi-index: {0, 2} is ∂²/∂x₁². All orders
// are computed in one forward sweep over the smallest set of Taylor
// coefficients that contains them.
func Partials(y, x *Node, orders ...[]int) []*Node {
	d := checkPoint("partial derivatives", x)
	if len(orders) == 0 {
		return nil
	}
	for _, o := range orders {
		if len(o) != d {
			panic(fmt.Sprintf("graph: derivative order %v for %d coordinates", o, d))
		}
		if slices.Min(o) < 0 {
			panic(fmt.Sprintf("graph: derivative order %v: want 0 or more", o))
		}
	}
	a, index := Multi(orders...)
	seed := make(Jet, len(index))
	seed[0] = x
	place := map[string]int{}
	for k, alpha := range index {
		place[fmt.Sprint(alpha)] = k
		total, at := 0, 0
		for i, o := range alpha {
			total += o
			if o > 0 {
				at = i
			}
		}
		if total == 1 {
			e := make([]float64, d)
			e[at] = 1
			seed[k] = unit(x, e)
		}
	}
	j := a.Jets(map[*Node]Jet{x: seed}, y)[0]
	out := make([]*Node, len(orders))
	for i, o := range orders {
		f := 1.0
		for _, k := range o {
			for m := 2; m <= k; m++ {
				f *= float64(m)
			}
		}
		out[i] = orZero(j[place[fmt.Sprint(o)]], y).Scale(f)
	}
	return out
}

// collapsed returns the gradient streams and Σᵣ wᵣ·(coefficient of the given
// order along direction r).
func collapsed(y, x *Node, order int, directions [][]float64, weights []float64) *Node {
	a := Collapsed(order, weights)
	seed := make(Jet, a.size)
	seed[0] = x
	for r, v := range directions {
		seed[1+r*(order-1)] = unit(x, v)
	}
	return orZero(a.Jets(map[*Node]Jet{x: seed}, y)[0][a.size-1], y)
}

// Laplacian returns Σᵢ ∂²y/∂xᵢ², carrying one stream for each coordinate and
// one for the sum (the forward Laplacian of Li et al., arXiv:2307.08214).
func Laplacian(y, x *Node) *Node {
	d := checkPoint("Laplacian", x)
	dirs := make([][]float64, d)
	w := make([]float64, d)
	for i := range d {
		dirs[i] = make([]float64, d)
		dirs[i][i] = 1
		w[i] = 2 // 2! times the coefficient
	}
	return collapsed(y, x, 2, dirs, w)
}

// BiLaplacian returns Σᵢⱼ ∂⁴y/∂xᵢ²∂xⱼ², from fourth derivatives along
// eᵢ and eᵢ ± eⱼ:
//
//	∂ᵢᵢⱼⱼ = (D⁴(eᵢ+eⱼ) + D⁴(eᵢ-eⱼ) - 2D⁴(eᵢ) - 2D⁴(eⱼ))/12.
func BiLaplacian(y, x *Node) *Node {
	d := checkPoint("bi-Laplacian", x)
	var dirs [][]float64
	var w []float64
	const fact = 24 // 4!, coefficient to derivative
	for i := range d {
		v := make([]float64, d)
		v[i] = 1
		dirs = append(dirs, v)
		w = append(w, fact*(1-float64(d-1)/3)) // 1 - (d-1)·2·2/12
		for j := range i {
			for _, s := range []float64{1, -1} {
				v := make([]float64, d)
				v[i], v[j] = 1, s
				dirs = append(dirs, v)
				w = append(w, fact*2.0/12)
			}
		}
	}
	return collapsed(y, x, 4, dirs, w)
}

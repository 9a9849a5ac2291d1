// Package pinn solves differential equations with physics-informed networks.
//
// A network x_θ(t) stands for the unknown function. Its derivatives by its
// input are exact (Taylor jets), so that the equation can be demanded at
// chosen points: for free fall,
//
//	x″ = -g on [t₀, t₁],   x(t₀) = h,   x′(t₀) = v,
//
// the residuals are r(tᵢ) = x_θ″(tᵢ) + g, and, with soft initial conditions,
// x_θ(t₀) - h and x_θ′(t₀) - v. Training makes the sum
//
//	L(θ) = 1/N Σᵢ r(tᵢ)² + (x_θ(t₀)-h)² + (x_θ′(t₀)-v)²
//
// small. With hard initial conditions the network is part of a form that
// obeys them exactly,
//
//	x_θ(t) = h + v (t-t₀) + (t-t₀)² n_θ(t),
//
// and only the first term is left.
//
// Everything inside is dimensionless: s = (t-t₀)/T and u = (x-x₀)/X with the
// scales T, X and the origin x₀ of the problem; results come in metres and
// seconds. docs/derivation/free-fall.md has the algebra.
//
// Source: M. Raissi, P. Perdikaris, G. E. Karniadakis, J. Comput. Phys. 378
// (2019) 686.
package pinn

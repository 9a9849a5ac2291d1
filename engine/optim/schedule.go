package optim

import (
	"fmt"
	"math"
	"slices"
)

// Schedule gives the factor on a method's rate at each step, counted from 0.
// It is pure: the step alone decides. A nil Schedule is 1 throughout.
type Schedule func(step int) float64

// Constant returns the schedule that is factor at every step.
func Constant(factor float64) Schedule {
	return func(int) float64 { return factor }
}

// StepDecay multiplies the rate by factor once in every `every` steps:
// factor^⌊step/every⌋.
func StepDecay(every int, factor float64) Schedule {
	mustPositive("StepDecay", "every", every)
	return func(step int) float64 { return math.Pow(factor, float64(step/every)) }
}

// Exponential falls smoothly by factor in every `every` steps:
// factor^(step/every).
func Exponential(every int, factor float64) Schedule {
	mustPositive("Exponential", "every", every)
	return func(step int) float64 { return math.Pow(factor, float64(step)/float64(every)) }
}

// Cosine rises linearly to 1 over the first warm steps, as (step+1)/warm, and
// then falls to floor at step total along half a cosine,
//
//	floor + (1-floor)·(1 + cos(π (step-warm)/(total-warm)))/2,
//
// and stays there. warm 0 means no warm-up.
//
// Source: Loshchilov and Hutter, arXiv:1608.03983, eq. (5), one period.
func Cosine(warm, total int, floor float64) Schedule {
	if warm < 0 || total <= warm {
		panic(fmt.Sprintf("optim: Cosine with %d warm-up steps of %d", warm, total))
	}
	return func(step int) float64 {
		if step < warm {
			return float64(step+1) / float64(warm)
		}
		return cosineBetween(1, floor, float64(step-warm)/float64(total-warm))
	}
}

// Piecewise is factors[k] for bounds[k-1] ≤ step < bounds[k]; it needs one
// factor more than bounds, and rising bounds.
func Piecewise(bounds []int, factors []float64) Schedule {
	if len(factors) != len(bounds)+1 || !slices.IsSorted(bounds) {
		panic(fmt.Sprintf("optim: Piecewise with bounds %v and %d factors", bounds, len(factors)))
	}
	bounds, factors = slices.Clone(bounds), slices.Clone(factors)
	return func(step int) float64 {
		k, _ := slices.BinarySearch(bounds, step+1)
		return factors[k]
	}
}

// OneCycleOptions configures OneCycle. The zero value is PyTorch's default of
// the policy of Smith and Topin, arXiv:1708.07120.
type OneCycleOptions struct {
	Rise  float64 // part of the steps spent rising; 0 means 0.3
	Start float64 // factor at the first step; 0 means 1/25
	End   float64 // factor at the last step; 0 means 1/250000
}

// OneCycle rises from Start to 1 and falls to End in total steps, each along
// half a cosine, and stays at End.
func OneCycle(total int, o OneCycleOptions) Schedule {
	mustPositive("OneCycle", "total", total)
	o.Rise = or(o.Rise, 0.3)
	o.Start = or(o.Start, 1./25)
	o.End = or(o.End, 1./250000)
	peak := o.Rise*float64(total) - 1
	last := float64(total - 1)
	return func(step int) float64 {
		if s := float64(step); s <= peak {
			return cosineBetween(o.Start, 1, s/peak)
		} else {
			return cosineBetween(1, o.End, (s-peak)/(last-peak))
		}
	}
}

// cosineBetween goes from a at u = 0 to b at u ≥ 1 along half a cosine.
func cosineBetween(a, b, u float64) float64 {
	if u >= 1 {
		return b
	}
	return b + (a-b)*(1+math.Cos(math.Pi*u))/2
}

func mustPositive(who, what string, n int) {
	if n <= 0 {
		panic(fmt.Sprintf("optim: %s with %s = %d", who, what, n))
	}
}

// or returns x, or the published value where x is 0.
func or(x, published float64) float64 {
	if x == 0 {
		return published
	}
	return x
}

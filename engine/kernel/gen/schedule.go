package main

// An item of a schedule is a value to compute or an output to store.
type item struct {
	v   *value
	out int // number of the output, -1 to compute v
}

// schedules returns candidate orders for the outputs: as written, depth
// first from each output, and by greedily freeing registers.
func schedules(list []*value, outs []*value) [][]item {
	live := map[*value]bool{}
	var mark func(v *value)
	mark = func(v *value) {
		if !live[v] {
			live[v] = true
			for _, a := range v.arg {
				mark(a)
			}
		}
	}
	for _, v := range outs {
		mark(v)
	}
	var written []*value
	for _, v := range list {
		if live[v] && v.op != opLoad && !v.rooted() {
			written = append(written, v)
		}
	}
	var orders [][]item
	for _, o := range [][]*value{written, depthFirst(outs), greedy(written, outs)} {
		orders = append(orders, withMemory(o, outs))
	}
	return orders
}

func depthFirst(outs []*value) []*value {
	var order []*value
	done := map[*value]bool{}
	var visit func(v *value)
	visit = func(v *value) {
		if done[v] || v.op == opLoad || v.rooted() {
			return
		}
		done[v] = true
		for _, a := range v.arg {
			visit(a)
		}
		order = append(order, v)
	}
	for _, v := range outs {
		visit(v)
	}
	return order
}

// greedy takes, among the values whose operands are ready, the one that
// ends most lives; the earlier one if equal.
func greedy(written, outs []*value) []*value {
	uses := map[*value]int{}
	for _, v := range written {
		for _, a := range v.arg {
			uses[a]++
		}
	}
	for _, v := range outs {
		uses[v]++
	}
	done := map[*value]bool{}
	ready := func(v *value) bool {
		for _, a := range v.arg {
			if a.op != opLoad && !a.rooted() && !done[a] {
				return false
			}
		}
		return true
	}
	gain := func(v *value) int {
		g := -1
		for _, a := range v.arg {
			switch {
			case a.rooted():
			case a.op == opLoad && !done[a] && uses[a] > 1:
				g-- // a new register, kept
			case uses[a] == 1:
				g++
			}
		}
		return g
	}
	var order []*value
	for len(order) < len(written) {
		var best *value
		for _, v := range written {
			if !done[v] && ready(v) && (best == nil || gain(v) > gain(best)) {
				best = v
			}
		}
		done[best] = true
		order = append(order, best)
		for _, a := range best.arg {
			uses[a]--
			done[a] = true
		}
	}
	return order
}

// withMemory puts each load before its first use, and each store after its
// value and after the last load, because an output may be an operand's memory.
func withMemory(order, outs []*value) []item {
	var items []item
	loaded := map[*value]bool{}
	load := func(v *value) {
		if v.op == opLoad && !loaded[v] {
			loaded[v] = true
			items = append(items, item{v, -1})
		}
	}
	for _, v := range order {
		for _, a := range v.arg {
			load(a)
		}
		items = append(items, item{v, -1})
	}
	for _, v := range outs {
		load(v)
	}
	last := -1
	for i, it := range items {
		if it.v.op == opLoad || i > 0 && items[i-1].v.op == opLoad {
			last = i // a load may become part of the operation after it
		}
	}
	at := map[int][]item{}
	for o, v := range outs {
		i := last
		for k, it := range items {
			if it.v == v {
				i = max(last, k)
			}
		}
		at[i] = append(at[i], item{v, o})
	}
	all := append([]item(nil), at[-1]...)
	for i, it := range items {
		all = append(append(all, it), at[i]...)
	}
	return all
}

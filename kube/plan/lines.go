package plan

import (
	"fmt"
	"strings"
)

// Lines returns the unified diff of two texts, with that many lines of context, without a header: "" if they are equal.
func Lines(old, new string, context int) string {
	a, b := split(old), split(new)
	edits := script(a, b)
	var out strings.Builder
	for _, h := range hunks(edits, context) {
		h.write(&out)
	}
	return out.String()
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// edit is a line of either text or of both: ' ', '-' or '+'; a and b are the lines before it.
type edit struct {
	op   byte
	line string
	a, b int
}

// script is a shortest list of edits, after what both texts begin and end with was set aside.
func script(a, b []string) []edit {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	ops := make([]byte, 0, len(a)+len(b))
	ops = append(ops, strings.Repeat(" ", head)...)
	ops = append(ops, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	ops = append(ops, strings.Repeat(" ", tail)...)
	return replay(ops, a, b)
}

func replay(ops []byte, a, b []string) []edit {
	list := make([]edit, len(ops))
	i, j := 0, 0
	for n, op := range ops {
		e := edit{op: op, a: i, b: j}
		if op == '+' {
			e.line = b[j]
		} else {
			e.line = a[i]
		}
		if op != '+' {
			i++
		}
		if op != '-' {
			j++
		}
		list[n] = e
	}
	return list
}

// middle is Myers' algorithm: the furthest reach on each diagonal for one more edit at a time. Texts that differ by more
// edits than most replace one another whole.
func middle(a, b []string) []byte {
	const most = 2000
	n, m := len(a), len(b)
	reach := map[int]int{1: 0}
	var trail []map[int]int
	for d := 0; d <= min(n+m, most); d++ {
		last := make(map[int]int, 2*d+3)
		for k := -d - 1; k <= d+1; k++ {
			if x, ok := reach[k]; ok {
				last[k] = x
			}
		}
		trail = append(trail, last)
		for k := -d; k <= d; k += 2 {
			x := reach[k-1] + 1
			if k == -d || k != d && reach[k-1] < reach[k+1] {
				x = reach[k+1]
			}
			y := x - k
			for x < n && y < m && a[x] == b[y] {
				x, y = x+1, y+1
			}
			reach[k] = x
			if x >= n && y >= m {
				return walkBack(trail, n, m)
			}
		}
	}
	return append([]byte(strings.Repeat("-", n)), strings.Repeat("+", m)...)
}

func walkBack(trail []map[int]int, x, y int) []byte {
	var ops []byte
	for d := len(trail) - 1; d >= 0; d-- {
		v := trail[d]
		k := x - y
		prev := k - 1
		if k == -d || k != d && v[k-1] < v[k+1] {
			prev = k + 1
		}
		px := v[prev]
		py := px - prev
		for x > px && y > py && x > 0 && y > 0 {
			ops = append(ops, ' ')
			x, y = x-1, y-1
		}
		if d == 0 {
			break
		}
		if x == px {
			ops = append(ops, '+')
		} else {
			ops = append(ops, '-')
		}
		x, y = px, py
	}
	for i, j := 0, len(ops)-1; i < j; i, j = i+1, j-1 {
		ops[i], ops[j] = ops[j], ops[i]
	}
	return ops
}

// hunk is a run of edits with their context.
type hunk []edit

func hunks(edits []edit, context int) []hunk {
	var list []hunk
	for i := 0; i < len(edits); i++ {
		if edits[i].op == ' ' {
			continue
		}
		begin, end := max(0, i-context), i
		for j := i; j < len(edits) && j <= end+2*context; j++ {
			if edits[j].op != ' ' {
				end = j
			}
		}
		stop := min(len(edits), end+context+1)
		list = append(list, edits[begin:stop])
		i = stop - 1
	}
	return list
}

func (h hunk) write(out *strings.Builder) {
	var na, nb int
	for _, e := range h {
		if e.op != '+' {
			na++
		}
		if e.op != '-' {
			nb++
		}
	}
	fmt.Fprintf(out, "@@ -%s +%s @@\n", span(h[0].a, na), span(h[0].b, nb))
	for _, e := range h {
		out.WriteByte(e.op)
		out.WriteString(e.line)
		out.WriteByte('\n')
	}
}

// span writes where lines begin, counted from 1, and how many there are; of none, the line before.
func span(at, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", at)
	case 1:
		return fmt.Sprint(at + 1)
	}
	return fmt.Sprintf("%d,%d", at+1, n)
}

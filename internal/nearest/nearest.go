// Package nearest finds the name that was probably meant.
package nearest

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Name returns the candidate that name is most likely a misspelling of, or "" if none is near. Case, underscores and
// hyphens count for little, so that image_pull_polcy finds imagePullPolicy. A name that exists has no nearest.
//
// The distance is that of Damerau and Levenshtein: insertions, deletions, substitutions and swaps of neighbours. Of a short
// name hardly a letter may be wrong, of a longer one about a third, at most 4. A candidate that begins or ends with all of
// the name, or the other way round, is taken when no spelling is near.
func Name(name string, candidates []string) string {
	if slices.Contains(candidates, name) {
		return ""
	}
	want := fold(name)
	best, least := "", allowed(utf8.RuneCountInString(want))+1
	for _, c := range candidates {
		if c == "" {
			continue
		}
		d := distance(want, fold(c), least)
		if d < least || d == least && best != "" && closer(name, c, best) {
			best, least = c, d
		}
	}
	if best == "" {
		best = sharing(name, want, candidates)
	}
	return best
}

// Same reports whether two names differ only in case, underscores and hyphens.
func Same(a, b string) bool { return a == b || fold(a) == fold(b) }

func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// allowed is how many letters of a name of n letters may be wrong.
func allowed(n int) int {
	switch {
	case n <= 1:
		return 0
	case n <= 5:
		return 1
	}
	return min(n/3, 4)
}

// closer decides between two candidates at the same distance: the one that is nearer as written, then the first by name.
func closer(name, a, b string) bool {
	da, db := distance(name, a, 1<<30), distance(name, b, 1<<30)
	return da < db || da == db && a < b
}

// sharing returns the shortest candidate that begins or ends with name, or that name begins or ends with.
func sharing(name, want string, candidates []string) string {
	best := ""
	for _, c := range candidates {
		f := fold(c)
		short, long := want, f
		if len(f) < len(want) {
			short, long = f, want
		}
		if len(short) < 4 || !strings.HasPrefix(long, short) && !strings.HasSuffix(long, short) {
			continue
		}
		if best == "" || len(c) < len(best) || len(c) == len(best) && c < best {
			best = c
		}
	}
	return best
}

// distance is the least number of edits that turn a into b, where no part is edited twice; limit or more if it is at
// least limit.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if d := len(x) - len(y); d >= limit || -d >= limit {
		return limit
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

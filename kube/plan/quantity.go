package plan

import (
	"math/big"
	"strings"
)

// sameQuantity reports whether the server writes a declared quantity as it wrote the live one. It keeps the notation
// (binary, decimal or with an exponent) and chooses the shortest form within it, so that two are the same if notation and
// value are. What is finer than 1n it rounds, which is not followed here.
func sameQuantity(a, b string) bool {
	x, xs, ok := parseQuantity(a)
	if !ok {
		return false
	}
	y, ys, ok := parseQuantity(b)
	return ok && xs == ys && x.Cmp(y) == 0
}

// notation is the family of a quantity's suffix.
type notation uint8

const (
	decimal notation = iota
	binary
)

// parseQuantity reads a quantity of the usual forms: digits, at most nine of them behind a point, and one suffix.
func parseQuantity(s string) (*big.Rat, notation, bool) {
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.') {
		end++
	}
	if end == 0 || end > 18 {
		return nil, 0, false
	}
	if _, fraction, _ := strings.Cut(s[:end], "."); len(fraction) > 6 {
		return nil, 0, false
	}
	r, ok := new(big.Rat).SetString(s[:end])
	if !ok {
		return nil, 0, false
	}
	factor, kind, ok := suffix(s[end:])
	if !ok || kind == binary && strings.Contains(s, ".") {
		return nil, 0, false
	}
	return r.Mul(r, factor), kind, true
}

func suffix(s string) (*big.Rat, notation, bool) {
	const up = "KMGTPE"
	switch {
	case s == "":
		return big.NewRat(1, 1), decimal, true
	case s == "m":
		return big.NewRat(1, 1000), decimal, true
	case s == "k":
		s = "K"
	case s == "K":
		return nil, 0, false
	case len(s) == 2 && s[1] == 'i' && strings.Contains(up, s[:1]):
		return power(1024, strings.Index(up, s[:1])+1), binary, true
	}
	if len(s) == 1 && strings.Contains(up, s) {
		return power(1000, strings.Index(up, s)+1), decimal, true
	}
	return nil, 0, false
}

func power(base, n int) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(int64(base)), big.NewInt(int64(n)), nil))
}

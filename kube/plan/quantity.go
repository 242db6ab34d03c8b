package plan

import (
	"math/big"
	"strconv"
	"strings"
)

// sameQuantity reports whether the server writes a declared quantity as the live one reads.
func sameQuantity(declared, live string) bool {
	s, ok := written(declared)
	return ok && s == live
}

// written is a quantity as the server writes it: in the notation of the text (binary, decimal or with an exponent), with the largest unit
// that needs no fraction. It is not known of texts that the server keeps though they are not in that form, such as 1.500, of what it rounds,
// which is all that is finer than 1n, and of numbers that are too large for it (k8s.io/apimachinery, resource.ParseQuantity).
func written(s string) (string, bool) {
	q, ok := readQuantity(s)
	if !ok {
		return "", false
	}
	text, ok := q.canonical()
	return text, ok && (text == s || !q.kept())
}

// notation is the family of a quantity's suffix.
type notation uint8

const (
	decimal notation = iota
	binary
	exponential
)

// quantity is a text taken apart: 1.5Gi is 1, 5, binary and 30, of a base of 2.
type quantity struct {
	negative      bool
	num, fraction string
	notation      notation
	exponent      int
}

const mostDigits = 18 // of an int64, whatever they are

func readQuantity(s string) (q quantity, ok bool) {
	s, q.negative = strings.CutPrefix(s, "-")
	end := len(s) - len(strings.TrimLeft(s, "0123456789."))
	var point bool
	q.num, q.fraction, point = strings.Cut(s[:end], ".")
	digits := len(q.num) + len(q.fraction)
	if strings.Contains(q.fraction, ".") || point && q.fraction == "" || digits == 0 || digits > mostDigits || len(q.num) > 1 && q.num[0] == '0' {
		return q, false
	}
	q.notation, q.exponent, ok = readUnit(s[end:])
	return q, ok
}

// Units in their order: of 1000 from n on, and of 1024.
const (
	units       = "num kMGTPE"
	binaryUnits = "KMGTPE"
	smallest    = -9
)

func readUnit(s string) (notation, int, bool) {
	switch {
	case s == "":
		return decimal, 0, true
	case len(s) == 1 && s != " " && strings.Contains(units, s):
		return decimal, 3*strings.Index(units, s) + smallest, true
	case len(s) == 2 && s[1] == 'i' && strings.Contains(binaryUnits, s[:1]):
		return binary, 10 * (strings.Index(binaryUnits, s[:1]) + 1), true
	case s[0] == 'e' || s[0] == 'E':
		n, err := strconv.Atoi(s[1:])
		return exponential, n, err == nil && n > -30 && n < 30
	}
	return 0, 0, false
}

// kept reports whether the server may keep the text, since it looks canonical to it at a glance.
func (q *quantity) kept() bool {
	digits := strings.TrimLeft(q.num, "0")
	if digits == "" {
		digits = "0"
	}
	digits += q.fraction
	if q.notation == binary {
		n, err := strconv.ParseUint(digits, 10, 64)
		return q.fraction == "" && (err != nil || n%8 != 0)
	}
	return (q.exponent-len(q.fraction))%3 == 0 && !strings.HasSuffix(digits, "000") && digits[0] != '0'
}

// canonical is the form in which the server writes the value.
func (q *quantity) canonical() (string, bool) {
	nano, ok := q.nano()
	if !ok {
		return "", false
	}
	if nano.Sign() == 0 {
		return "0", true
	}
	sign := ""
	if q.negative {
		sign = "-"
	}
	one := power(10, -smallest)
	if whole, rest := new(big.Int).QuoRem(nano, one, new(big.Int)); q.notation == binary && rest.Sign() == 0 && whole.CmpAbs(big.NewInt(1024)) >= 0 {
		n, unit := reduced(whole, 1024, len(binaryUnits))
		if unit == 0 {
			return sign + n.String(), true
		}
		return sign + n.String() + binaryUnits[unit-1:unit] + "i", true
	}
	n, unit := reduced(nano, 1000, len(units)-1)
	switch exponent := 3*unit + smallest; {
	case exponent == 0:
		return sign + n.String(), true
	case q.notation == exponential:
		return sign + n.String() + "e" + strconv.Itoa(exponent), true
	}
	return sign + n.String() + units[unit:unit+1], true
}

// nano is the value in units of 1n, without its sign; it is not known if that is no whole number, or too large.
func (q *quantity) nano() (*big.Int, bool) {
	n, ok := new(big.Int).SetString(q.num+q.fraction, 10)
	if !ok {
		return nil, false
	}
	up, down := -smallest, len(q.fraction)
	if q.notation == binary {
		n.Lsh(n, uint(q.exponent))
	} else {
		up += q.exponent
	}
	if up < 0 {
		up, down = 0, down-up
	}
	n.Mul(n, power(10, up))
	rest := new(big.Int)
	n.QuoRem(n, power(10, down), rest)
	return n, rest.Sign() == 0 && n.Cmp(power(10, mostDigits-smallest)) < 0
}

// reduced divides by a unit as often as nothing remains.
func reduced(n *big.Int, unit int64, most int) (*big.Int, int) {
	times := 0
	for ; times < most; times++ {
		next, rest := new(big.Int).QuoRem(n, big.NewInt(unit), new(big.Int))
		if rest.Sign() != 0 {
			break
		}
		n = next
	}
	return n, times
}

func power(base int64, n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(n)), nil)
}

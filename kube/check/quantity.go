package check

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/syntax"
)

// quantity is an exact number: digits * 10^ten * 2^two, digits being a decimal number.
type quantity struct {
	negative bool
	digits   string // without a point
	ten, two int
}

// longestQuantity bounds what is compared exactly; Kubernetes itself caps at 2^63-1.
const longestQuantity = 64

// parseQuantity reads what Kubernetes takes as a quantity: digits with a point if wanted, then nothing, an exponent such as e3,
// one of n u m k M G T P E, or one of Ki Mi Gi Ti Pi Ei (k8s.io/apimachinery/pkg/api/resource).
func parseQuantity(n kube.Node) (quantity, bool) {
	switch n.Kind() {
	case kube.Int:
		return quantityOf(n.Text())
	case kube.Float:
		return quantityOf(strconv.FormatFloat(n.Float(), 'f', -1, 64))
	case kube.String:
		return quantityOf(n.Str())
	}
	return quantity{}, false
}

func quantityOf(s string) (q quantity, ok bool) {
	if s == "" {
		return q, false
	}
	if s[0] == '-' || s[0] == '+' {
		q.negative = s[0] == '-'
		s = s[1:]
	}
	whole := leadingDigits(s)
	rest := s[len(whole):]
	q.digits = whole
	if strings.HasPrefix(rest, ".") {
		fraction := leadingDigits(rest[1:])
		rest = rest[1+len(fraction):]
		if fraction != "" {
			q.digits, q.ten = whole+fraction, -len(fraction)
		}
	}
	if len(q.digits) > longestQuantity {
		return quantity{}, false
	}
	if q.digits == "" {
		q.digits = "0" // Kubernetes reads "Mi" as 0
	}
	ten, two, ok := suffix(rest)
	q.ten, q.two = q.ten+ten, two
	return q, ok
}

func leadingDigits(s string) string {
	i := 0
	for i < len(s) && syntax.IsDigit(s[i]) {
		i++
	}
	return s[:i]
}

// suffix is the power of ten or two that the end of a quantity stands for.
func suffix(s string) (ten, two int, ok bool) {
	switch s {
	case "":
		return 0, 0, true
	case "n":
		return -9, 0, true
	case "u":
		return -6, 0, true
	case "m":
		return -3, 0, true
	}
	const binary, decimal = "KMGTPE", "kMGTPE"
	if i := strings.IndexByte(binary, s[0]); i >= 0 && len(s) == 2 && s[1] == 'i' {
		return 0, 10 * (i + 1), true
	}
	if i := strings.IndexByte(decimal, s[0]); i >= 0 && len(s) == 1 {
		return 3 * (i + 1), 0, true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return 0, 0, false
	}
	e, err := strconv.Atoi(s[1:])
	return e, 0, err == nil && e > -longestQuantity && e < longestQuantity
}

// compare is negative if q is less than o, positive if it is more.
func (q quantity) compare(o quantity) int {
	ten := min(q.ten, o.ten)
	a, ok := q.units(ten)
	b, ok2 := o.units(ten)
	if ok && ok2 {
		return cmp.Compare(a, b)
	}
	return q.big(ten).Cmp(o.big(ten))
}

// units is the quantity in units of 10^ten, if 63 bits can hold it.
func (q quantity) units(ten int) (int64, bool) {
	n, err := strconv.ParseUint(q.digits, 10, 63)
	if err != nil {
		return 0, false
	}
	for range q.ten - ten {
		hi, lo := bits.Mul64(n, 10)
		if hi != 0 {
			return 0, false
		}
		n = lo
	}
	hi, lo := bits.Mul64(n, 1<<q.two)
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if q.negative {
		return -int64(lo), true
	}
	return int64(lo), true
}

func (q quantity) big(ten int) *big.Int {
	n, _ := new(big.Int).SetString(q.digits, 10)
	n.Mul(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(q.ten-ten)), nil))
	n.Lsh(n, uint(q.two))
	if q.negative {
		n.Neg(n)
	}
	return n
}

// sign is -1, 0 or 1.
func (q quantity) sign() int {
	if strings.Trim(q.digits, "0") == "" {
		return 0
	}
	if q.negative {
		return -1
	}
	return 1
}

// whole reports whether the quantity is an integer.
func (q quantity) whole() bool {
	if q.ten >= 0 {
		return true
	}
	n := q.big(q.ten)
	_, rest := n.QuoRem(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-q.ten)), nil), new(big.Int))
	return rest.Sign() == 0
}

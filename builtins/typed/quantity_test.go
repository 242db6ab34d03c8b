package typed

import (
	"math/rand/v2"
	"regexp"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
)

// noDigits are quantities that Kubernetes' parser takes for 0.
var noDigits = regexp.MustCompile(`^[+-]?\.?([a-zA-Z].*)?$`)

// TestQuantity: quantity takes what Kubernetes' own parser takes, but for numbers without a digit.
func TestQuantity(t *testing.T) {
	check := func(s string) {
		_, err := resource.ParseQuantity(s)
		if want := err == nil && !noDigits.MatchString(s); quantity(s) != want {
			t.Errorf("%q: got %v, Kubernetes says %v", s, !want, err)
		}
	}
	for _, s := range []string{
		"", "0", "1", "-1", "+1", "100m", "1.5Gi", ".5", "5.", ".", "-", "+", "1k", "1K", "1Ki", "1ki", "1Mi", "1mi", "1E", "1e", "1e3", "1E3", "1e+3", "1E-3", "1e3Ki", "1Ei", "1n", "1u", "1µ",
		" 1", "1 ", "1 Gi", "1_000", "1,5", "0x10", "1.2.3", "--1", "+-1", "1e1.5", "1GiB", "1GB", "Gi", "e3", "NaN", "inf", "1i", "1P", "1Pi", "1T", "00.10m", "1e1000", "9999999999999999999999999999", "１",
	} {
		check(s)
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	const letters = "0123456789..+-eEiKkMmGgTPnu "
	for range 50_000 {
		b := make([]byte, rnd.IntN(7))
		for i := range b {
			b[i] = letters[rnd.IntN(len(letters))]
		}
		check(string(b))
	}
}

package check

import (
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/syntax"
)

// text makes strings of letters that matter to the rules of names, most of them short, some as long as the limits.
func text(r *rand.Rand, letters string) string {
	n := r.IntN(8)
	if r.IntN(6) == 0 {
		limits := []int{15, 52, 63, 253}
		n = limits[r.IntN(len(limits))] - 1 + r.IntN(3)
	}
	var b strings.Builder
	for range n {
		b.WriteByte(letters[r.IntN(len(letters))])
	}
	return b.String()
}

// TestNames holds the rules of names to Kubernetes' own functions.
func TestNames(t *testing.T) {
	valid := func(rule nameRule, minor int) func(string) string {
		return func(s string) string { return rule.want(s, minor) }
	}
	rules := map[string]struct {
		ours   func(string) string
		theirs func(string) []string
	}{
		"subdomain":    {valid(subdomain, 33), validation.IsDNS1123Subdomain},
		"label":        {valid(label, 33), validation.IsDNS1123Label},
		"service":      {valid(serviceName, 33), validation.IsDNS1035Label},
		"service 1.36": {valid(serviceName, 36), validation.IsDNS1123Label},
		"port":         {valid(portName, 33), validation.IsValidPortName},
		"key":          {syntax.Qualified, validation.IsQualifiedName},
		"value":        {syntax.LabelValue, validation.IsValidLabelValue},
		"data":         {syntax.DataKey, validation.IsConfigMapKey},
		"env":          {func(s string) string { return wantEnvName(s, 33) }, validation.IsRelaxedEnvVarName},
		"env 1.31":     {func(s string) string { return wantEnvName(s, 31) }, validation.IsEnvVarName},
	}
	r := rand.New(rand.NewPCG(1, 2))
	for name, rule := range rules {
		good, bad := 0, 0
		for range 20000 {
			s := text(r, []string{"a", "ab1", "ab1-", "a1-.", "aA1-._", "a./", "a=b \xff~\n", "1-.", "a0-."}[r.IntN(9)])
			want := len(rule.theirs(s)) == 0
			if got := rule.ours(s) == ""; got != want {
				t.Errorf("%s %q: got good %v, Kubernetes says %v (%s)", name, s, got, rule.theirs(s), rule.ours(s))
			}
			if want {
				good++
			} else {
				bad++
			}
		}
		if good < 500 || bad < 500 {
			t.Errorf("%s: only %d good and %d bad names were tried", name, good, bad)
		}
	}
}

// TestQuantities holds reading and comparing quantities to Kubernetes' own.
func TestQuantities(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	suffixes := []string{"", "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E-3", "e+2", "K", "mi", "i", "e", "x", " "}
	one := func() string {
		s := []string{"", "", "", "-", "+"}[r.IntN(5)] + text(r, "0123456789")
		if len(s) > 12 {
			s = s[:12]
		}
		if r.IntN(3) == 0 {
			s += "." + []string{"", "5", "25", "125", "000"}[r.IntN(5)]
		}
		return s + suffixes[r.IntN(len(suffixes))]
	}
	type read struct {
		text   string
		ours   quantity
		theirs resource.Quantity
	}
	var all []read
	for range 5000 {
		s := one()
		q, ok := parseQuantity(kube.OfString(s))
		theirs, err := resource.ParseQuantity(s)
		if odd := strings.TrimLeft(s, "+-."); odd == "Pi" || odd == "Ei" {
			continue // without digits, all other units are 0 to Kubernetes
		}
		if ok != (err == nil) {
			t.Errorf("%q: got %v, Kubernetes says %v", s, ok, err)
			continue
		}
		// What is finer than a nano unit is rounded, what is larger than 63 bits capped: neither is a quantity that anyone compares.
		small, huge := resource.MustParse("1n"), resource.MustParse("8E")
		if ok && (theirs.IsZero() || theirs.CmpInt64(0) > 0 && theirs.Cmp(small) > 0 && theirs.Cmp(huge) < 0) {
			all = append(all, read{s, q, theirs})
		}
	}
	if len(all) < 1000 {
		t.Fatalf("only %d quantities were read", len(all))
	}
	for range 20000 {
		a, b := all[r.IntN(len(all))], all[r.IntN(len(all))]
		if !fine(a.text) || !fine(b.text) {
			continue
		}
		if got, want := a.ours.compare(b.ours), a.theirs.Cmp(b.theirs); got != want {
			t.Errorf("compare %s with %s: got %d, want %d", a.text, b.text, got, want)
		}
	}
}

// fine reports whether a quantity has no fraction of a nano unit.
func fine(s string) bool { return !strings.HasSuffix(s, "n") || !strings.Contains(s, ".") }

func TestBase64(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	good := 0
	for range 20000 {
		s := text(r, []string{"aZ0+/", "a=", "ab=\n", "a-_"}[r.IntN(4)])
		if r.IntN(3) == 0 {
			s = base64.StdEncoding.EncodeToString([]byte(s))
		}
		_, err := base64.StdEncoding.DecodeString(s)
		if isBase64(s) != (err == nil) {
			t.Errorf("%q: got %v, decoding says %v", s, isBase64(s), err)
		}
		if err == nil {
			good++
		}
	}
	if good < 2000 {
		t.Errorf("only %d good values were tried", good)
	}
}

// TestAddresses holds the rules of addresses, hosts, headers and controllers to Kubernetes' own. Fields that are older than its
// strictest rules take more: ::ffff:10.0.0.1, and blocks such as 10.0.0.1/8.
func TestAddresses(t *testing.T) {
	list := func(f func(*field.Path, string) field.ErrorList) func(string) int {
		return func(s string) int { return len(f(nil, s)) }
	}
	rules := map[string]struct {
		ours   func(string) string
		theirs func(string) int
	}{
		"ip":   {syntax.IP, list(validation.IsValidIP)},
		"cidr": {syntax.CIDR, list(validation.IsValidCIDR)},
		"host": {syntax.Host, func(s string) int {
			if strings.Contains(s, "*") {
				return len(validation.IsWildcardDNS1123Subdomain(s))
			}
			return len(validation.IsDNS1123Subdomain(s))
		}},
		"header":     {syntax.HeaderName, func(s string) int { return len(validation.IsHTTPHeaderName(s)) }},
		"controller": {syntax.DomainPath, func(s string) int { return len(validation.IsDomainPrefixedPath(nil, s)) }},
	}
	texts := []string{
		"10.0.0.1", "10.0.0", "10.0.0.256", "10.0.0.1.2", "::1", "2001:db8::ffff", "fe80::1%eth0", "1::2::3", "localhost", "10.0.0.1:80",
		"10.0.0.0/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/a", "2001:db8::/64", "2001:db8::/129", "/8",
		"a.b", "A.b", "*.a.b", "*.", "*", "a.*.b", "**.a", "*a.b", "a_b.c", "-a.b", "a.b.", "https://a.b",
		"X-Tenant", "X Tenant", "X_Tenant", "x1", "x:", "-", "example.com/ingress", "example.com/", "/ingress", "example.com", "Example.com/a", "a/b/c",
	}
	for name, rule := range rules {
		for _, s := range texts {
			if got, want := rule.ours(s) == "", rule.theirs(s) == 0; got != want {
				t.Errorf("%s %q: got good %v, Kubernetes says %v (%s)", name, s, got, want, rule.ours(s))
			}
		}
	}
}

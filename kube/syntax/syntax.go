// Package syntax holds the rules of Kubernetes for how names, keys, addresses and paths are written. Each function says what
// it wants of a text that breaks its rule, and "" of a good one. The rules are those of k8s.io/apimachinery/pkg/util/validation
// and of the validation.go of each group below pkg/apis in k8s.io/kubernetes v1.36.
package syntax

import (
	"net/netip"
	"strconv"
	"strings"
)

// Longest names.
const (
	MaxLabel     = 63
	MaxSubdomain = 253
	MaxPortName  = 15
)

// Subdomain is the rule of most objects' names, of at most so many characters: labels with points between them.
func Subdomain(s string, most int) string {
	if len(s) > most {
		return atMost(most, s)
	}
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			continue
		}
		if !isLabel(s[start:i]) {
			return `lower case letters, digits, "-" and ".", each part with a letter or digit at both ends`
		}
		start = i + 1
	}
	return ""
}

// Label is the rule of the names of namespaces, containers and volumes (RFC 1123).
func Label(s string) string {
	if len(s) > MaxLabel {
		return atMost(MaxLabel, s)
	}
	if !isLabel(s) {
		return `lower case letters, digits and "-", with a letter or digit at both ends`
	}
	return ""
}

// PortName is the rule of IANA service names: at most 15 characters, at least one letter, no two hyphens in a row.
func PortName(s string) string {
	switch {
	case len(s) > MaxPortName:
		return atMost(MaxPortName, s)
	case !isLabel(s):
		return `lower case letters, digits and "-", with a letter or digit at both ends`
	case strings.Contains(s, "--"):
		return `no two "-" in a row`
	case strings.IndexFunc(s, func(r rune) bool { return IsLower(byte(r)) }) < 0:
		return "at least one letter"
	}
	return ""
}

// Qualified is the rule of the keys of labels and annotations: a name of at most 63 characters, before it a DNS subdomain and
// "/" if wanted.
func Qualified(s string) string {
	prefix, name, ok := strings.Cut(s, "/")
	if !ok {
		prefix, name = "", s
	} else if want := Subdomain(prefix, MaxSubdomain); want != "" {
		return "before the \"/\" a DNS name: " + want
	}
	if name == "" {
		return "a name"
	}
	if len(name) > MaxLabel {
		return "a name of " + atMost(MaxLabel, name)
	}
	return word(name)
}

// LabelValue is the rule of the values of labels.
func LabelValue(s string) string {
	if len(s) > MaxLabel {
		return atMost(MaxLabel, s)
	}
	if s == "" {
		return ""
	}
	return word(s)
}

func word(s string) string {
	if !IsAlnum(s[0]) || !IsAlnum(s[len(s)-1]) {
		return "a letter or digit at both ends"
	}
	for i := range len(s) {
		if c := s[i]; !IsAlnum(c) && c != '-' && c != '_' && c != '.' {
			return `letters, digits, "-", "_" and "."`
		}
	}
	return ""
}

// DataKey is the rule of the keys of ConfigMaps and Secrets.
func DataKey(s string) string {
	switch {
	case s == "":
		return "a name"
	case len(s) > MaxSubdomain:
		return atMost(MaxSubdomain, s)
	case s == "." || strings.HasPrefix(s, ".."):
		return `a name that is not "." and does not begin with ".."`
	}
	for i := range len(s) {
		if c := s[i]; !IsAlnum(c) && c != '-' && c != '_' && c != '.' {
			return `letters, digits, "-", "_" and "."`
		}
	}
	return ""
}

// Segment is the rule of what stands in the path of a URL: the names of roles and of metrics.
func Segment(s string) string {
	if s == "." || s == ".." || strings.ContainsAny(s, "/%") {
		return `a name without "/" and "%", and not "." or ".."`
	}
	return ""
}

// Host is the rule of hosts that a certificate is for: a DNS name, or "*." and one.
func Host(s string) string {
	if rest, ok := strings.CutPrefix(s, "*."); ok {
		s = rest
	}
	want := Subdomain(s, MaxSubdomain)
	if want != "" {
		want = `a DNS name such as "example.com" or "*.example.com"`
	}
	return want
}

// SearchDomain is the rule of the domains that a resolver adds: a DNS name, with underscores and a final point if wanted, or
// that point alone.
func SearchDomain(s string) string {
	if s == "." {
		return ""
	}
	return Subdomain(strings.ReplaceAll(strings.TrimSuffix(s, "."), "_", "x"), MaxSubdomain)
}

// IP is the rule of addresses.
func IP(s string) string {
	if a, err := netip.ParseAddr(s); err != nil || a.Zone() != "" {
		return "an IP address such as 10.9.8.7 or 2001:db8::ffff"
	}
	return ""
}

// CIDR is the rule of blocks of addresses.
func CIDR(s string) string {
	if _, err := netip.ParsePrefix(strings.TrimSpace(s)); err == nil {
		return ""
	}
	if IP(s) == "" {
		return "a block of addresses, with the length of its prefix: " + s + "/" + strconv.Itoa(bits(s))
	}
	return "a block of addresses such as 10.9.8.0/24 or 2001:db8::/64"
}

func bits(ip string) int {
	a, _ := netip.ParseAddr(ip)
	return a.BitLen()
}

// RelativePath is the rule of paths below a volume: neither from the root nor out of it.
func RelativePath(s string) string {
	if strings.HasPrefix(s, "/") {
		return "a relative path, without the first \"/\""
	}
	return InsidePath(s)
}

// InsidePath is the rule of paths that may lead from the root, and nowhere upwards.
func InsidePath(s string) string {
	if strings.Contains(s, "..") {
		for part := range strings.SplitSeq(s, "/") {
			if part == ".." {
				return `a path without ".."`
			}
		}
	}
	return ""
}

// AbsolutePath is the rule of paths on another machine.
func AbsolutePath(s string) string {
	if !strings.HasPrefix(s, "/") {
		return `a path that begins with "/"`
	}
	return ""
}

// HeaderName is the rule of the names of HTTP headers.
func HeaderName(s string) string {
	for i := range len(s) {
		if c := s[i]; !IsAlnum(c) && c != '-' {
			return `letters, digits and "-", as in "X-Request-Id"`
		}
	}
	return ""
}

// DomainPath is the rule of the names of controllers: a DNS name, "/" and a path.
func DomainPath(s string) string {
	domain, path, ok := strings.Cut(s, "/")
	if !ok || path == "" || Subdomain(domain, MaxSubdomain) != "" {
		return `a DNS name and a path, such as "example.com/controller"`
	}
	return ""
}

func atMost(n int, s string) string {
	return "at most " + strconv.Itoa(n) + " characters, it has " + strconv.Itoa(len(s))
}

// isLabel reports whether s has the form of a DNS-1123 label, whatever its length.
func isLabel(s string) bool {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !IsLower(c) && !IsDigit(c) && c != '-' {
			return false
		}
	}
	return true
}

// IsLower, IsDigit and IsAlnum tell the ASCII letters and digits that names are made of.
func IsLower(c byte) bool { return 'a' <= c && c <= 'z' }
func IsDigit(c byte) bool { return '0' <= c && c <= '9' }
func IsAlnum(c byte) bool { return IsLower(c|0x20) || IsDigit(c) }

// Near returns what s was probably meant to be where a rule refuses it: in lower case, with hyphens where it has other signs; ""
// if the rule refuses that as well.
func Near(s string, rule func(string) string) string {
	if _, rest, ok := strings.Cut(s, "://"); ok { // the URL of a host
		s, _, _ = strings.Cut(rest, "/")
		if rule(s) == "" {
			return s
		}
	}
	signs := "_ /:"
	if rule("a.b") != "" {
		signs += "."
	}
	near := strings.Map(func(r rune) rune {
		if strings.ContainsRune(signs, r) {
			return '-'
		}
		return r
	}, strings.ToLower(s))
	if near = strings.Trim(near, "-."); near == "" || near == s || rule(near) != "" {
		return ""
	}
	return near
}

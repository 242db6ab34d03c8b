package check

import (
	"strconv"
	"strings"
)

// nameRule is what Kubernetes allows as a name. The rules and lengths are those of k8s.io/apimachinery/pkg/util/validation and
// of the kinds' own validation in k8s.io/kubernetes v1.36.
type nameRule uint8

const (
	pathSegment nameRule = iota // anything but "/", "%", "." and "..": what is asked of every name
	subdomain                   // DNS-1123 subdomain
	label                       // DNS-1123 label
	serviceName                 // DNS-1035 label; from 1.36 on a DNS-1123 label
	cronJobName                 // a subdomain with room for a Job's suffix
	portName                    // IANA service name
)

// Longest names.
const (
	maxLabel     = 63
	maxSubdomain = 253
	maxCronJob   = 52 // a label minus the 11 characters that a Job's name adds
	maxPortName  = 15
)

// want says what is wrong with a name by the rule, "" for a good one.
func (rule nameRule) want(s string, minor int) string {
	switch rule {
	case subdomain:
		return wantSubdomain(s, maxSubdomain)
	case cronJobName:
		return wantSubdomain(s, maxCronJob)
	case label:
		return wantLabel(s)
	case serviceName:
		return wantServiceName(s, minor)
	case pathSegment:
		if s == "." || s == ".." || strings.ContainsAny(s, "/%") {
			return `a name without "/" and "%", and not "." or ".."`
		}
	case portName:
		return wantPortName(s)
	}
	return ""
}

func wantSubdomain(s string, most int) string {
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

func wantLabel(s string) string {
	if len(s) > maxLabel {
		return atMost(maxLabel, s)
	}
	if !isLabel(s) {
		return `lower case letters, digits and "-", with a letter or digit at both ends`
	}
	return ""
}

func wantServiceName(s string, minor int) string {
	if want := wantLabel(s); want != "" {
		return want
	}
	if minor < 36 && !isLower(s[0]) {
		return `a name that begins with a letter, as before Kubernetes 1.36`
	}
	return ""
}

// wantPortName: at most 15 characters, at least one letter, no two hyphens in a row.
func wantPortName(s string) string {
	switch {
	case len(s) > maxPortName:
		return atMost(maxPortName, s)
	case !isLabel(s):
		return `lower case letters, digits and "-", with a letter or digit at both ends`
	case strings.Contains(s, "--"):
		return `no two "-" in a row`
	case strings.IndexFunc(s, func(r rune) bool { return isLower(byte(r)) }) < 0:
		return "at least one letter"
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
		if c := s[i]; !isLower(c) && !isDigit(c) && c != '-' {
			return false
		}
	}
	return true
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlnum(c byte) bool { return isLower(c|0x20) || isDigit(c) }

// wantQualified is the rule of the keys of labels and annotations: a name of at most 63 characters, before it a DNS subdomain and
// "/" if wanted.
func wantQualified(s string) string {
	prefix, name, ok := strings.Cut(s, "/")
	if !ok {
		prefix, name = "", s
	} else if want := wantSubdomain(prefix, maxSubdomain); want != "" {
		return "before the \"/\" a DNS name: " + want
	}
	if name == "" {
		return "a name"
	}
	if len(name) > maxLabel {
		return "a name of " + atMost(maxLabel, name)
	}
	return wantWord(name)
}

// wantLabelValue is the rule of the values of labels.
func wantLabelValue(s string) string {
	if len(s) > maxLabel {
		return atMost(maxLabel, s)
	}
	if s == "" {
		return ""
	}
	return wantWord(s)
}

func wantWord(s string) string {
	if !isAlnum(s[0]) || !isAlnum(s[len(s)-1]) {
		return "a letter or digit at both ends"
	}
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && c != '-' && c != '_' && c != '.' {
			return `letters, digits, "-", "_" and "."`
		}
	}
	return ""
}

// wantDataKey is the rule of the keys of ConfigMaps and Secrets.
func wantDataKey(s string) string {
	switch {
	case s == "":
		return "a name"
	case len(s) > maxSubdomain:
		return atMost(maxSubdomain, s)
	case s == "." || strings.HasPrefix(s, ".."):
		return `a name that is not "." and does not begin with ".."`
	}
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && c != '-' && c != '_' && c != '.' {
			return `letters, digits, "-", "_" and "."`
		}
	}
	return ""
}

// relaxedEnv is the release from which on any printable ASCII but "=" may be in the name of a variable.
const relaxedEnv = 32

// wantEnvName is the rule of the names of environment variables.
func wantEnvName(s string, minor int) string {
	if s == "" {
		return "a name"
	}
	for i := range len(s) {
		c := s[i]
		if minor >= relaxedEnv && (c < ' ' || c > '~' || c == '=') {
			return `printable ASCII without "="`
		}
		if minor < relaxedEnv && !isAlnum(c) && c != '-' && c != '_' && c != '.' {
			return `letters, digits, "-", "_" and ".", before Kubernetes 1.32`
		}
	}
	switch {
	case minor >= relaxedEnv:
	case isDigit(s[0]):
		return "a name that does not begin with a digit, before Kubernetes 1.32"
	case s == "." || strings.HasPrefix(s, ".."):
		return `a name that is not "." and does not begin with ".."`
	}
	return ""
}

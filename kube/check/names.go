package check

import (
	"strings"

	"github.com/starctl/starctl/kube/syntax"
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
	maxLabel     = syntax.MaxLabel
	maxSubdomain = syntax.MaxSubdomain
	maxCronJob   = 52 // a label minus the 11 characters that a Job's name adds
)

// want says what is wrong with a name by the rule, "" for a good one.
func (rule nameRule) want(s string, minor int) string {
	switch rule {
	case subdomain:
		return syntax.Subdomain(s, maxSubdomain)
	case cronJobName:
		return syntax.Subdomain(s, maxCronJob)
	case label:
		return syntax.Label(s)
	case serviceName:
		return wantServiceName(s, minor)
	case pathSegment:
		return syntax.Segment(s)
	case portName:
		return syntax.PortName(s)
	}
	return ""
}

func wantServiceName(s string, minor int) string {
	if want := syntax.Label(s); want != "" {
		return want
	}
	if minor < 36 && !syntax.IsLower(s[0]) {
		return `a name that begins with a letter, as before Kubernetes 1.36`
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
		if minor < relaxedEnv && !syntax.IsAlnum(c) && c != '-' && c != '_' && c != '.' {
			return `letters, digits, "-", "_" and ".", before Kubernetes 1.32`
		}
	}
	switch {
	case minor >= relaxedEnv:
	case syntax.IsDigit(s[0]):
		return "a name that does not begin with a digit, before Kubernetes 1.32"
	case s == "." || strings.HasPrefix(s, ".."):
		return `a name that is not "." and does not begin with ".."`
	}
	return ""
}

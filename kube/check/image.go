package check

import (
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/syntax"
)

func image(r *run, p *pod, c *container) {
	path := func() kube.Path { return p.in(c, kube.Field("image")) }
	s := c.image.Str()
	switch {
	case s == "" && c.image.Exists() && c.image.Kind() != kube.String:
		r.report(p.object, path(), "got %s %s, want a string", c.image.Kind(), c.image.Text())
	case s == "":
		r.report(p.object, path(), "a container needs an image")
	case strings.TrimSpace(s) != s:
		f := r.report(p.object, path(), "got %q, want no space around it", s)
		if p.kind.id != pods {
			f.warn() // only Pods are refused for it
		}
	default:
		if want := wantImage(s); want != "" {
			r.report(p.object, path(), "got %q, want %s", s, want).warn()
		}
	}
}

// wantImage says what is wrong with an image reference by the grammar of github.com/distribution/reference:
// [host[:port]/]path[:tag][@digest].
func wantImage(s string) string {
	if i := strings.Index(s, "://"); i >= 0 {
		return "no " + s[:i+3] + " before the registry"
	}
	s, digest, ok := strings.Cut(s, "@")
	if ok && !isDigest(digest) {
		return `"@sha256:" and 64 hexadecimal digits for a digest`
	}
	colon := strings.LastIndexByte(s, ':')
	if colon > strings.LastIndexByte(s, '/') {
		if !isTag(s[colon+1:]) {
			return `behind ":" a tag of at most 128 letters, digits, "_", "." and "-"`
		}
		s = s[:colon]
	}
	if host, rest, ok := strings.Cut(s, "/"); ok && (strings.ContainsAny(host, ".:") || host == "localhost") {
		s = rest
	}
	for part := range strings.SplitSeq(s, "/") {
		if !isRepository(part) {
			return `lower case letters and digits, between them ".", "_", "__" or "-", for each part of the name`
		}
	}
	return ""
}

func isDigest(s string) bool {
	algorithm, hex, ok := strings.Cut(s, ":")
	if !ok || algorithm == "" || len(hex) < 32 || algorithm == "sha256" && len(hex) != 64 {
		return false
	}
	return strings.Trim(hex, "0123456789abcdefABCDEF") == ""
}

func isTag(s string) bool {
	if s == "" || len(s) > 128 || s[0] == '.' || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !syntax.IsAlnum(c) && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// isRepository: letters and digits, between which stand one ".", one or two "_", or any number of "-".
func isRepository(s string) bool {
	for i := 0; i < len(s); {
		if !syntax.IsLower(s[i]) && !syntax.IsDigit(s[i]) {
			return false
		}
		for i < len(s) && (syntax.IsLower(s[i]) || syntax.IsDigit(s[i])) {
			i++
		}
		if i == len(s) {
			return true
		}
		start := i
		for i < len(s) && strings.IndexByte("._-", s[i]) >= 0 {
			i++
		}
		if gap := s[start:i]; gap != "." && gap != "_" && gap != "__" && strings.Trim(gap, "-") != "" {
			return false
		}
	}
	return false
}

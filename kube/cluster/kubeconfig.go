package cluster

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/starctl/starctl/internal/pattern"
)

// What client-go says of a kubeconfig, in words of the file rather than of its own types.
var (
	twiceText     = pattern.Lazy(`\*\[\]Named(\w+) into .*duplicate name "([^"]*)" in list`)
	otherKindText = pattern.Lazy(`^no kind "([^"]*)" is registered for version "([^"]*)"|^Object 'Kind' is missing|couldn't get version/kind`)
	otherTypeText = pattern.Lazy(`json: cannot unmarshal (\w+) into Go struct field (?:\w+\.)?(\S+) of type (\S+)`)
)

// fileError is why a kubeconfig cannot be read, with the file's name.
func fileError(err error) error {
	text := strings.TrimPrefix(oneLine(err), "error loading config file ")
	file, why, ok := strings.Cut(text, ": ")
	if !ok {
		return errors.New(text)
	}
	return fmt.Errorf("%s: %w", strings.Trim(file, `"`), configError(errors.New(why)))
}

// configError is an error of client-go in fewer words.
func configError(err error) error {
	text := strings.TrimSuffix(strings.TrimPrefix(oneLine(err), "invalid configuration: "), ".")
	if m := twiceText().FindStringSubmatch(text); m != nil {
		what := map[string]string{"Context": "contexts", "Cluster": "clusters", "AuthInfo": "users"}[m[1]]
		return fmt.Errorf("it has two %s named %q: remove one", what, m[2])
	}
	if m := otherKindText().FindStringSubmatch(text); m != nil {
		if m[1] == "" {
			return errors.New("it is no kubeconfig: want kind Config of apiVersion v1")
		}
		return fmt.Errorf("it is no kubeconfig: got kind %s of apiVersion %s, want Config of v1", m[1], m[2])
	}
	if m := otherTypeText().FindStringSubmatch(text); m != nil {
		return fmt.Errorf("%s: got %s, want %s", m[2], m[1], wantedType(m[3]))
	}
	switch {
	case strings.Contains(text, "illegal base64"):
		return errors.New("a certificate or key in it, in a field whose name ends in -data, is not base64")
	case strings.HasPrefix(text, "unable to load root certificates"):
		return errors.New("certificate-authority holds no certificate in PEM")
	case strings.HasPrefix(text, "tls: "):
		return fmt.Errorf("client-certificate and client-key: %s", strings.TrimPrefix(text, "tls: "))
	case strings.HasPrefix(text, "specifying a root certificates file with the insecure flag"):
		return errors.New("insecure-skip-tls-verify and certificate-authority exclude one another")
	}
	return errors.New(text)
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// wantedType is a type of Go in a word for people.
func wantedType(s string) string {
	switch {
	case strings.HasPrefix(s, "[]"):
		return "a list"
	case s == "string":
		return "a string"
	case s == "bool":
		return "true or false"
	}
	return "a mapping"
}

// badServer says what is wrong with the URL of a server; "" if nothing is. One without a scheme is what kubectl takes for http.
func badServer(server string) string {
	u, err := url.Parse(server)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return "" // a host and a port, or what is refused later
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return "want https://"
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n > 1<<16-1 {
			return "no port has this number"
		}
	}
	return ""
}

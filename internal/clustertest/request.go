package clustertest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Request is one request to the API server, as the proxy understands it.
type Request struct {
	Verb        string // get, list, watch, create, update, patch, apply, delete, deletecollection
	Group       string
	Version     string
	Resource    string // plural; "" of discovery, /readyz and the like
	Subresource string
	Namespace   string
	Name        string
	DryRun      bool
	Path        string
	Query       url.Values
	Body        []byte
	Code        int // of the server's answer; 0 if it was not asked, or has not answered
}

func parseRequest(r *http.Request) (*Request, error) {
	q := &Request{Path: r.URL.Path, Query: r.URL.Query()}
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		q.Body = b
	}
	q.locate()
	q.Verb = q.verb(r)
	q.DryRun = q.Query.Get("dryRun") != "" || q.Verb == "delete" && q.dryRunInBody()
	if q.Name == "" && q.Verb == "create" {
		q.Name = q.nameInBody()
	}
	return q, nil
}

// locate reads /api/v1/... and /apis/GROUP/VERSION/..., then namespaces/NAMESPACE/RESOURCE/NAME/SUBRESOURCE.
func (q *Request) locate() {
	parts := strings.Split(strings.Trim(q.Path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		q.Version, parts = parts[1], parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		q.Group, q.Version, parts = parts[1], parts[2], parts[3:]
	default:
		return
	}
	if parts[0] == "namespaces" && len(parts) > 2 && parts[2] != "status" && parts[2] != "finalize" {
		q.Namespace, parts = parts[1], parts[2:]
	}
	for i, field := range []*string{&q.Resource, &q.Name, &q.Subresource} {
		if i < len(parts) {
			*field = parts[i]
		}
	}
}

func (q *Request) verb(r *http.Request) string {
	switch r.Method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/apply-patch") {
			return "apply"
		}
		return "patch"
	case http.MethodDelete:
		if q.Name == "" {
			return "deletecollection"
		}
		return "delete"
	}
	switch {
	case q.Query.Get("watch") == "true" || q.Query.Get("watch") == "1":
		return "watch"
	case q.Resource != "" && q.Name == "":
		return "list"
	}
	return "get"
}

func (q *Request) dryRunInBody() bool {
	var options struct {
		DryRun []string `json:"dryRun"`
	}
	return len(bytes.TrimSpace(q.Body)) > 0 && json.Unmarshal(q.Body, &options) == nil && len(options.DryRun) > 0
}

func (q *Request) nameInBody() string {
	var o Object
	if json.Unmarshal(q.Body, &o) != nil {
		return ""
	}
	return o.Name()
}

// Write reports whether the request changes something. Reviews of what somebody may do are created, and change nothing.
func (q *Request) Write() bool {
	switch q.Verb {
	case "create", "update", "patch", "apply", "delete", "deletecollection":
		return !q.DryRun && q.Group != "authorization.k8s.io" && q.Group != "authentication.k8s.io"
	}
	return false
}

// Is reports whether it is about the resource, written as deployments.apps.
func (q *Request) Is(resource string) bool {
	plural, group, _ := strings.Cut(resource, ".")
	return plural == q.Resource && group == q.Group
}

// String is the verb and what it is about: "apply deployments/shop/checkout", "dry-run apply ...".
func (q *Request) String() string {
	s := q.Verb + " "
	if q.DryRun {
		s = "dry-run " + s
	}
	if q.Resource == "" {
		return s + q.Path
	}
	s += q.Resource
	for _, part := range []string{q.Namespace, q.Name, q.Subresource} {
		if part != "" {
			s += "/" + part
		}
	}
	return s
}

// Kind is the verb and the resource only, for counting: "dry-run apply deployments".
func (q *Request) Kind() string {
	s := q.Verb + " " + q.Resource
	if q.Resource == "" {
		s = "get " + q.Path
	}
	if q.DryRun {
		s = "dry-run " + s
	}
	return s
}

// A Match picks requests.
type Match func(*Request) bool

// Verb picks by the verb; dry runs are not picked.
func Verb(verbs ...string) Match {
	return func(q *Request) bool {
		for _, v := range verbs {
			if q.Verb == v && !q.DryRun {
				return true
			}
		}
		return false
	}
}

// Resource picks what is about a resource, written as deployments.apps.
func Resource(resource string) Match { return func(q *Request) bool { return q.Is(resource) } }

// Named picks what is about an object of this name.
func Named(name string) Match { return func(q *Request) bool { return q.Name == name } }

// Writes picks what changes something, DryRuns what only asks.
func Writes(q *Request) bool { return q.Write() }

// DryRuns picks writes that only ask.
func DryRuns(q *Request) bool { return q.DryRun }

// Any picks every request.
func Any(*Request) bool { return true }

// Both picks what all of the given pick.
func Both(list ...Match) Match {
	return func(q *Request) bool {
		for _, m := range list {
			if !m(q) {
				return false
			}
		}
		return true
	}
}

package cluster

import (
	"strings"

	"github.com/starctl/starctl/internal/pattern"
)

// invalid reports what the server says of the object, each field at its place.
func (t *trial) invalid(err error) {
	for _, c := range faults(statusOf(err)) {
		path := resolve(c.Field, t.desired)
		msg := c.Message
		if path == nil && c.Field != "" {
			msg = strings.TrimPrefix(c.Field, ".") + ": " + msg
		}
		t.object(t.i, "invalid", path, nil, "%s", msg)
	}
}

// Texts of servers about objects that they cannot take apart.
var (
	typedText  = pattern.Lazy(`^failed to create typed patch object \([^)]*\): (?:errors:\s+)?`)
	faultText  = pattern.Lazy(`(?m)^\s*(\.\S+): (.+)$`)
	strictText = pattern.Lazy(`(unknown|duplicate) field "([^"]+)"`)
)

// faults are what a server finds wrong with an object: its causes, or what its message says of fields.
func faults(e *StatusError) []Cause {
	var list []Cause
	seen := map[Cause]bool{}
	add := func(field, message string) {
		if field == "<nil>" {
			field = ""
		}
		if c := (Cause{Field: field, Message: message}); !seen[c] {
			seen[c] = true
			list = append(list, c)
		}
	}
	for _, c := range e.Causes {
		add(c.Field, c.Message)
	}
	if head := typedText().FindString(e.Message); head != "" && len(list) == 0 {
		for _, m := range faultText().FindAllStringSubmatch(e.Message[len(head):], -1) {
			add(m[1], strings.Replace(m[2], "field not declared in schema", "no such field", 1))
		}
	}
	if strings.Contains(e.Message, "strict decoding error: ") && len(list) == 0 {
		for _, m := range strictText().FindAllStringSubmatch(e.Message, -1) {
			add(m[2], map[string]string{"unknown": "no such field", "duplicate": "declared twice"}[m[1]])
		}
	}
	if len(list) == 0 {
		add("", e.Message)
	}
	return list
}

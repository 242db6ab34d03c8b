// Package api knows the fields of Envoy's configuration, every message and extension of its release builds, without linking
// one of them: overrides are checked against it while a deploy file is rendered, where protobuf's messages would cost more
// than all the rest. Constraints of values are not known here; envoy/validate knows them.
//
// The table is text (internal/envoygen writes it), compressed and read when it is first asked for: 3 ms, once, and only by
// those who override something.
package api

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/starctl/starctl/internal/nearest"
	"github.com/starctl/starctl/kube"
)

// Mistake is something that Envoy's API does not allow.
type Mistake struct {
	Path    kube.Path
	Message string // what was got, what is wanted
	Suggest string // what may have been meant
}

// Check compares n with the message of that full name, such as envoy.config.cluster.v3.Cluster. What is null is passed over,
// as it takes a field away.
func Check(message string, n kube.Node) []Mistake {
	c := checker{table: load()}
	c.message(message, n, nil)
	return c.found
}

//go:embed messages.txt.gz
var compressed []byte

// table holds messages as their lines, which are taken apart when a value needs them.
type table struct {
	messages map[string]string
	enums    map[string]string
}

var load = sync.OnceValue(loadTable)

func loadTable() table {
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		panic(err) // the program was built with a broken table
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return parse(string(text))
}

func parse(text string) table {
	t := table{messages: map[string]string{}, enums: map[string]string{}}
	for len(text) > 0 {
		line, rest, _ := strings.Cut(text, "\n")
		if enum, ok := strings.CutPrefix(line, "="); ok {
			name, values, _ := strings.Cut(enum, " ")
			t.enums[name] = values
			text = rest
			continue
		}
		end := 0
		for end < len(rest) && rest[end] == ' ' {
			end += strings.IndexByte(rest[end:], '\n') + 1
		}
		t.messages[line] = rest[:end]
		text = rest[end:]
	}
	return t
}

// fieldOf finds a field and what it holds: "list message x.y.Z".
func (t table) fieldOf(message, name string) (kind string, ok bool) {
	for line := range strings.Lines(t.messages[message]) {
		field, kind, _ := strings.Cut(strings.TrimSpace(line), " ")
		if field == name || camel(field) == name {
			return kind, true
		}
	}
	return "", false
}

func (t table) fields(message string) []string {
	var names []string
	for line := range strings.Lines(t.messages[message]) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		names = append(names, name)
	}
	return names
}

// camel is the name that protobuf's JSON gives a field; Envoy takes both.
func camel(name string) string {
	parts := strings.Split(name, "_")
	for i, p := range parts[1:] {
		if p != "" {
			parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}

type checker struct {
	table
	found []Mistake
}

func (c *checker) add(path kube.Path, format string, args ...any) *Mistake {
	c.found = append(c.found, Mistake{Path: path, Message: fmt.Sprintf(format, args...)})
	return &c.found[len(c.found)-1]
}

// want notes a value of another kind.
func (c *checker) want(path kube.Path, n kube.Node, what string) *Mistake {
	got := n.Kind().String()
	if n.Kind() == kube.String {
		got = strconv.Quote(n.Str())
	}
	return c.add(path, "got %s, want %s", got, what)
}

func (c *checker) message(name string, n kube.Node, path kube.Path) {
	if name == "google.protobuf.Any" {
		c.any(n, path)
		return
	}
	if c.wellKnown(name, n, path) {
		return
	}
	if !n.IsMapping() {
		c.want(path, n, "a message "+name)
		return
	}
	for key, value := range n.All() {
		at := path.With(kube.Field(key))
		kind, ok := c.fieldOf(name, key)
		switch {
		case !ok && key == "@type":
		case !ok:
			c.add(at, "no such field of %s", name).Suggest = nearest.Name(key, c.fields(name))
		case value.Kind() != kube.Null:
			c.field(kind, value, at)
		}
	}
}

// any is a message that says itself what it is. A part of one, laid over a message that says so, is not checked.
func (c *checker) any(n kube.Node, path kube.Path) {
	url := n.Get("@type").Str()
	if url == "" {
		return
	}
	name := url[strings.LastIndexByte(url, '/')+1:]
	if _, ok := c.messages[name]; !ok {
		c.add(path.With(kube.Field("@type")), "got %q, want a type of Envoy's", url)
		return
	}
	c.message(name, n, path)
}

func (c *checker) field(kind string, n kube.Node, path kube.Path) {
	first, rest, _ := strings.Cut(kind, " ")
	switch first {
	case "list":
		if n.Kind() != kube.List {
			c.want(path, n, "a list")
			return
		}
		for i, item := range n.Items() {
			c.field(rest, item, path.With(kube.Item(i, "")))
		}
	case "map":
		if !n.IsMapping() {
			c.want(path, n, "a dict")
			return
		}
		for key, value := range n.All() {
			c.field(rest, value, path.With(kube.Key(key)))
		}
	case "message":
		c.message(rest, n, path)
	case "enum":
		c.enum(rest, n, path)
	default:
		c.scalar(first, n, path)
	}
}

func (c *checker) enum(name string, n kube.Node, path kube.Path) {
	if n.Kind() == kube.Int {
		return
	}
	values := strings.Fields(c.enums[name])
	for _, v := range values {
		if n.Str() == v {
			return
		}
	}
	want := strings.Join(values, ", ")
	if len(values) > 12 {
		want = "a value of " + name
	}
	c.want(path, n, want).Suggest = nearest.Name(n.Str(), values)
}

// scalar takes what protobuf's JSON takes: numbers as strings of digits too.
func (c *checker) scalar(kind string, n kube.Node, path kube.Path) {
	switch kind {
	case "string", "bytes":
		if n.Kind() != kube.String {
			c.want(path, n, "string")
		}
	case "bool":
		if n.Kind() != kube.Bool {
			c.want(path, n, "bool")
		}
	case "double", "float":
		if _, err := strconv.ParseFloat(n.Text(), 64); err != nil || n.Kind() == kube.Bool {
			c.want(path, n, "a number")
		}
	default:
		c.integer(kind, n, path)
	}
}

func (c *checker) integer(kind string, n kube.Node, path kube.Path) {
	bits := 64
	if strings.HasSuffix(kind, "32") {
		bits = 32
	}
	var err error
	if strings.HasPrefix(kind, "u") || strings.HasPrefix(kind, "fixed") {
		_, err = strconv.ParseUint(n.Text(), 10, bits)
	} else {
		_, err = strconv.ParseInt(n.Text(), 10, bits)
	}
	if err == nil && (n.Kind() == kube.Int || n.Kind() == kube.String) {
		return
	}
	what := "an integer of " + strconv.Itoa(bits) + " bits"
	if strings.HasPrefix(kind, "u") {
		what += " that is not negative"
	}
	if n.Kind() == kube.Int {
		c.add(path, "got %s, want %s", n.Text(), what)
		return
	}
	c.want(path, n, what)
}

// wrappers are messages that JSON writes as the value they hold.
var wrappers = map[string]string{
	"google.protobuf.BoolValue": "bool", "google.protobuf.StringValue": "string", "google.protobuf.BytesValue": "bytes",
	"google.protobuf.UInt32Value": "uint32", "google.protobuf.UInt64Value": "uint64",
	"google.protobuf.Int32Value": "int32", "google.protobuf.Int64Value": "int64",
	"google.protobuf.DoubleValue": "double", "google.protobuf.FloatValue": "float",
}

// wellKnown checks the messages of protobuf itself, which have a JSON of their own.
func (c *checker) wellKnown(name string, n kube.Node, path kube.Path) bool {
	if kind, ok := wrappers[name]; ok {
		c.scalar(kind, n, path)
		return true
	}
	switch name {
	case "google.protobuf.Duration":
		if d, err := time.ParseDuration(n.Str()); err != nil || !strings.HasSuffix(n.Str(), "s") || strings.ContainsAny(n.Str(), "hmnµu") || d < 0 {
			c.want(path, n, `a duration in seconds, such as "0.250s"`)
		}
	case "google.protobuf.Struct":
		if !n.IsMapping() {
			c.want(path, n, "a dict")
		}
	case "google.protobuf.Empty":
		if !n.IsMapping() || n.Len() > 0 {
			c.want(path, n, "{}")
		}
	case "google.protobuf.ListValue":
		if n.Kind() != kube.List {
			c.want(path, n, "a list")
		}
	case "google.protobuf.Value":
	case "google.protobuf.Timestamp":
		if _, err := time.Parse(time.RFC3339, n.Str()); err != nil {
			c.want(path, n, `a time such as "2006-01-02T15:04:05Z"`)
		}
	default:
		return false
	}
	return true
}

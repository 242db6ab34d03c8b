package validate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	"github.com/starctl/starctl/internal/nearest"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/durationpb"
)

// document is a bootstrap and what is wrong with it.
type document struct {
	message  *bootstrapv3.Bootstrap // nil: the text stands for none
	lines    map[string]int         // path -> line
	findings []Finding
}

func (d *document) add(level Level, rule, path, format string, args ...any) *Finding {
	d.findings = append(d.findings, Finding{
		Level: level, Rule: rule, Path: path, Line: d.line(path), Message: fmt.Sprintf(format, args...),
	})
	return &d.findings[len(d.findings)-1]
}

// line of a path, or of the nearest value around it that the text has.
func (d *document) line(path string) int {
	for {
		if n, ok := d.lines[path]; ok {
			return n
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return d.lines[""]
		}
		path = path[:i]
	}
}

func parse(text []byte) *document {
	d := &document{lines: map[string]int{}}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		d.add(Error, "syntax", "", "%v", err)
		d.findings[0].Line = yamlLine(err)
		return d
	}
	if len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode {
		d.add(Error, "syntax", "", "got no mapping, want the fields of a bootstrap")
		return d
	}
	body := root.Content[0]
	if left := mostNodes; !bounded(body, 0, &left) {
		d.add(Error, "syntax", "", "nested more than %d deep, or aliases that make more than %d values", deepest, mostNodes)
		return d
	}
	d.fields(body, (&bootstrapv3.Bootstrap{}).ProtoReflect().Descriptor(), "")
	if len(d.findings) > 0 && d.refused() {
		return d
	}
	w := jsonWriter{line: 1}
	w.value(body)
	b := new(bootstrapv3.Bootstrap)
	if err := protojson.Unmarshal(w.Bytes(), b); err != nil {
		d.findings = append(d.findings, valueFinding(err))
		return d
	}
	d.message = b
	return d
}

// What aliases of YAML may make of a short text is bounded: one that holds itself never ends.
const (
	deepest   = 200
	mostNodes = 1_000_000
)

func bounded(n *yaml.Node, depth int, left *int) bool {
	n = resolve(n)
	if *left--; *left < 0 || depth > deepest {
		return false
	}
	for _, c := range n.Content {
		if !bounded(c, depth+1, left) {
			return false
		}
	}
	return true
}

func (d *document) refused() bool {
	for _, f := range d.findings {
		if f.Level == Error {
			return true
		}
	}
	return false
}

var inYAML = regexp.MustCompile(`line (\d+)`)

func yamlLine(err error) int {
	if m := inYAML.FindStringSubmatch(err.Error()); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}

var inJSON = regexp.MustCompile(`\(line (\d+):\d+\): `)

// valueFinding takes the line out of protojson's message: the JSON was written line by line like the text.
func valueFinding(err error) Finding {
	s := strings.ReplaceAll(strings.TrimPrefix(err.Error(), "proto:"), "\u00a0", " ")
	s = strings.TrimSpace(s)
	f := Finding{Level: Error, Rule: "value", Message: s}
	if m := inJSON.FindStringSubmatchIndex(s); m != nil {
		f.Line, _ = strconv.Atoi(s[m[2]:m[3]])
		f.Message = s[:m[0]] + s[m[1]:]
	}
	return f
}

// fields finds every unknown field below a message, and notes the line of every known one.
func (d *document) fields(n *yaml.Node, desc protoreflect.MessageDescriptor, path string) {
	n = resolve(n)
	d.lines[path] = n.Line
	if n.Kind != yaml.MappingNode {
		return // a null, or what protojson will refuse
	}
	switch desc.FullName() {
	case "google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue":
		return
	case "google.protobuf.Any":
		d.any(n, path)
		return
	}
	seen := map[protoreflect.Name]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		f := fieldNamed(desc, key.Value)
		at := join(path, key.Value)
		if f == nil {
			if key.Value == "@type" {
				continue
			}
			d.lines[at] = key.Line
			d.add(Error, "field", at, "no such field of %s", desc.FullName()).Suggest = nearest.Name(key.Value, names(desc))
			continue
		}
		at = join(path, string(f.Name()))
		d.lines[at] = key.Line
		if seen[f.Name()] {
			d.add(Warning, "duplicate-key", at, "is there twice; Envoy takes one of the two")
		}
		seen[f.Name()] = true
		d.field(value, f, at)
		if !shadowed(n, i) {
			d.leaf(desc, f, value, at)
		}
	}
}

// shadowed reports whether the key at i stands again further down, where Envoy takes it from.
func shadowed(n *yaml.Node, i int) bool {
	for j := i + 2; j+1 < len(n.Content); j += 2 {
		if n.Content[j].Value == n.Content[i].Value {
			return true
		}
	}
	return false
}

func (d *document) field(n *yaml.Node, f protoreflect.FieldDescriptor, path string) {
	n = resolve(n)
	lenient(n, f)
	switch {
	case f.IsMap():
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			at := fmt.Sprintf("%s[%q]", path, n.Content[i].Value)
			d.lines[at] = n.Content[i].Line
			if f.MapValue().Message() != nil {
				d.fields(n.Content[i+1], f.MapValue().Message(), at)
			}
		}
	case f.IsList():
		for i := 0; n.Kind == yaml.SequenceNode && i < len(n.Content); i++ {
			at := fmt.Sprintf("%s[%d]", path, i)
			d.lines[at] = n.Content[i].Line
			if f.Message() != nil {
				d.fields(n.Content[i], f.Message(), at)
			}
		}
	case f.Message() != nil:
		d.fields(n, f.Message(), path)
	}
}

// lenient turns what Envoy's parser takes beyond protobuf's JSON into what Envoy means by it: one value for a list of them,
// an empty list inside a list, which is nothing, a null there, which is an empty message, {} for a message that JSON writes
// as a scalar, which is zero, words of an enumeration in lower case, true and false in quotes, and durations as messages.
func lenient(n *yaml.Node, f protoreflect.FieldDescriptor) {
	switch {
	case f.IsMap():
	case f.IsList():
		for _, item := range n.Content {
			if n.Kind == yaml.SequenceNode {
				lenientScalar(resolve(item), f)
			}
		}
		if n.Kind == yaml.MappingNode || n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
			item := *n
			*n = yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{&item}, Line: n.Line, Column: n.Column}
		}
		n.Content = slices.DeleteFunc(n.Content, func(item *yaml.Node) bool {
			item = resolve(item)
			if n.Kind == yaml.SequenceNode && item.Tag == "!!null" && f.Message() != nil {
				*item = yaml.Node{Kind: yaml.MappingNode, Line: item.Line, Column: item.Column}
			}
			return n.Kind == yaml.SequenceNode && item.Kind == yaml.SequenceNode && len(item.Content) == 0
		})
	case n.Kind == yaml.MappingNode && len(n.Content) == 0 && f.Message() != nil:
		if zero, ok := zeros[f.Message().FullName()]; ok {
			*n = yaml.Node{Kind: yaml.ScalarNode, Value: zero, Line: n.Line, Column: n.Column}
		}
	default:
		lenientScalar(n, f)
	}
}

func lenientScalar(n *yaml.Node, f protoreflect.FieldDescriptor) {
	wrapper := protoreflect.FullName("")
	if f.Message() != nil {
		wrapper = f.Message().FullName()
	}
	switch {
	case n.Kind == yaml.ScalarNode && f.Enum() != nil:
		for _, name := range enumNames(f.Enum()) {
			if strings.EqualFold(name, n.Value) {
				n.Value = name
			}
		}
	case n.Kind == yaml.ScalarNode && (f.Kind() == protoreflect.BoolKind || wrapper == "google.protobuf.BoolValue"):
		switch strings.ToLower(n.Value) { // of a string: the words of absl::SimpleAtob
		case "true", "t", "yes", "y":
			*n = yaml.Node{Kind: yaml.ScalarNode, Value: "true", Tag: "!!bool", Line: n.Line, Column: n.Column}
		case "false", "f", "no", "n":
			*n = yaml.Node{Kind: yaml.ScalarNode, Value: "false", Tag: "!!bool", Line: n.Line, Column: n.Column}
		}
	case n.Kind == yaml.MappingNode && wrapper == "google.protobuf.Duration":
		if s, ok := durationText(n); ok {
			*n = yaml.Node{Kind: yaml.ScalarNode, Value: s, Style: yaml.DoubleQuotedStyle, Line: n.Line, Column: n.Column}
		}
	}
}

// durationText is a duration that is given as seconds and nanos.
func durationText(n *yaml.Node) (string, bool) {
	var d durationpb.Duration
	for i := 0; i+1 < len(n.Content); i += 2 {
		x, err := strconv.ParseInt(resolve(n.Content[i+1]).Value, 10, 64)
		switch key := n.Content[i].Value; {
		case err != nil:
			return "", false
		case key == "seconds":
			d.Seconds = x
		case key == "nanos" && x == int64(int32(x)):
			d.Nanos = int32(x)
		default:
			return "", false
		}
	}
	b, err := protojson.Marshal(&d)
	return strings.Trim(string(b), `"`), err == nil
}

// zeros are what JSON writes for protobuf's own messages when they are empty.
var zeros = map[protoreflect.FullName]string{
	"google.protobuf.Duration": "0s", "google.protobuf.BoolValue": "false",
	"google.protobuf.UInt32Value": "0", "google.protobuf.UInt64Value": "0", "google.protobuf.DoubleValue": "0",
	"google.protobuf.Int32Value": "0", "google.protobuf.Int64Value": "0", "google.protobuf.FloatValue": "0",
}

// any looks into a typed_config.
func (d *document) any(n *yaml.Node, path string) {
	url := ""
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "@type" {
			url = n.Content[i+1].Value
		}
	}
	if url == "" {
		if len(n.Content) > 0 {
			d.add(Error, "field", path, `got no "@type", which says what this is`)
		}
		return
	}
	t, err := protoregistry.GlobalTypes.FindMessageByURL(url)
	if err != nil {
		d.add(Error, "type", path, "got @type %q, which Envoy does not know", url)
		return
	}
	d.fields(n, t.Descriptor(), path)
}

// fieldNamed finds a field by the name of the proto file or its JSON name, both of which Envoy takes.
func fieldNamed(desc protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if f := desc.Fields().ByName(protoreflect.Name(name)); f != nil {
		return f
	}
	return desc.Fields().ByJSONName(name)
}

func names(desc protoreflect.MessageDescriptor) []string {
	out := make([]string, desc.Fields().Len())
	for i := range out {
		out[i] = string(desc.Fields().Get(i).Name())
	}
	return out
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// jsonWriter writes YAML as JSON that has each value on the line it came from, so that a parser's complaints name it.
type jsonWriter struct {
	bytes.Buffer
	line int
}

func (w *jsonWriter) value(n *yaml.Node) {
	for ; w.line < n.Line; w.line++ {
		w.WriteByte('\n')
	}
	n = resolve(n)
	switch n.Kind {
	case yaml.MappingNode:
		w.mapping(n)
	case yaml.SequenceNode:
		w.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				w.WriteByte(',')
			}
			w.value(item)
		}
		w.WriteByte(']')
	default:
		w.scalar(n)
	}
}

// mapping keeps the last of two equal keys, as a map of Envoy's does.
func (w *jsonWriter) mapping(n *yaml.Node) {
	last := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		last[n.Content[i].Value] = i
	}
	w.WriteByte('{')
	first := true
	for i := 0; i+1 < len(n.Content); i += 2 {
		if last[n.Content[i].Value] != i {
			continue
		}
		if !first {
			w.WriteByte(',')
		}
		first = false
		w.quote(n.Content[i].Value)
		w.WriteByte(':')
		w.value(n.Content[i+1])
	}
	w.WriteByte('}')
}

// scalar reads plain text as Envoy's YAML reader does: booleans of YAML 1.1, integers, floats, and the rest as strings.
func (w *jsonWriter) scalar(n *yaml.Node) {
	s := n.Value
	switch {
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		w.quote(s)
	case n.Tag == "!!null":
		w.WriteString("null")
	case isTrue(s):
		w.WriteString("true")
	case isFalse(s):
		w.WriteString("false")
	default:
		w.number(s)
	}
}

func (w *jsonWriter) number(s string) {
	if i, err := strconv.ParseInt(s, 0, 64); err == nil {
		if i != int64(int32(i)) {
			w.quote(strconv.FormatInt(i, 10)) // Envoy hands large integers on as strings, which string fields take
			return
		}
		w.WriteString(strconv.FormatInt(i, 10))
		return
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
		w.WriteString(strconv.FormatFloat(f, 'g', -1, 64))
		return
	}
	w.quote(s)
}

func (w *jsonWriter) quote(s string) {
	b, err := json.Marshal(s)
	if err != nil {
		panic(errors.Join(errors.New("a string is always JSON"), err))
	}
	w.Write(b)
}

func isTrue(s string) bool {
	switch strings.ToLower(s) {
	case "y", "yes", "true", "on":
		return true
	}
	return false
}

func isFalse(s string) bool {
	switch strings.ToLower(s) {
	case "n", "no", "false", "off":
		return true
	}
	return false
}

package validate

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/starctl/starctl/internal/nearest"
)

// leaf judges a value that holds no message of Envoy's: a scalar, a duration, a list or map of them. It is parsed by itself, by
// the same rules as the whole, so that every wrong value is found and not only the first.
func (d *document) leaf(desc protoreflect.MessageDescriptor, f protoreflect.FieldDescriptor, n *yaml.Node, path string) {
	if !isLeaf(f) {
		return
	}
	var w jsonWriter
	w.WriteByte('{')
	w.quote(f.JSONName())
	w.WriteByte(':')
	w.line = n.Line
	w.value(n)
	w.WriteByte('}')
	if protojson.Unmarshal(w.Bytes(), dynamicpb.NewMessage(desc)) == nil {
		return
	}
	want := kindOf(f)
	switch {
	case f.IsList():
		want = "a list, each item " + want
	case f.IsMap():
		want = "a mapping to values"
	}
	found := d.add(Error, "value", path, "got %s, want %s", gotten(n), want)
	if e := f.Enum(); e != nil && n.Kind == yaml.ScalarNode {
		found.Suggest = nearest.Name(n.Value, enumNames(e))
	}
}

// isLeaf reports whether a field holds scalars, or what protobuf's JSON writes as one.
func isLeaf(f protoreflect.FieldDescriptor) bool {
	if f.IsMap() {
		return isLeaf(f.MapValue())
	}
	if f.Message() == nil {
		return true
	}
	_, ok := zeros[f.Message().FullName()]
	return ok
}

func gotten(n *yaml.Node) string {
	n = resolve(n)
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	const long = 60
	if r := []rune(n.Value); len(r) > long {
		return fmt.Sprintf("%q...", string(r[:long]))
	}
	return fmt.Sprintf("%q", n.Value)
}

// kindOf says what a field takes, in the words of who writes YAML.
func kindOf(f protoreflect.FieldDescriptor) string {
	if f.Message() != nil {
		return wrapped(f.Message().FullName())
	}
	switch f.Kind() {
	case protoreflect.BoolKind:
		return "true or false"
	case protoreflect.EnumKind:
		return oneOf(enumNames(f.Enum()))
	case protoreflect.StringKind:
		return "a string"
	case protoreflect.BytesKind:
		return "base64 text"
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return "a number"
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return "a whole number from 0 to 4294967295"
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return "a whole number that is not negative"
	}
	return "a whole number"
}

func wrapped(name protoreflect.FullName) string {
	switch name {
	case "google.protobuf.Duration":
		return `a duration in seconds, such as "0.25s"`
	case "google.protobuf.BoolValue":
		return "true or false"
	case "google.protobuf.UInt32Value":
		return "a whole number from 0 to 4294967295"
	case "google.protobuf.UInt64Value":
		return "a whole number that is not negative"
	case "google.protobuf.Int32Value", "google.protobuf.Int64Value":
		return "a whole number"
	}
	return "a number"
}

func enumNames(e protoreflect.EnumDescriptor) []string {
	list := make([]string, e.Values().Len())
	for i := range list {
		list[i] = string(e.Values().Get(i).Name())
	}
	return list
}

func oneOf(names []string) string {
	const many = 8
	if len(names) > many {
		return strings.Join(names[:many], ", ") + " or another of its values"
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

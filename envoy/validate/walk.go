package validate

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
)

// walk calls visit with every message below m, outer ones first, those inside an Any included, with its path.
func walk(m protoreflect.Message, path string, visit func(path string, m proto.Message)) {
	if a, ok := m.Interface().(*anypb.Any); ok {
		if inner, err := a.UnmarshalNew(); err == nil {
			walk(inner.ProtoReflect(), path, visit)
		}
		return
	}
	visit(path, m.Interface())
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		each(f, v, join(path, string(f.Name())), func(m protoreflect.Message, path string) { walk(m, path, visit) })
		return true
	})
}

// anys calls visit with m and with every message inside an Any below it: the places where ValidateAll begins.
func anys(m protoreflect.Message, path string, visit func(path string, m proto.Message)) {
	visit(path, m.Interface())
	var enter func(m protoreflect.Message, path string)
	enter = func(m protoreflect.Message, path string) {
		if a, ok := m.Interface().(*anypb.Any); ok {
			if inner, err := a.UnmarshalNew(); err == nil {
				anys(inner.ProtoReflect(), path, visit)
			}
			return
		}
		m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			each(f, v, join(path, string(f.Name())), enter)
			return true
		})
	}
	enter(m, path)
}

// each calls visit with the messages that a field holds.
func each(f protoreflect.FieldDescriptor, v protoreflect.Value, path string, visit func(protoreflect.Message, string)) {
	switch {
	case f.IsMap():
		if f.MapValue().Message() != nil {
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				visit(v.Message(), fmt.Sprintf("%s[%q]", path, k.String()))
				return true
			})
		}
	case f.IsList():
		for i := 0; f.Message() != nil && i < v.List().Len(); i++ {
			visit(v.List().Get(i).Message(), fmt.Sprintf("%s[%d]", path, i))
		}
	case f.Message() != nil:
		visit(v.Message(), path)
	}
}

// messages checks Envoy's own constraints everywhere. Envoy itself does not look at those of a DNS resolver.
func (d *document) messages() {
	anys(d.message.ProtoReflect(), "", func(path string, m proto.Message) {
		v, ok := m.(interface{ ValidateAll() error })
		if !ok {
			return
		}
		level := Error
		if strings.Contains(path, "typed_dns_resolver_config.typed_config") {
			level = Warning
		}
		for _, e := range leaves(v.ValidateAll(), m.ProtoReflect().Descriptor(), path) {
			d.add(level, "constraint", e.path, "%s", e.reason)
		}
	})
}

// violation is one constraint that does not hold.
type violation struct{ path, reason string }

// validationError is what protoc-gen-validate generates for each message.
type validationError interface {
	Field() string
	Reason() string
	Cause() error
}

// leaves takes a tree of generated errors apart.
func leaves(err error, desc protoreflect.MessageDescriptor, path string) []violation {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ AllErrors() []error }); ok {
		var out []violation
		for _, e := range many.AllErrors() {
			out = append(out, leaves(e, desc, path)...)
		}
		return out
	}
	var v validationError
	if !errors.As(err, &v) {
		return []violation{{path, err.Error()}}
	}
	name, inner := fieldOf(desc, v.Field())
	at := join(path, name)
	if v.Cause() != nil && inner != nil {
		return leaves(v.Cause(), inner, at)
	}
	return []violation{{at, v.Reason()}}
}

// fieldOf translates a generated field name, "LbEndpoints[2]", into the proto file's, and returns its message if it has one.
func fieldOf(desc protoreflect.MessageDescriptor, generated string) (string, protoreflect.MessageDescriptor) {
	name, index := generated, ""
	if i := strings.IndexByte(generated, '['); i >= 0 {
		name, index = generated[:i], generated[i:]
	}
	for i := range desc.Fields().Len() {
		f := desc.Fields().Get(i)
		if !strings.EqualFold(strings.ReplaceAll(string(f.Name()), "_", ""), strings.ReplaceAll(name, "_", "")) {
			continue
		}
		if f.IsMap() {
			return string(f.Name()) + index, f.MapValue().Message()
		}
		return string(f.Name()) + index, f.Message()
	}
	for i := range desc.Oneofs().Len() {
		o := desc.Oneofs().Get(i)
		if strings.EqualFold(strings.ReplaceAll(string(o.Name()), "_", ""), name) {
			return string(o.Name()), nil
		}
	}
	return generated, nil
}

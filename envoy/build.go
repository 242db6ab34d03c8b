package envoy

import (
	"strconv"
	"time"

	"github.com/starctl/starctl/kube"
)

// Messages are written down in the order in which a reader wants them; a field whose value is Absent is left out. What never
// changes is built once, in package variables that nobody changes, and shared by every configuration.

func msg(fields ...kube.Pair) kube.Node { return kube.OfMap(kube.Pairs(fields)) }

func list(items ...kube.Node) kube.Node { return kube.OfList(kube.Elems(items)) }

func field(name string, value kube.Node) kube.Pair { return kube.Pair{Key: name, Value: value} }

func text(name, value string) kube.Pair { return kube.Pair{Key: name, Value: kube.OfString(value)} }

func number(name string, value int) kube.Pair {
	return kube.Pair{Key: name, Value: kube.OfInt(int64(value))}
}

func flag(name string, value bool) kube.Pair { return kube.Pair{Key: name, Value: kube.OfBool(value)} }

func span(name string, d time.Duration) kube.Pair { return text(name, duration(d)) }

// typed is an extension: its name and its configuration in an Any.
func typed(name, typeName string, fields ...kube.Pair) kube.Node {
	return msg(text("name", name), field("typed_config", anyOf(typeName, fields...)))
}

// builder makes the messages of one configuration as msg and list do, with an allocation for hundreds of them: a third of the
// time that a bootstrap takes otherwise.
type builder struct {
	pairs kube.Pairs
	nodes kube.Elems
	maps  []mapping
	lists []sequence
}

// mapping and sequence are collections that a Node can point to, where a slice would have to be boxed.
type (
	mapping  struct{ kube.Pairs }
	sequence struct{ kube.Elems }
)

// newBuilder has room for so many upstreams.
func newBuilder(upstreams int) builder {
	return builder{
		pairs: make(kube.Pairs, 0, 48+64*upstreams),
		nodes: make(kube.Elems, 0, 4+6*upstreams),
		maps:  make([]mapping, 0, 20+16*upstreams),
		lists: make([]sequence, 0, 4+6*upstreams),
	}
}

func (b *builder) msg(fields ...kube.Pair) kube.Node {
	if len(b.pairs)+len(fields) > cap(b.pairs) {
		b.pairs = make(kube.Pairs, 0, 256+len(fields))
	}
	from := len(b.pairs)
	b.pairs = append(b.pairs, fields...)
	return b.mapping(b.pairs[from:len(b.pairs):len(b.pairs)])
}

func (b *builder) mapping(p kube.Pairs) kube.Node {
	if len(b.maps) == cap(b.maps) {
		b.maps = make([]mapping, 0, 64)
	}
	b.maps = append(b.maps, mapping{p})
	return kube.OfMap(&b.maps[len(b.maps)-1])
}

func (b *builder) list(items ...kube.Node) kube.Node {
	if len(b.nodes)+len(items) > cap(b.nodes) {
		b.nodes = make(kube.Elems, 0, 64+len(items))
	}
	from := len(b.nodes)
	b.nodes = append(b.nodes, items...)
	if len(b.lists) == cap(b.lists) {
		b.lists = make([]sequence, 0, 64)
	}
	b.lists = append(b.lists, sequence{b.nodes[from:len(b.nodes):len(b.nodes)]})
	return kube.OfList(&b.lists[len(b.lists)-1])
}

func (b *builder) socketAddress(host string, port int) kube.Node {
	return b.msg(field("socket_address", b.msg(text("address", host), number("port_value", port))))
}

const typeURL = "type.googleapis.com/"

func anyOf(typeName string, fields ...kube.Pair) kube.Node {
	all := make(kube.Pairs, 0, len(fields)+1)
	return kube.OfMap(append(append(all, text("@type", typeURL+typeName)), fields...))
}

func texts(words ...string) kube.Node {
	items := make(kube.Elems, len(words))
	for i, w := range words {
		items[i] = kube.OfString(w)
	}
	return kube.OfList(items)
}

// duration writes d as protobuf's JSON does: seconds, with three, six or nine digits behind the point. Never is 0s, which is
// how Envoy's timeouts are switched off.
func duration(d time.Duration) string {
	if d == Never {
		return "0s"
	}
	b := strconv.AppendInt(make([]byte, 0, 16), int64(d/time.Second), 10)
	if rest := int64(d % time.Second); rest != 0 {
		digits := strconv.FormatInt(int64(time.Second)+rest, 10)[1:]
		n := 9
		for n > 3 && digits[n-3:n] == "000" {
			n -= 3
		}
		b = append(append(b, '.'), digits[:n]...)
	}
	return string(append(b, 's'))
}

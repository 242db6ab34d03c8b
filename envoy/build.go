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

func socketAddress(host string, port int) kube.Node {
	return msg(field("socket_address", msg(text("address", host), number("port_value", port))))
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

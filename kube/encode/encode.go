// Package encode writes Kubernetes values as YAML, JSON and KYAML text.
//
// Whatever reads the text, of YAML 1.1 or 1.2, must find the value that was written, so a string is left plain only where
// no reader would take it for something else (plain.go), text of several lines becomes a literal block where a block can
// hold it (block.go), and everything else is quoted (quote.go). A [kube.Node] is walked as it is, without reflection, a
// tree in between or an allocation for each item: yaml.go, json.go and kyaml.go append to a buffer. [Write] puts many
// objects into one stream; [ToMap] makes plain Go maps for those who need them.
//
// The writers always make well-formed text. What no text can hold, NaN in JSON and strings that are not UTF-8, is refused
// earlier, by whoever asks [Check]; here it becomes null and U+FFFD.
package encode

import (
	"fmt"
	"io"

	"github.com/starctl/starctl/kube"
)

// Format is a way to write objects.
type Format uint8

const (
	YAML  Format = iota // documents of block YAML, divided by ---
	JSON                // one v1 List
	KYAML               // documents of Kubernetes' YAML dialect, each below a ---
)

var formats = [...]string{"yaml", "json", "kyaml"}

func (f Format) String() string { return formats[f] }

// Formats lists the names that ParseFormat knows.
func Formats() []string { return formats[:] }

// ParseFormat returns the Format of a name: yaml, json or kyaml.
func ParseFormat(name string) (Format, error) {
	for i, s := range formats {
		if s == name {
			return Format(i), nil
		}
	}
	return 0, fmt.Errorf("got format %q, want yaml, json or kyaml", name)
}

// flushAt bounds what Write keeps in memory besides the objects.
const flushAt = 64 << 10

// Append appends the objects to b as one stream.
func Append(b []byte, f Format, objects []*kube.Object) []byte {
	b = f.head(b)
	for i, o := range objects {
		b = f.object(b, o.Node, i == 0)
	}
	return f.tail(b, len(objects) == 0)
}

// Write writes the objects to w in one stream.
func Write(w io.Writer, f Format, objects []*kube.Object) error {
	var b []byte
	b = f.head(b)
	for i, o := range objects {
		b = f.object(b, o.Node, i == 0)
		if len(b) < flushAt {
			continue
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	b = f.tail(b, len(objects) == 0)
	if len(b) == 0 {
		return nil
	}
	_, err := w.Write(b)
	return err
}

func (f Format) head(b []byte) []byte {
	if f == JSON {
		b = append(b, "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n  \"items\": ["...)
	}
	return b
}

func (f Format) object(b []byte, n kube.Node, first bool) []byte {
	switch f {
	case JSON:
		if !first {
			b = append(b, ',')
		}
		return appendJSON(append(b, "\n    "...), n, 4, 2)
	case KYAML:
		return AppendKYAML(b, n)
	}
	if !first {
		b = append(b, "---\n"...)
	}
	return AppendYAML(b, n)
}

func (f Format) tail(b []byte, empty bool) []byte {
	switch {
	case f != JSON:
		return b
	case empty:
		return append(b, "]\n}\n"...)
	}
	return append(b, "\n  ]\n}\n"...)
}

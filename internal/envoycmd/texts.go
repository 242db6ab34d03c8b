package envoycmd

import (
	"bytes"
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"
)

// configKey is the key of a ConfigMap that holds what Envoy reads.
const configKey = "envoy.yaml"

// bootstrap is a text that Envoy would read.
type bootstrap struct {
	text   []byte
	object string // the ConfigMap that holds it: "ConfigMap shop/checkout-envoy"
	before int    // lines of the file before its first
	folded bool   // it is not written line by line: all of it is on the line after before
}

// line is where a line of the bootstrap is in the file.
func (b *bootstrap) line(n int) int {
	if n == 0 || b.folded {
		return b.before + 1
	}
	return b.before + n
}

// bootstraps returns what a file holds. The only document of a file is taken as it is, whatever it be, so that mistakes in it are
// found as such.
func bootstraps(text []byte) ([]bootstrap, error) {
	docs := split(text)
	var list []bootstrap
	objects := 0
	for _, d := range docs {
		root, ok := mapping(d.text)
		switch kind := value(root, "kind"); {
		case ok && kind != nil && value(root, "apiVersion") != nil:
			objects++
			if b := ofConfigMap(root, d.before); b != nil && kind.Value == "ConfigMap" {
				list = append(list, *b)
			}
		case len(bytes.TrimSpace(d.text)) > 0:
			list = append(list, d)
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	if objects > 0 {
		return nil, errors.New("no ConfigMap in it has the key " + configKey)
	}
	return nil, errors.New("is empty, want Envoy's configuration")
}

// split cuts a stream of YAML documents.
func split(text []byte) []bootstrap {
	var docs []bootstrap
	var doc []byte
	n, before := 0, 0
	for line := range bytes.Lines(text) {
		if s := strings.TrimRight(string(line), " \r\n"); s == "---" || strings.HasPrefix(s, "--- ") {
			docs = append(docs, bootstrap{text: doc, before: before})
			doc, before = nil, n+1
		} else {
			doc = append(doc, line...)
		}
		n++
	}
	return append(docs, bootstrap{text: doc, before: before})
}

// mapping returns the top of a document if it is a mapping that can be read.
func mapping(text []byte) (*yaml.Node, bool) {
	var doc yaml.Node
	if yaml.Unmarshal(text, &doc) != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, false
	}
	return doc.Content[0], true
}

func value(m *yaml.Node, key string) *yaml.Node {
	if m == nil || m.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

func ofConfigMap(object *yaml.Node, before int) *bootstrap {
	text := value(value(object, "data"), configKey)
	if text == nil {
		return nil
	}
	b := &bootstrap{text: []byte(text.Value), object: "ConfigMap " + name(value(object, "metadata")), before: before + text.Line}
	if text.Style&yaml.LiteralStyle == 0 {
		b.folded = true
		b.before--
	}
	return b
}

func name(metadata *yaml.Node) string {
	s := ""
	for _, key := range []string{"namespace", "name"} {
		if v := value(metadata, key); v != nil {
			if s != "" {
				s += "/"
			}
			s += v.Value
		}
	}
	return s
}

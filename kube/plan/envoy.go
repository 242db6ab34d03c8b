package plan

import (
	"errors"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/starctl/starctl/kube"
)

// insideEnvoy turns the change of a ConfigMap's value into those of the Envoy configuration in it, if it was one and still is.
// A change of form only, such as another indentation, remains one of the text.
func insideEnvoy(c Change) []Change {
	if len(c.Path) != 2 || c.Path[0].Name != "data" || c.Old.Kind() != kube.String || c.New.Kind() != kube.String {
		return []Change{c}
	}
	old, new := parseEnvoy(c.Old.Str()), parseEnvoy(c.New.Str())
	if !old.Exists() || !new.Exists() {
		return []Change{c}
	}
	d := differ{named: true}
	d.node(c.Path, old, new, nil)
	if len(d.changes) == 0 {
		return []Change{c}
	}
	for i := range d.changes {
		d.changes[i].Inner = len(c.Path)
	}
	return d.changes
}

// parseEnvoy reads a bootstrap, or a file of resources that Envoy watches. Anything else is Absent.
func parseEnvoy(text string) kube.Node {
	if !strings.Contains(text, "static_resources") && !strings.Contains(text, "dynamic_resources") && !strings.Contains(text, "@type") {
		return kube.Node{}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) != 1 {
		return kube.Node{}
	}
	r := yamlReader{left: maxYAML}
	n, err := r.value(doc.Content[0])
	if err != nil || !n.IsMapping() {
		return kube.Node{}
	}
	if n.Get("static_resources").Exists() || n.Get("dynamic_resources").Exists() {
		return n
	}
	for _, v := range n.Get("resources").Items() {
		if v.Get("@type").Exists() {
			return n
		}
	}
	return kube.Node{}
}

// maxYAML bounds what aliases may unfold to.
const maxYAML = 500_000

type yamlReader struct{ left int }

var errUnfit = errors.New("no configuration")

func (r *yamlReader) value(y *yaml.Node) (kube.Node, error) {
	if r.left--; r.left < 0 {
		return kube.Node{}, errUnfit
	}
	switch y.Kind {
	case yaml.AliasNode:
		return r.value(y.Alias)
	case yaml.SequenceNode:
		list := make(kube.Elems, len(y.Content))
		for i, c := range y.Content {
			n, err := r.value(c)
			if err != nil {
				return kube.Node{}, err
			}
			list[i] = n
		}
		return kube.OfList(list), nil
	case yaml.MappingNode:
		return r.mapping(y)
	case yaml.ScalarNode:
		return scalar(y), nil
	}
	return kube.Node{}, errUnfit
}

func (r *yamlReader) mapping(y *yaml.Node) (kube.Node, error) {
	list := make(kube.Pairs, 0, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		if y.Content[i].Kind != yaml.ScalarNode || y.Content[i].Tag == "!!merge" {
			return kube.Node{}, errUnfit
		}
		v, err := r.value(y.Content[i+1])
		if err != nil {
			return kube.Node{}, err
		}
		list = append(list, kube.Pair{Key: y.Content[i].Value, Value: v})
	}
	return kube.OfMap(list), nil
}

func scalar(y *yaml.Node) kube.Node {
	switch y.Tag {
	case "!!null":
		return kube.OfNull()
	case "!!bool":
		return kube.OfBool(strings.EqualFold(y.Value, "true"))
	case "!!int":
		if i, err := strconv.ParseInt(y.Value, 0, 64); err == nil {
			return kube.OfInt(i)
		}
	case "!!float":
		if f, err := strconv.ParseFloat(y.Value, 64); err == nil {
			return kube.OfFloat(f)
		}
	}
	return kube.OfString(y.Value)
}

package suite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/starctl/starctl/kube"
)

// readObjects reads the objects of a golden file. Documents that are empty are passed over, as kubectl does.
func readObjects(text []byte) ([]*kube.Object, error) {
	var list []*kube.Object
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc yaml.Node
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		n, err := toNode(doc.Content[0], 0)
		if err != nil {
			return nil, err
		}
		if n.Kind() == kube.Null {
			continue
		}
		o := kube.NewObject(n, nil)
		if o.ID.Kind == "" {
			return nil, fmt.Errorf("line %d: a document without kind is no Kubernetes object", doc.Content[0].Line)
		}
		list = append(list, o)
	}
}

const deepest = 200

func toNode(y *yaml.Node, depth int) (kube.Node, error) {
	if depth > deepest {
		return kube.Node{}, fmt.Errorf("line %d: nested more than %d deep", y.Line, deepest)
	}
	switch y.Kind {
	case yaml.MappingNode:
		return mapping(y, depth)
	case yaml.SequenceNode:
		var list kube.Elems
		for _, c := range y.Content {
			n, err := toNode(c, depth+1)
			if err != nil {
				return kube.Node{}, err
			}
			list = append(list, n)
		}
		return kube.OfList(list), nil
	case yaml.ScalarNode:
		return scalar(y)
	}
	return kube.Node{}, fmt.Errorf("line %d: golden files have no aliases", y.Line)
}

func mapping(y *yaml.Node, depth int) (kube.Node, error) {
	var list kube.Pairs
	for i := 0; i+1 < len(y.Content); i += 2 {
		n, err := toNode(y.Content[i+1], depth+1)
		if err != nil {
			return kube.Node{}, err
		}
		list = append(list, kube.Pair{Key: y.Content[i].Value, Value: n})
	}
	return kube.OfMap(list), nil
}

func scalar(y *yaml.Node) (kube.Node, error) {
	switch y.ShortTag() {
	case "!!null":
		return kube.OfNull(), nil
	case "!!bool":
		var b bool
		err := y.Decode(&b)
		return kube.OfBool(b), err
	case "!!int":
		if i, err := strconv.ParseInt(y.Value, 0, 64); err == nil {
			return kube.OfInt(i), nil
		}
		return kube.OfBig(y.Value), nil
	case "!!float":
		var f float64
		err := y.Decode(&f)
		return kube.OfFloat(f), err
	}
	return kube.OfString(y.Value), nil
}

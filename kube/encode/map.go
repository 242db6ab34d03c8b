package encode

import (
	"strconv"

	"github.com/starctl/starctl/kube"
)

// ToMap returns a value as what encoding/json and apimachinery's unstructured objects hold: map[string]any, []any,
// string, bool, int64, float64 and nil. An integer beyond 64 bits becomes a float64.
func ToMap(n kube.Node) any {
	switch n.Kind() {
	case kube.String:
		return n.Str()
	case kube.Bool:
		return n.Bool()
	case kube.Int:
		if i, ok := n.Int(); ok {
			return i
		}
		f, _ := strconv.ParseFloat(n.Text(), 64) // beyond its range too: ±Inf
		return f
	case kube.Float:
		return n.Float()
	case kube.List:
		list := []any{}
		for _, v := range n.Items() {
			list = append(list, ToMap(v))
		}
		return list
	case kube.Map, kube.Record:
		m := map[string]any{}
		for k, v := range n.All() {
			m[k] = ToMap(v)
		}
		return m
	}
	return nil
}

package encode

import (
	"fmt"
	"math/rand/v2"
	"testing"

	sigsyaml "sigs.k8s.io/yaml"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
)

// sample makes values of the types in the tables of Kubernetes.
type sample struct {
	*rand.Rand
	depth int
}

func (s sample) value(t *schema.Type) kube.Node {
	switch t.Kind {
	case schema.Bool:
		return kube.OfBool(s.IntN(2) == 0)
	case schema.Int32, schema.Int64:
		return kube.OfInt(int64(s.Int32()) - 1<<30)
	case schema.Float:
		return kube.OfFloat(s.NormFloat64() * 1e6)
	case schema.Enum:
		return kube.OfString(t.Values[s.IntN(len(t.Values))])
	case schema.List:
		l := kube.Elems{}
		for range s.IntN(3) {
			l = append(l, s.value(t.Elem))
		}
		return kube.OfList(l)
	case schema.Map:
		m := kube.Pairs{}
		for i := range s.IntN(3) {
			m = append(m, kube.Pair{Key: fmt.Sprint(jumble(s.Rand), i), Value: s.value(t.Elem)})
		}
		return kube.OfMap(m)
	case schema.Obj:
		return s.object(t.Object())
	}
	return kube.OfString(jumble(s.Rand))
}

// object sets every field, but for objects that are too deep.
func (s sample) object(o *schema.Object) kube.Node {
	s.depth++
	r := kube.Pairs{}
	for i := range o.Fields {
		f := &o.Fields[i]
		if f.Type.Composite() && s.depth > 4 {
			continue
		}
		r = append(r, kube.Pair{Key: f.Name(), Value: s.value(f.Type)})
	}
	return kube.OfRecord(r)
}

// Every type of Kubernetes reads back as it was written.
func TestTypes(t *testing.T) {
	s := sample{Rand: rand.New(rand.NewPCG(5, 6))}
	count := 0
	groups := schema.Kubernetes()
	for _, g := range groups.Fields {
		for _, v := range g.Type.Object().Fields {
			if v.Type.Kind != schema.Module {
				continue
			}
			for _, o := range v.Type.Object().Fields {
				n := s.object(o.Type.Object())
				var got any
				if err := sigsyaml.UnmarshalStrict(AppendYAML(nil, n), &got); err != nil {
					t.Errorf("%s: %v", o.Name(), err)
				} else if d := difference(normal(got), normal(ToMap(n)), o.Name()); d != "" {
					t.Error(d)
				}
				count++
			}
		}
	}
	if count < 500 {
		t.Errorf("only %d types in the tables", count)
	}
}

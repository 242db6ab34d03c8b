package encode

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/starctl/starctl/kube"
)

// Check returns the first place in a value that no text can hold, and why: a number that is not finite, a key or string
// that is not UTF-8. Nil means that there is none.
func Check(n kube.Node) (kube.Path, error) {
	switch n.Kind() {
	case kube.String:
		return nil, text(n.Str())
	case kube.Float:
		if f := n.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("got %v, want a finite number", f)
		}
	case kube.List:
		for i, v := range n.Items() {
			if p, err := Check(v); err != nil {
				return append(kube.Path{kube.Item(i, "")}, p...), err
			}
		}
	case kube.Map, kube.Record:
		for k, v := range n.All() {
			p, err := Check(v)
			if bad := text(k); bad != nil {
				p, err = nil, bad
			}
			if err != nil {
				return append(kube.Path{step(n.Kind(), k)}, p...), err
			}
		}
	}
	return nil, nil
}

func step(kind kube.Kind, key string) kube.Step {
	if kind == kube.Map {
		return kube.Key(key)
	}
	return kube.Field(key)
}

func text(s string) error {
	if utf8.ValidString(s) {
		return nil
	}
	return fmt.Errorf("got text that is not UTF-8: %.40q", s)
}

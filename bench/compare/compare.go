// Package compare decides whether two streams of Kubernetes objects are the same, whatever the order of their fields and
// the style of their YAML. An Envoy configuration in a ConfigMap is compared as the structure it is.
package compare

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"
)

// Files reports how the objects of two files differ, or nil. Nulls, empty maps and status count as absent: programs with
// typed structs print them.
func Files(want, got string) error {
	a, err := read(want)
	if err != nil {
		return fmt.Errorf("%s: %w", want, err)
	}
	b, err := read(got)
	if err != nil {
		return fmt.Errorf("%s: %w", got, err)
	}
	for _, id := range slices.Sorted(maps.Keys(a)) {
		if _, ok := b[id]; !ok {
			return fmt.Errorf("%s is missing", id)
		}
		if path := difference(a[id], b[id], ""); path != "" {
			return fmt.Errorf("%s differs at %s", id, path)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[id]; !ok {
			return fmt.Errorf("%s is not expected", id)
		}
	}
	return nil
}

// read returns the objects of a stream by kind, namespace and name.
func read(file string) (map[string]any, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, objects := yaml.NewDecoder(f), map[string]any{}
	for {
		var doc map[string]any
		if err := d.Decode(&doc); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		if doc == nil {
			continue
		}
		if err := add(objects, doc); err != nil {
			return nil, err
		}
	}
}

func add(objects map[string]any, doc map[string]any) error {
	meta, ok := doc["metadata"].(map[string]any)
	if !ok {
		return fmt.Errorf("an object without metadata")
	}
	id := fmt.Sprintf("%v/%v/%v", doc["kind"], meta["namespace"], meta["name"])
	if objects[id] != nil {
		return fmt.Errorf("%s twice", id)
	}
	delete(doc, "status")
	if data, ok := doc["data"].(map[string]any); ok {
		if text, ok := data["envoy.yaml"].(string); ok {
			var config any
			if err := yaml.Unmarshal([]byte(text), &config); err != nil {
				return fmt.Errorf("%s: envoy.yaml: %w", id, err)
			}
			data["envoy.yaml"] = config
		}
	}
	objects[id] = prune(doc)
	return nil
}

const hashAnnotation = "starctl.dev/envoy-config-sha256"

// prune drops nulls and empty maps.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if k == hashAnnotation {
				x = "some hash"
			}
			y := prune(x)
			if m, ok := y.(map[string]any); y == nil || ok && len(m) == 0 {
				continue
			}
			out[k] = y
		}
		return out
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
	}
	return v
}

// difference returns the path to the first place in which a and b differ, or "".
func difference(a, b any, path string) string {
	switch a := a.(type) {
	case map[string]any:
		bm, ok := b.(map[string]any)
		if !ok || len(a) != len(bm) {
			return path + "."
		}
		for _, k := range slices.Sorted(maps.Keys(a)) {
			if at := difference(a[k], bm[k], path+"."+k); at != "" {
				return at
			}
		}
		return ""
	case []any:
		bl, ok := b.([]any)
		if !ok || len(a) != len(bl) {
			return path + "[]"
		}
		for i := range a {
			if at := difference(a[i], bl[i], fmt.Sprintf("%s[%d]", path, i)); at != "" {
				return at
			}
		}
		return ""
	}
	if !reflect.DeepEqual(a, b) {
		return fmt.Sprintf("%s: %v, not %v", path, b, a)
	}
	return ""
}

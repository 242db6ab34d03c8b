// Package goldentest reads every YAML document that the repository holds as something starctl wrote - golden files of the
// examples, want.yaml of the cases - as others would: strictly into k8s.io/api's types, and with two other YAML readers.
package goldentest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	yaml2 "go.yaml.in/yaml/v2"
	yaml3 "go.yaml.in/yaml/v3"
	admission "k8s.io/api/admissionregistration/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"sigs.k8s.io/yaml"
)

var groups = []func(*runtime.Scheme) error{
	admission.AddToScheme, apps.AddToScheme, autoscaling.AddToScheme, batch.AddToScheme, coordination.AddToScheme, core.AddToScheme,
	discovery.AddToScheme, networking.AddToScheme, policy.AddToScheme, rbac.AddToScheme, scheduling.AddToScheme, storage.AddToScheme,
}

// foreign begins the API versions of custom resources, which k8s.io/api does not have.
var foreign = []string{"example.com/", "acme.io/", "acme.example/", "monitoring.coreos.com/", "cert-manager.io/", "stable.example.com/"}

func TestGoldenObjects(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range groups {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	strict := serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, scheme, scheme, serializer.SerializerOptions{Strict: true})
	decoded := 0
	for name, text := range documents(t) {
		doc, err := yaml.YAMLToJSONStrict(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sameForAll(t, name, text, doc)
		var head struct{ APIVersion string }
		if err := json.Unmarshal(doc, &head); err != nil || isForeign(head.APIVersion) {
			continue
		}
		if _, _, err := strict.Decode(doc, nil, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		decoded++
	}
	if decoded < 50 {
		t.Errorf("only %d objects were decoded: where are the golden files?", decoded)
	}
	t.Logf("%d objects decode strictly", decoded)
}

func isForeign(apiVersion string) bool {
	for _, f := range foreign {
		if strings.HasPrefix(apiVersion, f) {
			return true
		}
	}
	return false
}

// sameForAll reads a document with a YAML 1.1 reader and with another parser, and compares.
func sameForAll(t *testing.T, name string, text, doc []byte) {
	t.Helper()
	var want any
	if err := json.Unmarshal(doc, &want); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	for reader, unmarshal := range map[string]func([]byte, any) error{"YAML 1.1": yaml2.Unmarshal, "yaml.v3": func(b []byte, v any) error { return yaml3.Unmarshal(b, v) }} {
		var v any
		if err := unmarshal(text, &v); err != nil {
			t.Errorf("%s: %s: %v", name, reader, err)
			continue
		}
		var got any
		b, err := json.Marshal(jsonable(v))
		if err == nil {
			err = json.Unmarshal(b, &got)
		}
		if err != nil {
			t.Errorf("%s: %s: %v", name, reader, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s reads something else (-sigs.k8s.io +%s)\n%s", name, reader, reader, diff)
		}
	}
}

// jsonable turns the maps of yaml.v2 into those of JSON.
func jsonable(v any) any {
	switch v := v.(type) {
	case map[any]any:
		m := map[string]any{}
		for k, x := range v {
			s, ok := k.(string)
			if !ok {
				return nil // a key that is no string: differs from every want
			}
			m[s] = jsonable(x)
		}
		return m
	case map[string]any:
		for k, x := range v {
			v[k] = jsonable(x)
		}
	case []any:
		for i, x := range v {
			v[i] = jsonable(x)
		}
	}
	return v
}

// documents returns every document by file and number.
func documents(t *testing.T) map[string][]byte {
	t.Helper()
	docs := map[string][]byte{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".tools" || d.Name() == ".git" || d.Name() == "bench") {
			return fs.SkipDir
		}
		return collect(docs, path)
	})
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

func collect(docs map[string][]byte, path string) error {
	isGolden := filepath.Base(filepath.Dir(path)) == "golden" && filepath.Ext(path) == ".yaml" && filepath.Base(path) != "inputs.yaml"
	isCase := filepath.Ext(path) == ".txtar" && strings.Contains(path, "testdata")
	if !isGolden && !isCase {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if isGolden {
		return split(docs, path, text)
	}
	for _, f := range txtar.Parse(text).Files {
		if base := filepath.Base(f.Name); base == "want.yaml" {
			if err := split(docs, path+" "+f.Name, f.Data); err != nil {
				return err
			}
		}
	}
	return nil
}

func split(docs map[string][]byte, name string, text []byte) error {
	for i, doc := range bytes.Split(text, []byte("\n---\n")) {
		if len(bytes.TrimSpace(doc)) == 0 {
			continue
		}
		key := name + "#" + string(rune('0'+i%10))
		for docs[key] != nil {
			key += "'"
		}
		docs[key] = append(bytes.TrimPrefix(doc, []byte("---\n")), '\n')
	}
	if len(text) == 0 {
		return errors.Join(io.ErrUnexpectedEOF, errors.New(name))
	}
	return nil
}

package envoy_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/envoy/validate"
	"github.com/starctl/starctl/internal/envoybin"
	"go.yaml.in/yaml/v3"
)

// Every sidecar's configuration in a golden file, a golden case or an example is valid, and the real Envoy takes it.
func TestWrittenConfigurations(t *testing.T) {
	found, files := written(t)
	if examples, _ := filepath.Glob("../examples/online-boutique/*/golden/*.yaml"); len(examples) > 0 && len(found) == 0 {
		t.Fatalf("no sidecar's configuration in %d golden files", files)
	}
	t.Logf("%d configurations in %d golden files", len(found), files)
	for _, c := range found {
		for _, f := range validate.Bootstrap(c.text, validate.Options{Envoy: c.release()}) {
			t.Errorf("%s: %v", c.file, f)
		}
	}
	t.Run("real", func(t *testing.T) {
		envoybin.Path(t)
		for i, c := range found {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				root := t.TempDir()
				file := found[i].place(t, root)
				err := envoybin.Validate(t, file)
				if err == nil && len(c.beside) > 0 {
					err = envoybin.Validate(t, inlined(t, file))
				}
				if err != nil && c.release() != "" && strings.Contains(err.Error(), "accepted with warnings") {
					return // of fields that are right for an older Envoy
				}
				if err != nil {
					t.Errorf("%s: %v", c.file, err)
				}
			})
		}
	})
}

// configuration is what a sidecar's ConfigMap holds.
type configuration struct {
	file, name string
	text       []byte            // envoy.yaml
	beside     map[string]string // the other files
}

// place writes the configuration below root, with certificates where a Secret would have them, and returns the bootstrap's file.
func (c configuration) place(t *testing.T, root string) string {
	t.Helper()
	certificates(t, filepath.Join(root, "tls"))
	put := func(name string, text []byte) string {
		file := filepath.Join(root, name)
		err := os.MkdirAll(filepath.Dir(file), 0o755)
		if err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	for name, text := range c.beside {
		for path, made := range secretPaths(t, text) {
			pem, err := os.ReadFile(filepath.Join(root, "tls", made))
			if err != nil {
				t.Fatal(err)
			}
			put(path, pem)
		}
		put(filepath.Join(envoy.ConfigDir, name), moved.ReplaceAll([]byte(text), []byte("${1}"+root+"${2}")))
	}
	text := bytes.ReplaceAll(c.text, []byte("path: "+envoy.ConfigDir), []byte("path: "+root+envoy.ConfigDir))
	return put(filepath.Join(envoy.ConfigDir, "envoy.yaml"), text)
}

// inlined writes the configuration once more with the secrets of the files beside it inside, and returns its file: Envoy reads
// such files only when it runs.
func inlined(t *testing.T, file string) string {
	t.Helper()
	var boot map[string]any
	read := func(file string, into any) {
		text, err := os.ReadFile(file)
		if err == nil {
			err = yaml.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(file, err)
		}
	}
	read(file, &boot)
	var secrets []any
	besides, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "tls-*.yaml"))
	for _, b := range besides {
		var response struct{ Resources []map[string]any }
		read(b, &response)
		for _, s := range response.Resources {
			delete(s, "@type")
			secrets = append(secrets, s)
		}
	}
	boot["static_resources"].(map[string]any)["secrets"] = secrets
	if n := dropKey(boot, "sds_config"); n != len(secrets) {
		t.Errorf("%d secrets are referred to, and there are files for %d", n, len(secrets))
	}
	text, err := yaml.Marshal(boot)
	if err == nil {
		file = filepath.Join(filepath.Dir(file), "inlined.yaml")
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// dropKey takes a key away wherever it is, and counts.
func dropKey(v any, key string) (n int) {
	switch v := v.(type) {
	case map[string]any:
		if _, there := v[key]; there {
			delete(v, key)
			n++
		}
		for _, x := range v {
			n += dropKey(x, key)
		}
	case []any:
		for _, x := range v {
			n += dropKey(x, key)
		}
	}
	return n
}

var moved = regexp.MustCompile(`((?:filename|path): )(/)`)

// secretPaths says which of our own certificates goes where a file beside the bootstrap names one.
func secretPaths(t *testing.T, text string) map[string]string {
	t.Helper()
	type source struct{ Filename string }
	var secrets struct {
		Resources []struct {
			Validation struct {
				CA source `yaml:"trusted_ca"`
			} `yaml:"validation_context"`
			Certificate struct {
				Chain source `yaml:"certificate_chain"`
				Key   source `yaml:"private_key"`
			} `yaml:"tls_certificate"`
		}
	}
	if err := yaml.Unmarshal([]byte(text), &secrets); err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{}
	for _, s := range secrets.Resources {
		for made, at := range map[string]source{"ca.crt": s.Validation.CA, "tls.crt": s.Certificate.Chain, "tls.key": s.Certificate.Key} {
			if at.Filename != "" {
				paths[at.Filename] = made
			}
		}
	}
	return paths
}

// release is the Envoy that the configuration is for, "" for the newest.
func (c configuration) release() string {
	if bytes.Contains(c.text, []byte("type: STRICT_DNS")) {
		return "1.35"
	}
	return ""
}

// written collects what the repository's golden files hold, each text once.
func written(t *testing.T) (found []configuration, files int) {
	t.Helper()
	seen := map[[32]byte]bool{}
	visit := func(file string, text []byte) {
		files++
		for _, c := range configurations(t, file, text) {
			if sum := sha256.Sum256(c.text); !seen[sum] {
				seen[sum] = true
				found = append(found, c)
			}
		}
	}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".tools" || d.Name() == ".git"):
			return fs.SkipDir
		case strings.Contains(path, "/golden/") && filepath.Ext(path) == ".yaml":
			text, err := os.ReadFile(path)
			visit(path, text)
			return err
		case strings.Contains(path, "/golden/testdata/") && filepath.Ext(path) == ".txtar":
			a, err := txtar.ParseFile(path)
			for i := 0; err == nil && i < len(a.Files); i++ {
				if a.Files[i].Name == "want.yaml" {
					visit(path, a.Files[i].Data)
				}
			}
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, files
}

func configurations(t *testing.T, file string, text []byte) (out []configuration) {
	t.Helper()
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var object struct {
			Kind     string
			Metadata struct{ Name string }
			Data     map[string]string
		}
		if err := d.Decode(&object); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			var mismatch *yaml.TypeError
			if errors.As(err, &mismatch) {
				continue // not a ConfigMap
			}
			t.Fatalf("%s: %v", file, err)
		}
		if config := object.Data["envoy.yaml"]; object.Kind == "ConfigMap" && config != "" {
			delete(object.Data, "envoy.yaml")
			out = append(out, configuration{file, object.Metadata.Name, []byte(config), object.Data})
		}
	}
}

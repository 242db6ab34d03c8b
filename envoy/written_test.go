package envoy_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
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
				if bytes.Contains(c.text, []byte("path_config_source")) {
					t.Skip("its certificates are in a Secret that is not here")
				}
				file := filepath.Join(t.TempDir(), "envoy.yaml")
				if err := os.WriteFile(file, found[i].text, 0o644); err != nil {
					t.Fatal(err)
				}
				err := envoybin.Validate(t, file)
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

// configuration is the text of a ConfigMap's envoy.yaml.
type configuration struct {
	file, name string
	text       []byte
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
			out = append(out, configuration{file, object.Metadata.Name, []byte(config)})
		}
	}
}

package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestArchive reads an archive back as a reader of the OCI layout does: from index.json by digests to the files.
func TestArchive(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hello")
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	img := &image{
		name: "starctl.dev/hello:v1", arch: "amd64", entrypoint: []string{"/bin/hello", "serve"}, env: []string{"A=b"},
		files: map[string]string{"/usr/lib/hello": file, "/bin/hello": file},
	}
	out := filepath.Join(t.TempDir(), "hello.tar")
	if err := write(out, img); err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(out)
	if err := write(out, img); err != nil {
		t.Fatal(err)
	}
	if second, _ := os.ReadFile(out); !bytes.Equal(first, second) {
		t.Error("two archives of the same files differ")
	}

	files := untar(t, first)
	var index, manifest struct {
		Manifests, Layers []descriptor
		Config            descriptor
	}
	read(t, files["index.json"], &index)
	if got := index.Manifests[0].Annotations["io.containerd.image.name"]; got != img.name {
		t.Errorf("name: got %q", got)
	}
	read(t, byDigest(t, files, index.Manifests[0]), &manifest)
	var config struct {
		Architecture string
		Config       struct{ Entrypoint, Env []string }
		Rootfs       struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	read(t, byDigest(t, files, manifest.Config), &config)
	if got := strings.Join(config.Config.Entrypoint, " "); got != "/bin/hello serve" || config.Architecture != "amd64" || config.Config.Env[0] != "A=b" {
		t.Errorf("config: got %+v", config)
	}
	if config.Rootfs.DiffIDs[0] != manifest.Layers[0].Digest {
		t.Error("the config names another layer than the manifest")
	}
	layer := untar(t, byDigest(t, files, manifest.Layers[0]))
	for _, name := range []string{"bin/hello", "usr/lib/hello"} {
		if string(layer[name]) != "hello" {
			t.Errorf("%s: got %q", name, layer[name])
		}
	}
	if _, ok := layer["usr/lib/"]; !ok {
		t.Error("the directory usr/lib/ is missing")
	}
}

func TestFilesOf(t *testing.T) {
	for _, bad := range []string{"hello", "hello=x", "/a/../b=x"} {
		if _, err := filesOf([]string{bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func untar(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = content
	}
}

func byDigest(t *testing.T, files map[string][]byte, d descriptor) []byte {
	t.Helper()
	digest, _ := strings.CutPrefix(d.Digest, "sha256:")
	b := files["blobs/sha256/"+digest]
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != digest || len(b) != d.Size {
		t.Fatalf("blob %s does not have its digest or its size", d.Digest)
	}
	return b
}

func read(t *testing.T, b []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path"
	"slices"
	"strings"
)

// image is what an image is made of.
type image struct {
	name, arch string
	entrypoint []string
	env        []string
	files      map[string]string // path in the image -> path here
}

// descriptor points at a blob, as https://github.com/opencontainers/image-spec has it.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

const (
	layerType    = "application/vnd.oci.image.layer.v1.tar"
	configType   = "application/vnd.oci.image.config.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
)

func write(file string, img *image) error {
	layer, err := img.layer()
	if err != nil {
		return err
	}
	archive, err := img.archive(layer)
	if err != nil {
		return err
	}
	return os.WriteFile(file, archive, 0o644)
}

// layer is the one layer: a tar with all files, and the directories they are in.
func (img *image) layer() ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range img.entries() {
		from, isFile := img.files[name]
		if !isFile {
			if err := put(w, name[1:]+"/", nil, 0o755); err != nil {
				return nil, err
			}
			continue
		}
		content, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		if err := put(w, name[1:], content, 0o755); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// entries are files and directories, a directory before what is in it.
func (img *image) entries() []string {
	var names []string
	for name := range img.files {
		names = append(names, name)
		for d := path.Dir(name); d != "/"; d = path.Dir(d) {
			names = append(names, d)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// archive is the OCI layout of the image, as a tar.
func (img *image) archive(layer []byte) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	l, err := blob(w, layerType, layer)
	if err != nil {
		return nil, err
	}
	config, err := jsonBlob(w, configType, map[string]any{
		"architecture": img.arch, "os": "linux",
		"config": map[string]any{"Entrypoint": img.entrypoint, "Env": img.env},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{l.Digest}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := jsonBlob(w, manifestType, map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": []descriptor{l},
	})
	if err != nil {
		return nil, err
	}
	// containerd imports the image under this name.
	manifest.Annotations = map[string]string{"io.containerd.image.name": img.name}
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "manifests": []descriptor{manifest}})
	if err != nil {
		return nil, err
	}
	for _, f := range []struct{ name, text string }{{"oci-layout", `{"imageLayoutVersion":"1.0.0"}`}, {"index.json", string(index)}} {
		if err := put(w, f.name, []byte(f.text), 0o644); err != nil {
			return nil, err
		}
	}
	err = w.Close()
	return b.Bytes(), err
}

func jsonBlob(w *tar.Writer, mediaType string, v any) (descriptor, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return descriptor{}, err
	}
	return blob(w, mediaType, b)
}

func blob(w *tar.Writer, mediaType string, content []byte) (descriptor, error) {
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:])
	d := descriptor{MediaType: mediaType, Digest: "sha256:" + digest, Size: len(content)}
	return d, put(w, "blobs/sha256/"+digest, content, 0o644)
}

func put(t *tar.Writer, name string, content []byte, mode int64) error {
	h := &tar.Header{Name: name, Size: int64(len(content)), Mode: mode, Typeflag: tar.TypeReg, Format: tar.FormatPAX}
	if strings.HasSuffix(name, "/") {
		h.Typeflag = tar.TypeDir
	}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err := t.Write(content)
	return err
}

package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// documents is what the OpenAPI documents say, of all groups together.
type documents struct {
	types     map[string]*prop // by full name: io.k8s.api.core.v1.Container
	resources map[gvk]resource
}

// prop is an OpenAPI schema, as far as Kubernetes uses it.
type prop struct {
	Type, Format, Description string
	Ref                       string  `json:"$ref"`
	AllOf                     []*prop `json:"allOf"`
	Items                     *prop
	Additional                *prop `json:"additionalProperties"`
	Properties                map[string]*prop
	Required                  []string
	Keys                      []string `json:"x-kubernetes-list-map-keys"`
	ListType                  string   `json:"x-kubernetes-list-type"`
	MapType                   string   `json:"x-kubernetes-map-type"`
	GVK                       []gvk    `json:"x-kubernetes-group-version-kind"`
}

type gvk struct{ Group, Version, Kind string }

// apiVersion is the group and version as objects write them.
func (g gvk) apiVersion() string { return strings.TrimPrefix(g.Group+"/"+g.Version, "/") }

// resource is how a kind is called in URLs, and whether its objects live in namespaces.
type resource struct {
	plural     string
	namespaced bool
}

func readDocuments(dir string) (*documents, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	docs := &documents{types: map[string]*prop{}, resources: map[gvk]resource{}}
	for _, f := range files {
		if err := docs.read(f); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

func (d *documents) read(file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var doc struct {
		Components struct{ Schemas map[string]*prop }
		Paths      map[string]struct {
			Post *struct {
				Action string `json:"x-kubernetes-action"`
				GVK    gvk    `json:"x-kubernetes-group-version-kind"`
			}
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return err
	}
	maps.Copy(d.types, doc.Components.Schemas)
	for path, ops := range doc.Paths {
		if ops.Post == nil || ops.Post.Action != "post" || strings.Contains(path, "{name}") {
			continue
		}
		d.resources[ops.Post.GVK] = resource{
			plural:     path[strings.LastIndexByte(path, '/')+1:],
			namespaced: strings.Contains(path, "/namespaces/{namespace}/"),
		}
	}
	return nil
}

// short turns io.k8s.api.core.v1.Container into core.v1.Container.
func short(name string) string {
	p := strings.Split(name, ".")
	return strings.Join(p[len(p)-3:], ".")
}

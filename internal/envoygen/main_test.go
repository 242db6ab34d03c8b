package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"testing"
)

const root = "../../"

// What is checked in is what go.mod's version of Envoy's API makes.
func TestFresh(t *testing.T) {
	types, err := imports()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(root + typesFile); err != nil || !bytes.Equal(got, types) {
		t.Errorf("%s is older than go-control-plane: run go generate ./envoy (%v)", typesFile, err)
	}
	f, err := os.Open(root + tableFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, messages()) {
		t.Errorf("%s is older than go-control-plane: run go generate ./envoy (%v)", tableFile, err)
	}
}

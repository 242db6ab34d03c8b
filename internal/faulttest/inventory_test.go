package faulttest

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
)

// inventory is the set's as the cluster holds it, read by these tests on their own.
type inventory struct {
	Op      operation `json:"op"`
	Entries []entry   `json:"entries"`
}

type operation struct {
	ID     string `json:"id"`
	Holder string `json:"holder"`
	Renew  string `json:"renew"`
	Phase  string `json:"phase"`
}

type entry struct {
	Kind      string `json:"k"`
	Namespace string `json:"ns"`
	Name      string `json:"n"`
	UID       string `json:"uid"`
	State     string `json:"state"`
}

func (i inventory) locked() bool { return i.Op.Holder != "" }

// names are the entries in a namespace, "Kind name".
func (i inventory) names(ns string) []string {
	found := map[string]bool{}
	for _, e := range i.Entries {
		if e.Namespace == ns {
			found[e.Kind+" "+e.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// again are the flags of a run after one that was killed: it waits until the other's lock has expired.
var again = []string{"--lock-timeout", "2m"}

func (s *site) ttl() time.Duration { return 15 * time.Second }

func (s *site) skewLock(time.Duration) {}

// inventory reads the inventory; where there is none it is empty.
func (s *site) inventory() inventory {
	s.t.Helper()
	o := s.Get(s.t, "ConfigMap", s.ns, "starctl-shop")
	if o == nil {
		return inventory{}
	}
	var inv inventory
	if err := json.Unmarshal([]byte(unpack(s.t, o.Text("binaryData", "inventory"))), &inv); err != nil {
		s.t.Fatalf("the inventory is no JSON: %v", err)
	}
	return inv
}

// unpack undoes base64 and whatever compression there is.
func unpack(t *testing.T, text string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return text
	}
	for _, open := range []func(io.Reader) (io.Reader, error){
		func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
		func(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil },
	} {
		if r, err := open(bytes.NewReader(b)); err == nil {
			if plain, err := io.ReadAll(r); err == nil {
				return string(plain)
			}
		}
	}
	return string(b)
}

func dump(o clustertest.Object) string {
	b, _ := json.Marshal(o)
	return string(b)
}

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
	Op      *operation `json:"op"`
	Entries []entry    `json:"entries"`
}

type operation struct {
	ID     string `json:"id"`
	Holder string `json:"holder"`
	Renew  int    `json:"renew"`
	TTL    int    `json:"ttl"`
	Phase  string `json:"phase"`
	Begun  string `json:"begun"`
}

type entry struct {
	Kind      string `json:"k"`
	Namespace string `json:"ns"`
	Name      string `json:"n"`
	UID       string `json:"uid"`
	State     string `json:"state"`
}

func (i inventory) locked() bool { return i.Op != nil }

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

// fromElsewhere makes the lock one of another machine, whose clock is wrong by skew, and returns how long it lives. Of a process of
// this machine starctl sees by itself that it is gone.
func (s *site) fromElsewhere(skew time.Duration) time.Duration {
	s.t.Helper()
	var stored map[string]any
	o := s.Get(s.t, "ConfigMap", s.ns, "starctl-shop")
	if err := json.Unmarshal([]byte(unpack(s.t, o.Text("binaryData", "inventory"))), &stored); err != nil {
		s.t.Fatal(err)
	}
	op := stored["op"].(map[string]any)
	op["holder"] = "jane@laptop pid 4711 another-machine/1 12345"
	op["begun"] = time.Now().Add(skew).UTC().Format(time.RFC3339)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_ = json.NewEncoder(z).Encode(stored)
	_ = z.Close()
	s.Merge(s.t, "ConfigMap", s.ns, "starctl-shop", map[string]any{"binaryData": map[string]any{"inventory": base64.StdEncoding.EncodeToString(b.Bytes())}})
	return time.Duration(op["ttl"].(float64)) * time.Second
}

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

package check

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/syntax"
)

func dataKeys(r *run, o *object) {
	if o.kind.id != configMap && o.kind.id != secret {
		return
	}
	data, binary := o.Get("data"), o.Get("binaryData")
	r.entries(o, "data", data)
	r.entries(o, "binaryData", binary)
	r.entries(o, "stringData", o.Get("stringData"))
	for k := range binary.All() {
		if data.Get(k).Exists() {
			r.report(o, kube.Fields("binaryData").With(kube.Key(k)), "data has the key %q as well", k).
				see(o, kube.Fields("data").With(kube.Key(k)), "the other one")
		}
	}
}

func (r *run) entries(o *object, field string, n kube.Node) {
	for k, v := range n.All() {
		if want := syntax.DataKey(k); want != "" {
			r.report(o, kube.Fields(field).With(kube.Key(k)), "the key %q is not one that a %s may have, want %s", k, o.ID.Kind, want)
		}
		if v.Kind() != kube.String && v.Kind() != kube.Null {
			f := r.report(o, kube.Fields(field).With(kube.Key(k)), "got %s, want a string", v.Kind())
			if v.Kind() < kube.List { // the text may be secret
				f.help("write the value in quotes")
			}
		}
	}
}

// base64Data: what is called data in a Secret and binaryData in a ConfigMap is base64. Values are never shown.
func base64Data(r *run, o *object) {
	field := "binaryData"
	switch o.kind.id {
	case secret:
		field = "data"
	case configMap:
	default:
		return
	}
	for k, v := range o.Get(field).All() {
		if v.Kind() == kube.String && !isBase64(v.Str()) {
			f := r.report(o, kube.Fields(field).With(kube.Key(k)), "the value is not base64")
			if o.kind.id == secret {
				f.help("plain text belongs into stringData")
			}
		}
	}
}

// isBase64 reports whether the API server can decode s, which it does as Go does: padded, line breaks ignored.
func isBase64(s string) bool {
	if strings.ContainsAny(s, "\r\n") {
		_, err := base64.StdEncoding.DecodeString(s)
		return err == nil
	}
	if len(s)%4 != 0 {
		return false
	}
	for range 2 {
		s = strings.TrimSuffix(s, "=")
	}
	for i := range len(s) {
		if c := s[i]; !syntax.IsAlnum(c) && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

// secretKeys are the keys that Secrets of a type must have; of those joined by "|" one.
func secretKeys(typ string) []string {
	switch typ {
	case "kubernetes.io/tls":
		return []string{"tls.crt", "tls.key"}
	case "kubernetes.io/dockerconfigjson":
		return []string{".dockerconfigjson"}
	case "kubernetes.io/dockercfg":
		return []string{".dockercfg"}
	case "kubernetes.io/basic-auth":
		return []string{"username|password"}
	case "kubernetes.io/ssh-auth":
		return []string{"ssh-privatekey"}
	}
	return nil
}

func secretType(r *run, o *object) {
	if o.kind.id != secret {
		return
	}
	typ := o.Get("type").Str()
	if typ == "kubernetes.io/service-account-token" {
		const account = "kubernetes.io/service-account.name"
		if o.notes.Get(account).Str() == "" {
			r.report(o, atAnnotations(kube.Key(account)), "a Secret of type %s names its ServiceAccount here", typ)
		}
		return
	}
	if meant := shortType(typ); meant != "" {
		r.report(o, kube.Fields("type"), "got %q, a type that nobody knows", typ).warn().Suggest = meant
	}
	r.dockerConfig(o, typ)
	for _, keys := range secretKeys(typ) {
		found := false
		for key := range strings.SplitSeq(keys, "|") {
			found = found || o.Get("data", key).Exists() || o.Get("stringData", key).Exists()
		}
		if !found {
			r.report(o, kube.Fields("data"), "a Secret of type %s needs the key %s", typ, strings.ReplaceAll(keys, "|", " or "))
		}
	}
}

// shortType is the type that kubectl has another word for.
func shortType(s string) string {
	switch strings.ToLower(s) {
	case "tls":
		return "kubernetes.io/tls"
	case "docker-registry", "dockerconfigjson", "docker":
		return "kubernetes.io/dockerconfigjson"
	case "basic-auth":
		return "kubernetes.io/basic-auth"
	case "ssh-auth", "ssh":
		return "kubernetes.io/ssh-auth"
	case "generic", "opaque":
		if s != "Opaque" {
			return "Opaque"
		}
	}
	return ""
}

// dockerConfig: what a kubelet reads to pull images is JSON.
func (r *run) dockerConfig(o *object, typ string) {
	key := ""
	switch typ {
	case "kubernetes.io/dockerconfigjson":
		key = ".dockerconfigjson"
	case "kubernetes.io/dockercfg":
		key = ".dockercfg"
	default:
		return
	}
	field, text := "stringData", []byte(o.Get("stringData", key).Str())
	if len(text) == 0 {
		var err error
		if field, text = "data", nil; o.Get(field, key).Exists() {
			if text, err = base64.StdEncoding.DecodeString(o.Get(field, key).Str()); err != nil {
				return // the check of base64 says so
			}
		}
	}
	if o.Get(field, key).Exists() && !json.Valid(text) {
		r.report(o, kube.Fields(field).With(kube.Key(key)), "got text that is not JSON").help("want {\"auths\": {\"registry.example.com\": {...}}}")
	}
}

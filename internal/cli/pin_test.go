package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// apiServer tells who it is, but not everybody.
func apiServer(t *testing.T) string {
	t.Helper()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/version":
			fmt.Fprint(w, `{"gitVersion":"v1.36.3"}`)
		case r.Header.Get("Authorization") == "Bearer good":
			fmt.Fprint(w, `{"metadata":{"uid":"0b2f7c9e-1f7e-4a51-9d6e-3c1f0c7c2a10"}}`)
		default:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"kind":"Status","code":403,"reason":"Forbidden","message":"namespaces \"kube-system\" is forbidden: User \"jane\" cannot get resource \"namespaces\" in API group \"\" in the namespace \"kube-system\""}`)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestPin(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("kubeconfig", fmt.Sprintf(`
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: good}}, {name: jane, user: {token: other}}]
contexts: [{name: a, context: {cluster: c, user: u}}, {name: b, context: {cluster: c, user: jane}}]
`, apiServer(t)))
	write("starctl.star", `
project(name = "shop")
target("right", context = "a", cluster = "0b2f7c9e-1f7e-4a51-9d6e-3c1f0c7c2a10", namespace = "n")
target("new", context = "a", namespace = "n")
target("wrong", context = "a", cluster = "11111111-1f7e-4a51-9d6e-3c1f0c7c2a10", namespace = "n")
target("denied", context = "b", namespace = "n")
`)
	var out, errs bytes.Buffer
	code := whole.run(t.Context(), []string{"targets", "--pin", "-C", dir, "--kubeconfig", filepath.Join(dir, "kubeconfig")}, &out, &errs)
	wantOut := `TARGET  WRITE INTO TARGET()                               CONTEXT  KUBERNETES  NOW
right   cluster = "0b2f7c9e-1f7e-4a51-9d6e-3c1f0c7c2a10"  a        v1.36.3     pinned so
new     cluster = "0b2f7c9e-1f7e-4a51-9d6e-3c1f0c7c2a10"  a        v1.36.3     not pinned
wrong   cluster = "0b2f7c9e-1f7e-4a51-9d6e-3c1f0c7c2a10"  a        v1.36.3     pinned to 11111111-1f7e-4a51-9d6e-3c1f0c7c2a10
`
	wantErr := `starctl: target denied: user "jane" may not get namespaces in namespace kube-system
   somebody who may can allow it:
   kubectl create role starctl-namespaces --verb=get --resource=namespaces --namespace=kube-system
   kubectl create rolebinding starctl-namespaces --role=starctl-namespaces --user=jane --namespace=kube-system
`
	if d := cmp.Diff(wantOut, out.String()); d != "" || code != exitBad {
		t.Errorf("exit code %d\n%s", code, d)
	}
	if d := cmp.Diff(wantErr, errs.String()); d != "" {
		t.Error(d)
	}
}

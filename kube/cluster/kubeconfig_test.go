package cluster

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// Every kubeconfig that is no good is refused with its file, what is wrong in it, and the command that shows it.
func TestConnectMistakesInKubeconfig(t *testing.T) {
	s := fakeServer(t, nil)
	good := clusterOf(s)
	text64 := base64.StdEncoding.EncodeToString([]byte("hello"))
	whole := func(text string) string {
		return writeFile(t, "x", "apiVersion: v1\nkind: Config\ncurrent-context: test\n"+text)
	}
	for name, test := range map[string]struct {
		file  string
		parts []string
	}{
		"another version":     {writeFile(t, "x", "apiVersion: v2\nkind: Config\n"), []string{"x: it is no kubeconfig: got kind Config of apiVersion v2, want Config of v1"}},
		"another kind":        {writeFile(t, "x", "apiVersion: v1\nkind: Pod\n"), []string{"got kind Pod"}},
		"text":                {writeFile(t, "x", "hello\n"), []string{"x: it is no kubeconfig"}},
		"a number":            {writeFile(t, "x", "apiVersion: v1\nkind: Config\ncurrent-context: 3\n"), []string{"current-context: got number, want a string"}},
		"a mapping":           {writeFile(t, "x", "apiVersion: v1\nkind: Config\nclusters: {}\n"), []string{"clusters: got object, want a list"}},
		"a context twice":     {whole("contexts: [{name: a, context: {cluster: c}}, {name: a, context: {cluster: d}}]\n"), []string{`it has two contexts named "a"`}},
		"a user twice":        {whole("users: [{name: a, user: {token: x}}, {name: a, user: {token: z}}]\n"), []string{`it has two users named "a"`}},
		"a context of none":   {whole("contexts: [{name: test, context: {user: u}}]\n"), []string{`context "test" names no cluster`}},
		"no base64":           {kubeconfig(t, good, "client-key-data: '%'"), []string{"not base64", "-data"}},
		"no certificate":      {kubeconfig(t, good, "client-certificate-data: "+text64+", client-key-data: "+text64), []string{"client-certificate and client-key: "}},
		"a certificate alone": {kubeconfig(t, good, "client-certificate-data: "+text64), []string{"client-key"}},
		"no authority":        {kubeconfig(t, fmt.Sprintf("server: %q, certificate-authority-data: %s", s.URL, text64), ""), []string{"certificate-authority holds no certificate in PEM"}},
		"half insecure":       {kubeconfig(t, good+", insecure-skip-tls-verify: true", ""), []string{"exclude one another"}},
		"ftp":                 {kubeconfig(t, `server: "ftp://localhost"`, ""), []string{`server "ftp://localhost": want https://`}},
		"a port that is none": {kubeconfig(t, `server: "https://localhost:99999"`, ""), []string{"no port has this number"}},
		"no program":          {kubeconfig(t, good, "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}"), []string{"exec names no command"}},
		"an old program":      {kubeconfig(t, good, "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: sh, interactiveMode: Never}"), []string{`apiVersion "client.authentication.k8s.io/v1alpha1", want client.authentication.k8s.io/v1 or `, "get a newer sh"}},
		"gcp":                 {kubeconfig(t, good, "auth-provider: {name: gcp}"), []string{`auth-provider "gcp": no longer supported`, "gke-gcloud-auth-plugin"}},
		"oidc":                {kubeconfig(t, good, "auth-provider: {name: oidc}"), []string{"kubelogin"}},
		"openstack":           {kubeconfig(t, good, "auth-provider: {name: openstack}"), []string{"exec plugin"}},
		"two ways":            {kubeconfig(t, good, "token: a, username: b, password: c"), []string{"more than one authentication method"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := connect(t, Options{Kubeconfig: test.file})
			wantFailure(t, err, BadInput, append(test.parts, "kubeconfig "+test.file)...)
			for _, ugly := range []string{"struct field", "scheme.go", "api.", "invalid configuration", "error loading"} {
				if strings.Contains(err.Error(), ugly) {
					t.Errorf("%q in %v", ugly, err)
				}
			}
		})
	}
}

// Whoever shows no credentials that count is told so, and nobody is told to give rights to everybody.
func TestConnectAnonymous(t *testing.T) {
	s := fakeServer(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/version" {
			return false
		}
		refuse(w, 403, "Forbidden", `namespaces "kube-system" is forbidden: User "system:anonymous" cannot get resource "namespaces" in API group "" in the namespace "kube-system"`)
		return true
	})
	key := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("x")}))
	for user, want := range map[string]string{
		"":                         "no credentials",
		"username: a, password: b": "user names and passwords are no credentials",
		"client-key-data: " + key:  "no client-certificate",
	} {
		_, err := connect(t, Options{Kubeconfig: kubeconfig(t, clusterOf(s), user)})
		wantFailure(t, err, Unreachable, "the server does not know who you are", want)
		if f, _ := errors.AsType[*Failure](err); strings.Contains(strings.Join(f.Help, " "), "create") {
			t.Errorf("%q: %q", user, f.Help)
		}
	}
	f := AsFailure(&StatusError{Code: 403, denied: &denial{User: anonymous, Verb: "get", Resource: "pods"}}, Refused)
	if strings.Contains(strings.Join(f.Help, " "), "create") {
		t.Errorf("%q", f.Help)
	}
}

// A program that brings credentials and does not end is named after a while; where nobody can be in front of it it is given up.
func TestConnectHangingPlugin(t *testing.T) {
	s := fakeServer(t, nil)
	path := writeFile(t, "get-token", "#!/bin/sh\nexec sleep 5\n")
	h := &heard{}
	config := kubeconfig(t, clusterOf(s), fmt.Sprintf("exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: Never}", path))
	w, err := findWay(Options{Kubeconfig: config})
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.client(Options{Observer: h.add})
	if err != nil {
		t.Fatal(err)
	}
	c.plugin.hint, c.plugin.limit = 50*time.Millisecond, 300*time.Millisecond
	begun := time.Now()
	err = c.identify(t.Context(), w, "")
	if took := time.Since(begun); took > 4500*time.Millisecond {
		t.Errorf("took %v", took)
	}
	wantFailure(t, err, Unreachable, "get-token, which brings the credentials, failed: it has not ended within ")
	if said := h.of(Waiting); len(said) != 1 || said[0] != "for "+path+", which brings the credentials" {
		t.Errorf("said %q", said)
	}
}

// One that is there in time is not spoken of, however slow the server is then.
func TestConnectPluginBeforeSlowServer(t *testing.T) {
	s := fakeServer(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/version" {
			time.Sleep(3500 * time.Millisecond)
		}
		return false
	})
	path := writeFile(t, "get-token", "#!/bin/sh\n"+`echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}'`+"\n")
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	h := &heard{}
	w, err := findWay(Options{Kubeconfig: kubeconfig(t, clusterOf(s), fmt.Sprintf("exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: Never}", path))})
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.client(Options{Observer: h.add})
	if err != nil {
		t.Fatal(err)
	}
	c.plugin.hint, c.plugin.limit = 3*time.Second, 3200*time.Millisecond
	if err := c.identify(t.Context(), w, ""); err != nil {
		t.Fatal(err)
	}
	if said := h.of(Waiting); len(said) != 0 {
		t.Errorf("said %q", said)
	}
}

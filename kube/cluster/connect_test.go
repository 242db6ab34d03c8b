package cluster

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd/api"
)

// fakeServer answers as an API server does, unless handle takes the request.
func fakeServer(t *testing.T, handle func(w http.ResponseWriter, r *http.Request) bool) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handle != nil && handle(w, r) {
			return
		}
		switch r.URL.Path {
		case "/version":
			fmt.Fprint(w, `{"major":"1","minor":"36","gitVersion":"v1.36.3"}`)
		case "/api/v1/namespaces/kube-system":
			fmt.Fprint(w, `{"metadata":{"name":"kube-system","uid":"the-uid"}}`)
		default:
			refuse(w, 404, "NotFound", "the server could not find the requested resource")
		}
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = quietLog
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func refuse(w http.ResponseWriter, code int, reason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"reason":%q,"message":%q}`, code, reason, message)
}

func caOf(s *httptest.Server) string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

// writeFile writes a file of the test, and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// kubeconfig writes one with a context "test" of a cluster and a user, given in YAML's flow style.
func kubeconfig(t *testing.T, cluster, user string) string {
	t.Helper()
	return writeFile(t, "config", fmt.Sprintf(`
apiVersion: v1
kind: Config
current-context: test
clusters: [{name: c, cluster: {%s}}]
users: [{name: u, user: {%s}}]
contexts: [{name: test, context: {cluster: c, user: u, namespace: shop}}, {name: prod, context: {cluster: c, user: u}}]
`, cluster, user))
}

// clusterOf is the cluster of a kubeconfig that leads to a server.
func clusterOf(s *httptest.Server) string {
	return fmt.Sprintf("server: %q, certificate-authority-data: %s", s.URL, caOf(s))
}

// connect connects with nothing of the machine's own in the way.
func connect(t *testing.T, o Options) (*Client, error) {
	t.Helper()
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	o.CacheDir = t.TempDir()
	return Connect(t.Context(), o)
}

func mustConnect(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := connect(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wantFailure looks for parts of the message and the help.
func wantFailure(t *testing.T, err error, v Verdict, parts ...string) {
	t.Helper()
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		t.Fatalf("got %v, want a Failure", err)
	}
	all := f.Error() + "\n" + strings.Join(f.Help, "\n")
	if f.Verdict != v {
		t.Errorf("verdict %d, want %d: %s", f.Verdict, v, all)
	}
	if len(f.Help) == 0 {
		t.Errorf("nothing to do: %s", all)
	}
	if strings.Contains(f.Error(), "\n") {
		t.Errorf("more than one line: %q", f.Error())
	}
	for _, p := range parts {
		if !strings.Contains(all, p) {
			t.Errorf("no %q in:\n%s", p, all)
		}
	}
}

func TestConnect(t *testing.T) {
	var agent, impersonated atomic.Value
	s := fakeServer(t, func(_ http.ResponseWriter, r *http.Request) bool {
		agent.Store(r.UserAgent())
		impersonated.Store(r.Header.Get("Impersonate-User") + " " + r.Header.Get("Authorization"))
		return false
	})
	c := mustConnect(t, Options{Kubeconfig: kubeconfig(t, clusterOf(s), "token: abc, as: jane"), UserAgent: "starctl/1.2.3", Pin: "the-uid"})
	want := Identity{Context: "test", Server: s.URL, UID: "the-uid", Version: "v1.36.3", Namespace: "shop"}
	if c.Identity() != want {
		t.Errorf("got %+v, want %+v", c.Identity(), want)
	}
	if a := agent.Load().(string); !strings.HasPrefix(a, "starctl/1.2.3 (") || !strings.HasSuffix(a, ")") {
		t.Errorf("user agent %q", a)
	}
	if got := impersonated.Load(); got != "jane Bearer abc" {
		t.Errorf("sent as %q", got)
	}
	c = mustConnect(t, Options{Kubeconfig: kubeconfig(t, clusterOf(s), "token: abc"), Context: "prod", Namespace: "mine"})
	if id := c.Identity(); id.Context != "prod" || id.Namespace != "mine" {
		t.Errorf("got %+v", id)
	}
}

func TestConnectMergesKubeconfigs(t *testing.T) {
	s := fakeServer(t, nil)
	users := writeFile(t, "users", "apiVersion: v1\nkind: Config\nusers: [{name: u, user: {token: abc}}]\n")
	rest := writeFile(t, "rest", fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters: [{name: c, cluster: {%s}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n", clusterOf(s)))
	t.Setenv("KUBECONFIG", strings.Join([]string{users, filepath.Join(t.TempDir(), "not-there"), rest}, string(os.PathListSeparator)))
	if id := mustConnect(t, Options{}).Identity(); id.Context != "x" || id.Namespace != "default" {
		t.Errorf("got %+v", id)
	}
}

func TestConnectThroughProxy(t *testing.T) {
	s := fakeServer(t, nil)
	var through atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		through.Add(1)
		to, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprint(from, "HTTP/1.1 200 OK\r\n\r\n")
		go pipe(to, from)
		go pipe(from, to)
	}))
	defer proxy.Close()
	mustConnect(t, Options{Kubeconfig: kubeconfig(t, clusterOf(s)+", proxy-url: "+fmt.Sprintf("%q", proxy.URL), "token: abc")})
	if through.Load() == 0 {
		t.Error("the proxy was not used")
	}
	_, err := connect(t, Options{Kubeconfig: kubeconfig(t, clusterOf(s)+`, proxy-url: "http://127.0.0.1:1"`, "token: abc")})
	wantFailure(t, err, Unreachable, "the proxy does not answer: connection refused", "HTTPS_PROXY")
}

func pipe(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	_ = to.Close()
}

func TestConnectServerName(t *testing.T) {
	s := fakeServer(t, nil)
	at := "server: " + fmt.Sprintf("%q", strings.Replace(s.URL, "127.0.0.1", "localhost", 1)) + ", certificate-authority-data: " + caOf(s)
	_, err := connect(t, Options{Kubeconfig: kubeconfig(t, at, "token: abc")})
	wantFailure(t, err, Unreachable, "not for this name", "tls-server-name")
	mustConnect(t, Options{Kubeconfig: kubeconfig(t, at+", tls-server-name: example.com", "token: abc")})
}

func TestConnectTokenFileAndExec(t *testing.T) {
	s := fakeServer(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "Bearer good" {
			return false
		}
		refuse(w, 401, "Unauthorized", "Unauthorized")
		return true
	})
	mustConnect(t, Options{Kubeconfig: kubeconfig(t, clusterOf(s), "tokenFile: "+writeFile(t, "token", "good"))})
	_, err := connect(t, Options{Kubeconfig: kubeconfig(t, clusterOf(s), "tokenFile: "+writeFile(t, "token", "bad"))})
	wantFailure(t, err, Unreachable, "credentials were refused", "renew the token in ")
	_, err = connect(t, Options{Kubeconfig: kubeconfig(t, clusterOf(s), "token: bad")})
	wantFailure(t, err, Unreachable, "credentials were refused", "get new ones")
	_, err = connect(t, Options{Kubeconfig: kubeconfig(t, clusterOf(s), "")})
	wantFailure(t, err, Unreachable, "credentials were refused", "no credentials")

	plugin := func(script string) string {
		path := writeFile(t, "get-token", "#!/bin/sh\n"+script+"\n")
		return kubeconfig(t, clusterOf(s), fmt.Sprintf(`exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: IfAvailable, installHint: "install it so:\n  brew install get-token"}`, path))
	}
	const answer = `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}'`
	mustConnect(t, Options{Kubeconfig: plugin(fmt.Sprintf(answer, "good"))})
	runs := filepath.Join(t.TempDir(), "runs")
	_, err = connect(t, Options{Kubeconfig: plugin("echo run >>" + runs + "; exit 3")})
	if b, err := os.ReadFile(runs); err != nil || string(b) != "run\n" {
		t.Errorf("a plugin that fails: got %q, %v, want one run", b, err)
	}
	wantFailure(t, err, Unreachable, "get-token, which brings the credentials, failed: ", "exit code 3", "brew install get-token")
	_, err = connect(t, Options{Kubeconfig: plugin("echo nonsense")})
	wantFailure(t, err, Unreachable, "which brings the credentials, failed: what it printed is no ExecCredential")
	// The first token is refused; the plugin is asked again, and the request sent again with what it says then.
	flag := filepath.Join(t.TempDir(), "asked")
	mustConnect(t, Options{Kubeconfig: plugin(fmt.Sprintf("if [ -e %s ]; then "+answer+"; else touch %[1]s; "+answer+"; fi", flag, "good", "old"))})
	_, err = connect(t, Options{Kubeconfig: plugin(fmt.Sprintf(answer, "bad"))})
	wantFailure(t, err, Unreachable, "credentials were refused", "log in anew")
}

func TestConnectBadInput(t *testing.T) {
	s := fakeServer(t, nil)
	good := clusterOf(s)
	dir := t.TempDir()
	tests := map[string]struct {
		o     Options
		parts []string
	}{
		"no such file":         {Options{Kubeconfig: filepath.Join(dir, "none")}, []string{"none: no such file", "--kubeconfig FILE"}},
		"a directory":          {Options{Kubeconfig: dir}, []string{"is a directory"}},
		"no YAML":              {Options{Kubeconfig: writeFile(t, "x", "{{{")}, []string{"kubeconfig ", "x: yaml: ", "kubectl config view"}},
		"a list":               {Options{Kubeconfig: writeFile(t, "x", "- a\n")}, []string{"x: it is no kubeconfig", "kubectl config view"}},
		"another kind of file": {Options{Kubeconfig: writeFile(t, "x", "apiVersion: v1\nkind: Pod\n")}, []string{"kubeconfig"}},
		"empty":                {Options{Kubeconfig: writeFile(t, "x", "")}, []string{"has no contexts", "name another file"}},
		"unknown context":      {Options{Kubeconfig: kubeconfig(t, good, ""), Context: "tset"}, []string{`no context "tset"`, `did you mean "test"?`, "its contexts: prod, test"}},
		"no current context":   {Options{Kubeconfig: writeFile(t, "x", "apiVersion: v1\nkind: Config\ncontexts: [{name: a, context: {cluster: c}}]\n")}, []string{"no current context", "--context a", "kubectl config use-context a --kubeconfig "}},
		"no cluster":           {Options{Kubeconfig: writeFile(t, "x", "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n")}, []string{`names cluster "c", which is not there`}},
		"no user":              {Options{Kubeconfig: writeFile(t, "x", "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: c, cluster: {server: x}}]\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n")}, []string{`names user "u", which is not there`}},
		"no certificate":       {Options{Kubeconfig: kubeconfig(t, good, "client-certificate: nope.crt, client-key: nope.key")}, []string{"client-certificate ", "nope.crt: no such file"}},
		"no authority":         {Options{Kubeconfig: kubeconfig(t, "server: x, certificate-authority: nope.crt", "")}, []string{"certificate-authority ", "nope.crt: no such file"}},
		"no token":             {Options{Kubeconfig: kubeconfig(t, good, "tokenFile: nope")}, []string{"tokenFile ", "nope: no such file"}},
		"broken certificate":   {Options{Kubeconfig: kubeconfig(t, "server: "+s.URL+", certificate-authority-data: "+base64.StdEncoding.EncodeToString([]byte("x")), "")}, []string{"context \"test\""}},
		"no plugin":            {Options{Kubeconfig: kubeconfig(t, good, `exec: {apiVersion: client.authentication.k8s.io/v1, command: nosuch-plugin, interactiveMode: Never, installHint: "see example.com"}`)}, []string{"is not there: nosuch-plugin", "see example.com"}},
		"no plugin, no hint":   {Options{Kubeconfig: kubeconfig(t, good, `exec: {apiVersion: client.authentication.k8s.io/v1, command: /nosuch/plugin, interactiveMode: Never}`)}, []string{"is not there: /nosuch/plugin", "install /nosuch/plugin"}},
		"old plugin":           {Options{Kubeconfig: kubeconfig(t, good, `exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: sh, interactiveMode: Never}`)}, []string{"v1alpha1"}},
		"auth provider":        {Options{Kubeconfig: kubeconfig(t, good, `auth-provider: {name: gcp}`)}, []string{`auth-provider "gcp"`}},
		"bad server":           {Options{Kubeconfig: kubeconfig(t, `server: "https://a b c"`, "")}, []string{"a b c"}},
		"no server":            {Options{Kubeconfig: kubeconfig(t, `insecure-skip-tls-verify: true`, "")}, []string{"server"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", "")
			_, err := connect(t, test.o)
			wantFailure(t, err, BadInput, test.parts...)
		})
	}
	t.Run("none at all", func(t *testing.T) {
		t.Setenv("KUBECONFIG", filepath.Join(dir, "none"))
		_, err := connect(t, Options{})
		wantFailure(t, err, BadInput, "no kubeconfig: there is no "+dir, "from KUBECONFIG", "export KUBECONFIG=FILE")
	})
	t.Run("in a Pod without a token", func(t *testing.T) {
		t.Setenv("KUBECONFIG", filepath.Join(dir, "none"))
		t.Setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
		t.Setenv("KUBERNETES_SERVICE_PORT", "443")
		_, err := Connect(t.Context(), Options{})
		wantFailure(t, err, BadInput, "no kubeconfig, and the Pod's service account cannot be used", "automountServiceAccountToken")
	})
}

func TestConnectUnreachable(t *testing.T) {
	good := fakeServer(t, nil)
	bare := httptest.NewServer(http.NotFoundHandler())
	defer bare.Close()
	page := fakeServer(t, func(w http.ResponseWriter, _ *http.Request) bool {
		fmt.Fprint(w, "<html>welcome</html>")
		return true
	})
	login := fakeServer(t, func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, "https://login.example/", http.StatusFound)
		return true
	})
	down := fakeServer(t, func(w http.ResponseWriter, _ *http.Request) bool {
		refuse(w, 500, "InternalError", "etcd is away")
		return true
	})
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "https://" + dead.Addr().String()
	_ = dead.Close()
	tests := map[string]struct {
		cluster string
		verdict Verdict
		parts   []string
	}{
		"refused":       {fmt.Sprintf("server: %q", refused), Unreachable, []string{"test (" + refused + "): connection refused", "on this machine running", "see what kubectl says: kubectl --kubeconfig ", "--context test version"}},
		"no such host":  {`server: "https://nosuch.invalid"`, Unreachable, []string{"no such host nosuch.invalid", "VPN"}},
		"stranger's CA": {fmt.Sprintf("server: %q", good.URL), Unreachable, []string{"not trusted", "certificate-authority"}},
		"http":          {fmt.Sprintf("server: %q", strings.Replace(bare.URL, "http:", "https:", 1)), Unreachable, []string{"does not speak TLS"}},
		"https":         {fmt.Sprintf("server: %q", strings.Replace(good.URL, "https:", "http:", 1)), Unreachable, []string{"speaks TLS", "https://"}},
		"404":           {fmt.Sprintf("server: %q", bare.URL), Unreachable, []string{"it is not Kubernetes"}},
		"a page":        {clusterOf(page), Unreachable, []string{"it is not Kubernetes"}},
		"a redirect":    {clusterOf(login), Unreachable, []string{"it is not Kubernetes: 302"}},
		"500":           {clusterOf(down), Unreachable, []string{"500 Internal Server Error: etcd is away"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			_, err := connect(t, Options{Kubeconfig: kubeconfig(t, test.cluster, "token: abc")})
			wantFailure(t, err, test.verdict, test.parts...)
			if d := time.Since(begun); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestConnectSilentServer(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as a server may")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = connect(t, Options{Kubeconfig: kubeconfig(t, fmt.Sprintf("server: %q", "https://"+l.Addr().String()), "token: abc")})
	wantFailure(t, err, Unreachable, "no answer within 10 s", "firewall")
}

func TestConnectInterrupted(t *testing.T) {
	gone := make(chan struct{})
	s := fakeServer(t, func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-gone:
		case <-r.Context().Done():
		}
		return true
	})
	defer close(gone)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := Connect(ctx, Options{Kubeconfig: kubeconfig(t, clusterOf(s), "token: abc")})
	if f, ok := errors.AsType[*Failure](err); !ok || f.Verdict != Interrupted || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A program that brings credentials may wait for a person for long: who has enough of it does not wait for its end.
func TestConnectInterruptedWithinPlugin(t *testing.T) {
	s := fakeServer(t, nil)
	path := writeFile(t, "get-token", "#!/bin/sh\nexec sleep 5\n")
	config := kubeconfig(t, clusterOf(s), fmt.Sprintf("exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: Never}", path))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	begun := time.Now()
	_, err := Connect(ctx, Options{Kubeconfig: config})
	if f, ok := errors.AsType[*Failure](err); !ok || f.Verdict != Interrupted || time.Since(begun) > 4*time.Second {
		t.Errorf("got %v after %v", err, time.Since(begun))
	}
}

func TestConnectVersions(t *testing.T) {
	for version, ok := range map[string]bool{
		"v1.27.16": false, "v1.9.0": false, "v1.27.3-gke.100": false, "v1.28.0": true, "v1.28+": true, "v1.36.3": true,
		"v1.29.1-eks-abc": true, "v1.31.0+k3s1": true, "v2.0.0": true, "strange": true,
	} {
		s := fakeServer(t, func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/version" {
				fmt.Fprintf(w, `{"gitVersion":%q}`, version)
			}
			return r.URL.Path == "/version"
		})
		_, err := connect(t, Options{Kubeconfig: kubeconfig(t, clusterOf(s), "token: abc")})
		if ok && err != nil {
			t.Errorf("%s: %v", version, err)
		}
		if !ok {
			wantFailure(t, err, BadInput, "test runs Kubernetes "+version+", want 1.28 or newer")
		}
	}
}

func TestConnectPinned(t *testing.T) {
	s := fakeServer(t, nil)
	k := kubeconfig(t, clusterOf(s), "token: abc")
	_, err := connect(t, Options{Kubeconfig: k, Pin: "another"})
	wantFailure(t, err, Refused, `wrong cluster: context "test" leads to cluster the-uid, starctl.star pins another`, "starctl targets --pin", s.URL)

	private := fakeServer(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/version" {
			return false
		}
		refuse(w, 403, "Forbidden", `namespaces "kube-system" is forbidden: User "jane" cannot get resource "namespaces" in API group "" in the namespace "kube-system"`)
		return true
	})
	k = kubeconfig(t, clusterOf(private), "token: abc")
	if id := mustConnect(t, Options{Kubeconfig: k}).Identity(); id.UID != "" {
		t.Errorf("got %+v", id)
	}
	_, err = connect(t, Options{Kubeconfig: k, Pin: "the-uid"})
	wantFailure(t, err, Unreachable, "cannot tell whether it is cluster the-uid", `user "jane" may not get namespaces`, "--verb=get --resource=namespaces")
}

func TestConnectCertificateExpired(t *testing.T) {
	w := &way{context: "c"}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: expiredCertificate(t)})
	w.user = userWithCertificate(block)
	if got := w.expiry(); got != ": the client certificate expired on 2020-01-02 03:04 UTC" {
		t.Errorf("got %q", got)
	}
	s := fakeServer(t, nil)
	good, err := x509.ParseCertificate(s.Certificate().Raw)
	if err != nil {
		t.Fatal(err)
	}
	w.user = userWithCertificate(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: good.Raw}))
	if got := w.expiry(); got != "" {
		t.Errorf("a good one: %q", got)
	}
}

var quietLog = log.New(io.Discard, "", 0)

func expiredCertificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: end.Add(-time.Hour), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func userWithCertificate(data []byte) *api.AuthInfo {
	return &api.AuthInfo{ClientCertificateData: data}
}

package faulttest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/starctl/starctl/internal/clustertest"
)

// Where starctl runs may be as unfriendly as the network: a file system that cannot be written to, a user without a home, a Pod.

// within makes all runs happen in a mount namespace of their own: script prepares it as root, and runs starctl as "$@".
func (s *site) within(script string) {
	s.t.Helper()
	if os.Getuid() != 0 || exec.Command("unshare", "-m", "true").Run() != nil {
		s.t.Skip("SKIPPED: mount namespaces need root on Linux, and this is not tested anywhere else")
	}
	wrapper := filepath.Join(s.t.TempDir(), "starctl")
	text := fmt.Sprintf("#!/bin/sh\nset -eu\nSTARCTL=%s\nexport STARCTL\nexec unshare -m sh -euc '%s' sh \"$@\"\n", filepath.Dir(s.prog.Path), script)
	if err := os.WriteFile(wrapper, []byte(text), 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.prog.Path = wrapper
}

// one checks that a run ended so, and said why in one message.
func (s *site) one(r clustertest.Result, code int, texts ...string) {
	s.t.Helper()
	s.want(r, code, texts...)
	if n := strings.Count(r.Stderr, "starctl: "); code > 1 && n != 1 {
		s.t.Errorf("got %d messages, want 1:\n%s", n, r.Stderr)
	}
}

// TestReadOnly: a user without rights and without a home, on a file system that is read-only as a whole, as hardened Pods have it. All
// that writes no file works, and what would says which file it is.
func TestReadOnly(t *testing.T) {
	s := newSite(t)
	s.within(`
		mount -t tmpfs none /mnt
		cp "$KUBECONFIG" /mnt/kubeconfig
		cp deploy.star "$STARCTL"/starctl "$STARCTL"/starctl-cluster /mnt
		chmod -R a+rX /mnt
		cd /mnt
		for m in $(cut -d" " -f5 /proc/self/mountinfo | sort -ru); do mount -o remount,bind,ro "$m" 2>/dev/null || true; done
		for d in /mnt /tmp /var/tmp; do if touch $d/written 2>/dev/null; then echo "$d can be written to"; exit 99; fi; done
		export KUBECONFIG=/mnt/kubeconfig
		unset HOME XDG_CACHE_HOME
		exec setpriv --reuid=65534 --regid=65534 --clear-groups ./starctl "$@"
	`)
	s.deploy(settings("a", "1"))
	none := "read-only file system"
	s.one(s.run("diff"), 1)
	s.one(s.run("diff", "--save", "plan.json"), badInput, "--save plan.json: the plan could not be kept: "+none)
	s.one(s.prog.Run(t, "render", "--output-dir", "out"), badInput, "out: "+none)
	s.one(s.prog.Run(t, "init", "shop"), badInput, "shop: "+none)
	s.want(s.prog.Run(t, "test", "--update"), 1, none)
	s.one(s.prog.Run(t, "fmt", "deploy.star"), done)
	if s.there("ConfigMap", "starctl-shop") {
		t.Error("something was written")
	}
	s.one(s.apply(), done, "1 created")
	s.deploy(settings("a", "2"))
	s.one(s.run("apply", "--json"), done, `"event":"changed"`)
	s.one(s.run("status"), done, "healthy")
	s.one(s.run("history"), done, "1 changed")
	s.one(s.run("rollback"), done, "1 changed")
	s.one(s.run("delete"), done, "1 deleted")
}

// TestFullDisk: what does not fit is said once, and no part of it is left behind.
func TestFullDisk(t *testing.T) {
	s := newSite(t)
	s.within(`
		mount -t tmpfs -o size=64k none /mnt
		cp deploy.star /mnt
		mkdir /mnt/home
		export HOME=/mnt/home
		unset XDG_CACHE_HOME
		cd /mnt
		dd if=/dev/zero of=fill bs=1k count=100 2>/dev/null || true
		find . | sort >/tmp/before.$$
		code=0
		"$STARCTL"/starctl "$@" || code=$?
		find . | sort | grep -v "^./home/" >/tmp/after.$$ # what is empty there does no harm
		if ! cmp -s /tmp/before.$$ /tmp/after.$$; then cat /tmp/after.$$; code=98; fi
		if find home -type f | grep .; then code=97; fi
		rm -f /tmp/before.$$ /tmp/after.$$
		exit $code
	`)
	s.deploy(settings("a", "1"))
	none := "no space left on device"
	s.one(s.run("diff"), 1)
	s.one(s.run("diff", "--save", "plan.json"), badInput, "--save plan.json: the plan could not be kept: "+none)
	s.one(s.prog.Run(t, "render", "--output-dir", "out"), badInput, none)
	s.one(s.prog.Run(t, "render", "--output-dir", "."), badInput, none)
	s.one(s.prog.Run(t, "init", "shop"), badInput, none)
	s.one(s.prog.Run(t, "init"), badInput)
	s.one(s.apply(), done, "1 created")
	s.one(s.run("status"), done, "healthy")
	s.one(s.run("delete"), done, "1 deleted")
}

// pod is what a Pod's service account finds in its file system.
func (s *site) pod() (dir string) {
	s.t.Helper()
	s.Create(s.t, clustertest.Object{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": map[string]any{"name": "deployer", "namespace": s.ns}})
	s.Create(s.t, clustertest.Object{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": map[string]any{"name": "deployer", "namespace": s.ns},
		"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
		"subjects": []any{map[string]any{"kind": "ServiceAccount", "namespace": s.ns, "name": "deployer"}},
	})
	dir = s.t.TempDir()
	s.write(dir, "namespace", []byte(s.ns))
	s.write(dir, "ca.crt", s.authorityOf(s.Kubeconfig))
	return dir
}

func (s *site) write(dir, name string, text []byte) {
	s.t.Helper()
	tmp := filepath.Join(dir, ".new") // renamed, as kubelets do
	if err := os.WriteFile(tmp, text, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, name)); err != nil {
		s.t.Fatal(err)
	}
}

// authorityOf is the certificate of the authority that a kubeconfig trusts.
func (s *site) authorityOf(kubeconfig string) []byte {
	s.t.Helper()
	var k struct {
		Clusters []struct {
			Cluster struct {
				CA string `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
	}
	text, err := os.ReadFile(kubeconfig)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &k); err != nil {
		s.t.Fatal(err)
	}
	ca, err := base64.StdEncoding.DecodeString(k.Clusters[0].Cluster.CA)
	if err != nil {
		s.t.Fatal(err)
	}
	return ca
}

// token asks for a token of the account, which is good until a Secret is deleted.
func (s *site) token(secret string) []byte {
	s.t.Helper()
	made := s.Create(s.t, clustertest.Object{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": secret, "namespace": s.ns}})
	body := fmt.Sprintf(`{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":600,"boundObjectRef":{"apiVersion":"v1","kind":"Secret","name":%q,"uid":%q}}}`, secret, made.UID())
	code, answer, err := s.Do(http.MethodPost, "/api/v1/namespaces/"+s.ns+"/serviceaccounts/deployer/token", "application/json", []byte(body))
	if err != nil || code != http.StatusCreated {
		s.t.Fatalf("%d %s %v", code, answer, err)
	}
	var o clustertest.Object
	if err := json.Unmarshal(answer, &o); err != nil {
		s.t.Fatal(err)
	}
	return []byte(o.Text("status", "token"))
}

// TestInsidePod: without a kubeconfig a Pod's service account is used, and when its token is renewed during a long wait, the new one.
func TestInsidePod(t *testing.T) {
	s := newSite(t)
	dir := s.pod()
	server, err := url.Parse(s.Server())
	if err != nil {
		t.Fatal(err)
	}
	s.prog.Kubeconfig = ""
	s.prog.Env = []string{"KUBERNETES_SERVICE_HOST=" + server.Hostname(), "KUBERNETES_SERVICE_PORT=" + server.Port(), "ACCOUNT=" + dir}
	s.within(`
		run=$(readlink -f /var/run)
		mount -t tmpfs none "$run"
		mkdir -p "$run"/secrets/kubernetes.io
		ln -s "$ACCOUNT" "$run"/secrets/kubernetes.io/serviceaccount
		exec "$STARCTL"/starctl "$@"
	`)
	s.one(s.prog.Run(t, "status"), badInput, "deploy.star: no such file")
	s.deploy(settings("a", "1"))
	s.one(s.prog.Run(t, "diff"), badInput, "the Pod's service account cannot be used: ", "token: no such file", "automountServiceAccountToken")
	s.write(dir, "token", nil)
	s.one(s.prog.Run(t, "diff"), badInput, "the Pod's service account: ", "token is empty")
	s.write(dir, "token", []byte("nonsense"))
	s.one(s.prog.Run(t, "diff"), unreachable, "in-cluster (", "the credentials were refused", "was the service account deleted?")

	s.write(dir, "token", s.token("first"))
	s.want(s.prog.Run(t, "apply", "--yes"), done, "in-cluster: 1 created, healthy")
	if !s.there("ConfigMap", "starctl-shop") {
		t.Error("it is not in the namespace of the Pod")
	}
	// The server believes in a token for 10 s after it has looked at it.
	s.deploy(settings("a", "2"), `deployment("b", image = "shop/b:v1", pod_annotations = {"testcluster/ready-after": "16s"})`)
	run := s.prog.Start(t, "apply", "--yes")
	clustertest.Eventually(t, 20*time.Second, "Deployment b", func() bool { return s.there("Deployment", "b") })
	s.write(dir, "token", s.token("second"))
	s.Delete(t, "Secret", s.ns, "first")
	s.want(run.Wait(t), done, "1 created, 1 changed, healthy")
	s.want(s.prog.Run(t, "delete", "--yes"), done, "2 deleted")
}

// connectProxy leads every CONNECT to the API server, whatever it asks for, and counts them.
func (s *site) connectProxy(through *atomic.Int32, wanted string) string {
	s.t.Helper()
	server, err := url.Parse(s.Server())
	if err != nil {
		s.t.Fatal(err)
	}
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") != wanted {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		through.Add(1)
		to, err := net.Dial("tcp", server.Host)
		if err != nil {
			return
		}
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		fmt.Fprint(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
		_, _ = io.Copy(from, to)
		_ = from.Close()
	}))
	s.t.Cleanup(p.Close)
	return p.URL
}

// TestProxies: HTTPS_PROXY, NO_PROXY and proxy-url mean what they mean to kubectl.
func TestProxies(t *testing.T) {
	s := newSite(t)
	s.deploy(settings("a", "1"))
	var through atomic.Int32
	proxy := s.connectProxy(&through, "")
	// A name that only the proxy knows: servers on this machine are never asked for through one.
	text, err := os.ReadFile(s.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := func(more string) string {
		file := filepath.Join(t.TempDir(), "kubeconfig")
		out := strings.Replace(string(text), s.Server(), "https://api.invalid:6443\n    tls-server-name: 127.0.0.1"+more, 1)
		if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	s.prog.Kubeconfig = kubeconfig("")
	run := func(env ...string) clustertest.Result {
		through.Store(0)
		s.prog.Env = env
		return s.run("diff")
	}
	passed := func(what string, want bool) {
		t.Helper()
		if n := through.Load(); n > 0 != want {
			t.Errorf("%s: %d connections through the proxy", what, n)
		}
	}
	s.one(run(), unreachable, "no such host api.invalid")
	s.one(run("HTTPS_PROXY="+proxy), 1)
	passed("HTTPS_PROXY", true)
	s.one(run("https_proxy="+proxy), 1)
	passed("https_proxy", true)
	s.one(run("HTTP_PROXY="+proxy), unreachable, "no such host api.invalid")
	for _, not := range []string{"api.invalid", ".invalid", "*", "api.invalid:6443"} {
		s.one(run("HTTPS_PROXY="+proxy, "NO_PROXY="+not), unreachable, "no such host api.invalid")
		passed("NO_PROXY="+not, false)
	}
	s.one(run("HTTPS_PROXY=http://127.0.0.1:1"), unreachable, "the proxy does not answer: connection refused", "HTTPS_PROXY and NO_PROXY")

	s.prog.Kubeconfig = kubeconfig("\n    proxy-url: " + proxy)
	s.one(run(), 1)
	passed("proxy-url", true)
	s.one(run("HTTPS_PROXY=http://127.0.0.1:1", "NO_PROXY=*"), 1)
	passed("proxy-url against HTTPS_PROXY", true)

	shut := s.connectProxy(&through, "Basic "+base64.StdEncoding.EncodeToString([]byte("me:secret")))
	s.prog.Kubeconfig = kubeconfig("")
	r := run("HTTPS_PROXY=" + shut)
	s.one(r, unreachable, "the proxy refuses the connection: Proxy Authentication Required", "HTTPS_PROXY and NO_PROXY")
	s.one(run("HTTPS_PROXY="+strings.Replace(shut, "http://", "http://me:secret@", 1)), 1)
	r = run("HTTPS_PROXY=" + strings.Replace(shut, "http://", "http://me:wrong-one@", 1))
	s.one(r, unreachable)
	if strings.Contains(r.Stderr, "wrong-one") {
		t.Errorf("the password is told: %s", r.Stderr)
	}
}

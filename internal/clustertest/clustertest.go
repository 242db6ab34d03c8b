// Package clustertest is how tests use the test cluster (internal/testcluster): it finds the one that runs, gives each test a
// namespace and users of its own, and puts a proxy between a program and the API server that counts requests, records them, and
// answers, loses or holds back those that a test picks.
//
//	c := clustertest.Start(t)         // skips where no cluster runs
//	ns := c.Namespace(t)
//	p := c.Proxy(t)                   // p.Kubeconfig is what the program under test is given
//	p.On(clustertest.Verb("patch"), clustertest.LoseReply()).Once()
//
// A cluster is never started from within a test: TESTCLUSTER_DIR says where one runs, and testcluster run sets it. The
// kubeconfig of whoever runs the tests is never read.
//
// Read clustertest.go, api.go (objects, plainly), proxy.go, fault.go, process.go.
package clustertest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Cluster is the test cluster that runs.
type Cluster struct {
	*API // as its administrator

	Dir        string
	Kubeconfig string // of its administrator
	Nobody     string // kubeconfig of a user without any right
	authority  *authority
}

// Start returns the cluster of TESTCLUSTER_DIR. Without one the test is skipped, or fails where TESTCLUSTER_REQUIRED is set.
func Start(t testing.TB) *Cluster {
	t.Helper()
	dir := os.Getenv("TESTCLUSTER_DIR")
	if dir == "" {
		if os.Getenv("TESTCLUSTER_REQUIRED") != "" {
			t.Fatal("no test cluster, and TESTCLUSTER_REQUIRED is set: run the tests under testcluster run, as make faults does")
		}
		t.Skip("no test cluster: make faults builds one, and runs the tests under it")
	}
	c, err := open(dir)
	if err != nil {
		t.Fatalf("the test cluster of %s: %v", dir, err)
	}
	return c
}

func open(dir string) (*Cluster, error) {
	c := &Cluster{Dir: dir, Kubeconfig: filepath.Join(dir, "admin.kubeconfig"), Nobody: filepath.Join(dir, "nobody.kubeconfig")}
	var err error
	if c.authority, err = readAuthority(filepath.Join(dir, "pki")); err != nil {
		return nil, err
	}
	c.API, err = NewAPI(c.Kubeconfig)
	return c, err
}

// Binary is the program that runs the cluster, for tests that start another.
func (c *Cluster) Binary(t testing.TB) string {
	t.Helper()
	bin := os.Getenv("TESTCLUSTER_BIN")
	if bin == "" {
		t.Skip("TESTCLUSTER_BIN is not set: the cluster was not started by testcluster run")
	}
	return bin
}

// Name returns a name that no other test has: "t-" and a few random digits.
func Name() string {
	b := make([]byte, 5)
	_, _ = rand.Read(b)
	return "t-" + hex.EncodeToString(b)
}

// Namespace makes a namespace for the test alone, which is deleted at its end; nobody waits until it is gone.
func (c *Cluster) Namespace(t testing.TB) string {
	t.Helper()
	name := Name()
	c.Create(t, Object{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name, "labels": map[string]any{"clustertest": "true"}}})
	t.Cleanup(func() { c.Delete(t, "Namespace", "", name) })
	// A Pod needs the account, which a controller makes.
	if os.Getenv("TESTCLUSTER_API_ONLY") == "" {
		Eventually(t, 20*time.Second, "the default account of "+name, func() bool { return c.Get(t, "ServiceAccount", name, "default") != nil })
	}
	return name
}

// Eventually asks until the answer is yes, and fails the test if it never is.
func Eventually(t testing.TB, limit time.Duration, what string, ask func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ask(); time.Sleep(25 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %s", what, limit)
		}
	}
}

// Right is a rule of RBAC: the verbs, on resources written as kubectl does, deployments.apps. A Namespace that is empty is all.
type Right struct {
	Namespace string
	Verbs     []string
	Resources []string
	Names     []string // of the objects, if not all
}

// User makes a user with these rights and no others, and returns the path of a kubeconfig.
func (c *Cluster) User(t testing.TB, rights ...Right) string {
	t.Helper()
	user := Name()
	for i, r := range rights {
		c.grant(t, fmt.Sprintf("%s-%d", user, i), user, r)
	}
	p, err := c.authority.client(user)
	if err != nil {
		t.Fatal(err)
	}
	return writeKubeconfig(t, kubeconfig{Server: c.Server(), CA: c.authority.pem, Cert: p.cert, Key: p.key})
}

func (c *Cluster) grant(t testing.TB, name, user string, r Right) {
	t.Helper()
	var rules []any
	for _, res := range r.Resources {
		plural, group, _ := strings.Cut(res, ".")
		rule := map[string]any{"apiGroups": []string{group}, "resources": []string{plural}, "verbs": r.Verbs}
		if r.Names != nil {
			rule["resourceNames"] = r.Names
		}
		rules = append(rules, rule)
	}
	prefix := "Cluster"
	meta := map[string]any{"name": name}
	if r.Namespace != "" {
		prefix = ""
		meta["namespace"] = r.Namespace
	}
	const group = "rbac.authorization.k8s.io"
	c.Create(t, Object{"apiVersion": group + "/v1", "kind": prefix + "Role", "metadata": meta, "rules": rules})
	c.Create(t, Object{
		"apiVersion": group + "/v1", "kind": prefix + "RoleBinding", "metadata": meta,
		"roleRef":  map[string]any{"apiGroup": group, "kind": prefix + "Role", "name": name},
		"subjects": []any{map[string]any{"apiGroup": group, "kind": "User", "name": user}},
	})
	if r.Namespace == "" {
		t.Cleanup(func() {
			c.Delete(t, "ClusterRoleBinding", "", name)
			c.Delete(t, "ClusterRole", "", name)
		})
	}
}

// Serve runs an HTTPS server on 127.0.0.1 until the test ends: a webhook, say. It returns its URL and the certificate of the
// authority that the API server is told to trust, in base64.
func (c *Cluster) Serve(t testing.TB, h http.Handler) (url, caBundle string) {
	t.Helper()
	cert, err := c.authority.serverCertificate()
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h}
	t.Cleanup(func() { _ = s.Close() })
	return listen(t, s, cert), base64Of(c.authority.pem)
}

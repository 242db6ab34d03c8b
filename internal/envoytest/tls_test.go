package envoytest

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/starctl/starctl/envoy"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// mutual serves with a certificate of ca for name, to clients that ca knows.
func mutual(t *testing.T, ca *Authority, name string) grpc.ServerOption {
	t.Helper()
	cert, err := ca.Issue(name)
	if err != nil {
		t.Fatal(err)
	}
	return grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{cert}, ClientCAs: ca.Pool(), ClientAuth: tls.RequireAndVerifyClientCert,
	}))
}

func authority(t *testing.T) *Authority {
	t.Helper()
	a, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Certificates of a mounted Secret are read again when the Secret changes; no one else's are trusted, and no other name's.
func TestTLSRotation(t *testing.T) {
	t.Parallel()
	mount := &Mount{Dir: t.TempDir()}
	old, next := authority(t), authority(t)
	put := func(a *Authority) {
		cert, err := a.Issue("client")
		if err == nil {
			err = mount.Put(a, cert)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put(old)
	c := config()
	c.Dir = t.TempDir()
	c.Upstreams[0].TLS = &envoy.TLS{CA: mount.Dir + "/ca.crt", Cert: mount.Dir + "/tls.crt", Key: mount.Dir + "/tls.key"}
	if err := WriteFiles(c); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, c)
	first, second, other := w.pod(1, mutual(t, old, svc0)), w.pod(2, mutual(t, next, svc0)), w.pod(3, mutual(t, old, "ledger.ns.svc.cluster.local"))
	w.publish(svc0, first)
	w.start()
	conn := w.dial(10001)
	try := func() *Result { return Load{Calls: 20, Workers: 1}.Run(t.Context(), conn) }

	if res := try(); res.OK() != 20 {
		t.Fatalf("with the first certificates: %v", res)
	}
	w.publish(svc0, other)
	w.eventually(12*time.Second, "calls fail where the certificate bears another name", func() bool { return try().OK() == 0 })

	w.publish(svc0, second)
	w.eventually(12*time.Second, "the other Pod", func() bool { return w.envoy.Hosts("svc0")[second.Addr.String()] != "" })
	w.eventually(5*time.Second, "calls fail where the authority is not trusted", func() bool { return try().OK() == 0 })

	put(next)
	d := w.eventually(20*time.Second, "calls succeed with the new certificates", func() bool { return try().Failed() == 0 })
	t.Logf("rotated within %v; %v", d, w.envoy.Stats(`cluster\.svc0\.ssl\.`))
	if n := w.envoy.Stats(`.`)["cluster.svc0.ssl.fail_verify_san"]; n == 0 {
		t.Error("no failed name was counted")
	}
}

// The remote region speaks TLS, the Pods here do not.
func TestFailoverToTLS(t *testing.T) {
	t.Parallel()
	ca := authority(t)
	cert, err := ca.Issue("client")
	mount := &Mount{Dir: t.TempDir()}
	if err == nil {
		err = mount.Put(ca, cert)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := config()
	c.Dir = t.TempDir()
	c.Upstreams[0].Failover = []envoy.Endpoint{{
		Address: remote + ":8080", Authority: "svc0.eu.example.com",
		TLS: &envoy.TLS{CA: mount.Dir + "/ca.crt", Cert: mount.Dir + "/tls.crt", Key: mount.Dir + "/tls.key", ServerName: remote},
	}}
	if err := WriteFiles(c); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, c)
	local, far := w.pod(1), w.pod(50, mutual(t, ca, remote))
	w.publish(svc0, local)
	w.publish(remote, far)
	w.start()
	conn := w.dial(10001)
	if res := (Load{Calls: 50}).Run(t.Context(), conn); res.By[local.Addr.Addr().String()] != 50 {
		t.Errorf("all is well: %v", res)
	}
	w.publish(svc0)
	w.waitHosts("svc0", 1, 10*time.Second)
	w.eventually(5*time.Second, "calls reach the remote through TLS", func() bool {
		res := Load{Calls: 20}.Run(t.Context(), conn)
		return res.By[far.Addr.Addr().String()] == 20
	})
}

package envoytest

import (
	"crypto/tls"
	"testing"
	"time"

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

// secret is a mounted Secret.
func (w *world) secret() (put func(*Authority)) {
	w.Helper()
	m := &Mount{Dir: w.TempDir()}
	w.mounts["/certs"] = m.Dir
	return func(a *Authority) {
		w.Helper()
		cert, err := a.Issue("client")
		var files map[string][]byte
		if err == nil {
			files, err = Secret(a, cert)
		}
		if err == nil {
			err = m.Put(files)
		}
		if err != nil {
			w.Fatal(err)
		}
	}
}

// Certificates of a mounted Secret are read again when the Secret changes; no one else's are trusted, and no other name's.
func TestTLSRotation(t *testing.T) {
	t.Parallel()
	old, next := authority(t), authority(t)
	w := deploy(t, declareCerts(`envoy.upstream("svc0", port = 8080, tls = certs)`))
	put := w.secret()
	put(old)
	first, second, other := w.pod(1, mutual(t, old, svc0)), w.pod(2, mutual(t, next, svc0)), w.pod(3, mutual(t, old, "ledger.ns.svc.cluster.local"))
	w.publish(svc0, first)
	w.start()
	conn := w.dial(10001)
	try := func() *Result { return Load{Calls: 20, Workers: 1}.Run(t.Context(), conn) }

	if res := try(); res.OK() != 20 {
		t.Fatalf("with the first certificates: %v", res)
	}
	w.publish(svc0, other)
	w.eventually(20*time.Second, "calls fail where the certificate bears another name", func() bool { return try().OK() == 0 })
	if n := w.envoy.Stats(`.`)["cluster.svc0.ssl.fail_verify_san"]; n == 0 {
		t.Error("no failed name was counted")
	}

	w.publish(svc0, second)
	w.eventually(20*time.Second, "the other Pod", func() bool { return w.envoy.Hosts("svc0")[second.Addr.String()] != "" })
	w.eventually(20*time.Second, "calls fail where the authority is not trusted", func() bool { return try().OK() == 0 })

	put(next)
	d := w.eventually(30*time.Second, "calls succeed with the new certificates", func() bool { return try().Failed() == 0 })
	t.Logf("rotated within %v; %v", d, w.envoy.Stats(`cluster\.svc0\.ssl\.`))
}

// The remote region speaks TLS, the Pods here do not; and back.
func TestFailoverToTLS(t *testing.T) {
	t.Parallel()
	ca := authority(t)
	w := deploy(t, declareCerts(`envoy.upstream("svc0", port = 8080, failover = [envoy.endpoint(
        "`+remote+`:8080", authority = "svc0.eu.example.com",
        tls = envoy.tls(ca = "/certs/ca.crt", cert = "/certs/tls.crt", key = "/certs/tls.key", server_name = "`+remote+`"))])`))
	w.secret()(ca)
	local, far := w.pod(1), w.pod(50, mutual(t, ca, remote))
	w.publish(svc0, local)
	w.publish(remote, far)
	w.start()
	conn := w.dial(10001)
	allAt := func(b *Backend) func() bool {
		return func() bool {
			res := Load{Calls: 20}.Run(t.Context(), conn)
			return res.By[b.Addr.Addr().String()] == 20
		}
	}
	w.eventually(10*time.Second, "all is well", allAt(local))
	w.publish(svc0)
	w.eventually(20*time.Second, "calls reach the remote through TLS", allAt(far))
	if md, _ := far.Last(); md.Get(":authority")[0] != "svc0.eu.example.com" {
		t.Errorf("the remote saw %v, want its own authority", md.Get(":authority"))
	}
	w.publish(svc0, local)
	w.eventually(20*time.Second, "calls are local again", allAt(local))
}

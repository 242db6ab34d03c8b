package clustertest

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Proxy stands between a program and the API server. It knows what each request asks for, and its rules say what becomes of
// those that match. It speaks HTTP/2 and HTTP/1.1 over TLS, as the server does, and acts for one user, whoever asks.
type Proxy struct {
	Kubeconfig string // that leads to the proxy

	upstream http.RoundTripper
	target   *url.URL
	turn     sync.Mutex // of writes, if they go one by one

	mu       sync.Mutex
	rules    []*Rule
	requests []*Request
	serial   bool
	slim     bool
	cut      bool
	open     map[net.Conn]bool
}

// Proxy starts one that acts for the administrator, until the test ends.
func (c *Cluster) Proxy(t testing.TB) *Proxy {
	t.Helper()
	return c.ProxyFor(t, c.Kubeconfig)
}

// ProxyFor starts one that acts for the user of a kubeconfig.
func (c *Cluster) ProxyFor(t testing.TB, path string) *Proxy {
	t.Helper()
	k, err := readKubeconfig(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := k.tls()
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(k.Server)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{
		target: target, open: map[net.Conn]bool{},
		upstream: &http.Transport{TLSClientConfig: cfg, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64},
	}
	cert, err := c.authority.serverCertificate()
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: p, ConnState: p.connState}
	address := listen(t, s, cert)
	t.Cleanup(func() {
		p.Cut()
		_ = s.Close()
		p.upstream.(*http.Transport).CloseIdleConnections()
	})
	k.Server = address
	p.Kubeconfig = writeKubeconfig(t, k)
	return p
}

// listen runs a server on a port of 127.0.0.1 in the background.
func listen(t testing.TB, s *http.Server, cert tls.Certificate) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	s.ReadHeaderTimeout, s.ErrorLog = 10*time.Second, log.New(io.Discard, "", 0)
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }
	go func() { _ = s.ServeTLS(ln, "", "") }()
	return "https://" + ln.Addr().String()
}

type connKey struct{}

func (p *Proxy) connState(c net.Conn, s http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch s {
	case http.StateNew:
		p.open[c] = true
	case http.StateClosed, http.StateHijacked:
		delete(p.open, c)
	}
}

// OneByOne lets writes through one after the other, so that "before the third write" is a state of the cluster. A write that
// has reached the server is done there, even if whoever sent it dies.
func (p *Proxy) OneByOne() *Proxy {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serial = true
	return p
}

// Slim keeps no bodies of requests.
func (p *Proxy) Slim() *Proxy {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slim = true
	return p
}

// Cut breaks all connections, and lets nothing through any more.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for c := range p.open {
		reset(c)
	}
}

func reset(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}

// Forget forgets the requests so far and all rules.
func (p *Proxy) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests, p.rules = nil, nil
}

// Requests returns those so far that match, in the order in which they came.
func (p *Proxy) Requests(m Match) []*Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []*Request
	for _, q := range p.requests {
		if m(q) {
			list = append(list, q)
		}
	}
	return list
}

// Count counts the requests so far that match.
func (p *Proxy) Count(m Match) int { return len(p.Requests(m)) }

// Summary counts the requests so far by verb and resource, a line each.
func (p *Proxy) Summary() string {
	counts := map[string]int{}
	for _, q := range p.Requests(Any) {
		counts[q.Kind()]++
	}
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "%6d %s\n", counts[k], k)
	}
	return b.String()
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, err := parseRequest(r)
	if err != nil {
		return // the program is gone
	}
	x := &Exchange{Request: q, proxy: p, w: w, r: r, body: q.Body}
	rule, serial := p.admit(x)
	if serial {
		defer p.turn.Unlock()
	}
	switch {
	case p.isCut():
		x.Break()
	case rule != nil:
		rule.fault(x)
	default:
		x.Pass()
	}
}

// admit records a request, waits for its turn, and finds the rule for it.
func (p *Proxy) admit(x *Exchange) (rule *Rule, serial bool) {
	p.mu.Lock()
	serial = p.serial && x.Request.Write()
	p.mu.Unlock()
	if serial {
		p.turn.Lock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		return nil, serial
	}
	if p.slim {
		x.Request.Body = nil
	}
	p.requests = append(p.requests, x.Request)
	for _, r := range slices.Backward(p.rules) {
		if r.takes(x.Request) {
			return r, serial
		}
	}
	return nil, serial
}

func (p *Proxy) isCut() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cut
}

// Exchange is a request on its way, in the hands of a fault.
type Exchange struct {
	Request *Request

	proxy *Proxy
	w     http.ResponseWriter
	r     *http.Request
	body  []byte
}

// Gone is closed when whoever sent the request waits no longer.
func (x *Exchange) Gone() <-chan struct{} { return x.r.Context().Done() }

// Pass sends the request to the server and its answer back.
func (x *Exchange) Pass() {
	if a := x.Send(); a != nil {
		x.Reply(a)
	}
}

// Send sends the request to the server; the answer is not sent back yet. It is nil where the server did not answer, because
// the program did not wait.
func (x *Exchange) Send() *http.Response {
	ctx := x.r.Context()
	if x.Request.Write() {
		ctx = context.WithoutCancel(ctx)
	}
	out := x.r.Clone(ctx)
	out.URL.Scheme, out.URL.Host, out.Host, out.RequestURI = x.proxy.target.Scheme, x.proxy.target.Host, x.proxy.target.Host, ""
	out.Header.Del("Connection")
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(x.body)), int64(len(x.body))
	if len(x.body) == 0 {
		out.Body = http.NoBody
	}
	a, err := x.proxy.upstream.RoundTrip(out)
	if err != nil {
		if x.r.Context().Err() == nil {
			x.Break()
		}
		return nil
	}
	x.proxy.mu.Lock()
	x.Request.Code = a.StatusCode
	x.proxy.mu.Unlock()
	return a
}

// Reply sends the server's answer back, as it comes.
func (x *Exchange) Reply(a *http.Response) {
	defer a.Body.Close()
	maps.Copy(x.w.Header(), a.Header)
	x.w.Header().Del("Connection")
	x.w.WriteHeader(a.StatusCode)
	flush := http.NewResponseController(x.w)
	buf := make([]byte, 32<<10)
	for {
		n, err := a.Body.Read(buf)
		if n > 0 {
			if _, err := x.w.Write(buf[:n]); err != nil {
				return
			}
			_ = flush.Flush()
		}
		if err == io.EOF || x.r.Context().Err() != nil { // the end, or a watch that nobody follows any more
			return
		}
		if err != nil {
			x.Break()
			return
		}
	}
}

// Answer answers in the server's place, with a Status as the server would send.
func (x *Exchange) Answer(code int, header http.Header, body string) {
	x.w.Header().Set("Content-Type", "application/json")
	maps.Copy(x.w.Header(), header)
	x.w.WriteHeader(code)
	_, _ = io.WriteString(x.w, body)
}

// Break resets the connection that the request came on, and with it all other requests on it.
func (x *Exchange) Break() {
	if c, ok := x.r.Context().Value(connKey{}).(net.Conn); ok {
		reset(c)
	}
}

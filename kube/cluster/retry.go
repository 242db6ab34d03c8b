package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// retryPolicy bounds how long and how often a request is sent again.
type retryPolicy struct {
	time   time.Duration // from the first try to the last
	tries  int
	pause  time.Duration // after the first try; it doubles
	most   time.Duration // of a pause
	faults int           // tries of what the server calls an internal error
}

// The default outlasts the restart of a server. An internal error that comes a third time is no accident.
var patient = retryPolicy{time: time.Minute, tries: 20, pause: 100 * time.Millisecond, most: 5 * time.Second, faults: 3}

// networkError is that there is no answer, or only a part of one.
type networkError struct{ err error }

func (e *networkError) Error() string { return "no answer from the server: " + networkText(e.err) }
func (e *networkError) Unwrap() error { return e.err }

func isNetwork(err error) bool {
	_, ok := errors.AsType[*networkError](err)
	return ok
}

// isBroken recognises an answer that ended in the middle.
func isBroken(err error) bool {
	if err == nil {
		return false
	}
	if _, ok := errors.AsType[*callerError](err); ok {
		return false
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errNoAnswer) || errors.Is(err, syscall.ECONNRESET) {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return strings.HasPrefix(err.Error(), "http2: ") || strings.HasPrefix(err.Error(), "stream error: ")
}

// tries is how often and since when a request was sent.
type tries struct {
	policy retryPolicy
	begun  time.Time
	count  int
	faults int
}

// next decides whether a request is sent again after an error, and when.
func (t *tries) next(c *Client, q *request, err error) (time.Duration, bool) {
	t.count++
	why, again := t.worth(c, q, err)
	if !again || t.count >= t.policy.tries {
		return 0, false
	}
	pause := t.backoff()
	if e := statusOf(err); e != nil && e.RetryAfter > 0 {
		// As long as the server asks for, and everybody else waits as well: it is the server that is busy, not the object.
		pause = e.RetryAfter + jitter(min(e.RetryAfter, t.policy.most)/4)
		if e.Code == http.StatusTooManyRequests {
			c.gate.close(e.RetryAfter)
		}
	}
	left := t.policy.time - time.Since(t.begun)
	if pause > left {
		return 0, false
	}
	if pause >= time.Second || time.Since(t.begun) > time.Second {
		c.waiting(why, pause, left)
	}
	return pause, true
}

// backoff doubles from try to try. It is scattered, so that what failed together does not come back together.
func (t *tries) backoff() time.Duration {
	d := t.policy.pause << min(t.count-1, 16)
	d = min(d, t.policy.most)
	return d/2 + jitter(d/2)
}

func jitter(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return rand.N(most)
}

// worth decides whether an error may pass, and whether the request may be sent again after it.
func (t *tries) worth(c *Client, q *request, err error) (why string, again bool) {
	if isNetwork(err) {
		return err.Error(), !isPermanent(err) && !q.first && (q.again || neverSent(err))
	}
	e := statusOf(err)
	if e == nil {
		return "", false
	}
	switch e.Code {
	case http.StatusTooManyRequests:
		return "the server asks to slow down", e.Reason != "Invalid" // it has done nothing yet
	case http.StatusUnauthorized:
		t.faults++
		return "the credentials are renewed", c.renews && t.faults == 1 // refused before anything was done
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusBadGateway:
		return fmt.Sprintf("the server answers %d %s", e.Code, strings.ToLower(http.StatusText(e.Code))), q.again
	case http.StatusInternalServerError:
		t.faults++
		return "the server answers 500 internal error", q.again && !e.malformed() && t.faults < t.policy.faults
	}
	return "", false
}

// maybeDone reports whether a request may have been done although it failed so.
func maybeDone(err error) bool {
	if e := statusOf(err); e != nil {
		return e.Code >= 500
	}
	return !neverSent(err)
}

// neverSent reports whether a request cannot have reached a server.
func neverSent(err error) bool {
	e, ok := errors.AsType[*net.OpError](err)
	return ok && (e.Op == "dial" || e.Op == "proxyconnect")
}

// isPermanent recognises errors of a connection that stay: of certificates, of names, of credentials.
func isPermanent(err error) bool {
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return e.IsNotFound
	}
	return isCertificate(err) || isExec(err) || errors.As(err, new(tls.RecordHeaderError)) ||
		strings.Contains(cause(err), "server gave HTTP response to HTTPS client")
}

func isCertificate(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError)) ||
		errors.As(err, new(x509.HostnameError)) || errors.As(err, new(x509.CertificateInvalidError)) ||
		errors.As(err, new(tls.AlertError))
}

// isExec recognises that the program which brings credentials has failed; there is no type for that.
func isExec(err error) bool { return strings.Contains(cause(err), "getting credentials: ") }

// cause is the text of what is wrong with a connection, as the library of that has it.
func cause(err error) string {
	if e, ok := errors.AsType[*networkError](err); ok {
		return e.err.Error()
	}
	return err.Error()
}

// networkText says in few words what is wrong with a connection.
func networkText(err error) string {
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return "no such host " + e.Name
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET):
		return "connection reset"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to the host"
	case errors.Is(err, errNoAnswer), errors.Is(err, os.ErrDeadlineExceeded):
		return "nothing heard in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	}
	return cause(err)
}

// waiting tells the Observer what is waited for, not more than once in five seconds whoever waits.
func (c *Client) waiting(why string, pause, left time.Duration) {
	if !c.gate.say(5 * time.Second) {
		return
	}
	c.observe(Event{Kind: Waiting, Text: fmt.Sprintf("%s: trying again in %s, for at most %s", why, roughly(pause), roughly(left))})
}

// roughly is a time in words of people.
func roughly(d time.Duration) string {
	if d < time.Second {
		return "a moment"
	}
	return strings.Replace(d.Round(time.Second).String(), "s", " s", 1)
}

// gate holds all requests back while the server asks for it.
type gate struct {
	mu    sync.Mutex
	until time.Time
	said  time.Time
}

// longest is how long one answer can hold back everybody else.
const longest = 30 * time.Second

func (g *gate) close(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if at := time.Now().Add(min(d, longest)); at.After(g.until) {
		g.until = at
	}
}

func (g *gate) open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !time.Now().Before(g.until)
}

// wait returns when the gate is open. Those who waited go one after the other, within a quarter of a second.
func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	d := time.Until(g.until)
	g.mu.Unlock()
	if d <= 0 {
		return nil
	}
	return sleep(ctx, d+jitter(250*time.Millisecond))
}

// say reports whether it is time to say something again.
func (g *gate) say(every time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.said) < every {
		return false
	}
	g.said = time.Now()
	return true
}

// sleep waits, or returns what ended the context.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// errNoAnswer is that a server has been silent for too long.
var errNoAnswer = errors.New("no answer in time")

// silence bounds how long an answer may take to begin, and then to go on.
type silence struct{ answer, idle time.Duration }

type silenceKey struct{}

// The server itself gives up a request after 60 seconds.
const patience = 75 * time.Second

func withPatience(ctx context.Context, q *request) context.Context {
	s := silence{q.answer, q.idle}
	if s.answer == 0 {
		s.answer = patience
	}
	if s.idle == 0 {
		s.idle = patience
	}
	return context.WithValue(ctx, silenceKey{}, s)
}

// watchdog ends requests whose server is silent. It stands below whatever brings credentials: a person who logs in may take
// their time.
type watchdog struct{ base http.RoundTripper }

func (w watchdog) RoundTrip(req *http.Request) (*http.Response, error) {
	if reached, ok := req.Context().Value(reachedKey{}).(chan struct{}); ok {
		select {
		case reached <- struct{}{}:
		default: // a second time
		}
	}
	s, ok := req.Context().Value(silenceKey{}).(silence)
	if !ok {
		return w.base.RoundTrip(req)
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	timer := time.AfterFunc(s.answer, func() { cancel(errNoAnswer) })
	resp, err := w.base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		timer.Stop()
		cancel(nil)
		if context.Cause(ctx) == errNoAnswer {
			err = errNoAnswer
		}
		return nil, err
	}
	resp.Body = &watchedBody{ReadCloser: resp.Body, ctx: ctx, cancel: cancel, timer: timer, idle: s.idle}
	return resp, nil
}

// watchedBody ends when its server is silent.
type watchedBody struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	idle   time.Duration
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.idle)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	if err != nil && err != io.EOF && context.Cause(b.ctx) == errNoAnswer {
		err = errNoAnswer
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.timer.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

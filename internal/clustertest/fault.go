package clustertest

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// A Fault is what becomes of a request instead of being passed on.
type Fault func(*Exchange)

// Rule is a fault, for the requests that match. Of several rules that match, the last one made is taken.
type Rule struct {
	proxy *Proxy
	match Match
	fault Fault
	skip  int
	left  int // times; below 0: always
	hits  int
}

// On makes a rule for all requests that match, from now on.
func (p *Proxy) On(m Match, f Fault) *Rule {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &Rule{proxy: p, match: m, fault: f, left: -1}
	p.rules = append(p.rules, r)
	return r
}

// Once limits the rule to the first request that matches, Times to the first n.
func (r *Rule) Once() *Rule { return r.Times(1) }

// Times limits the rule to the first n requests that match.
func (r *Rule) Times(n int) *Rule {
	r.proxy.mu.Lock()
	defer r.proxy.mu.Unlock()
	r.left = n
	return r
}

// Skip lets the first n that match pass.
func (r *Rule) Skip(n int) *Rule {
	r.proxy.mu.Lock()
	defer r.proxy.mu.Unlock()
	r.skip = n
	return r
}

// Hits counts the requests that the rule took.
func (r *Rule) Hits() int {
	r.proxy.mu.Lock()
	defer r.proxy.mu.Unlock()
	return r.hits
}

// takes is called with the proxy's lock held.
func (r *Rule) takes(q *Request) bool {
	switch {
	case r.left == 0 || !r.match(q):
		return false
	case r.skip > 0:
		r.skip--
		return false
	}
	r.left--
	r.hits++
	return true
}

// Status answers in the server's place: 403 "Forbidden", 500 "InternalError", 503 "ServiceUnavailable".
func Status(code int, reason, message string) Fault {
	return func(x *Exchange) { x.Answer(code, nil, status(code, reason, message)) }
}

// TooMany answers 429, and that it may be tried again after some seconds.
func TooMany(seconds int) Fault {
	header := http.Header{"Retry-After": {strconv.Itoa(seconds)}}
	return func(x *Exchange) {
		x.Answer(http.StatusTooManyRequests, header, status(http.StatusTooManyRequests, "TooManyRequests", "too many requests, please try again later"))
	}
}

func status(code int, reason, message string) string {
	b, _ := json.Marshal(map[string]any{
		"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure", "message": message, "reason": reason, "code": code,
	})
	return string(b)
}

// LoseReply lets the server do it, and breaks the connection in place of an answer.
func LoseReply() Fault {
	return func(x *Exchange) {
		if a := x.Send(); a != nil {
			_ = a.Body.Close()
			x.Break()
		}
	}
}

// Break breaks the connection before the server knows of the request.
func Break() Fault { return (*Exchange).Break }

// Hang never answers; the server does not know of the request.
func Hang() Fault { return func(x *Exchange) { <-x.Gone() } }

// Slow passes the request on after a while.
func Slow(d time.Duration) Fault {
	return func(x *Exchange) {
		time.Sleep(d)
		x.Pass()
	}
}

// Before does something, then passes the request on; After does it when the server has answered, and then lets the answer through.
func Before(do func()) Fault {
	return func(x *Exchange) {
		do()
		x.Pass()
	}
}

// After lets the server do it, does something, and then lets the answer through.
func After(do func()) Fault {
	return func(x *Exchange) {
		if a := x.Send(); a != nil {
			do()
			x.Reply(a)
		}
	}
}

// Edit answers with the body that edit makes of the server's.
func Edit(edit func(body []byte) []byte) Fault {
	return func(x *Exchange) {
		x.r.Header.Del("Accept-Encoding")
		a := x.Send()
		if a == nil {
			return
		}
		defer a.Body.Close()
		b, err := io.ReadAll(a.Body)
		if err != nil {
			x.Break()
			return
		}
		x.Answer(a.StatusCode, nil, string(edit(b)))
	}
}

// End is where a crash hits a write.
type End int

// The two sides of a write: nothing of it has happened, or all of it and nobody knows.
const (
	BeforeIt End = iota
	AfterIt
)

func (e End) String() string { return [...]string{"before", "after"}[e] }

// Crash kills a process at one end of a request. Nothing that the process still sends arrives.
func Crash(e End, kill func()) Fault {
	return func(x *Exchange) {
		if e == AfterIt {
			if a := x.Send(); a != nil {
				_ = a.Body.Close()
			}
		}
		kill()
		x.proxy.Cut()
	}
}

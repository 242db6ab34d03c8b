package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	configMaps = Resource{Version: "v1", Kind: "ConfigMap", Name: "configmaps", Namespaced: true}
	secrets    = Resource{Version: "v1", Kind: "Secret", Name: "secrets", Namespaced: true}
)

// clientOf is a Client of a server whose retries are fast.
func clientOf(s *httptest.Server, h *heard) *Client {
	hc := *s.Client()
	hc.Transport = watchdog{hc.Transport}
	c := &Client{http: &hc, base: s.URL, slots: make(chan struct{}, inFlight), retry: patient}
	c.retry.pause, c.retry.most = time.Millisecond, 20*time.Millisecond
	if h != nil {
		c.Observe(h.add)
	}
	return c
}

// serve answers with handle, over HTTP/2 as API servers do.
func serve(t *testing.T, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(handle)
	s.EnableHTTP2 = true
	s.Config.ErrorLog = quietLog
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// verbs are the requests that a Client sends, by what they are.
func verbs(c *Client) map[string]func(context.Context) error {
	pinnedBody := []byte(`{"metadata":{"name":"a","uid":"u","resourceVersion":"7"}}`)
	get := func(f func(context.Context) ([]byte, error)) func(context.Context) error {
		return func(ctx context.Context) error { _, err := f(ctx); return err }
	}
	return map[string]func(context.Context) error{
		"get": get(func(ctx context.Context) ([]byte, error) { return c.Get(ctx, configMaps, "n", "a") }),
		"list": func(ctx context.Context) error {
			_, err := c.List(ctx, configMaps, "n", ListOptions{}, nothing)
			return err
		},
		"create": get(func(ctx context.Context) ([]byte, error) {
			return c.Create(ctx, configMaps, "n", "a", configMap("a", "1"))
		}),
		"update, pinned":  get(func(ctx context.Context) ([]byte, error) { return c.Update(ctx, configMaps, "n", "a", pinnedBody) }),
		"update, unbound": get(func(ctx context.Context) ([]byte, error) { return c.Update(ctx, configMaps, "n", "a", []byte("{}")) }),
		"apply": func(ctx context.Context) error {
			_, err := c.Apply(ctx, configMaps, "n", "a", pinnedBody, ApplyOptions{Manager: "m"})
			return err
		},
		"delete, pinned":  func(ctx context.Context) error { return c.Delete(ctx, configMaps, "n", "a", Preconditions{UID: "u"}) },
		"delete, unbound": func(ctx context.Context) error { return c.Delete(ctx, configMaps, "n", "a", Preconditions{}) },
	}
}

func nothing([]byte) error { return nil }

// What is sent again after which answer. Answers of 0 break the connection in place of an answer.
func TestSendAgain(t *testing.T) {
	always := []string{"get", "list", "create", "update, pinned", "apply", "delete, pinned", "update, unbound", "delete, unbound"}
	safe := always[:6]
	tests := []struct {
		code    int
		reason  string
		message string
		verbs   []string // that are sent again
	}{
		{429, "TooManyRequests", "slow down", always},
		{503, "ServiceUnavailable", "restarting", safe},
		{504, "Timeout", "timeout", safe},
		{502, "", "", safe},
		{500, "InternalError", "etcd is away", safe},
		{0, "", "", safe},
		{500, "", "failed to create typed patch object (n/a; v1, Kind=X): .spec.replicas: expected numeric", nil},
		{500, "", "failed to convert new object (n/a; v1, Kind=X) to proper version", nil},
		{400, "BadRequest", "strict decoding error", nil},
		{401, "Unauthorized", "Unauthorized", nil},
		{403, "Forbidden", "no", nil},
		{404, "NotFound", "no", nil},
		{409, "Conflict", "no", nil},
		{422, "Invalid", "no", nil},
	}
	for _, test := range tests {
		for _, verb := range always {
			var tries atomic.Int32
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					return
				}
				switch {
				case tries.Add(1) > 1:
					fmt.Fprint(w, `{"metadata":{},"items":[]}`)
				case test.code == 0:
					panic(http.ErrAbortHandler)
				default:
					refuse(w, test.code, test.reason, test.message)
				}
			}))
			s.Config.ErrorLog = quietLog
			s.StartTLS() // HTTP/1.1: over HTTP/2 net/http itself sends some again
			c := clientOf(s, nil)
			err := verbs(c)[verb](t.Context())
			want := int32(1)
			for _, v := range test.verbs {
				if v == verb {
					want = 2
				}
			}
			if tries.Load() != want || (err == nil) != (want == 2) {
				t.Errorf("%d %s, %s: %d tries, %v", test.code, test.message, verb, tries.Load(), err)
			}
			s.Close()
		}
	}
}

// A server that is not there yet was sent nothing: everything may be sent again.
func TestSendAgainWhenRefused(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"items":[]}`) })
	for verb := range verbs(nil) {
		c := clientOf(s, nil)
		down := &unplugged{base: c.http.Transport, times: 3}
		c.http.Transport = down
		if err := verbs(c)[verb](t.Context()); err != nil || down.times != 0 {
			t.Errorf("%s: %v, %d refusals left", verb, err, down.times)
		}
	}
}

// unplugged refuses connections a few times, as a server does that restarts.
type unplugged struct {
	base  http.RoundTripper
	times int
}

func (u *unplugged) RoundTrip(r *http.Request) (*http.Response, error) {
	if u.times > 0 {
		u.times--
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	return u.base.RoundTrip(r)
}

func TestSendGivesUp(t *testing.T) {
	var tries atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		tries.Add(1)
		code, _ := strconv.Atoi(r.URL.Query().Get("fieldManager"))
		refuse(w, code, "X", "no")
	})
	for code, want := range map[string]int32{"429": 5, "503": 5, "500": 3} {
		c := clientOf(s, nil)
		c.retry.tries = 5
		tries.Store(0)
		_, err := c.Apply(t.Context(), configMaps, "n", "a", nil, ApplyOptions{Manager: code})
		if e := statusOf(err); e == nil || strconv.Itoa(e.Code) != code || tries.Load() != want {
			t.Errorf("%s: %d tries, want %d; %v", code, tries.Load(), want, err)
		}
	}
	c := clientOf(s, nil)
	c.retry.time, c.retry.pause, c.retry.most = 200*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
	begun := time.Now()
	if _, err := c.Apply(t.Context(), configMaps, "n", "a", nil, ApplyOptions{Manager: "503"}); err == nil || time.Since(begun) > time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
	// A server that wants to be left alone for longer than we would wait is not waited for at all.
	long := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		refuse(w, 429, "TooManyRequests", "later")
	})
	begun = time.Now()
	if _, err := clientOf(long, nil).Get(t.Context(), configMaps, "n", "a"); statusOf(err) == nil || time.Since(begun) > time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}

func TestSendStopsWithItsContext(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "20")
		refuse(w, 429, "TooManyRequests", "later")
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	time.AfterFunc(50*time.Millisecond, func() { cancel(enough) })
	begun := time.Now()
	if _, err := clientOf(s, nil).Get(ctx, configMaps, "n", "a"); !errors.Is(err, enough) || time.Since(begun) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}

// In a storm all wait as long as the server asks for, also those that were not refused yet, and one line says so.
func TestStorm(t *testing.T) {
	var refused, early, done atomic.Int32
	var over atomic.Int64
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if refused.Add(1) == 1 {
			over.Store(time.Now().Add(time.Second).UnixNano())
		}
		if time.Now().UnixNano() < over.Load() {
			early.Add(1)
			w.Header().Set("Retry-After", "1")
			refuse(w, 429, "TooManyRequests", "slow down")
			return
		}
		done.Add(1)
		fmt.Fprint(w, "{}")
	})
	h := &heard{}
	c := clientOf(s, h)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, err := c.Get(t.Context(), configMaps, "n", "a"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if done.Load() != 100 || early.Load() > 2*inFlight {
		t.Errorf("%d done, %d asked although told to wait", done.Load(), early.Load())
	}
	if got := h.of(Waiting); len(got) != 1 || !strings.HasPrefix(got[0], "the server asks to slow down: trying again in 1 s") {
		t.Errorf("said %q", got)
	}
}

func TestResent(t *testing.T) {
	tries := 0
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		if tries++; tries == 1 {
			panic(http.ErrAbortHandler)
		}
		if r.Method == http.MethodPatch {
			fmt.Fprint(w, "{}")
			return
		}
		refuse(w, 409, "Conflict", "the object has been modified")
	}))
	s.Config.ErrorLog = quietLog
	s.StartTLS()
	defer s.Close()
	c := clientOf(s, nil)
	_, err := c.Update(t.Context(), configMaps, "n", "a", []byte(`{"metadata":{"resourceVersion":"7"}}`))
	if !IsStale(err) || !statusOf(err).Resent {
		t.Errorf("got %v", err)
	}
	_, err = c.Update(t.Context(), configMaps, "n", "a", []byte(`{"metadata":{"resourceVersion":"7"}}`))
	if !IsStale(err) || statusOf(err).Resent {
		t.Errorf("a plain conflict: %v", err)
	}
	tries = 0
	a, err := c.Apply(t.Context(), configMaps, "n", "a", []byte(`{}`), ApplyOptions{Manager: "m"})
	if err != nil || !a.Resent {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestSilentServer(t *testing.T) {
	gone := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			fmt.Fprint(w, `{"half":`)
			w.(http.Flusher).Flush()
		}
		<-gone
	})
	defer close(gone)
	c := clientOf(s, nil)
	for _, path := range []string{"/none", "/half"} {
		begun := time.Now()
		_, err := c.bytes(t.Context(), &request{verb: "get", path: path, answer: 100 * time.Millisecond, idle: 100 * time.Millisecond})
		if !errors.Is(err, errNoAnswer) || !isNetwork(err) || time.Since(begun) > 3*time.Second {
			t.Errorf("%s: %v after %v", path, err, time.Since(begun))
		}
	}
}

// However many ask, 16 requests are under way, and they share one connection.
func TestInFlight(t *testing.T) {
	var now, most, connections atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
		fmt.Fprint(w, "{}")
	}))
	s.EnableHTTP2 = true
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.StartTLS()
	defer s.Close()
	c := clientOf(s, nil)
	if _, err := c.Get(t.Context(), configMaps, "n", "a"); err != nil { // connects
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if _, err := c.Get(t.Context(), configMaps, "n", "a"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() != inFlight || connections.Load() != 1 {
		t.Errorf("%d at once over %d connections, want %d over 1", most.Load(), connections.Load(), inFlight)
	}
}

// Whoever reads a list may send requests meanwhile, also when all slots were taken by lists.
func TestListsDoNotBlock(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/configmaps") {
			fmt.Fprint(w, `{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a"}}]}`)
			return
		}
		fmt.Fprint(w, "{}")
	})
	c := clientOf(s, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 3 * inFlight {
		wg.Go(func() {
			_, err := c.List(ctx, configMaps, "n", ListOptions{}, func([]byte) error {
				_, err := c.Get(ctx, configMaps, "n", "a")
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// page answers one page of a list of n items, each with its number as name.
func page(w io.Writer, from, to, n int) {
	fmt.Fprint(w, `{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"77"`)
	if to < n {
		fmt.Fprintf(w, `,"continue":"%d"`, to)
	}
	fmt.Fprint(w, `},"items":[`)
	for i := from; i < min(to, n); i++ {
		if i > from {
			fmt.Fprint(w, ",")
		}
		fmt.Fprintf(w, `{"metadata":{"name":"%d"},"data":{"k":"%s"}}`, i, strings.Repeat("x", 1000))
	}
	fmt.Fprint(w, `]}`)
}

func names(t *testing.T, c *Client) ([]string, error) {
	t.Helper()
	var got []string
	_, err := c.List(t.Context(), configMaps, "n", ListOptions{}, func(item []byte) error {
		got = append(got, parse(t, item).Metadata.Name)
		return nil
	})
	return got, err
}

func numbers(n int) (list []string) {
	for i := range n {
		list = append(list, strconv.Itoa(i))
	}
	return list
}

// A connection that breaks in the middle of a page, of the first or a later one, loses and repeats nothing.
func TestListTorn(t *testing.T) {
	const n = 250
	var queries []string
	var mu sync.Mutex
	cut := map[string]int{"": 1, "100": 2} // pages by token that break, and how often
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		token := r.URL.Query().Get("continue")
		mu.Lock()
		queries = append(queries, token+"@"+r.URL.Query().Get("resourceVersion"))
		torn := cut[token] > 0
		cut[token]--
		mu.Unlock()
		from, _ := strconv.Atoi(token)
		if torn {
			w = &tearing{ResponseWriter: w, left: 60_000}
		}
		page(w, from, from+100, n)
	})
	got, err := names(t, clientOf(s, nil))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(numbers(n), got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"@", "@77", "100@", "100@", "100@", "200@"}, queries); d != "" {
		t.Error(d)
	}
}

// tearing breaks the connection after some bytes.
type tearing struct {
	http.ResponseWriter
	left int
}

func (w *tearing) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		w.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return w.ResponseWriter.Write(p)
}

func TestListExpired(t *testing.T) {
	expired := false
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		token := r.URL.Query().Get("continue")
		if token == "100" && !expired {
			expired = true
			w.WriteHeader(http.StatusGone)
			fmt.Fprint(w, `{"kind":"Status","code":410,"reason":"Expired","metadata":{"continue":"0100"},"message":"too old"}`)
			return
		}
		from, _ := strconv.Atoi(token)
		page(w, from, from+100, 250)
	})
	got, err := names(t, clientOf(s, nil))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(numbers(250), got); d != "" {
		t.Error(d)
	}
}

func TestReadList(t *testing.T) {
	tests := []struct {
		text    string
		want    []string
		version string
		err     string
	}{
		{`{"items":[]}`, nil, "", ""},
		{`{"items":null,"metadata":{"resourceVersion":"5"}}`, nil, "5", ""},
		{` { "metadata" : {"resourceVersion":"5"} , "items" : [ {"a":"\\\""} , {"b":[{"c":"]}"}]} , 3 , "x" , null ] , "more":1.5 } `, []string{`{"a":"\\\""}`, `{"b":[{"c":"]}"}]}`, "3", `"x"`, "null"}, "5", ""},
		{`{"items":[{"a":"` + strings.Repeat("\\\\", 100_000) + `"}]}`, []string{`{"a":"` + strings.Repeat("\\\\", 100_000) + `"}`}, "", ""},
		{`{"items":[{"a":1}`, []string{`{"a":1}`}, "", "unexpected EOF"},
		{`{"items":[{"a":`, nil, "", "unexpected EOF"},
		{`{"items":3}`, nil, "", "want a list"},
		{`[]`, nil, "", "no list"},
		{`<html>`, nil, "", "no list"},
		{``, nil, "", "unexpected EOF"},
	}
	for _, test := range tests {
		for _, r := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
			var meta listMeta
			var got []string
			err := readList(r, &meta, func(item []byte) error { got = append(got, string(item)); return nil })
			if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("%.60s: error %v, want %q", test.text, err, test.err)
			}
			if d := cmp.Diff(test.want, got); d != "" || meta.ResourceVersion != test.version {
				t.Errorf("%.60s: version %q\n%s", test.text, meta.ResourceVersion, d)
			}
		}
	}
}

// A watch survives a server that restarts, goes on from where it was, and lists again where changes were missed.
func TestFollow(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	step := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		q := r.URL.Query()
		if q.Get("watch") == "" {
			asked = append(asked, "list")
			fmt.Fprintf(w, `{"metadata":{"resourceVersion":"%d0"},"items":[{"metadata":{"name":"a"}}]}`, len(asked))
			return
		}
		asked = append(asked, "watch "+q.Get("resourceVersion"))
		switch step++; step {
		case 1: // breaks in the middle of an event
			fmt.Fprint(w, `{"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"11"}}}{"type":"MODI`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case 2, 3:
			refuse(w, 503, "ServiceUnavailable", "restarting")
		case 4: // a bookmark, then the end
			fmt.Fprint(w, `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"15"}}}`)
		case 5: // too old, in the stream
			fmt.Fprint(w, `{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}`)
		case 6: // too old, at once
			refuse(w, 410, "Expired", "too old")
		default:
			fmt.Fprint(w, `{"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"99"}}}`)
		}
	})
	stop := errors.New("seen")
	var events []string
	err := clientOf(s, nil).Follow(t.Context(), configMaps, "n", FollowOptions{}, func(items [][]byte) error {
		events = append(events, fmt.Sprintf("list of %d", len(items)))
		return nil
	}, func(e WatchEvent) error {
		events = append(events, e.Type)
		if e.Type == Removed {
			return stop
		}
		return nil
	})
	if err != stop {
		t.Errorf("got %v", err)
	}
	if d := cmp.Diff([]string{"list of 1", "MODIFIED", "list of 1", "list of 1", "DELETED"}, events); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"list", "watch 10", "watch 11", "watch 11", "watch 11", "watch 15", "list", "watch 70", "list", "watch 90"}, asked); d != "" {
		t.Error(d)
	}
}

// A server that has always forgotten what it has just listed is asked again now and then, not as fast as it can answer.
func TestFollowExpiresAtOnce(t *testing.T) {
	var lists atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("watch") == "" {
			lists.Add(1)
			fmt.Fprint(w, `{"metadata":{"resourceVersion":"1"},"items":[]}`)
			return
		}
		refuse(w, 410, "Expired", "too old")
	})
	c := clientOf(s, nil)
	c.retry.most = time.Second // so that the pause is 200 ms
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_ = c.Follow(ctx, configMaps, "n", FollowOptions{}, func([][]byte) error { return nil }, func(WatchEvent) error { return nil })
	if n := lists.Load(); n > 4 {
		t.Errorf("listed %d times in half a second", n)
	}
}

func TestFollowGivesUp(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("watch") == "" {
			fmt.Fprint(w, `{"metadata":{"resourceVersion":"1"},"items":[]}`)
			return
		}
		refuse(w, 503, "ServiceUnavailable", "restarting")
	})
	c := clientOf(s, nil)
	c.retry.time = 200 * time.Millisecond
	err := c.Follow(t.Context(), configMaps, "n", FollowOptions{}, func([][]byte) error { return nil }, func(WatchEvent) error { return nil })
	if e := statusOf(err); e == nil || e.Code != 503 {
		t.Errorf("got %v", err)
	}
}

// The server's words about a Secret stay out of errors and warnings, whatever it answers with.
func TestSecretsAreWithheld(t *testing.T) {
	for _, message := range []string{
		`admission webhook "policy.example" denied the request: hunter2 is weak`,
		`failed to create typed patch object (n/a; v1, Kind=Secret): errors:\n  .data.a: expected string, got hunter2\n  .data.hunter2: x`,
		`Internal error occurred: hunter2`,
		`Secret in version "v1" cannot be handled as a Secret: hunter2`,
		`User "x" cannot hunter2`,
	} {
		for _, code := range []int{400, 403, 409, 422, 500} {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Warning", `299 - "hunter2 is weak"`)
				w.WriteHeader(code)
				fmt.Fprintf(w, `{"kind":"Status","code":%d,"message":"%s","reason":"X","details":{"name":"a","causes":[{"reason":"FieldManagerConflict","field":".data.a","message":"conflict with hunter2"},{"reason":"Y","field":"data[hunter2!]","message":"hunter2"}]}}`, code, strings.ReplaceAll(message, `"`, `\"`))
			})
			c := clientOf(s, nil)
			_, err := c.Apply(t.Context(), secrets, "n", "a", nil, ApplyOptions{Manager: "m"})
			if err == nil || strings.Contains(fmt.Sprintf("%v %+v %+v", err, *statusOf(err), AsFailure(err, Partly)), "hunter2") {
				t.Errorf("%d %s: %v", code, message, err)
			}
		}
	}
	h := &heard{}
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Warning", `299 - "hunter2 is weak"`)
		fmt.Fprint(w, "{}")
	})
	c := clientOf(s, h)
	for range 2 {
		if _, err := c.Create(t.Context(), secrets, "n", "a", nil); err != nil {
			t.Fatal(err)
		}
	}
	a, err := c.Apply(t.Context(), secrets, "n", "a", nil, ApplyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := append(h.of(Warned), a.Warnings...)
	if len(got) != 2 || strings.Contains(strings.Join(got, " "), "hunter2") {
		t.Errorf("warnings %q", got)
	}
	raw := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		fmt.Fprint(w, "hunter2")
	})
	c = clientOf(raw, nil)
	if _, err := c.Create(t.Context(), secrets, "n", "a", nil); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestLogs(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path+"?"+r.URL.RawQuery) })
	got, err := clientOf(s, nil).Logs(t.Context(), "n", "p", "c", LogOptions{Tail: 10, Previous: true})
	if want := "/api/v1/namespaces/n/pods/p/log?container=c&limitBytes=262144&previous=true&tailLines=10"; string(got) != want || err != nil {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestPaths(t *testing.T) {
	apps := Resource{Group: "apps", Version: "v1", Name: "deployments", Namespaced: true}
	for want, got := range map[string]string{
		"/api/v1/namespaces/kube-system":                resourcePath(namespaces, "", "kube-system", ""),
		"/api/v1/namespaces/n/configmaps":               resourcePath(configMaps, "n", "", ""),
		"/api/v1/configmaps":                            resourcePath(configMaps, "", "", ""),
		"/apis/apps/v1/namespaces/n/deployments/a":      resourcePath(apps, "n", "a", ""),
		"/apis/rbac/v1/clusterroles/system:a%2Fb%20%3F": resourcePath(Resource{Group: "rbac", Version: "v1", Name: "clusterroles"}, "ignored", "system:a/b ?", ""),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// A list is read item by item: 60 MB of it need hardly more memory than one object.
func TestListMemory(t *testing.T) {
	const n, size = 12_000, 5_000
	item := `{"metadata":{"name":"a"},"data":{"k":"` + strings.Repeat("x", size) + `"}}`
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.Atoi(r.URL.Query().Get("continue"))
		fmt.Fprintf(w, `{"metadata":{"resourceVersion":"1"`)
		if from+2000 < n {
			fmt.Fprintf(w, `,"continue":"%d"`, from+2000)
		}
		fmt.Fprint(w, `},"items":[`)
		for i := range 2000 {
			if i > 0 {
				fmt.Fprint(w, ",")
			}
			fmt.Fprint(w, item)
		}
		fmt.Fprint(w, "]}")
	})
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	c := clientOf(s, nil)
	before, most, count := heap(), uint64(0), 0
	_, err := c.List(t.Context(), configMaps, "n", ListOptions{}, func([]byte) error {
		if count++; count%1000 == 0 {
			most = max(most, heap())
		}
		return nil
	})
	if err != nil || count != n {
		t.Fatalf("%d items, %v", count, err)
	}
	if most > before+8<<20 {
		t.Errorf("the heap grew from %d to %d KiB", before>>10, most>>10)
	}
}

// What a run that has written something ends with is not that the cluster was away, but that only a part is done.
func TestAsFailure(t *testing.T) {
	away := &networkError{syscall.ECONNREFUSED}
	denied := decodeStatus(&request{verb: "get", resource: secrets, namespace: "n", name: "s"}, 403, http.Header{}, []byte(
		`{"kind":"Status","code":403,"reason":"Forbidden","message":"secrets \"s\" is forbidden: User \"system:serviceaccount:ci:bot\" cannot get resource \"secrets\" in API group \"\" in the namespace \"n\""}`))
	own := &Failure{Verdict: Unhealthy, Err: errors.New("x")}
	tests := []struct {
		err       error
		otherwise Verdict
		want      Verdict
		help      string
	}{
		{away, Refused, Unreachable, "run it again"},
		{away, Partly, Partly, "run it again"},
		{fmt.Errorf("reading: %w", denied), Refused, Unreachable, "kubectl create rolebinding starctl-secrets --role=starctl-secrets --serviceaccount=ci:bot --namespace=n"},
		{denied, Partly, Partly, "--verb=get"},
		{&GroupDownError{"a.example", "v1"}, Internal, Unreachable, "kubectl get apiservices"},
		{errors.New("x"), Internal, Internal, ""},
		{fmt.Errorf("y: %w", own), Partly, Unhealthy, ""},
	}
	for _, test := range tests {
		f := AsFailure(test.err, test.otherwise)
		if f.Verdict != test.want || !strings.Contains(strings.Join(f.Help, "\n"), test.help) {
			t.Errorf("%v: verdict %d, want %d; help %q", test.err, f.Verdict, test.want, f.Help)
		}
		if !errors.Is(f, test.err) && f != own {
			t.Errorf("%v: the cause is lost", test.err)
		}
	}
	if AsFailure(nil, Internal) != nil {
		t.Error("nothing is a failure")
	}
}

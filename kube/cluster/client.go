package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// Client talks to one cluster. It sends JSON and nothing else, at most 16 requests at a time whoever asks, and sends again
// what may be sent again when a server is busy, away or restarting, for a bounded time. It may be used by several goroutines.
type Client struct {
	http     *http.Client
	base     string // URL without a slash at its end
	identity Identity
	plugin   *plugin
	renews   bool // a refused request may pass when sent again: the credentials have been renewed by then

	observer  atomic.Pointer[Observer]
	telling   sync.Mutex
	slots     chan struct{}
	retry     retryPolicy
	gate      gate
	warned    sync.Map // texts of warnings that were handed on
	discovery discovery
}

// inFlight is how many requests are under way at once. A server gives one user much more, and shares fairly; the more there
// are the less each gets, and from 16 on the whole gets no faster.
const inFlight = 16

// Identity returns what the Client is connected to.
func (c *Client) Identity() Identity { return c.identity }

// Resource is a kind of objects as a server serves it.
type Resource struct {
	Group, Version, Kind string
	Name                 string // in paths and in RBAC: deployments
	Namespaced           bool
	Verbs                []string
}

// String is the resource as RBAC and kubectl write it: deployments.apps.
func (r Resource) String() string { return qualified(r.Name, r.Group) }

// APIVersion is the group and version as objects write them.
func (r Resource) APIVersion() string { return groupVersion(r.Group, r.Version) }

func (r Resource) secret() bool { return r.Group == "" && r.Name == "secrets" }

// request is one thing asked of the server, however often it is sent.
type request struct {
	verb      string // as RBAC has it
	resource  Resource
	namespace string
	name      string
	sub       string // subresource

	path        string // in place of the resource's
	query       url.Values
	accept      string
	contentType string
	body        []byte

	again  bool          // sending it twice does no harm: see the functions that set it
	first  bool          // of a connection: an unreachable server is reported at once
	answer time.Duration // how long the answer may take to begin; 0 is a default
	idle   time.Duration // how long it may pause then; 0 is a default
	resent bool          // it was sent before, and may have been done
}

func (q *request) secret() bool { return q.resource.secret() }

func (q *request) method() string {
	return map[string]string{"create": http.MethodPost, "update": http.MethodPut, "patch": http.MethodPatch, "delete": http.MethodDelete}[q.verb]
}

// url is where the request goes.
func (q *request) url(base string) string {
	path := q.path
	if path == "" {
		path = resourcePath(q.resource, q.namespace, q.name, q.sub)
	}
	if len(q.query) > 0 {
		return base + path + "?" + q.query.Encode()
	}
	return base + path
}

func resourcePath(r Resource, ns, name, sub string) string {
	var b strings.Builder
	if r.Group == "" {
		b.WriteString("/api/" + r.Version)
	} else {
		b.WriteString("/apis/" + r.Group + "/" + r.Version)
	}
	if r.Namespaced && ns != "" {
		b.WriteString("/namespaces/" + url.PathEscape(ns))
	}
	b.WriteString("/" + r.Name)
	for _, part := range []string{name, sub} {
		if part != "" {
			b.WriteString("/" + url.PathEscape(part))
		}
	}
	return b.String()
}

const mediaJSON = "application/json"

// Get returns an object as JSON.
func (c *Client) Get(ctx context.Context, r Resource, ns, name string) ([]byte, error) {
	// Reading changes nothing.
	return c.bytes(ctx, &request{verb: "get", resource: r, namespace: ns, name: name, again: true})
}

// Create makes an object that must not be there yet, and returns it as the server stored it. name is the object's own.
//
// It is sent again when its answer was lost, since a name exists once: if the first try was done, the second is refused as
// existing, and StatusError.Resent says that this may be our own object. The caller looks at it then.
func (c *Client) Create(ctx context.Context, r Resource, ns, name string, body []byte) ([]byte, error) {
	q := &request{verb: "create", resource: r, namespace: ns, contentType: mediaJSON, body: body, again: name != ""}
	q.path = resourcePath(r, ns, "", "")
	q.name = name
	q.query = url.Values{"fieldManager": {fieldManager}}
	return c.bytes(ctx, q)
}

// fieldManager is of what is written whole, rather than applied: the inventory and the history.
const fieldManager = "starctl"

// Update replaces an object, and returns it as the server stored it.
//
// With a metadata.resourceVersion in body it is sent again when its answer was lost: if the first try was done, the second is
// refused as stale, and StatusError.Resent says that what is there may be our own write. The caller compares. Without one a
// second try could undo what others wrote in between: it is not sent again.
func (c *Client) Update(ctx context.Context, r Resource, ns, name string, body []byte) ([]byte, error) {
	q := &request{verb: "update", resource: r, namespace: ns, name: name, contentType: mediaJSON, body: body, again: pinned(body)}
	q.query = url.Values{"fieldManager": {fieldManager}}
	return c.bytes(ctx, q)
}

// TryUpdate is a dry run of Update, by whoever owns the fields that it changes.
func (c *Client) TryUpdate(ctx context.Context, r Resource, ns, name string, body []byte) ([]byte, error) {
	q := &request{verb: "update", resource: r, namespace: ns, name: name, contentType: mediaJSON, body: body, again: true} // it changes nothing
	q.query = url.Values{"fieldManager": {fieldManager}, "dryRun": {"All"}}
	return c.bytes(ctx, q)
}

func pinned(body []byte) bool {
	var o struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
	}
	return json.Unmarshal(body, &o) == nil && o.Metadata.ResourceVersion != ""
}

// ApplyOptions are how an object is applied. The server checks fields strictly in any case.
type ApplyOptions struct {
	Manager string // of the fields
	DryRun  bool
	Force   bool // fields of others become the manager's
}

// Applied is what a server made of an object that was applied.
type Applied struct {
	Object   []byte
	Created  bool
	Warnings []string
	Resent   bool // an earlier try may have been done already: Created, or that nothing changed, may be about our own write
}

// Apply is a server-side apply. body pins the object by metadata.uid and metadata.resourceVersion, both, unless it is new.
//
// It is sent again when its answer was lost. What is pinned is then refused as stale if the first try was done: the caller
// compares what is there with what it sent (StatusError.Resent). What is not pinned is applied a second time, which changes
// nothing more, and is answered as not created: see Applied.Resent.
func (c *Client) Apply(ctx context.Context, r Resource, ns, name string, body []byte, o ApplyOptions) (Applied, error) {
	q := &request{verb: "patch", resource: r, namespace: ns, name: name, body: body, again: true}
	q.contentType = "application/apply-patch+yaml"
	q.query = url.Values{"fieldManager": {o.Manager}, "fieldValidation": {"Strict"}, "force": {strconv.FormatBool(o.Force)}}
	if o.DryRun {
		q.query.Set("dryRun", "All")
	}
	var a Applied
	err := c.send(ctx, q, func(resp *http.Response) (err error) {
		a.Object, err = io.ReadAll(resp.Body)
		a.Created = resp.StatusCode == http.StatusCreated
		a.Warnings = q.warnings(resp.Header)
		return err
	})
	a.Resent = q.resent && !o.DryRun
	return a, err
}

// JSONPatch changes an object by a JSON patch, and returns it as the server stored it. The patch must set
// metadata.resourceVersion to the one that it was made from: then a second try after a lost answer is refused as stale.
func (c *Client) JSONPatch(ctx context.Context, r Resource, ns, name string, patch []byte) ([]byte, error) {
	q := &request{verb: "patch", resource: r, namespace: ns, name: name, body: patch, again: bytes.Contains(patch, []byte("/metadata/resourceVersion"))}
	q.contentType = "application/json-patch+json"
	q.query = url.Values{"fieldManager": {fieldManager}}
	return c.bytes(ctx, q)
}

// Preconditions pin a deletion.
type Preconditions struct {
	UID, ResourceVersion string
	DryRun               bool
	Propagation          string // Background if empty
}

// Delete asks the server to delete an object, which may take time: finalizers. IsNotFound says that it is not there, IsStale
// that it is another one or has changed.
//
// With a uid it is sent again when its answer was lost: a uid is never used twice, so nothing else can be hit. Without one a
// second try could hit an object that others made in between.
func (c *Client) Delete(ctx context.Context, r Resource, ns, name string, p Preconditions) error {
	q := &request{verb: "delete", resource: r, namespace: ns, name: name, contentType: mediaJSON, again: p.UID != ""}
	body := map[string]any{"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
	if p.Propagation != "" {
		body["propagationPolicy"] = p.Propagation
	}
	pins := map[string]string{}
	if p.UID != "" {
		pins["uid"] = p.UID
	}
	if p.ResourceVersion != "" {
		pins["resourceVersion"] = p.ResourceVersion
	}
	if len(pins) > 0 {
		body["preconditions"] = pins
	}
	if p.DryRun {
		body["dryRun"] = []string{"All"}
	}
	var err error
	if q.body, err = json.Marshal(body); err != nil {
		return err
	}
	_, err = c.bytes(ctx, q)
	return err
}

// bytes sends a request and returns the body of its answer; warnings go to the Observer.
func (c *Client) bytes(ctx context.Context, q *request) (body []byte, err error) {
	err = c.send(ctx, q, func(resp *http.Response) (err error) {
		body, err = io.ReadAll(resp.Body)
		c.warn(q.warnings(resp.Header))
		return err
	})
	return body, err
}

// warnings are what the server says besides its answer. Of a Secret the text is withheld, since it may repeat values.
func (q *request) warnings(h http.Header) []string {
	if len(h["Warning"]) == 0 {
		return nil
	}
	var texts []string
	parsed, _ := utilnet.ParseWarningHeaders(h["Warning"])
	for _, w := range parsed {
		if w.Code != 299 || w.Text == "" {
			continue
		}
		if q.secret() {
			w.Text = "the server warns about Secret " + q.namespace + "/" + q.name + " (its message is withheld: it may repeat values)"
		}
		texts = append(texts, w.Text)
	}
	return texts
}

// warn hands warnings to the Observer, each once.
func (c *Client) warn(texts []string) {
	for _, t := range texts {
		if _, old := c.warned.LoadOrStore(t, true); !old {
			c.observe(Event{Kind: Warned, Text: t})
		}
	}
}

// Observe hands what the Client has to say to o from now on: warnings of the server, and that it is waited for.
func (c *Client) Observe(o Observer) { c.observer.Store(&o) }

func (c *Client) observe(e Event) {
	if o := c.observer.Load(); o != nil {
		c.tell(*o, e)
	}
}

// tell hands an Event to an Observer, from one goroutine at a time whoever else has something to say.
func (c *Client) tell(o Observer, e Event) {
	if o == nil {
		return
	}
	c.telling.Lock()
	defer c.telling.Unlock()
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	o(e)
}

// send sends a request until it is answered or must not be sent again. read takes a good answer; an error of the connection
// in the middle of it counts as no answer.
func (c *Client) send(ctx context.Context, q *request, read func(*http.Response) error) error {
	t := tries{policy: c.retry, begun: time.Now()}
	for {
		err := c.once(ctx, q, read)
		if err == nil || ctx.Err() != nil {
			return errOr(ctx, err)
		}
		pause, again := t.next(c, q, err)
		if !again {
			return err
		}
		q.resent = q.resent || maybeDone(err)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// errOr prefers what ended a context to the error of the connection that broke by it.
func errOr(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// once sends a request once. It holds one of the slots until the answer is complete, or until it begins where it is read
// bit by bit: whoever reads may then send other requests.
func (c *Client) once(ctx context.Context, q *request, read func(*http.Response) error) error {
	if err := c.slot(ctx); err != nil {
		return err
	}
	release := sync.OnceFunc(func() { <-c.slots })
	defer release()
	resp, err := c.roundTrip(ctx, q)
	if err != nil {
		return err
	}
	defer closeBody(resp)
	if resp.StatusCode >= 300 {
		body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err != nil {
			return &networkError{err}
		}
		e := decodeStatus(q, resp.StatusCode, resp.Header, body)
		e.Resent = q.resent
		return e
	}
	if q.verb == "list" || q.verb == "watch" {
		release()
	}
	err = read(resp)
	if isBroken(err) {
		return &networkError{err}
	}
	return err
}

// slot takes a slot at a time when the server may be asked.
func (c *Client) slot(ctx context.Context) error {
	for {
		if err := c.gate.wait(ctx); err != nil {
			return err
		}
		select {
		case c.slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if c.gate.open() {
			return nil
		}
		<-c.slots // it was closed while others were served
	}
}

func closeBody(resp *http.Response) {
	// What is left of a short answer is read, so that the connection can be used again.
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
	_ = resp.Body.Close()
}

func (c *Client) roundTrip(ctx context.Context, q *request) (*http.Response, error) {
	method := q.method()
	if method == "" {
		method = http.MethodGet
	}
	ctx = withPatience(ctx, q)
	req, err := http.NewRequestWithContext(ctx, method, q.url(c.base), bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", mediaJSON)
	if q.accept != "" {
		req.Header.Set("Accept", q.accept)
	}
	if q.contentType != "" {
		req.Header.Set("Content-Type", q.contentType)
	}
	resp, err := c.do(req)
	if err != nil {
		return nil, &networkError{bare(err)}
	}
	return resp, nil
}

// bare takes the URL off an error: it says nothing to people.
func bare(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// ListOptions choose objects.
type ListOptions struct {
	Labels, Fields string // selectors
	MetadataOnly   bool   // apiVersion, kind and metadata, without the rest of the objects
}

const (
	pageSize     = 500
	metadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
)

// List calls each with one object after the other, which may keep the bytes, and returns the resourceVersion of the list. It
// holds no more than one object at a time. Each object comes once, also when a connection broke or the list had to be taken
// up anew in the middle; in the last case, rare and of lists that take minutes, it is of several moments.
func (c *Client) List(ctx context.Context, r Resource, ns string, o ListOptions, each func(item []byte) error) (string, error) {
	l := lister{c: c, r: r, ns: ns, o: o, each: each}
	for {
		if err := l.page(ctx); err != nil {
			return "", plain(err)
		}
		if l.token == "" {
			return l.version, nil
		}
	}
}

// lister is a List under way.
type lister struct {
	c    *Client
	r    Resource
	ns   string
	o    ListOptions
	each func([]byte) error

	version string // of the list
	token   string // for the next page; "" for the first
	handed  int    // items of this page that were handed on
	meta    listMeta
}

type listMeta struct {
	ResourceVersion string `json:"resourceVersion"`
	Continue        string `json:"continue"`
}

// page reads one page, from the beginning if it has to be sent again: then what was handed on already is passed over. The
// page is the same, since its token, or the resourceVersion of the first, stands for one moment.
func (l *lister) page(ctx context.Context) error {
	l.handed, l.meta = 0, listMeta{}
	q := l.request()
	err := l.c.send(ctx, q, func(resp *http.Response) error {
		l.c.warn(q.warnings(resp.Header))
		err := l.read(resp.Body)
		if l.handed > 0 && l.token == "" && l.meta.ResourceVersion != "" {
			q.query.Set("resourceVersion", l.meta.ResourceVersion)
			q.query.Set("resourceVersionMatch", "Exact")
		} else if l.handed > 0 && l.token == "" && isBroken(err) {
			return fmt.Errorf("list %s: the connection broke in the middle of a list without a version: %w", l.r, errTorn)
		}
		return err
	})
	if IsExpired(err) && l.token != "" {
		return l.takeUp(err)
	}
	if err != nil {
		return err
	}
	if l.version == "" {
		l.version = l.meta.ResourceVersion
	}
	l.token = l.meta.Continue
	return nil
}

var errTorn = errors.New("try again")

func (l *lister) request() *request {
	q := &request{verb: "list", resource: l.r, namespace: l.ns, again: true, query: url.Values{"limit": {strconv.Itoa(pageSize)}}}
	if l.o.Labels != "" {
		q.query.Set("labelSelector", l.o.Labels)
	}
	if l.o.Fields != "" {
		q.query.Set("fieldSelector", l.o.Fields)
	}
	if l.token != "" {
		q.query.Set("continue", l.token)
	}
	if l.o.MetadataOnly {
		q.accept = metadataList
	}
	return q
}

// takeUp goes on after a token has expired, with the one that the server sends for that: the next page begins after the
// last object that was handed on, at the present moment.
func (l *lister) takeUp(err error) error {
	e := statusOf(err)
	if e.resume == "" || e.resume == l.token {
		return err
	}
	l.token = e.resume
	return nil
}

func (l *lister) read(body io.Reader) error {
	at := 0
	return readList(body, &l.meta, func(item []byte) error {
		if at++; at <= l.handed {
			return nil
		}
		if err := l.each(l.named(item)); err != nil {
			return &callerError{err}
		}
		l.handed++
		return nil
	})
}

// callerError is an error of a function that was called back: not one of the connection, whatever it is.
type callerError struct{ error }

func (e *callerError) Unwrap() error { return e.error }

// plain is an error as the function that was called back returned it.
func plain(err error) error {
	if e, ok := errors.AsType[*callerError](err); ok {
		return e.error
	}
	return err
}

// named puts in apiVersion and kind, which the items of a list of built-in objects lack.
func (l *lister) named(item []byte) []byte {
	if l.o.MetadataOnly {
		item = withoutKind(item)
	}
	if bytes.HasPrefix(item, []byte(`{"kind"`)) || bytes.HasPrefix(item, []byte(`{"apiVersion"`)) || len(item) < 2 || item[0] != '{' {
		return item
	}
	head := `{"apiVersion":"` + l.r.APIVersion() + `","kind":"` + l.r.Kind + `"`
	if string(item) != "{}" {
		head += ","
	}
	return append([]byte(head), item[1:]...)
}

// withoutKind takes off the apiVersion and kind of PartialObjectMetadata.
func withoutKind(item []byte) []byte {
	for _, s := range []string{
		`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",`,
		`{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata",`,
	} {
		if bytes.HasPrefix(item, []byte(s)) {
			item = item[len(s)-1:]
			item[0] = '{'
		}
	}
	return item
}

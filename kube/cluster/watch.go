package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// WatchOptions choose what is watched, and from where on.
type WatchOptions struct {
	Labels, Fields  string // selectors
	ResourceVersion string // of the list that came before
	MetadataOnly    bool
}

// WatchEvent is a change of an object.
type WatchEvent struct {
	Type   string // ADDED, MODIFIED, DELETED; BOOKMARK has only a resourceVersion
	Object []byte
}

// The types of events.
const (
	Added    = "ADDED"
	Modified = "MODIFIED"
	Removed  = "DELETED"
	Bookmark = "BOOKMARK"
)

// watchTime is after how long a server ends a watch, at least.
const watchTime = 5 * time.Minute

// Watch calls each with every change until the server ends the watch, which is no error and happens every few minutes, until
// each returns an error, or the context ends. IsExpired says that changes were missed: list again.
func (c *Client) Watch(ctx context.Context, r Resource, ns string, o WatchOptions, each func(WatchEvent) error) error {
	return plain(c.watch(ctx, r, ns, o, each))
}

func (c *Client) watch(ctx context.Context, r Resource, ns string, o WatchOptions, each func(WatchEvent) error) error {
	limit := watchTime + rand.N(watchTime)
	q := &request{verb: "watch", resource: r, namespace: ns, idle: limit + time.Minute}
	q.query = url.Values{
		"watch": {"true"}, "allowWatchBookmarks": {"true"}, "resourceVersion": {o.ResourceVersion},
		"timeoutSeconds": {strconv.Itoa(int(limit / time.Second))},
	}
	if o.Labels != "" {
		q.query.Set("labelSelector", o.Labels)
	}
	if o.Fields != "" {
		q.query.Set("fieldSelector", o.Fields)
	}
	if o.MetadataOnly {
		q.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
	}
	return c.send(ctx, q, func(resp *http.Response) error {
		c.warn(q.warnings(resp.Header))
		return readWatch(q, resp.Body, each)
	})
}

func readWatch(q *request, body io.Reader, each func(WatchEvent) error) error {
	dec := json.NewDecoder(body)
	for {
		var e struct {
			Type   string          `json:"type"`
			Object json.RawMessage `json:"object"`
		}
		if err := dec.Decode(&e); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		if e.Type == "ERROR" {
			return decodeStatus(q, 0, nil, e.Object)
		}
		if err := each(WatchEvent{e.Type, e.Object}); err != nil {
			return &callerError{err}
		}
	}
}

// FollowOptions choose what is followed.
type FollowOptions struct {
	Labels, Fields string // selectors
	MetadataOnly   bool
}

// Follow lists objects and then hears of every change, until the context ends or one of the functions returns an error, which
// Follow returns. It goes on when a connection breaks or a server restarts: it watches again from where it was, and where
// that is not possible lists again. onList hears all objects, in place of whatever was known before. A server that stays away
// for longer than a request would wait for it is an error.
func (c *Client) Follow(ctx context.Context, r Resource, ns string, o FollowOptions, onList func(items [][]byte) error, onEvent func(WatchEvent) error) error {
	f := follower{c: c, r: r, ns: ns, o: o, onList: onList, onEvent: onEvent}
	t := tries{policy: c.retry, begun: time.Now()}
	t.policy.tries = int(^uint(0) >> 1) // bounded by time, which begins anew after each success
	for {
		before := f.steps
		err := f.step(ctx)
		if _, ok := errors.AsType[*callerError](err); ok {
			return plain(err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if f.steps != before {
			t.begun, t.count, t.faults = time.Now(), 0, 0
		}
		if err == nil {
			continue
		}
		pause, again := t.next(c, &request{verb: "watch", resource: r, again: true}, err)
		if !again {
			return fmt.Errorf("watching %s: %w", r, err)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// follower is a Follow under way.
type follower struct {
	c       *Client
	r       Resource
	ns      string
	o       FollowOptions
	onList  func([][]byte) error
	onEvent func(WatchEvent) error

	version string // up to which everything was heard; "" before a list
	steps   int    // what was heard, counted to tell progress
}

// step lists, or watches until the watch ends.
func (f *follower) step(ctx context.Context) error {
	if f.version == "" {
		return f.list(ctx)
	}
	began := time.Now()
	o := WatchOptions{f.o.Labels, f.o.Fields, f.version, f.o.MetadataOnly}
	err := f.c.watch(ctx, f.r, f.ns, o, f.hear)
	if IsExpired(err) {
		f.version, err = "", nil
	}
	if err == nil && time.Since(began) < time.Second {
		// A server that ends watches at once, or has forgotten what it has just listed, is not asked as fast as it can answer.
		return sleep(ctx, f.c.retry.most/5)
	}
	return err
}

func (f *follower) list(ctx context.Context) error {
	var items [][]byte
	o := ListOptions{f.o.Labels, f.o.Fields, f.o.MetadataOnly}
	version, err := f.c.List(ctx, f.r, f.ns, o, func(item []byte) error {
		items = append(items, item)
		return nil
	})
	if err != nil {
		return err
	}
	f.version = version
	f.steps++
	if err := f.onList(items); err != nil {
		return &callerError{err}
	}
	return nil
}

func (f *follower) hear(e WatchEvent) error {
	var o struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(e.Object, &o); err != nil {
		return err
	}
	f.version = o.Metadata.ResourceVersion
	f.steps++
	if e.Type == Bookmark {
		return nil
	}
	return f.onEvent(e)
}

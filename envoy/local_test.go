package envoy

import (
	"reflect"
	"testing"
)

func TestListeners(t *testing.T) {
	c := Config{App: "app", Namespace: "shop", Upstreams: []Upstream{
		{Name: "a", Port: 1},
		{Name: "fixed", Port: 1, LocalPort: 10002},
		{Name: "b", Port: 1},
		{Name: "own", Port: 1, Address: "127.0.1.1", LocalPort: 8080},
	}}
	got := c.Listeners()
	want := []string{"127.0.0.1:10001", "127.0.0.1:10002", "127.0.0.1:10003", "127.0.1.1:8080"}
	for i, l := range got {
		if l.HostPort() != want[i] || l.Upstream != c.Upstreams[i].Name {
			t.Errorf("%s: %s, want %s", l.Upstream, l.HostPort(), want[i])
		}
	}
}

func TestListenersShared(t *testing.T) {
	c := Config{App: "app", Namespace: "shop", Listen: Shared, Upstreams: []Upstream{
		{Name: "a", Port: 1},
		{Name: "b", Port: 1, Namespace: "money"},
		{Name: "redis", Port: 1, Protocol: TCP},
	}}
	want := []Listener{
		{Upstream: "a", Host: "a", Address: "127.0.0.1", Port: 8000, Shared: true, Aliases: []string{"a", "a.shop"}},
		{Upstream: "b", Host: "b", Address: "127.0.0.1", Port: 8000, Shared: true, Aliases: []string{"b", "b.money"}},
		{Upstream: "redis", Host: "127.0.0.1", Address: "127.0.0.1", Port: 10001},
	}
	if got := c.Listeners(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

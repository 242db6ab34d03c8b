package envoy

import (
	"fmt"
	"testing"

	"github.com/starctl/starctl/kube/encode"
)

// The size is known without writing, but for quotes.
func TestTextSize(t *testing.T) {
	for _, listen := range []string{PerUpstream, Shared} {
		c := Config{App: "app", Listen: listen}
		for i := range 20 {
			c.Upstreams = append(c.Upstreams, Upstream{Name: fmt.Sprint("up", i), Port: 1})
		}
		n := newGenerator(&c, c.Listeners()).bootstrap()
		size, want := textSize(n, 0), len(encode.AppendYAML(nil, n))
		if size > want || size < want*98/100 {
			t.Errorf("%s: got %d, want about %d", listen, size, want)
		}
	}
}

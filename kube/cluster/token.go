package cluster

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// tokenFile sends the token in a file, which is renewed while a run waits: as kubelets do, or whoever revokes the old one. The client
// library reads such a file once a minute, and a token that was revoked is refused until then.
type tokenFile struct {
	base http.RoundTripper
	path string

	mu    sync.Mutex
	token string
	read  time.Time
}

// tokenAge is how long a token is sent without looking whether there is a new one.
const tokenAge = time.Second

// newTokenFile reads the file once: whether it can be read is to be known before anything is sent.
func newTokenFile(path string) (*tokenFile, error) {
	f := &tokenFile{path: path}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if f.token = strings.TrimSpace(string(b)); f.token == "" {
		return nil, fmt.Errorf("the token file %s is empty", path)
	}
	f.read = time.Now()
	return f, nil
}

// current is the token in the file; the last one that was there, while it cannot be read.
func (f *tokenFile) current() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.read) < tokenAge {
		return f.token
	}
	if b, err := os.ReadFile(f.path); err == nil {
		if t := strings.TrimSpace(string(b)); t != "" {
			f.token, f.read = t, time.Now()
		}
	}
	return f.token
}

// RoundTrip sends a request with the token. One that was refused is not believed in any longer.
func (f *tokenFile) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+f.current())
	resp, err := f.base.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		f.mu.Lock()
		f.read = time.Time{}
		f.mu.Unlock()
	}
	return resp, err
}

package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/starctl/starctl/internal/nearest"
	"github.com/starctl/starctl/kube"
)

// discovery is what kinds a cluster has. It costs two requests, so it is kept in a file for a while; a kind that the file
// does not have makes it be asked for anew.
type discovery struct {
	file string // "" keeps nothing

	mu    sync.Mutex
	known *catalog
	asked time.Time // when the server was asked last by this process
	stale bool      // the file is not to be believed
}

// catalog is a cluster's kinds, those of preferred versions first within a group.
type catalog struct {
	Format    int        `json:"format"`
	Server    string     `json:"server"`
	UID       string     `json:"uid,omitempty"`
	Time      time.Time  `json:"time"`
	Resources []Resource `json:"resources"`
	Down      []string   `json:"-"` // groups and versions that do not answer; a catalog with some is not kept
	loaded    bool       // from the file
}

const (
	catalogFormat = 1
	catalogAge    = 10 * time.Minute
)

// Resource finds how a kind is served, in the version of id or, if it has none, the preferred one. A kind that is not known
// is looked for once more on the server; then it is a NoMatchError, or a GroupDownError where nobody can tell.
func (c *Client) Resource(ctx context.Context, id kube.ID) (Resource, error) {
	cat, fresh, err := c.catalog(ctx)
	if err != nil {
		return Resource{}, err
	}
	r, err := cat.find(id)
	if err == nil || fresh {
		return r, err
	}
	if cat, err = c.refresh(ctx, cat); err != nil {
		return Resource{}, err
	}
	return cat.find(id)
}

// ResourceWithin is Resource for a kind whose CustomResourceDefinition was established a moment ago: servers learn of it one
// after the other, so it is looked for until the time is over.
func (c *Client) ResourceWithin(ctx context.Context, id kube.ID, limit time.Duration) (Resource, error) {
	deadline := time.Now().Add(limit)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		r, err := c.Resource(ctx, id)
		if err == nil || !IsNoMatch(err) && !IsGroupDown(err) || time.Now().Add(pause).After(deadline) {
			return r, err
		}
		if err := sleep(ctx, pause); err != nil {
			return Resource{}, err
		}
		c.Forget()
	}
}

// Resources lists all kinds in their preferred versions, and the API groups that do not answer, of which nobody can tell.
func (c *Client) Resources(ctx context.Context) (list []Resource, down []string, err error) {
	cat, err := c.refresh(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	seen := map[[2]string]bool{}
	for _, r := range cat.Resources {
		if k := [2]string{r.Group, r.Kind}; !seen[k] {
			seen[k] = true
			list = append(list, r)
		}
	}
	return list, cat.Down, nil
}

// Forget makes the next question for a kind that is not known go to the server, however lately that was asked.
func (c *Client) Forget() {
	c.discovery.mu.Lock()
	defer c.discovery.mu.Unlock()
	if c.discovery.known != nil {
		c.discovery.asked = time.Time{}
	}
}

// dropLoaded forgets kinds that come from the file, since one of them turned out to be gone, and reports whether there were any.
func (c *Client) dropLoaded() bool {
	d := &c.discovery
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil || !d.known.loaded {
		return false
	}
	d.known, d.stale = nil, true
	return true
}

// find looks for a kind.
func (cat *catalog) find(id kube.ID) (Resource, error) {
	var versions, kinds []string
	for _, r := range cat.Resources {
		if r.Kind == id.Kind && r.Group == id.Group {
			if r.Version == id.Version || id.Version == "" {
				return r, nil
			}
			versions = append(versions, r.APIVersion())
		}
		kinds = append(kinds, r.Kind)
	}
	for _, d := range cat.Down {
		if group, version := kube.SplitAPIVersion(d); group == id.Group && (version == id.Version || id.Version == "") {
			return Resource{}, &GroupDownError{Group: group, Version: version}
		}
	}
	if len(versions) == 0 {
		for _, r := range cat.Resources {
			if r.Kind == id.Kind {
				versions = append(versions, r.APIVersion())
			}
		}
	}
	return Resource{}, &NoMatchError{ID: id, Versions: versions, Nearest: nearest.Name(id.Kind, kinds)}
}

// catalog returns the kinds as known; fresh says that the server was asked just now.
func (c *Client) catalog(ctx context.Context) (cat *catalog, fresh bool, err error) {
	d := &c.discovery
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil {
		d.known = c.load()
	}
	if d.known != nil {
		return d.known, time.Since(d.asked) < time.Second, nil
	}
	return d.known, true, c.ask(ctx)
}

// refresh asks the server, unless somebody else did since old was handed out.
func (c *Client) refresh(ctx context.Context, old *catalog) (*catalog, error) {
	d := &c.discovery
	d.mu.Lock()
	defer d.mu.Unlock()
	if old != nil && d.known != old {
		return d.known, nil
	}
	if err := c.ask(ctx); err != nil {
		return nil, err
	}
	return d.known, nil
}

// ask reads the kinds from the server; d.mu is held.
func (c *Client) ask(ctx context.Context) error {
	cat := &catalog{Format: catalogFormat, Server: c.identity.Server, UID: c.identity.UID, Time: time.Now().UTC()}
	for _, root := range []string{"/api", "/apis"} {
		if err := c.discover(ctx, root, cat); err != nil {
			return fmt.Errorf("asking the cluster for its kinds: %w", err)
		}
	}
	c.discovery.known, c.discovery.asked = cat, time.Now()
	c.store(cat)
	return nil
}

// Both forms of the aggregated answer, and the old one for servers that have neither.
const discoveryAccept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

// groupList is any of the answers of /api and /apis.
type groupList struct {
	Kind  string `json:"kind"`
	Items []struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Versions []struct {
			Version   string `json:"version"`
			Freshness string `json:"freshness"`
			Resources []struct {
				Resource string   `json:"resource"`
				Scope    string   `json:"scope"`
				Verbs    []string `json:"verbs"`
				Kind     struct {
					Group   string `json:"group"`
					Version string `json:"version"`
					Kind    string `json:"kind"`
				} `json:"responseKind"`
			} `json:"resources"`
		} `json:"versions"`
	} `json:"items"`

	Versions []string `json:"versions"` // of APIVersions
	Groups   []struct {
		Preferred struct {
			GroupVersion string `json:"groupVersion"`
		} `json:"preferredVersion"`
		Versions []struct {
			GroupVersion string `json:"groupVersion"`
		} `json:"versions"`
	} `json:"groups"` // of APIGroupList
}

func (c *Client) discover(ctx context.Context, root string, cat *catalog) error {
	q := &request{verb: "get", path: root, accept: discoveryAccept, again: true}
	body, err := c.bytes(ctx, q)
	if err != nil {
		return err
	}
	var list groupList
	if err := json.Unmarshal(body, &list); err != nil {
		return fmt.Errorf("%s: %w", root, err)
	}
	if list.Kind == "APIGroupDiscoveryList" {
		list.aggregated(cat)
		return nil
	}
	return c.onebyone(ctx, list.unaggregated(), cat)
}

func (l *groupList) aggregated(cat *catalog) {
	for _, g := range l.Items {
		for _, v := range g.Versions {
			if v.Freshness == "Stale" {
				cat.Down = append(cat.Down, groupVersion(g.Metadata.Name, v.Version))
			}
			for _, r := range v.Resources {
				if r.Kind.Kind == "" {
					continue
				}
				// The kind that answers may be of another group: of a resource there is one group, that of its path.
				cat.Resources = append(cat.Resources, Resource{
					Group: g.Metadata.Name, Version: v.Version, Kind: r.Kind.Kind, Name: r.Resource,
					Namespaced: r.Scope == "Namespaced", Verbs: r.Verbs,
				})
			}
		}
	}
}

// unaggregated lists the groups and versions, preferred ones first.
func (l *groupList) unaggregated() []string {
	list := slices.Clone(l.Versions)
	for _, g := range l.Groups {
		list = append(list, g.Preferred.GroupVersion)
		for _, v := range g.Versions {
			if v.GroupVersion != g.Preferred.GroupVersion {
				list = append(list, v.GroupVersion)
			}
		}
	}
	return list
}

// onebyone asks for each group and version: the form of servers without aggregation. A group that does not answer is
// remembered as down.
func (c *Client) onebyone(ctx context.Context, versions []string, cat *catalog) error {
	lists := make([][]Resource, len(versions))
	errs := make([]error, len(versions))
	var wg sync.WaitGroup
	for i, gv := range versions {
		wg.Go(func() { lists[i], errs[i] = c.groupResources(ctx, gv) })
	}
	wg.Wait()
	for i, gv := range versions {
		e := statusOf(errs[i])
		switch {
		case errs[i] == nil:
			cat.Resources = append(cat.Resources, lists[i]...)
		case e != nil && e.Code == http.StatusNotFound: // it has gone since it was listed
		case e != nil && e.Code >= 500:
			cat.Down = append(cat.Down, gv)
		default:
			return errs[i]
		}
	}
	return nil
}

func (c *Client) groupResources(ctx context.Context, gv string) ([]Resource, error) {
	group, version := kube.SplitAPIVersion(gv)
	q := &request{verb: "get", path: "/apis/" + gv}
	if group == "" {
		q.path = "/api/" + gv
	}
	body, err := c.bytes(ctx, q)
	if err != nil {
		return nil, err
	}
	var list struct {
		Resources []struct {
			Name       string   `json:"name"`
			Kind       string   `json:"kind"`
			Namespaced bool     `json:"namespaced"`
			Verbs      []string `json:"verbs"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", gv, err)
	}
	var out []Resource
	for _, r := range list.Resources {
		if strings.Contains(r.Name, "/") {
			continue // a subresource
		}
		out = append(out, Resource{group, version, r.Kind, r.Name, r.Namespaced, r.Verbs})
	}
	return out, nil
}

// cacheFile is where the kinds of a server are kept; "" where there is no place.
func cacheFile(dir, server string) string {
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(base, "starctl")
	}
	host := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, strings.ToLower(server))
	sum := sha256.Sum256([]byte(server))
	return filepath.Join(dir, "discovery", host[:min(len(host), 60)]+"-"+hex.EncodeToString(sum[:4])+".json")
}

// load reads the kept kinds. What is old, of another cluster, or cannot be read counts as not kept.
func (c *Client) load() *catalog {
	if c.discovery.file == "" || c.discovery.stale {
		return nil
	}
	b, err := os.ReadFile(c.discovery.file)
	if err != nil {
		return nil
	}
	var cat catalog
	if json.Unmarshal(b, &cat) != nil || cat.Format != catalogFormat || len(cat.Resources) == 0 {
		return nil
	}
	age := time.Since(cat.Time)
	if age < 0 || age > catalogAge || cat.Server != c.identity.Server || cat.UID != c.identity.UID {
		return nil
	}
	cat.loaded = true
	return &cat
}

// store keeps the kinds where that is possible; a run does without as well.
func (c *Client) store(cat *catalog) {
	if c.discovery.file == "" || len(cat.Down) > 0 {
		return
	}
	b, err := json.Marshal(cat)
	if err != nil {
		return
	}
	_ = writeBeside(c.discovery.file, b)
}

// writeBeside writes a file whole or not at all.
func writeBeside(file string, b []byte) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".writing-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

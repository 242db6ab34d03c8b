package plan

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/kube/schema"
)

// Prepared is an object of a set as it is sent to a cluster.
type Prepared struct {
	ID       kube.ID // with the namespace that it goes to
	Declared *kube.Object
	Desired  kube.Node // as declared, with the marks of its owner, without what is left to others
	Wishes   Wishes
	Hash     string // of Desired; "" of a Secret, whose content could be guessed from it
}

// Prepare makes the objects of a set ready for a cluster, and finds what no cluster would take, or would take for something
// else. All of it is found; Prepared objects are only of use if there is no Obstacle.
//
// Objects of the kinds of Kubernetes that live in namespaces and name none go to the owner's. What DependsOn names is given
// as in the set. Fields that only a server writes, such as metadata.uid, the status and the rules of an aggregated ClusterRole, are
// not sent.
func Prepare(set *kube.Set, wishes map[kube.ID]Wishes, owner Owner) ([]Prepared, []Obstacle) {
	p := preparation{owner: owner, seen: map[kube.ID]*kube.Object{}, renamed: map[kube.ID]kube.ID{}}
	list := make([]Prepared, 0, len(set.Objects))
	for _, o := range set.Objects {
		list = append(list, p.object(o, wishes[o.ID]))
	}
	for i := range list {
		list[i].Wishes.DependsOn = p.targets(list[i].Wishes.DependsOn)
	}
	return list, p.obstacles
}

type preparation struct {
	owner     Owner
	seen      map[kube.ID]*kube.Object
	renamed   map[kube.ID]kube.ID // those that got a namespace
	obstacles []Obstacle
}

func (p *preparation) obstacle(kind string, o *kube.Object, path kube.Path, format string, args ...any) *Obstacle {
	p.obstacles = append(p.obstacles, Obstacle{Kind: kind, ID: o.ID, Object: o, Path: path, Message: fmt.Sprintf(format, args...)})
	return &p.obstacles[len(p.obstacles)-1]
}

func (p *preparation) targets(ids []kube.ID) []kube.ID {
	out := make([]kube.ID, len(ids))
	for i, id := range ids {
		out[i] = id
		if to, ok := p.renamed[id]; ok {
			out[i] = to
		}
	}
	return out
}

func (p *preparation) object(o *kube.Object, w Wishes) Prepared {
	out := Prepared{ID: o.ID, Declared: o, Wishes: w}
	t := typeOf(o.Node)
	if o.Namespace == "" && t != nil && t.Object().Namespaced && p.owner.Namespace != "" {
		out.ID.Namespace = p.owner.Namespace
		p.renamed[o.ID] = out.ID
	}
	p.identity(o, out.ID)
	p.twice(o, nil, o.Node, t)
	n := o.Node
	for _, path := range w.Leave {
		if what := identified(path, t); what != "" {
			p.obstacle("leave", o, path, "it identifies %s, and cannot be left to others", what)
			continue
		}
		if n = without(n, path, t); !n.Exists() {
			n = kube.OfRecord(kube.Pairs{})
		}
	}
	n = p.content(o, n, t)
	out.Desired = p.marked(n, out.ID)
	b := encode.AppendJSON(nil, out.Desired, 0)
	p.size(o, out.Desired, len(b), t)
	if !isSecret(o.Node) {
		out.Hash = hash(b)
	}
	return out
}

// hash tells contents apart; 96 bits of SHA-256.
func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

func isSecret(n kube.Node) bool {
	return n.Get("kind").Str() == "Secret" && n.Get("apiVersion").Str() == "v1"
}

// identified is what a path leads to the name of: the object, or an item of a list. It is "" of all other paths.
func identified(path kube.Path, t *schema.Type) string {
	switch path.String() {
	case "apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace":
		return "the object"
	}
	for i, s := range path {
		if s.Index < 0 {
			_, t = inside(t, s.Name)
			continue
		}
		var keys string
		keys, t = listType(t)
		if i == len(path)-2 && slices.Contains(strings.Split(keys, ","), path[i+1].Name) {
			return "the item"
		}
	}
	return ""
}

func (p *preparation) identity(o *kube.Object, id kube.ID) {
	switch {
	case o.Name != "":
	case o.Get("metadata", "generateName").Str() != "":
		p.obstacle("generate-name", o, kube.Fields("metadata", "generateName"), "each apply would make another object").
			Help = []string{"give it a name: what was applied must be found again"}
		return
	default:
		p.obstacle("name", o, kube.Fields("metadata", "name"), "required, not set")
		return
	}
	if id.Identity() == (kube.ID{Kind: "ConfigMap", Namespace: p.owner.Namespace, Name: p.owner.Inventory()}) {
		p.obstacle("inventory", o, nil, "the inventory of the set has this name").Help = []string{"give it another one"}
	}
	first := p.seen[id.Identity()]
	if first == nil {
		p.seen[id.Identity()] = o
		return
	}
	ob := p.obstacle("duplicate", o, nil, "declared twice: a cluster holds one %s of that name", id.Kind)
	ob.Related = []*kube.Object{first}
	if first.Version != o.Version {
		ob.Help = []string{fmt.Sprintf("%s and %s are versions of one API", first.APIVersion(), o.APIVersion())}
	}
}

// twice finds items of a list that the API cannot tell apart; server-side apply answers them with an internal error.
func (p *preparation) twice(o *kube.Object, path kube.Path, n kube.Node, t *schema.Type) {
	if n.Kind() != kube.List {
		for k, v := range n.All() {
			if v.Kind() >= kube.List {
				step, sub := inside(t, k)
				p.twice(o, path.With(step), v, sub)
			}
		}
		return
	}
	keys, elem := listType(t)
	seen := map[string]bool{}
	for i, v := range n.Items() {
		key := ""
		switch {
		case keys != "":
			key = fullKey(v, keys)
		case merge(t) == schema.BySet:
			key = v.Text()
		}
		step := kube.Item(i, key)
		if key != "" && seen[key] {
			p.obstacle("duplicate-item", o, path.With(step), "%q is in the list twice", key)
		}
		seen[key] = true
		if v.Kind() >= kube.List {
			p.twice(o, path.With(step), v, elem)
		}
	}
}

// fullKey is the key of a list's item as the API server sees it: a port without a protocol is TCP.
func fullKey(n kube.Node, keys string) string {
	k := keyOf(n, keys)
	if k != "" && strings.HasSuffix(keys, ",protocol") && !n.Get("protocol").Exists() {
		k += "/TCP"
	}
	return k
}

// content is what is sent of an object besides its marks.
func (p *preparation) content(o *kube.Object, n kube.Node, t *schema.Type) kube.Node {
	if t != nil && n.Get("status").Exists() {
		n = with(n, "status", kube.Node{})
	}
	if isSecret(o.Node) {
		n = p.secret(o, n)
	}
	if isAggregated(n) {
		n = with(n, "rules", kube.Node{})
	}
	return n
}

// isAggregated reports whether an object is a ClusterRole whose rules the cluster gathers from other roles, whatever is declared:
// most files declare them as empty, and would be in conflict with the controller for ever.
func isAggregated(n kube.Node) bool {
	return n.Get("kind").Str() == "ClusterRole" && strings.HasPrefix(n.Get("apiVersion").Str(), "rbac.authorization.k8s.io/") &&
		n.Get("aggregationRule").Exists() && n.Get("aggregationRule").Kind() != kube.Null
}

// secret moves stringData to data: a key that was once applied as stringData could never be removed again. Values do not
// reach a message.
func (p *preparation) secret(o *kube.Object, n kube.Node) kube.Node {
	data := n.Get("data")
	for k, v := range data.All() {
		path := kube.Fields("data").With(kube.Key(k))
		switch {
		case v.Kind() != kube.String:
			p.obstacle("base64", o, path, "got %s, want a string in base64", v.Kind())
		case !isBase64(v.Str()):
			p.obstacle("base64", o, path, "the value is not base64").Help = []string{"plain text belongs into stringData"}
		}
	}
	plain := n.Get("stringData")
	if !plain.Exists() {
		return n
	}
	if data.Kind() != kube.Map && data.Kind() != kube.Record {
		data = kube.OfMap(kube.Pairs{})
	}
	for k, v := range plain.All() {
		if v.Kind() != kube.String {
			p.obstacle("base64", o, kube.Fields("stringData").With(kube.Key(k)), "got %s, want a string", v.Kind())
			continue
		}
		data = with(data, k, kube.OfString(base64.StdEncoding.EncodeToString([]byte(v.Str()))))
	}
	return with(with(n, "stringData", kube.Node{}), "data", data)
}

func isBase64(s string) bool {
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil
}

// byServer are the fields of metadata that only a server writes. An object that was read from a cluster has them.
var byServer = [...]string{
	"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink",
}

// marked puts the owner's marks on an object.
func (p *preparation) marked(n kube.Node, id kube.ID) kube.Node {
	meta := n.Get("metadata")
	if !meta.IsMapping() {
		meta = kube.OfRecord(kube.Pairs{})
	}
	for _, name := range byServer {
		if meta.Get(name).Exists() {
			meta = with(meta, name, kube.Node{})
		}
	}
	if id.Namespace != "" {
		meta = with(meta, "namespace", kube.OfString(id.Namespace))
	}
	labels := with(orEmpty(meta.Get("labels")), SetLabel, kube.OfString(p.owner.Set))
	labels = with(labels, PartOfLabel, kube.OfString(p.owner.ApplySet()))
	notes := with(orEmpty(meta.Get("annotations")), OwnerAnnotation, kube.OfString(p.owner.Annotation()))
	return with(n, "metadata", with(with(meta, "labels", labels), "annotations", notes))
}

func orEmpty(n kube.Node) kube.Node {
	if n.IsMapping() {
		return n
	}
	return kube.OfMap(kube.Pairs{})
}

// Largest objects. A dry run does not find what is too large for etcd, which takes requests of 1.5 MiB (its
// --max-request-bytes): custom resources are stored as JSON, all others more tightly, so that of those the API server's 3 MiB
// (k8s.io/apiserver, MaxRequestBodyBytes) are the limit. The values of a ConfigMap or Secret may have 1 MiB together
// (k8s.io/kubernetes/pkg/apis/core, MaxSecretSize).
const (
	maxRequest = 3 << 20
	maxCustom  = 3 << 19
	maxData    = 1 << 20
)

func (p *preparation) size(o *kube.Object, desired kube.Node, size int, t *schema.Type) {
	limit := maxRequest
	if t == nil {
		limit = maxCustom
	}
	if size > limit {
		p.obstacle("size", o, nil, "it has %d KiB, a cluster takes at most %d", size>>10, limit>>10)
		return
	}
	if size <= maxData || o.Group != "" || o.ID.Kind != "ConfigMap" && o.ID.Kind != "Secret" {
		return
	}
	data := 0
	for _, v := range desired.Get("binaryData").All() {
		data += base64.StdEncoding.DecodedLen(len(v.Str()))
	}
	for _, v := range desired.Get("data").All() {
		if o.ID.Kind == "Secret" {
			data += base64.StdEncoding.DecodedLen(len(v.Str()))
		} else {
			data += len(v.Str())
		}
	}
	if data > maxData {
		p.obstacle("size", o, nil, "its values have %d KiB together, a %s may have %d", data>>10, o.ID.Kind, maxData>>10).
			Help = []string{"split it, or keep large files in an image or a volume"}
	}
}

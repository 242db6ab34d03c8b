package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/encode"
)

// A plan file keeps what was reviewed, so that just this is applied later. What is applied is always a plan made anew from the
// same files; it has to be equal, else nothing is written. Equal means:
//
//   - the set: its name, the cluster, the namespace of its inventory, and of each object every byte that would be sent, as a
//     SHA-256; of a Secret, which everybody who has the file could guess from that, the keys and all that is not data;
//   - the objects: the same ones, each with the same action, the same live object (uid), the same changes field by field (of a
//     Secret, which keys change), the same stage and the same dependencies.
//
// The resourceVersion is not compared: every status update changes it. What others changed shows as other changes; what they
// change after that, the pins of the new plan catch. The digest in the file finds damage and edits by hand; it is no
// signature, and need not be one, as a forged plan could only be refused.
const (
	fileKind    = "starctl plan"
	fileVersion = 1
	maxFile     = 256 << 20
)

// Save writes plans to a file that Load reads. It holds no value of a Secret, nor anything made from one.
func Save(w io.Writer, plans ...*Plan) error {
	list := make(kube.Elems, len(plans))
	for i, p := range plans {
		list[i] = kept(p)
	}
	body := kube.OfList(list)
	file := kube.OfMap(kube.Pairs{
		{Key: "kind", Value: kube.OfString(fileKind)},
		{Key: "version", Value: kube.OfInt(fileVersion)},
		{Key: "digest", Value: kube.OfString(digestOf(body))},
		{Key: "plans", Value: body},
	})
	_, err := w.Write(append(encode.AppendJSON(nil, file, 1), '\n'))
	return err
}

func digestOf(n kube.Node) string {
	sum := sha256.Sum256(encode.AppendJSON(nil, n, 0))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func kept(p *Plan) kube.Node {
	var r record
	r.text("set", p.Set)
	r.text("namespace", p.Namespace)
	r.text("cluster", p.Cluster)
	objects := make(kube.Elems, len(p.Steps))
	for i := range p.Steps {
		objects[i] = keptStep(p, &p.Steps[i])
	}
	r.put("objects", kube.OfList(objects))
	return r.node()
}

func keptStep(p *Plan, s *Step) kube.Node {
	var r record
	r.text("action", s.Action.String())
	r.id(s.ID)
	r.text("uid", s.UID)
	r.put("stage", kube.OfInt(int64(s.Stage)))
	if s.Action != Delete {
		r.text("content", digestOf(guarded(s.Desired)))
	}
	var after []string
	for _, i := range s.After {
		after = append(after, p.Steps[i].ID.String())
	}
	if slices.Sort(after); after != nil {
		r.put("after", texts(after))
	}
	if len(s.Changes) > 0 {
		list := make(kube.Elems, len(s.Changes))
		for i, c := range s.Changes {
			list[i] = guardedChange(s.ID, c)
		}
		r.put("changes", kube.OfList(list))
	}
	return r.node()
}

// guarded returns a Secret with its keys in place of its values; anything else as it is.
func guarded(n kube.Node) kube.Node {
	if !isSecret(n) {
		return n
	}
	for _, field := range [...]string{"data", "stringData"} {
		if values := n.Get(field); values.IsMapping() {
			n = with(n, field, texts(keys(values)))
		}
	}
	return n
}

// guardedChange is a change; of a Secret's data only what happens to which key.
func guardedChange(id kube.ID, c Change) kube.Node {
	if id.Kind != "Secret" || id.Group != "" || len(c.Path) == 0 || c.Path[0].Name != "data" && c.Path[0].Name != "stringData" {
		return c.node()
	}
	var r record
	r.text("path", c.Path.String())
	r.yes("removed", !c.New.Exists())
	r.yes("added", !c.Old.Exists())
	if names := append(keys(c.Old), keys(c.New)...); names != nil {
		r.put("keys", texts(names))
	}
	return r.node()
}

// Saved is a plan that was kept in a file.
type Saved struct {
	Set, Namespace, Cluster string // as in Plan

	objects []savedObject
}

type savedObject struct {
	id kube.ID
	kube.Node
}

// Load reads what Save wrote. It refuses a file that is incomplete, or was changed since.
func Load(r io.Reader) ([]*Saved, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("the plan file has more than %d MiB", maxFile>>20)
	}
	file, err := decode.JSON(b)
	switch {
	case err != nil:
		return nil, fmt.Errorf("this is no plan file, or only part of one: %w", err)
	case file.Get("kind").Str() != fileKind:
		return nil, errors.New("this is no plan file of starctl")
	}
	if v, _ := file.Get("version").Int(); v != fileVersion {
		return nil, fmt.Errorf("got a plan file of version %s, want %d: another starctl made it", file.Get("version").Text(), fileVersion)
	}
	plans := file.Get("plans")
	if plans.Kind() != kube.List || file.Get("digest").Str() != digestOf(plans) {
		return nil, errors.New("the plan file was changed after it was made")
	}
	var list []*Saved
	for _, n := range plans.Items() {
		s := &Saved{Set: n.Get("set").Str(), Namespace: n.Get("namespace").Str(), Cluster: n.Get("cluster").Str()}
		for _, o := range n.Get("objects").Items() {
			id := kube.ID{Kind: o.Get("kind").Str(), Namespace: o.Get("namespace").Str(), Name: o.Get("name").Str()}
			id.Group, id.Version = kube.SplitAPIVersion(o.Get("apiVersion").Str())
			s.objects = append(s.objects, savedObject{id, o})
		}
		list = append(list, s)
	}
	return list, nil
}

// Matches returns nil if a plan, made anew, does exactly what the saved one says; else an error that says what is different.
func (s *Saved) Matches(p *Plan) error {
	for _, x := range [...]struct{ what, was, is string }{
		{"set", s.Set, p.Set}, {"cluster", s.Cluster, p.Cluster}, {"namespace", s.Namespace, p.Namespace},
	} {
		if x.was != x.is {
			return fmt.Errorf("the plan is for the %s %s, not %s", x.what, orNone(x.was), orNone(x.is))
		}
	}
	old := map[kube.ID]kube.Node{}
	for _, o := range s.objects {
		old[o.id.Identity()] = o.Node
	}
	var list []string
	now := kept(p).Get("objects")
	for i, n := range now.Items() {
		id := p.Steps[i].ID
		if was := old[id.Identity()]; !was.Exists() {
			list = append(list, id.String()+" is not in the plan")
		} else if why := deviation(was, n); why != "" {
			list = append(list, id.String()+" "+why)
		}
		delete(old, id.Identity())
	}
	for _, o := range s.objects {
		if old[o.id.Identity()].Exists() {
			list = append(list, o.id.String()+" is in the plan, and is neither declared nor there any more")
		}
	}
	const most = 5
	if n := len(list); n > most {
		list = append(list[:most], fmt.Sprintf("and %d more", n-most))
	}
	if len(list) == 0 {
		return nil
	}
	return errors.New(strings.Join(list, "; "))
}

func orNone(s string) string {
	if s == "" {
		return "(unknown)"
	}
	return s
}

// deviation says how a step is not what was saved, the cause rather than its consequences; "" if it is the same.
func deviation(was, is kube.Node) string {
	equal := func(field string) bool { return kube.Equal(was.Get(field), is.Get(field)) }
	switch {
	case kube.Equal(was, is):
		return ""
	case !equal("content") || !equal("apiVersion"):
		return "is declared otherwise now"
	case !equal("uid") && was.Get("uid").Exists() && is.Get("uid").Exists():
		return "was deleted and made again since"
	case !equal("action"):
		return fmt.Sprintf("was to be %s, and now would be %s", past(was.Get("action").Str()), past(is.Get("action").Str()))
	case !equal("changes"):
		return "would be changed in other fields, or from other values"
	}
	return "would be applied at another time among the others"
}

func past(action string) string {
	switch action {
	case "unchanged":
		return "left unchanged"
	case "":
		return "nothing"
	}
	return strings.TrimSuffix(action, "e") + "ed"
}

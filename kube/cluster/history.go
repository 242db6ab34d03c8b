package cluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/kube/plan"
)

// The history of a set are Secrets beside its inventory, one for each run that has written something: what was declared then,
// without the data of Secrets. Secrets they are since environments hold much that is not for everybody.
const (
	historyType   = "starctl.dev/history"
	historyKey    = "revision"
	revisionLabel = "starctl.dev/revision"
	historyLabel  = "starctl.dev/history-of"

	keptRevisions   = 10 // as helm keeps
	largestRevision = 700 << 10
)

// historySecrets is where the history is kept.
var historySecrets = Resource{Version: "v1", Kind: "Secret", Name: "secrets", Namespaced: true}

// storedRevision is a Revision as it is kept.
type storedRevision struct {
	V       int               `json:"v"`
	Number  int               `json:"number"`
	Time    time.Time         `json:"time"`
	By      string            `json:"by"`
	Phase   string            `json:"phase"`
	Counts  map[string]int    `json:"counts"`
	Verdict Verdict           `json:"verdict"`
	Digest  string            `json:"digest,omitempty"` // of Objects
	Objects []json.RawMessage `json:"objects,omitempty"`
}

// historySecret is the Secret of a revision.
type historySecret struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name            string            `json:"name"`
		Namespace       string            `json:"namespace"`
		UID             string            `json:"uid,omitempty"`
		ResourceVersion string            `json:"resourceVersion,omitempty"`
		Labels          map[string]string `json:"labels,omitempty"`
		Annotations     map[string]string `json:"annotations,omitempty"`
	} `json:"metadata"`
	Type string            `json:"type"`
	Data map[string][]byte `json:"data,omitempty"`
}

// summary is what a list of revisions shows; it is kept beside the objects, so that a list needs no more than metadata.
const summaryAnnotation = "starctl.dev/summary"

func revisionName(owner plan.Owner, number int) string {
	return fmt.Sprintf("%s-r%d", owner.Inventory(), number)
}

// record keeps what a run has declared, and drops what is older than the last revisions. The run was done: that it cannot be
// kept is a warning. One that only brings to its end what another has written, which was killed, is kept in place of that.
func (r *run) record(ctx context.Context, verdict Verdict) {
	keep := r.d.Revisions
	if keep == 0 {
		keep = keptRevisions
	}
	if keep < 0 || r.wrote == 0 && !r.resumes {
		return
	}
	if err := r.keepRevision(ctx, verdict, keep); err != nil {
		why := err.Error()
		if f := AsFailure(err, Partly); f != nil && len(f.Help) > 1 {
			why = f.Error() + "; allow it: " + f.Help[1]
		}
		r.d.observe(Event{Kind: Warned, Text: "the history was not kept, so that this run cannot be rolled back to: " + why})
	}
}

func (r *run) keepRevision(ctx context.Context, verdict Verdict, keep int) error {
	list, err := r.d.revisions(ctx)
	if err != nil {
		return err
	}
	number := 1
	if len(list) > 0 {
		number = list[0].Number + 1
	}
	if i := slices.IndexFunc(list, func(rev Revision) bool { return rev.Verdict == Done }); i >= 0 {
		r.back = list[i].Number
	}
	s := storedRevision{V: 1, Number: number, Time: time.Now().UTC().Truncate(time.Second), By: holderName(holder()), Phase: r.phase, Verdict: verdict, Counts: map[string]int{}}
	for a, n := range r.report().Counts {
		s.Counts[a.String()] = n
	}
	for i := range r.reading.prepared {
		s.Objects = append(s.Objects, encode.AppendJSON(nil, withoutData(r.reading.prepared[i].Declared.Node), 0))
	}
	s.Digest = digestOf(s.Objects)
	if r.wrote == 0 && len(list) > 0 && list[0].Digest == s.Digest && list[0].Verdict == verdict {
		return nil // the run that was killed came as far as this
	}
	for {
		err := r.d.createRevision(ctx, &s)
		if err == nil {
			break
		}
		if !IsExists(err) {
			return err
		}
		s.Number++
	}
	r.revision = s.Number
	for _, old := range outdated(list, verdict, keep) {
		if err := r.d.dropRevision(ctx, old); err != nil {
			return err
		}
	}
	return nil
}

// digestOf tells what was declared from anything else.
func digestOf(objects []json.RawMessage) string {
	h := sha256.New()
	for _, o := range objects {
		h.Write(o)
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// outdated are the revisions, newest first, that go when one more is kept. The last that went well stays, however many have
// failed since: it is what one wants to go back to.
func outdated(list []Revision, verdict Verdict, keep int) []Revision {
	good := verdict == Done
	var out []Revision
	for i, rev := range list {
		if i >= keep-1 && (good || rev.Verdict != Done) {
			out = append(out, rev)
		}
		good = good || rev.Verdict == Done
	}
	return out
}

// dropRevision deletes a revision, if it still is the one that was listed.
func (d *Deployment) dropRevision(ctx context.Context, rev Revision) error {
	owner := d.owner()
	err := d.Client.Delete(ctx, historySecrets, owner.Namespace, revisionName(owner, rev.Number), Preconditions{UID: rev.UID})
	if IsNotFound(err) || IsStale(err) {
		return nil
	}
	return err
}

// withoutData is a Secret by its identity and the names of its keys, and any other object as it is.
func withoutData(n kube.Node) kube.Node {
	if n.Get("kind").Str() != "Secret" || n.Get("apiVersion").Str() != "v1" {
		return n
	}
	out := kube.Pairs{}
	for k, v := range n.All() {
		if k == "data" || k == "stringData" {
			names := kube.Pairs{}
			for key := range v.All() {
				names = append(names, kube.Pair{Key: key, Value: kube.OfString("")})
			}
			v = kube.OfMap(names)
		}
		if k == "metadata" {
			v = withoutNotes(v)
		}
		out = append(out, kube.Pair{Key: k, Value: v})
	}
	return kube.OfMap(out)
}

// withoutNotes is metadata without annotations, which may repeat what a Secret holds.
func withoutNotes(meta kube.Node) kube.Node {
	out := kube.Pairs{}
	for k, v := range meta.All() {
		if k != "annotations" {
			out = append(out, kube.Pair{Key: k, Value: v})
		}
	}
	return kube.OfMap(out)
}

func (d *Deployment) createRevision(ctx context.Context, s *storedRevision) error {
	owner := d.owner()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := json.NewEncoder(z).Encode(s); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if b.Len() > largestRevision {
		return fmt.Errorf("the objects take %d KiB, compressed, and a revision holds %d KiB", b.Len()>>10, largestRevision>>10)
	}
	sum, err := json.Marshal(storedRevision{V: s.V, Number: s.Number, Time: s.Time, By: s.By, Phase: s.Phase, Counts: s.Counts, Verdict: s.Verdict, Digest: s.Digest})
	if err != nil {
		return err
	}
	sec := historySecret{APIVersion: "v1", Kind: "Secret", Type: historyType, Data: map[string][]byte{historyKey: b.Bytes()}}
	sec.Metadata.Name, sec.Metadata.Namespace = revisionName(owner, s.Number), owner.Namespace
	sec.Metadata.Labels = map[string]string{historyLabel: owner.Set, revisionLabel: strconv.Itoa(s.Number)}
	sec.Metadata.Annotations = map[string]string{summaryAnnotation: string(sum)}
	body, err := json.Marshal(sec)
	if err != nil {
		return err
	}
	_, err = d.Client.Create(ctx, historySecrets, owner.Namespace, sec.Metadata.Name, body)
	if IsExists(err) && statusOf(err).Resent && d.hasRevision(ctx, &sec) {
		return nil // an answer was lost
	}
	return err
}

// hasRevision reports whether a revision is stored just so.
func (d *Deployment) hasRevision(ctx context.Context, sec *historySecret) bool {
	b, err := d.Client.Get(ctx, historySecrets, sec.Metadata.Namespace, sec.Metadata.Name)
	var live historySecret
	return err == nil && json.Unmarshal(b, &live) == nil && bytes.Equal(live.Data[historyKey], sec.Data[historyKey])
}

// History returns the revisions that are kept, newest first, without their Objects.
func (d *Deployment) History(ctx context.Context) ([]Revision, error) {
	list, err := d.revisions(ctx)
	if err != nil {
		return nil, d.entitled(ctx, nil, AsFailure(err, Refused), "history")
	}
	return list, nil
}

func (d *Deployment) revisions(ctx context.Context) ([]Revision, error) {
	var list []Revision
	owner := d.owner()
	_, err := d.Client.List(ctx, historySecrets, owner.Namespace, ListOptions{Labels: historyLabel + "=" + owner.Set, Fields: "type=" + historyType, MetadataOnly: true}, func(item []byte) error {
		var sec historySecret
		var s storedRevision
		if err := json.Unmarshal(item, &sec); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(sec.Metadata.Annotations[summaryAnnotation]), &s); err == nil && sec.Metadata.Name == revisionName(owner, s.Number) {
			rev := s.revision()
			rev.UID = sec.Metadata.UID
			list = append(list, rev)
		}
		return nil
	})
	slices.SortFunc(list, func(a, b Revision) int { return b.Number - a.Number })
	return list, err
}

func (s *storedRevision) revision() Revision {
	r := Revision{Number: s.Number, Time: s.Time, By: s.By, Verdict: s.Verdict, Digest: s.Digest, Counts: map[plan.Action]int{}}
	for _, a := range []plan.Action{plan.Unchanged, plan.Create, plan.Update, plan.Replace, plan.Delete} {
		if n := s.Counts[a.String()]; n > 0 {
			r.Counts[a] = n
		}
	}
	return r
}

// Revision returns a revision with its Objects.
func (d *Deployment) Revision(ctx context.Context, number int) (*Revision, error) {
	rev, err := d.revision(ctx, number)
	if err != nil {
		return nil, d.entitled(ctx, nil, err, "history")
	}
	return rev, nil
}

func (d *Deployment) revision(ctx context.Context, number int) (*Revision, error) {
	owner := d.owner()
	b, err := d.Client.Get(ctx, historySecrets, owner.Namespace, revisionName(owner, number))
	if IsNotFound(err) {
		return nil, &Failure{Verdict: BadInput, Err: fmt.Errorf("the set %s has no revision %d", owner.Set, number), Help: []string{"those that are kept: starctl history"}}
	}
	if err != nil {
		return nil, AsFailure(err, Refused)
	}
	rev, err := openRevision(b)
	if err != nil {
		return nil, &Failure{Verdict: Refused, Err: fmt.Errorf("revision %d, in Secret %s/%s: %w", number, owner.Namespace, revisionName(owner, number), err), Help: []string{"it was changed by somebody: use another revision"}}
	}
	return rev, nil
}

func openRevision(b []byte) (*Revision, error) {
	var sec historySecret
	var s storedRevision
	if err := json.Unmarshal(b, &sec); err != nil {
		return nil, errors.New("it cannot be read")
	}
	z, err := gzip.NewReader(bytes.NewReader(sec.Data[historyKey]))
	if err != nil {
		return nil, errors.New("it holds no revision")
	}
	text, err := io.ReadAll(io.LimitReader(z, 256<<20))
	if err != nil || json.Unmarshal(text, &s) != nil {
		return nil, errors.New("it holds no revision")
	}
	if s.V > 1 {
		return nil, errors.New("it was written by a newer starctl")
	}
	r := s.revision()
	for _, o := range s.Objects {
		n, err := decode.JSON(o)
		if err != nil {
			return nil, errors.New("it holds no revision")
		}
		r.Objects = append(r.Objects, n)
	}
	return &r, nil
}

// PlanRollback is the plan that applies a revision again; 0 is the last one before the current one that went well. Secrets are
// not kept, and are left as they are.
func (d *Deployment) PlanRollback(ctx context.Context, number int) (*plan.Plan, error) {
	if number == 0 {
		var err error
		if number, err = d.previous(ctx); err != nil {
			return nil, d.entitled(ctx, nil, AsFailure(err, Refused), "rollback")
		}
	}
	rev, err := d.revision(ctx, number)
	if err != nil {
		return nil, d.entitled(ctx, nil, err, "rollback")
	}
	back := *d
	back.phase = "rollback"
	back.Set = &kube.Set{Name: d.Set.Name, Namespace: d.Set.Namespace}
	var left []kube.ID
	for _, n := range rev.Objects {
		o := kube.NewObject(n, nil)
		if o.ID.Kind == "Secret" && o.ID.Group == "" {
			left = append(left, o.ID)
			continue
		}
		back.Set.Objects = append(back.Set.Objects, o)
	}
	back.keep = append(left, kube.ID{})
	p, r, err := back.plan(ctx)
	if err := back.entitled(ctx, p, err, "rollback"); err != nil {
		return nil, err
	}
	p.Revision = rev.Number
	if err := back.missing(ctx, p, left); err != nil {
		return nil, AsFailure(err, Refused)
	}
	d.made, d.madePlan, d.madeBy = r, p, &back
	return p, nil
}

// missing notes Secrets that a revision had and that are not there any more.
func (d *Deployment) missing(ctx context.Context, p *plan.Plan, secrets []kube.ID) error {
	for _, id := range secrets {
		_, err := d.get(ctx, id)
		switch {
		case IsNotFound(err):
			p.Notes = append(p.Notes, plan.Obstacle{Kind: "secret-missing", ID: id, Message: "the revision had it, and it is not there any more: what Secrets hold is not kept in the history", Help: []string{
				"make it again before Pods need it",
			}})
		case err != nil && !IsForbidden(err):
			return err
		}
	}
	return nil
}

// previous is the last revision that went well before the current one.
func (d *Deployment) previous(ctx context.Context) (int, error) {
	list, err := d.revisions(ctx)
	if err != nil {
		return 0, err
	}
	for i, rev := range list {
		if i > 0 && rev.Verdict == Done {
			return rev.Number, nil
		}
	}
	return 0, &Failure{Verdict: BadInput, Err: errors.New("there is no earlier revision that went well"), Help: []string{"those that are kept: starctl history"}}
}

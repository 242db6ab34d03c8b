package cluster

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// right is a verb on a resource, in a namespace or, where that is "", in the whole cluster.
type right struct {
	verb, group, resource string // the resource with its subresource: pods/log
	namespace             string
	name                  string // of the only object that it is about; "" is any
	extra                 string // what for, where nothing is refused that lacks it; else ""
}

// use is what a run does with the objects of one resource in one namespace.
type use struct {
	Resource
	namespace string
	names     []string
	makes     bool // new ones
	writes    bool
	removes   bool
	waits     bool // until they are healthy
}

// entitled makes a Failure of a plan whose rights are lacking. A plan that was denied one right is told of all that it lacks. One that
// was made is looked at if it is about to be carried out: deleting and waiting, which planning does not try, may be denied, and it would
// come out when half of it is written. That costs one request where all is allowed, more only where something seems to lack. What cannot
// be found out stops nothing.
func (d *Deployment) entitled(ctx context.Context, p *plan.Plan, err error, phase string) error {
	if phase == "apply" && !d.Rights {
		phase = "diff"
	}
	if err != nil && !IsForbidden(err) || err == nil && (!d.Rights || p.Empty() || len(p.Obstacles) > 0) {
		return err
	}
	uses, unknown := d.uses(ctx, p)
	if unknown != nil {
		return err
	}
	needs := d.rights(uses, phase)
	if e := statusOf(err); e != nil {
		needs = append(needs, e.denied.right())
	}
	lacking, unknown := d.Client.lacking(ctx, needs)
	if unknown != nil || !slices.ContainsFunc(lacking, func(r right) bool { return r.extra == "" }) {
		return err
	}
	user, unknown := d.Client.self(ctx)
	if unknown != nil {
		return err
	}
	g := grant{user: user, set: d.Set.Name, home: d.namespace(), phase: phase, lacking: lacking, uses: uses, unmade: d.unmade(p)}
	if phase == "history" {
		g.uses = nil
	}
	return &Failure{Verdict: Unreachable, Err: &explained{g.message(), err}, Help: g.help()}
}

// uses are what a plan does with each resource; without a plan, what the set declares would be made.
func (d *Deployment) uses(ctx context.Context, p *plan.Plan) ([]use, error) {
	var steps []plan.Step
	if p != nil {
		steps = p.Steps
	} else {
		prepared, _ := plan.Prepare(d.Set, d.Wishes, d.owner())
		for i := range prepared {
			steps = append(steps, plan.Step{ID: prepared[i].ID, Action: plan.Create})
		}
	}
	var list []use
	for i := range steps {
		id := steps[i].ID
		res, err := d.resource(ctx, id)
		if IsNoMatch(err) || IsGroupDown(err) {
			continue // its definition comes with the set, or there is an Obstacle
		}
		if err != nil {
			return nil, err
		}
		if !res.Namespaced {
			id.Namespace = ""
		}
		n := slices.IndexFunc(list, func(u use) bool { return u.String() == res.String() && u.namespace == id.Namespace })
		if n < 0 {
			n, list = len(list), append(list, use{Resource: res, namespace: id.Namespace})
		}
		list[n].take(&steps[i], d.NoWait)
	}
	return list, nil
}

func (u *use) runsPods() bool {
	return u.Group == "apps" || u.Group == "batch" || u.Group == "" && u.Kind == "Pod"
}

func (u *use) id() kube.ID { return kube.ID{Group: u.Group, Version: u.Version, Kind: u.Kind} }

func (u *use) take(s *plan.Step, noWait bool) {
	u.names = append(u.names, s.ID.Name)
	u.makes = u.makes || s.Action == plan.Create || s.Action == plan.Replace
	u.removes = u.removes || s.Action == plan.Delete || s.Action == plan.Replace
	u.writes = u.writes || s.Action != plan.Unchanged && s.Action != plan.Delete
	u.waits = u.waits || s.Action != plan.Unchanged && s.Action != plan.Delete && needsTime(s.ID) && !noWait
}

// unmade are the namespaces that the set is about to make: there can be no Role in them yet.
func (d *Deployment) unmade(p *plan.Plan) map[string]bool {
	out := map[string]bool{}
	if p == nil {
		for _, o := range d.Set.Objects {
			if isNamespace(o.ID) {
				out[o.ID.Name] = true
			}
		}
		return out
	}
	for i := range p.Steps {
		if s := &p.Steps[i]; isNamespace(s.ID) && s.Action == plan.Create {
			out[s.ID.Name] = true
		}
	}
	return out
}

// rights are those that a run wants: to its books, to its objects, and to say why something is not healthy.
func (d *Deployment) rights(uses []use, phase string) []right {
	var list []right
	for i := range uses {
		list = append(list, uses[i].rights(phase)...)
	}
	switch phase {
	case "history":
		return d.history("", "get", "list")
	case "status":
		return append(d.books("get"), d.readings(uses)...)
	case "diff":
		return append(d.books("get"), list...)
	case "delete":
		return slices.Concat(d.books("get", "update", "delete"), list, d.history("to delete the history too", "list", "delete"))
	case "rollback":
		list = append(list, d.history("", "get", "list")...)
	}
	return slices.Concat(d.books("get", "create", "update"), list, d.history("to keep a history", "list", "create", "delete"), d.readings(uses))
}

// books are rights to the inventory.
func (d *Deployment) books(verbs ...string) []right {
	var list []right
	for _, verb := range verbs {
		r := right{verb: verb, resource: "configmaps", namespace: d.namespace(), name: d.owner().Inventory()}
		if verb == "create" {
			r.name = "" // a rule that names objects does not allow to make them
		}
		list = append(list, r)
	}
	return list
}

// history are rights to the Secrets that keep it.
func (d *Deployment) history(extra string, verbs ...string) []right {
	var list []right
	for _, verb := range verbs {
		list = append(list, right{verb: verb, resource: "secrets", namespace: d.namespace(), extra: extra})
	}
	return list
}

func (u *use) rights(phase string) []right {
	verbs := []string{"list"}
	add := func(yes bool, more ...string) {
		if yes {
			verbs = append(verbs, more...)
		}
	}
	add(u.removes && phase != "diff" || phase == "delete", "get", "delete")
	add(u.makes && phase != "delete", "create")
	add(u.writes && phase != "delete", "patch")
	add(u.waits && phase != "delete" && phase != "diff", "watch")
	name := ""
	if len(u.names) == 1 {
		name = u.names[0]
	}
	var list []right
	for _, verb := range verbs {
		r := right{verb: verb, group: u.Group, resource: u.Name, namespace: u.namespace}
		if verb != "list" && verb != "watch" && verb != "create" {
			r.name = name
		}
		list = append(list, r)
	}
	return list
}

// readings are the rights to say why something is not healthy.
func (d *Deployment) readings(uses []use) []right {
	var list []right
	seen := map[string]bool{}
	for i := range uses {
		u := &uses[i]
		if !u.runsPods() || seen[u.namespace] {
			continue
		}
		seen[u.namespace] = true
		for _, r := range []right{
			{verb: "list", resource: "pods"},
			{verb: "watch", resource: "pods"},
			{verb: "get", resource: "pods/log"},
			{verb: "list", resource: "events"},
			{verb: "watch", resource: "events"},
			{verb: "list", group: "apps", resource: "replicasets"},
			{verb: "watch", group: "apps", resource: "replicasets"},
		} {
			r.namespace, r.extra = u.namespace, "to say why something is not healthy"
			list = append(list, r)
		}
	}
	return list
}

// rule is a rule of RBAC, as the server lists them.
type rule struct {
	Verbs         []string `json:"verbs"`
	APIGroups     []string `json:"apiGroups"`
	Resources     []string `json:"resources"`
	ResourceNames []string `json:"resourceNames"`
}

func (r *rule) covers(n *right) bool {
	has := func(list []string, wanted ...string) bool {
		return slices.ContainsFunc(list, func(s string) bool { return s == "*" || slices.Contains(wanted, s) })
	}
	_, sub, _ := strings.Cut(n.resource, "/")
	return has(r.Verbs, n.verb) && has(r.APIGroups, n.group) && has(r.Resources, n.resource, "*/"+sub) &&
		(len(r.ResourceNames) == 0 || n.name != "" && slices.Contains(r.ResourceNames, n.name))
}

// mostReviews is how many rights are asked for one by one; who lacks more is not kept waiting for all of them.
const mostReviews = 200

// lacking are those of the rights that are denied. One question for each namespace shows what the rules of RBAC allow. What they do not
// is asked for one by one: other authorizers do not list what they allow. So is what is about the whole cluster, since the rules do not
// say which of them hold only in the namespace.
func (c *Client) lacking(ctx context.Context, needs []right) ([]right, error) {
	var spaces []string
	for _, n := range needs {
		if !slices.Contains(spaces, n.namespace) {
			spaces = append(spaces, n.namespace)
		}
	}
	if len(spaces) > 1 {
		if all, err := c.may(ctx, right{verb: "*", group: "*", resource: "*"}); all || err != nil {
			return nil, err
		}
	}
	rules := make([][]rule, len(spaces))
	err := inParallel(ctx, len(spaces), func(i int) (err error) {
		if spaces[i] != "" {
			rules[i], err = c.rulesIn(ctx, spaces[i])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var doubtful []right
	for _, n := range needs {
		of := rules[slices.Index(spaces, n.namespace)]
		if !slices.ContainsFunc(of, func(r rule) bool { return r.covers(&n) }) {
			doubtful = append(doubtful, n)
		}
	}
	return c.denied(ctx, doubtful[:min(len(doubtful), mostReviews)])
}

// denied are those of the rights that the server says are denied.
func (c *Client) denied(ctx context.Context, list []right) ([]right, error) {
	allowed := make([]bool, len(list))
	err := inParallel(ctx, len(list), func(i int) (err error) {
		allowed[i], err = c.may(ctx, list[i])
		return err
	})
	var out []right
	for i, r := range list {
		if !allowed[i] {
			out = append(out, r)
		}
	}
	return out, err
}

// may asks whether the user of the Client has a right.
func (c *Client) may(ctx context.Context, r right) (bool, error) {
	resource, sub, _ := strings.Cut(r.resource, "/")
	var answer struct {
		Allowed bool `json:"allowed"`
	}
	attributes := map[string]string{"verb": r.verb, "group": r.group, "resource": resource, "subresource": sub, "namespace": r.namespace, "name": r.name}
	err := c.review(ctx, "authorization.k8s.io", "SelfSubjectAccessReview", map[string]any{"resourceAttributes": attributes}, &answer)
	return answer.Allowed, err
}

// rulesIn are the rules that hold for the user in a namespace, as far as the server can list them.
func (c *Client) rulesIn(ctx context.Context, ns string) ([]rule, error) {
	var answer struct {
		Rules []rule `json:"resourceRules"`
	}
	err := c.review(ctx, "authorization.k8s.io", "SelfSubjectRulesReview", map[string]any{"namespace": ns}, &answer)
	return answer.Rules, err
}

// self is the name of the user that the server takes the Client for.
func (c *Client) self(ctx context.Context) (string, error) {
	var answer struct {
		User struct {
			Name string `json:"username"`
		} `json:"userInfo"`
	}
	err := c.review(ctx, "authentication.k8s.io", "SelfSubjectReview", map[string]any{}, &answer)
	if err == nil && answer.User.Name == "" {
		err = errStranger
	}
	return answer.User.Name, err
}

// reviewTime is how long a server may take to say what a user may do.
const reviewTime = 10 * time.Second

// review asks a server what it would do, which changes nothing: every user may. status is what it answers.
func (c *Client) review(ctx context.Context, group, kind string, spec map[string]any, status any) error {
	body, err := json.Marshal(map[string]any{"apiVersion": group + "/v1", "kind": kind, "spec": spec})
	if err != nil {
		return err
	}
	q := &request{verb: "create", path: "/apis/" + group + "/v1/" + strings.ToLower(kind) + "s", contentType: mediaJSON, body: body, first: true, answer: reviewTime}
	b, err := c.bytes(ctx, q)
	if err != nil {
		return err
	}
	var answer struct {
		Status json.RawMessage `json:"status"`
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		return err
	}
	return json.Unmarshal(answer.Status, status)
}

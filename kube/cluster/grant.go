package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/starctl/starctl/internal/pattern"
)

// grant says which rights are lacking, and writes the roles that give a user all that a set needs: not only what the plan at hand does,
// so that the next one is not refused again, and the roles of one set can be applied anew without taking away what they gave before.
type grant struct {
	user, set, home string
	phase           string // what the rights are for: apply, diff, delete, rollback, status, history
	lacking         []right
	uses            []use
	unmade          map[string]bool // namespaces that are not there yet
}

// message is one line.
func (g *grant) message() string {
	if one := g.lacks(""); len(one) == 1 {
		return fmt.Sprintf("user %q may not %s %s", g.user, one[0].what(), scopeText(one[0].namespace))
	}
	return fmt.Sprintf("user %q may not do all that %s needs", g.user, g.phase)
}

// help lists what lacks, unless the message has said it, and what would allow it.
func (g *grant) help() []string {
	var lines []string
	say := func(format string, list []lack) {
		for i, l := range list {
			if i == 0 || list[i-1].namespace != l.namespace {
				lines = append(lines, fmt.Sprintf(format, scopeText(l.namespace)))
			}
			lines = append(lines, "  "+l.what())
		}
	}
	if must := g.lacks(""); len(must) > 1 {
		say("it lacks %s:", must)
	}
	for _, why := range g.extras() {
		say(why+", it also lacks %s:", g.lacks(why))
	}
	lines = append(lines, "somebody who may can allow all of it: kubectl apply -f FILE, with this in FILE")
	return append(lines, g.roles()...)
}

// extras are what rights are good for without which nothing is refused.
func (g *grant) extras() []string {
	var list []string
	for _, r := range g.lacking {
		if r.extra != "" && !slices.Contains(list, r.extra) && len(g.lacks(r.extra)) > 0 {
			list = append(list, r.extra)
		}
	}
	return list
}

// lack is the verbs that lack on a resource.
type lack struct {
	namespace, resource string
	verbs               []string
}

func (l *lack) what() string { return enumerate(inOrder(l.verbs)) + " " + l.resource }

// lacks are what lacks for a purpose, by namespaces; "" is what must not lack, and nothing of that is in the others.
func (g *grant) lacks(extra string) []lack {
	var list []lack
	for _, r := range g.lacking {
		name := qualified(r.resource, r.group)
		must := slices.ContainsFunc(g.lacking, func(o right) bool {
			return o.extra == "" && o.verb == r.verb && o.namespace == r.namespace && qualified(o.resource, o.group) == name
		})
		if r.extra != extra || extra != "" && must {
			continue
		}
		n := slices.IndexFunc(list, func(l lack) bool { return l.namespace == r.namespace && l.resource == name })
		if n < 0 {
			n, list = len(list), append(list, lack{r.namespace, name, nil})
		}
		if !slices.Contains(list[n].verbs, r.verb) {
			list[n].verbs = append(list[n].verbs, r.verb)
		}
	}
	slices.SortStableFunc(list, func(a, b lack) int { return strings.Compare(a.namespace, b.namespace) })
	return list
}

// inOrder sorts verbs as people list them.
func inOrder(verbs []string) []string {
	var list []string
	for _, v := range bookVerbs {
		if slices.Contains(verbs, v) {
			list = append(list, v)
		}
	}
	for _, v := range verbs {
		if !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

func scopeText(namespace string) string {
	if namespace == "" {
		return "at the cluster scope"
	}
	return "in namespace " + namespace
}

// enumerate is "get, list and watch".
func enumerate(list []string) string {
	if n := len(list) - 1; n > 0 {
		return strings.Join(list[:n], ", ") + " and " + list[n]
	}
	return strings.Join(list, "")
}

// roles are the lines of one YAML document: of several, the indentation of help would make none.
func (g *grant) roles() []string {
	rules := map[string][]string{}
	for _, u := range g.uses {
		rules[g.scope(u.namespace)] = nil
	}
	rules[g.scope(g.home)] = nil
	for scope := range rules {
		rules[scope] = g.rules(scope)
	}
	lines := []string{"apiVersion: v1", "kind: List", "items:"}
	for _, scope := range slices.Sorted(maps.Keys(rules)) {
		if len(rules[scope]) > 0 {
			lines = append(lines, g.role(scope, rules[scope])...)
		}
	}
	return lines
}

// scope is where a role for a namespace can be: in the cluster, as long as the namespace is not there.
func (g *grant) scope(namespace string) string {
	if g.unmade[namespace] {
		return ""
	}
	return namespace
}

// role are the items that give rules to the user.
func (g *grant) role(scope string, rules []string) []string {
	const api = "rbac.authorization.k8s.io"
	kind, name, meta := "Role", "starctl-"+g.set, ", namespace: "+word(scope)
	if scope == "" {
		kind, name, meta = "ClusterRole", "starctl-"+g.home+"-"+g.set, ""
	}
	if g.reads() {
		name += "-" + g.phase
	}
	subject := "{kind: User, apiGroup: " + api + ", name: " + word(g.user) + "}"
	who := strings.TrimPrefix(g.user, "system:")
	if account, ok := strings.CutPrefix(g.user, "system:serviceaccount:"); ok {
		ns, name, _ := strings.Cut(account, ":")
		subject, who = "{kind: ServiceAccount, namespace: "+word(ns)+", name: "+word(name)+"}", ns+"-"+name
	}
	lines := []string{
		"- apiVersion: " + api + "/v1",
		"  kind: " + kind,
		"  metadata: {name: " + word(name) + meta + "}",
		"  rules:",
	}
	for _, r := range rules {
		lines = append(lines, "  "+r)
	}
	return append(lines,
		"- apiVersion: "+api+"/v1",
		"  kind: "+kind+"Binding",
		"  metadata: {name: "+word(name+"-"+plainName(who))+meta+"}",
		"  roleRef: {apiGroup: "+api+", kind: "+kind+", name: "+word(name)+"}",
		"  subjects:",
		"  - "+subject,
	)
}

// The verbs of roles.
var (
	allVerbs     = []string{"get", "list", "watch", "create", "patch", "delete"}
	bookVerbs    = []string{"get", "list", "watch", "create", "update", "patch", "delete"} // of ConfigMaps, since one is the inventory
	historyVerbs = []string{"get", "list", "create", "delete"}
	readVerbs    = []string{"get", "list", "watch"}
)

// reads reports whether nothing is written.
func (g *grant) reads() bool { return g.phase == "status" || g.phase == "history" }

// rules are what a set needs in a namespace, or in the cluster.
func (g *grant) rules(scope string) []string {
	w := ruleWriter{}
	reads := g.reads()
	if scope == g.scope(g.home) {
		w.add("", "secrets", historyVerbs, reads)
	}
	if scope == g.scope(g.home) && g.phase != "history" {
		w.add("", "configmaps", bookVerbs, reads)
	}
	pods := false
	for _, u := range g.uses {
		switch {
		case g.scope(u.namespace) != scope:
		case !u.Namespaced && !reads:
			w.named(&u)
		default:
			w.add(u.Group, u.Name, allVerbs, reads)
			pods = pods || u.runsPods()
		}
	}
	if pods {
		w.add("apps", "replicasets", readVerbs, false)
		w.add("", "events", readVerbs, false)
		w.add("", "pods", readVerbs, false)
		w.add("", "pods/log", readVerbs, false)
	}
	return w.lines()
}

// ruleWriter collects verbs by resources, and resources by verbs.
type ruleWriter struct {
	verbs map[[2]string][]string // by group and resource
	extra []string
}

func (w *ruleWriter) add(group, resource string, verbs []string, reads bool) {
	if reads {
		verbs = readVerbs
	}
	if w.verbs == nil {
		w.verbs = map[[2]string][]string{}
	}
	k := [2]string{group, resource}
	w.verbs[k] = inOrder(slices.Concat(w.verbs[k], verbs))
}

// named gives rights to objects of the whole cluster by their names, as far as the server can tell them by that. To delete is given only
// for what this plan deletes: a Namespace or a definition takes much along.
func (w *ruleWriter) named(u *use) {
	w.add(u.Group, u.Name, []string{"list", "watch", "create"}, false)
	verbs := []string{"get", "patch"}
	if u.removes || !protected(u.id()) {
		verbs = append(verbs, "delete")
	}
	var names []string
	for _, n := range slices.Sorted(slices.Values(u.names)) {
		names = append(names, word(n))
	}
	w.extra = append(w.extra, fmt.Sprintf("- {apiGroups: [%s], resources: [%s], verbs: [%s], resourceNames: [%s]}",
		word(u.Group), u.Name, strings.Join(verbs, ", "), strings.Join(slices.Compact(names), ", ")))
}

func (w *ruleWriter) lines() []string {
	resources := map[[2]string][]string{} // by group and verbs
	for k, verbs := range w.verbs {
		g := [2]string{k[0], strings.Join(verbs, ", ")}
		resources[g] = append(resources[g], k[1])
	}
	var lines []string
	for _, g := range slices.SortedFunc(maps.Keys(resources), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		slices.Sort(resources[g])
		lines = append(lines, fmt.Sprintf("- {apiGroups: [%s], resources: [%s], verbs: [%s]}", word(g[0]), strings.Join(resources[g], ", "), g[1]))
	}
	return append(lines, w.extra...)
}

var plainWord = pattern.Lazy(`^[a-z][a-z0-9.-]*[a-z0-9]$`)

// word is a string in YAML, quoted where it could be taken for something else.
func word(s string) string {
	if plainWord().MatchString(s) && !slices.Contains([]string{"null", "true", "false", "yes", "no", "on", "off"}, s) {
		return s
	}
	b, _ := json.Marshal(s)
	return string(b)
}

// plainName is a name of an object that resembles a user's.
func plainName(user string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, user)
}

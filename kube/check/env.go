package check

import (
	"iter"
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/syntax"
)

func envSyntax(r *run, p *pod, c *container) {
	for i := range c.env {
		v := &c.env[i]
		if want := wantEnvName(v.name, r.minor); want != "" {
			r.report(p.object, p.inEnv(c, i, kube.Field("name")), "got %q, want %s", v.name, want)
		}
		if v.value.Exists() && v.value.Kind() != kube.String && v.value.Kind() != kube.Null {
			f := r.report(p.object, p.inEnv(c, i, kube.Field("value")), "got %s %s, want a string", v.value.Kind(), v.value.Text())
			if v.value.Kind() < kube.List {
				f.help("write it in quotes: %q", v.value.Text())
			}
		}
		if v.from.Exists() {
			r.envSource(p, c, i)
		}
	}
	for i, n := range c.envFrom.Items() {
		switch config, secret := n.Get("configMapRef").Exists(), n.Get("secretRef").Exists(); {
		case config && secret:
			r.report(p.object, p.in(c, kube.Field("envFrom"), kube.Item(i, "")), "got a ConfigMap and a Secret, want one of them").help("make two items of them")
		case !config && !secret:
			r.report(p.object, p.in(c, kube.Field("envFrom"), kube.Item(i, "")), "got no source, want configMapRef or secretRef")
		}
	}
}

// envSource: a variable has a value or one source.
func (r *run) envSource(p *pod, c *container, i int) {
	v := &c.env[i]
	path := func() kube.Path { return p.inEnv(c, i, kube.Field("valueFrom")) }
	if f := v.from.Get("fieldRef", "fieldPath").Str(); f == "metadata.labels" || f == "metadata.annotations" {
		r.report(p.object, path().With(kube.Field("fieldRef"), kube.Field("fieldPath")), "a variable holds one of them: write %s['KEY']", f)
	}
	switch n := v.from.Len(); {
	case n == 0:
		r.report(p.object, path(), "got nothing, want one of fieldRef, resourceFieldRef, configMapKeyRef and secretKeyRef")
	case v.value.Str() != "":
		r.report(p.object, path(), "the variable has a value as well, want one of them")
	case n > 1:
		r.report(p.object, path(), "got %d sources, want one", n)
	}
}

// envReference finds $(NAME) where no variable NAME has been declared. Kubernetes leaves such text as it is.
func envReference(r *run, p *pod, c *container) {
	if c.envFrom.Len() > 0 {
		return // who knows what that brings
	}
	for i := range c.env {
		for name := range references(c.env[i].value.Str()) {
			r.envName(p, c, i, name)
		}
	}
	r.commandReferences(p, c, "command", c.command)
	r.commandReferences(p, c, "args", c.args)
}

// envName checks what the value of variable i refers to, which must come before it.
func (r *run) envName(p *pod, c *container, i int, name string) {
	at := declares(c, name)
	switch {
	case at >= 0 && at < i, fromCluster(name), !isVariable(name):
	case at == i:
		r.report(p.object, p.inEnv(c, i, kube.Field("value")), "$(%s) is the variable itself, and so stays as it is", name)
	case at >= 0:
		r.report(p.object, p.inEnv(c, i, kube.Field("value")), "$(%s) is declared later, and so stays as it is", name).
			see(p.object, p.inEnv(c, at), "move it up")
	default:
		r.report(p.object, p.inEnv(c, i, kube.Field("value")), "no variable %s is declared, so that $(%s) stays as it is", name, name).Suggest = nearest(name, variables(c))
	}
}

// commandReferences checks command and args. In those $(...) may be meant for a shell, so that only what looks like a variable is.
func (r *run) commandReferences(p *pod, c *container, field string, n kube.Node) {
	for i, arg := range n.Items() {
		for name := range references(arg.Str()) {
			if declares(c, name) >= 0 || fromCluster(name) || !isVariable(name) || strings.ToUpper(name) != name {
				continue
			}
			r.report(p.object, p.in(c, kube.Field(field), kube.Item(i, "")), "no variable %s is declared, so that $(%s) stays as it is", name, name).
				Suggest = nearest(name, variables(c))
		}
	}
}

func declares(c *container, name string) int {
	for i := range c.env {
		if c.env[i].name == name {
			return i
		}
	}
	return -1
}

func variables(c *container) []string {
	var names []string
	for i := range c.env {
		names = append(names, c.env[i].name)
	}
	return names
}

// fromCluster reports whether Kubernetes may declare the variable itself, for the Services of the namespace.
func fromCluster(name string) bool {
	return strings.HasSuffix(name, "_SERVICE_HOST") || strings.Contains(name, "_SERVICE_PORT") || strings.Contains(name, "_PORT_")
}

func isVariable(name string) bool {
	for i := range len(name) {
		if c := name[i]; !syntax.IsAlnum(c) && c != '_' {
			return false
		}
	}
	return name != "" && !syntax.IsDigit(name[0])
}

// references yields NAME of each $(NAME) in s; "$$" stands for "$".
func references(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			i := strings.IndexByte(s, '$')
			if i < 0 || i+1 == len(s) {
				return
			}
			next := s[i+1]
			s = s[i+2:]
			if next != '(' {
				continue
			}
			end := strings.IndexByte(s, ')')
			if end < 0 {
				return
			}
			if !yield(s[:end]) {
				return
			}
			s = s[end+1:]
		}
	}
}

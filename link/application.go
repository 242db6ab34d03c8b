package link

import (
	"cmp"
	"fmt"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	asked "github.com/starctl/starctl/builtins/envoy"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// setting is what a variable or flag of the application is set to.
type setting struct{ name, value string }

// point points the application at the sidecar: variables, flags, and names in its hosts file.
func (p *pod) point() {
	env, flags := p.settings("env", p.sidecar.Env), p.settings("flags", p.sidecar.Flags)
	if len(p.sidecar.Env) == 0 && len(p.sidecar.Flags) == 0 && p.config.known() {
		env = serviceVariables(p.config.listeners)
	}
	containers := p.containers()
	if p.broken {
		return
	}
	ready := "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(p.readyPort())) + "/ready"
	for _, c := range containers {
		r := c.own(p.spec)
		for _, s := range env {
			p.setVariable(r, s)
		}
		if name := p.sidecar.ReadyEnv; name != "" && r.OwnItems("env").Find(name) < 0 {
			p.setVariable(r, setting{name, ready})
		}
		if len(flags) > 0 {
			p.setFlags(c, r, flags)
		}
	}
	p.hostAliases()
}

// appContainer is one of the containers that are pointed at the sidecar.
type appContainer struct {
	list string
	at   int
	name string
}

func (c appContainer) own(spec *typed.Record) *typed.Record { return spec.OwnItems(c.list).Own(c.at) }

// containers are those that are pointed at the sidecar: the named ones, else the first.
func (p *pod) containers() []appContainer {
	var all []appContainer
	var names []string
	for _, list := range []string{"containers", "initContainers"} {
		for i, c := range p.view().Get(list).Items() {
			all = append(all, appContainer{list, i, c.Get("name").Str()})
			names = append(names, c.Get("name").Str())
		}
	}
	if len(p.sidecar.Containers) == 0 {
		if len(all) == 0 || all[0].list != "containers" {
			p.refused(fields("containers"), "got no container, want the application's")
			return nil
		}
		return all[:1]
	}
	var chosen []appContainer
	for i, name := range p.sidecar.Containers {
		at := p.at("containers", fmt.Sprintf("[%d]", i))
		j := slices.Index(names, name)
		switch {
		case j < 0:
			d := p.fail(at, nil, "got container %q, want %s", name, oneOf(names))
			d.Suggest = diag.Nearest(name, names)
		case all[j].list == "initContainers" && !p.native():
			d := p.fail(at, nil, `init container %q runs before the sidecar in mode = "container"`, name)
			d.Help = []string{"a native sidecar runs before it: leave mode out"}
		default:
			chosen = append(chosen, all[j])
		}
	}
	return chosen
}

// settings fills templates.
func (p *pod) settings(keyword string, templates []asked.Template) []setting {
	list := make([]setting, 0, len(templates))
	for _, t := range templates {
		v, ok := p.fill(keyword, t)
		if ok {
			list = append(list, setting{t.Name, v})
		}
	}
	return list
}

// fill puts the addresses of upstreams into a template.
func (p *pod) fill(keyword string, t asked.Template) (string, bool) {
	var b strings.Builder
	for _, part := range t.Text {
		if !part.IsPlace {
			b.WriteString(part.Literal)
			continue
		}
		host, port, ok := p.address(keyword, t, part)
		if !ok {
			return "", false
		}
		switch part.Half {
		case "host":
			b.WriteString(host)
		case "port":
			b.WriteString(port)
		default:
			b.WriteString(net.JoinHostPort(host, port))
		}
	}
	return b.String(), true
}

// address is where the application finds an upstream; no name means the shared listener, or the only upstream.
func (p *pod) address(keyword string, t asked.Template, part asked.Part) (host, port string, ok bool) {
	at := p.at(keyword, t.Name)
	if !p.config.known() {
		d := p.fail(at, nil, "%s is not known: starctl did not write ConfigMap %s", braces(part), p.configName())
		if p.config.made() {
			d.Message = braces(part) + " is not known: the listeners come from the xDS server"
		}
		d.Path = keyword + "[" + strconv.Quote(t.Name) + "]"
		d.Help = []string{`write the address that its listener has, such as "127.0.0.1:10001"`}
		return "", "", false
	}
	names := make([]string, len(p.config.listeners))
	for i, ln := range p.config.listeners {
		names[i] = ln.Upstream
		if ln.Upstream == part.Upstream {
			return ln.Host, strconv.Itoa(ln.Port), true
		}
	}
	if part.Upstream == "" {
		return p.only(at, keyword, t, names)
	}
	d := p.fail(at, nil, "got %s, but ConfigMap %s has no upstream of that name", braces(part), p.config.name)
	d.Path = keyword + "[" + strconv.Quote(t.Name) + "]"
	d.Suggest = diag.Nearest(part.Upstream, names)
	d.Related = []diag.Related{p.related(p.config.place(), "its upstreams are "+quoted(names))}
	return "", "", false
}

func braces(part asked.Part) string {
	if part.Half != "" {
		return "{" + part.Upstream + "." + part.Half + "}"
	}
	return "{" + part.Upstream + "}"
}

// only is the address that {} means.
func (p *pod) only(at diag.Place, keyword string, t asked.Template, names []string) (host, port string, ok bool) {
	for _, ln := range p.config.listeners {
		if ln.Shared {
			return reachable(ln.Address), strconv.Itoa(ln.Port), true
		}
	}
	if len(names) == 1 {
		ln := p.config.listeners[0]
		return ln.Host, strconv.Itoa(ln.Port), true
	}
	d := p.fail(at, nil, "{} is the shared listener or the only upstream, and there are %d upstreams: %s", len(names), quoted(names))
	d.Path = keyword + "[" + strconv.Quote(t.Name) + "]"
	d.Help = []string{fmt.Sprintf(`name one, such as "{%s}", or give envoy.config_map listen = "shared"`, names[0])}
	return "", "", false
}

// reachable is where a listener on all addresses is reached from within the Pod.
func reachable(address string) string {
	switch address {
	case "0.0.0.0":
		return "127.0.0.1"
	case "::":
		return "::1"
	}
	return address
}

// serviceVariables are the variables by which Kubernetes itself tells a container where Services are.
func serviceVariables(listeners []envoy.Listener) []setting {
	list := make([]setting, 0, 3*len(listeners))
	for _, ln := range listeners {
		name := strings.ToUpper(strings.ReplaceAll(ln.Upstream, "-", "_")) + "_SERVICE_"
		list = append(list,
			setting{name + "HOST", ln.Host},
			setting{name + "PORT", strconv.Itoa(ln.Port)},
			setting{name + "ADDRESS", ln.HostPort()})
	}
	return list
}

// setVariable sets a variable of a container, whatever it was before.
func (p *pod) setVariable(container *typed.Record, s setting) {
	x := p.run.NewAt(p.types().envVar, p.sidecar.Mark)
	put(x, "name", starlark.String(s.name))
	put(x, "value", starlark.String(s.value))
	env := container.OwnItems("env")
	if i := env.Find(s.name); i >= 0 {
		_ = env.SetIndex(i, x) // an EnvVar fits
		return
	}
	if err := env.Append(x); err != nil {
		panic(err)
	}
}

// setFlags sets flags in the command and args of a container.
func (p *pod) setFlags(c appContainer, r *typed.Record, flags []setting) {
	view := typed.Node(r)
	command, args := texts(view.Get("command")), texts(view.Get("args"))
	if script := shell(slices.Concat(command, args)); script != "" {
		d := p.refused(kube.Path{kube.Field(c.list), kube.Item(c.at, c.name)}, "%s runs a script, in which a flag cannot be replaced", script)
		d.Pos = p.at("flags").Locate(p.places)
		d.Help = []string{"use env, and the variable in the script: --payments-addr=$PAYMENTS_ADDR"}
		return
	}
	for _, f := range flags {
		inCommand, inArgs := false, false
		command, inCommand = replaceFlag(command, f)
		if args, inArgs = replaceFlag(args, f); !inCommand && !inArgs {
			args = append(args, f.name+"="+f.value)
		}
	}
	setTexts(r, "command", command)
	setTexts(r, "args", args)
}

func texts(list kube.Node) []string {
	var words []string
	for _, v := range list.Items() {
		words = append(words, v.Str())
	}
	return words
}

func setTexts(r *typed.Record, field string, words []string) {
	if len(words) == 0 {
		return
	}
	list := make(starlark.Tuple, len(words))
	for i, w := range words {
		list[i] = starlark.String(w)
	}
	put(r, field, list)
}

// replaceFlag sets every occurrence of a flag: --f=v, or --f v where v is no flag itself.
func replaceFlag(words []string, f setting) (_ []string, found bool) {
	for i := 0; i < len(words); i++ {
		switch {
		case strings.HasPrefix(words[i], f.name+"="):
			words[i], found = f.name+"="+f.value, true
		case words[i] == "--":
			return words, found
		case words[i] != f.name:
		case i+1 < len(words) && !strings.HasPrefix(words[i+1], "-"):
			words[i+1], found = f.value, true
			i++
		default:
			words[i], found = f.name+"="+f.value, true
		}
	}
	return words, found
}

// shell is the shell that runs a script given as an argument, or "".
func shell(words []string) string {
	for i, w := range words {
		switch path.Base(w) {
		case "sh", "bash", "ash", "dash", "ksh", "zsh":
		default:
			continue
		}
		for _, option := range words[i+1:] {
			if !strings.HasPrefix(option, "-") {
				break
			}
			if !strings.HasPrefix(option, "--") && strings.Contains(option, "c") {
				return w + " " + option
			}
		}
	}
	return ""
}

// hostAliases send the names of upstreams to the sidecar: behind a shared listener, which tells them apart by name, and with
// hosts = True. Never their full names: Envoy itself resolves those.
func (p *pod) hostAliases() {
	if !p.config.known() {
		return
	}
	before := asked.PodTemplate(typed.Node(p.object.given)).Get("spec", "hostAliases")
	for i, ln := range p.config.listeners {
		names := ln.Aliases
		if p.sidecar.Hosts {
			names = p.config.shortNames(i)
		}
		if len(names) > 0 {
			p.elsewhere(before, reachable(ln.Address), names)
			p.alias(reachable(ln.Address), names)
		}
	}
}

// elsewhere reports names that the file itself sends to another address.
func (p *pod) elsewhere(aliases kube.Node, ip string, names []string) {
	for i, a := range aliases.Items() {
		if a.Get("ip").Str() == ip {
			continue
		}
		for _, h := range a.Get("hostnames").Items() {
			if slices.Contains(names, h.Str()) {
				d := p.refused(kube.Path{kube.Field("hostAliases"), kube.Item(i, a.Get("ip").Str())}, "%s leads to %s, and must lead to the sidecar", h.Str(), a.Get("ip").Str())
				d.Help = []string{"take that alias away, or give the upstream another name"}
			}
		}
	}
}

// shortNames are those by which an application calls an upstream: its own and its Service's.
func (c *config) shortNames(i int) []string {
	u := &c.envoy.Upstreams[i]
	namespace := cmp.Or(u.Namespace, c.Namespace)
	names := []string{u.Name, u.Name + "." + namespace}
	if u.Service != "" && u.Service != u.Name {
		names = append(names, u.Service, u.Service+"."+namespace)
	}
	return names
}

// alias adds names to the Pod's hosts file.
func (p *pod) alias(ip string, names []string) {
	list := p.spec.OwnItems("hostAliases")
	i := list.Find(ip)
	if i < 0 {
		a := p.run.NewAt(p.types().hostAlias, p.sidecar.Mark)
		put(a, "ip", starlark.String(ip))
		p.append("hostAliases", a)
		i = list.Len() - 1
	}
	hosts := list.Own(i).OwnItems("hostnames")
	for _, name := range names {
		if has, _ := hosts.Has(starlark.String(name)); !has {
			_ = hosts.Append(starlark.String(name)) // a string fits
		}
	}
}

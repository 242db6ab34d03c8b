package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/project"
)

// pinned is the cluster that a target's context leads to now.
type pinned struct {
	Name       string   `json:"name"`
	Context    string   `json:"context,omitempty"`
	Server     string   `json:"server,omitempty"`
	Kubernetes string   `json:"kubernetes,omitempty"`
	Cluster    string   `json:"cluster,omitempty"`
	Pinned     string   `json:"pinned,omitempty"`
	Error      string   `json:"error,omitempty"`
	Help       []string `json:"help,omitempty"`
}

// pinTargets prints what pins targets to their clusters. It asks all clusters at once; those that cannot be reached are said
// after the others.
func pinTargets(ctx context.Context, u *ui, p *project.Project, pattern, kubeconfig string, asJSON bool) error {
	if pattern == "" {
		pattern = "*"
		if len(p.Targets) == 0 {
			return noTargets()
		}
	}
	if err := u.reach(); err != nil {
		return err
	}
	targets, err := p.Select(pattern)
	if err != nil {
		return err
	}
	var names []string
	for _, t := range targets {
		names = append(names, t.Name)
	}
	stop := u.waiting("asking " + strings.Join(names, ", "))
	list := make([]pinned, len(targets))
	failures := make([]error, len(targets))
	var wg sync.WaitGroup
	for i, t := range targets {
		wg.Go(func() {
			list[i], failures[i] = pinTarget(ctx, u.clusters, t, deploy.Options{Kubeconfig: kubeconfig, Observer: func(e deploy.Event) {
				stop()
				u.hear(e)
			}})
		})
	}
	wg.Wait()
	stop()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if asJSON {
		err = u.encodeJSON(list)
	} else {
		err = pinTable(u, list)
	}
	return errors.Join(err, u.unpinned(list, failures, asJSON))
}

func pinTarget(ctx context.Context, all deploy.Clusters, t *project.Target, o deploy.Options) (pinned, error) {
	out := pinned{Name: t.Name, Context: t.Context, Pinned: t.Cluster}
	o.Context, o.UserAgent = t.Context, "starctl/"+starctl.Version
	c, err := all.Connect(ctx, o)
	if err == nil {
		id := c.Identity()
		out.Context, out.Server, out.Kubernetes, out.Cluster = id.Context, id.Server, id.Version, id.UID
		if out.Cluster == "" {
			_, err = c.UID(ctx) // says why
		}
	}
	if err == nil {
		return out, nil
	}
	out.Error, out.Help = err.Error(), helpOf(err)
	return out, err
}

func pinTable(u *ui, list []pinned) error {
	rows := [][]string{{"TARGET", "WRITE INTO TARGET()", "CONTEXT", "KUBERNETES", "NOW"}}
	for _, p := range list {
		if p.Error != "" {
			continue
		}
		now := "not pinned"
		switch p.Pinned {
		case "":
		case p.Cluster:
			now = "pinned so"
		default:
			now = "pinned to " + p.Pinned
		}
		rows = append(rows, []string{p.Name, fmt.Sprintf("cluster = %q", p.Cluster), p.Context, p.Kubernetes, now})
	}
	if len(rows) == 1 {
		return nil
	}
	return u.table(rows)
}

// unpinned says which targets' clusters did not tell who they are.
func (u *ui) unpinned(list []pinned, failures []error, said bool) error {
	var bad diag.List
	for i, p := range list {
		if failures[i] != nil {
			bad = append(bad, diag.Diagnostic{Message: fmt.Sprintf("target %s: %s", p.Name, p.Error), Help: p.Help})
		}
	}
	if len(bad) == 0 {
		return nil
	}
	if !said {
		u.report(&located{list: u.plain(bad)})
	}
	return errSaid
}

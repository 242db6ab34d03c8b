package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/project"
)

func targetsCommand(u *ui) *cobra.Command {
	var asJSON, pin bool
	var kubeconfig string
	c := &cobra.Command{
		Use:   "targets [DIR | --pin [TARGET]]",
		Short: "list the targets of starctl.star",
		Example: `starctl targets                 those of this project
starctl targets --pin           what pins each of them to its cluster
starctl targets --pin 'prod-*'  of some`,
		GroupID: "look",
		Args:    atMostOne,
		RunE: func(c *cobra.Command, args []string) error {
			if pin {
				p, err := projectAt(u, nil)
				if err != nil {
					return err
				}
				if kubeconfig != "" {
					kubeconfig = u.path(u.at(kubeconfig))
				}
				return pinTargets(c.Context(), u, p, strings.Join(args, ""), kubeconfig, asJSON)
			}
			p, err := projectAt(u, args)
			if err != nil {
				return err
			}
			if asJSON {
				return targetsJSON(u, p)
			}
			return targetsTable(u, p)
		},
	}
	group(c.Flags(), "Output", func(fs *pflagSet) { fs.BoolVar(&asJSON, "json", false, "as JSON") })
	group(c.Flags(), "Clusters", func(fs *pflagSet) {
		fs.BoolVar(&pin, "pin", false, "ask the clusters for their uids, and print what pins the targets to them")
		fs.StringVar(&kubeconfig, "kubeconfig", "", "`FILE` in place of $KUBECONFIG and ~/.kube/config")
	})
	return c
}

// projectAt reads the project that a directory belongs to.
func projectAt(u *ui, args []string) (*project.Project, error) {
	dir := "."
	if len(args) > 0 {
		dir = args[0]
	}
	root, ok := project.FindRoot(u.at(dir))
	if !ok {
		root = u.at(dir)
	}
	w, err := u.workspace(limits{})
	if err != nil {
		return nil, err
	}
	p, err := w.open(root)
	if err != nil {
		return nil, err
	}
	return p.Config, nil
}

func noTargets() diag.Diagnostic {
	return diag.Diagnostic{Message: fmt.Sprintf("no targets: declare one in %s, such as target(\"dev\", context = \"kind-dev\", namespace = \"default\")", project.File)}
}

func targetsTable(u *ui, p *project.Project) error {
	if len(p.Targets) == 0 {
		u.note("%s", noTargets().Message)
		return nil
	}
	rows := [][]string{{"TARGET", "CONTEXT", "NAMESPACE", "REGION", "KUBERNETES", "PROTECTED", "INPUTS"}}
	for _, t := range p.Targets {
		protected := "no"
		if t.Protect {
			protected = "yes"
		}
		var inputs []string
		for _, v := range t.Inputs {
			inputs = append(inputs, v.Name+"="+v.Value.String())
		}
		rows = append(rows, []string{t.Name, t.Context, t.Namespace, t.Region, t.Kubernetes, protected, strings.Join(inputs, " ")})
	}
	return u.table(rows)
}

func targetsJSON(u *ui, p *project.Project) error {
	type target struct {
		Name       string            `json:"name"`
		Context    string            `json:"context,omitempty"`
		Cluster    string            `json:"cluster,omitempty"`
		Namespace  string            `json:"namespace,omitempty"`
		Region     string            `json:"region,omitempty"`
		Kubernetes string            `json:"kubernetes"`
		Protect    bool              `json:"protect"`
		Inputs     map[string]string `json:"inputs,omitempty"`
	}
	list := []target{}
	for _, t := range p.Targets {
		out := target{t.Name, t.Context, t.Cluster, t.Namespace, t.Region, t.Kubernetes, t.Protect, nil}
		for _, v := range t.Inputs {
			if out.Inputs == nil {
				out.Inputs = map[string]string{}
			}
			out.Inputs[v.Name] = v.Value.String()
		}
		list = append(list, out)
	}
	return u.encodeJSON(list)
}

func (u *ui) encodeJSON(v any) error {
	e := json.NewEncoder(u.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// table prints rows in columns; the first row is the heading. A column without any value is left out.
func (u *ui) table(rows [][]string) error {
	width := make([]int, len(rows[0]))
	for col := range width {
		for _, r := range rows[1:] {
			width[col] = max(width[col], len([]rune(r[col])))
		}
		if width[col] > 0 {
			width[col] = max(width[col], len(rows[0][col]))
		}
	}
	for i, r := range rows {
		var b strings.Builder
		for col, cell := range r {
			if width[col] > 0 {
				fmt.Fprintf(&b, "%-*s  ", width[col], cell)
			}
		}
		line := strings.TrimRight(b.String(), " ")
		if i == 0 {
			line = u.paintOut(dim, line)
		}
		if _, err := fmt.Fprintln(u.out, line); err != nil {
			return err
		}
	}
	return nil
}

package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/project"
)

func inputsCommand(u *ui) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "inputs [FILE|DIR|./...]",
		Short:   "list the inputs that a deploy file takes",
		GroupID: "look",
		Example: `starctl inputs deploy.star`,
		RunE: func(c *cobra.Command, args []string) error {
			units, err := u.deployFiles(args)
			if err != nil {
				return err
			}
			w, err := u.workspace(limits{})
			if err != nil {
				return err
			}
			var all []fileInputs
			for _, x := range units {
				p, err := w.open(x.root)
				if err != nil {
					return err
				}
				list, err := p.Inputs(c.Context(), x.name)
				if mistakes, ok := errors.AsType[diag.List](err); ok {
					return &located{mistakes, p, x.root}
				}
				if err != nil {
					return err
				}
				all = append(all, fileInputs{u.path(x.path()), list})
			}
			if asJSON {
				return inputsJSON(u, all)
			}
			return inputsTable(u, all)
		},
	}
	group(c.Flags(), "Output", func(fs *pflagSet) { fs.BoolVar(&asJSON, "json", false, "as JSON") })
	return c
}

type fileInputs struct {
	file string
	list []project.Input
}

func inputsTable(u *ui, all []fileInputs) error {
	for i, f := range all {
		if len(all) > 1 {
			sep := ""
			if i > 0 {
				sep = "\n"
			}
			if _, err := fmt.Fprintf(u.out, "%s%s\n", sep, u.paintOut(bold, f.file)); err != nil {
				return err
			}
		}
		if len(f.list) == 0 {
			u.note("%s: main takes no inputs", f.file)
			continue
		}
		rows := [][]string{{"INPUT", "TYPE", "DEFAULT", "MEANS"}}
		for _, in := range f.list {
			value := "(required)"
			if !in.Required {
				value = in.Default.String()
			}
			rows = append(rows, []string{in.Name, in.Type, diag.Escape(value), diag.Escape(in.Doc)})
		}
		if err := u.table(rows); err != nil {
			return err
		}
	}
	return nil
}

func inputsJSON(u *ui, all []fileInputs) error {
	type input struct {
		Name     string `json:"name"`
		Type     string `json:"type"`
		Required bool   `json:"required"`
		Default  string `json:"default,omitempty"`
		Doc      string `json:"doc,omitempty"`
	}
	type file struct {
		File   string  `json:"file"`
		Inputs []input `json:"inputs"`
	}
	out := []file{}
	for _, f := range all {
		one := file{f.file, []input{}}
		for _, in := range f.list {
			value := ""
			if !in.Required {
				value = in.Default.String()
			}
			one.Inputs = append(one.Inputs, input{in.Name, in.Type, in.Required, value, in.Doc})
		}
		out = append(out, one)
	}
	return u.encodeJSON(out)
}

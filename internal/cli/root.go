package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/starctl/starctl/starlark/diag"
)

// newRoot returns the program's commands. This is their one table.
func newRoot(u *ui) *cobra.Command {
	root := &cobra.Command{
		Use:   "starctl",
		Short: "declare Kubernetes objects in Starlark, with an Envoy sidecar where one is wanted",
		Example: `starctl init shop             a small project to begin with
starctl render                what deploy.star of this directory declares, as YAML
starctl diff                  what of it a cluster does not have
starctl apply                 bring it there, once the plan is approved`,
		Args:              cobra.ArbitraryArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRunE: u.given,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return help(c)
			}
			return unknownCommand(c, args[0])
		},
	}
	for _, g := range groups {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
	}
	root.AddCommand(
		renderCommand(u), testCommand(u), vetCommand(u), envoyCommand(u),
		diffCommand(u), applyCommand(u), deleteCommand(u), statusCommand(u), historyCommand(u), rollbackCommand(u),
		initCommand(u), formatCommand(u),
		docCommand(u), inputsCommand(u), targetsCommand(u),
		versionCommand(u), completionCommand(u),
	)
	root.AddCommand(laterCommands()...)
	commonFlags(root.PersistentFlags(), u)
	root.SetHelpCommand(&cobra.Command{Use: "help", Hidden: true, Args: cobra.ArbitraryArgs, RunE: func(c *cobra.Command, args []string) error {
		of, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return unknownCommand(root, args[0])
		}
		return help(of)
	}})
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { u.keep(help(c)) })
	root.SetFlagErrorFunc(flagError)
	root.SetOut(u.out)
	root.SetErr(u.err)
	return root
}

var groups = [...]struct{ id, title string }{
	{"use", "Render and test"},
	{"cluster", "Bring to a cluster"},
	{"write", "Write deploy files"},
	{"look", "Look up"},
}

// commandFirst moves the command's name before the flags that were given before it: flags may stand anywhere.
func commandFirst(root *cobra.Command, args []string) []string {
	if len(args) == 0 || !strings.HasPrefix(args[0], "-") {
		return args
	}
	for i, a := range args {
		if a == "--" {
			break
		}
		if a == "help" || slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == a }) {
			return slices.Concat(args[i:i+1], args[:i], args[i+1:])
		}
	}
	return args
}

func unknownCommand(root *cobra.Command, name string) error {
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	d := diag.Diagnostic{Message: fmt.Sprintf("no command %q", name), Suggest: diag.Nearest(name, names)}
	if d.Suggest == "" {
		d.Help = []string{"all commands: starctl -h"}
	}
	return d
}

// flagError says which flag is wrong, and what was meant.
func flagError(c *cobra.Command, err error) error {
	d := diag.Diagnostic{Message: strings.TrimPrefix(err.Error(), "pflag: "), Help: []string{"all flags: " + c.CommandPath() + " -h"}}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := "--" + e.GetSpecifiedName()
		if s := e.GetSpecifiedShortnames(); s != "" {
			name = "-" + e.GetSpecifiedName()
		}
		d.Message = fmt.Sprintf("%s has no flag %s", c.Name(), name)
		if d.Suggest = diag.Nearest(name, flagNames(c)); d.Suggest != "" {
			d.Help = nil
		}
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		value, _ := pflag.UnquoteUsage(e.GetFlag())
		d.Message = fmt.Sprintf("--%s wants a value: --%s %s", e.GetFlag().Name, e.GetFlag().Name, value)
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		d.Message = fmt.Sprintf("--%s: got %q, want %s", e.GetFlag().Name, e.GetValue(), wanted(e))
	}
	return d
}

// wanted says what the value of a flag must be.
func wanted(e *pflag.InvalidValueError) string {
	switch e.GetFlag().Value.Type() {
	case "uint64":
		return "a whole number"
	case "duration":
		return "a time such as 30s or 2m"
	case "bool":
		return "true or false"
	}
	return e.Unwrap().Error()
}

func flagNames(c *cobra.Command) []string {
	var list []string
	add := func(f *pflag.Flag) {
		if !f.Hidden {
			list = append(list, "--"+f.Name)
		}
	}
	c.LocalFlags().VisitAll(add)
	c.InheritedFlags().VisitAll(add)
	return list
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	asked "github.com/starctl/starctl/builtins/envoy"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

func envoyCommand(u *ui) *cobra.Command {
	c := &cobra.Command{
		Use:     "envoy",
		Short:   "write or check Envoy's configuration by itself",
		GroupID: "use",
		Example: `starctl envoy bootstrap --app checkout > envoy.yaml    for a host or a container
starctl envoy validate envoy.yaml
starctl render | starctl envoy validate -`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return help(c)
			}
			return unknownCommand(c, args[0])
		},
	}
	c.AddCommand(bootstrapCommand(u), validateCommand(u))
	return c
}

type bootstrapFlags struct {
	selection
	limits
	app       string
	outputDir string
}

func bootstrapCommand(u *ui) *cobra.Command {
	var f bootstrapFlags
	c := &cobra.Command{
		Use:   "bootstrap [FILE] [--app NAME] [flags]",
		Short: "write the configuration of envoy.config_map(NAME, ...) for Envoy outside Kubernetes",
		Example: `starctl envoy bootstrap --app checkout > envoy.yaml
starctl envoy bootstrap --app checkout --output-dir /etc/envoy    with the files that TLS needs`,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), u, args) },
	}
	f.selection.flags(c.Flags())
	group(c.Flags(), "Output", func(fs *pflagSet) {
		fs.StringVar(&f.app, "app", "", "application's `NAME`, where the file configures several")
		fs.StringVar(&f.outputDir, "output-dir", "", "write envoy.yaml, and the files that it refers to, into `DIR`")
		fs.BoolVar(&u.json, "json", false, "mistakes and warnings as JSON")
	})
	f.limits.flags(c.Flags())
	completeTargets(c, u)
	return c
}

// run evaluates the file as render does and writes what one ConfigMap of it holds.
func (f *bootstrapFlags) run(ctx context.Context, u *ui, args []string) error {
	units, err := u.deployFiles(args)
	if err != nil {
		return err
	}
	w, err := u.workspace(f.limits)
	if err != nil {
		return err
	}
	tasks, err := w.tasks(ctx, units, f.selection)
	if err != nil {
		return err
	}
	if len(tasks) != 1 {
		return diag.Diagnostic{Message: fmt.Sprintf("envoy bootstrap writes one configuration, got %d files and targets", len(tasks)), Help: []string{"name one file, and one target with --target"}}
	}
	t := &tasks[0]
	res, err := t.project.Render(ctx, t.Job)
	var list diag.List
	if err != nil && !errors.As(err, &list) {
		return err
	}
	if err == nil {
		// Outside Kubernetes nothing mounts it, and where it runs has no namespace.
		list = slices.DeleteFunc(res.Warnings, func(d diag.Diagnostic) bool {
			return d.Check == "envoy-config-unused" || d.Check == "namespace-assumed"
		})
	}
	if err := u.reportAll(tasks, []diag.List{list}); err != nil {
		return err
	}
	data, err := f.choose(res.Set.Objects)
	if err != nil {
		return err
	}
	if f.outputDir == "" {
		_, err := u.out.WriteString(data.Get("envoy.yaml").Str())
		return err
	}
	return writeData(u.at(f.outputDir), data)
}

// choose returns the data of the application's ConfigMap.
func (f *bootstrapFlags) choose(objects []*kube.Object) (kube.Node, error) {
	var names []string
	var data kube.Node
	for _, o := range objects {
		r, ok := o.Origin.(*typed.Record)
		if !ok {
			continue
		}
		if c, ok := r.Annotation().(*asked.ConfigMap); ok {
			if f.app == "" || c.App == f.app {
				data = o.Get("data")
			}
			names = append(names, c.App)
		}
	}
	switch {
	case len(names) == 0:
		return data, diag.Diagnostic{Message: "the file configures no Envoy", Help: []string{`return envoy.config_map("checkout", "payments.money:8080")`}}
	case f.app == "" && len(names) > 1:
		return data, diag.Diagnostic{Message: "the file configures several: " + strings.Join(names, ", "), Help: []string{"name one: --app " + names[0]}}
	case !data.Exists():
		return data, diag.Diagnostic{Message: fmt.Sprintf("no envoy.config_map for the application %q, only for %s", f.app, strings.Join(names, ", ")), Suggest: diag.Nearest(f.app, names)}
	}
	return data, nil
}

// writeData writes each key of a ConfigMap to a file, as a mount shows it.
func writeData(dir string, data kube.Node) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, text := range data.All() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text.Str()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// validator is the program that links Envoy's messages, which would double the time in which this one starts.
const validator = "starctl-envoy"

func validateCommand(u *ui) *cobra.Command {
	var strict, asJSON bool
	var version string
	c := &cobra.Command{
		Use:   "validate FILE... [flags]",
		Short: "say what Envoy will refuse, and what it takes and should not",
		Long: `starctl envoy validate: say what Envoy will refuse, and what it takes and should not

A FILE is a bootstrap as YAML or JSON, or Kubernetes objects whose ConfigMaps hold an envoy.yaml; - is what comes in.`,
		Example: `starctl envoy validate envoy.yaml
starctl render | starctl envoy validate --strict -`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return diag.Diagnostic{Message: "envoy validate wants a file", Help: []string{"- is what comes in: starctl render | starctl envoy validate -"}}
			}
			flags := []string{"validate", fmt.Sprintf("--strict=%t", strict), fmt.Sprintf("--json=%t", asJSON), fmt.Sprintf("--color=%t", u.colorErr), "--envoy=" + version, "--"}
			return u.runValidator(c.Context(), append(flags, args...))
		},
	}
	group(c.Flags(), "Output", func(fs *pflagSet) {
		fs.BoolVar(&strict, "strict", false, "warnings count as mistakes")
		fs.StringVar(&version, "envoy", "", "`VERSION` of Envoy that will read it, such as 1.36")
		fs.BoolVar(&asJSON, "json", false, "mistakes and warnings as JSON")
	})
	return c
}

// runValidator runs the program that lies beside this one, or on the PATH.
func (u *ui) runValidator(ctx context.Context, args []string) error {
	path, err := companion(validator)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = u.at("."), os.Stdin, u.out, u.err
	err = cmd.Run()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		if e.ExitCode() == exitFound {
			return errFound
		}
		return errSaid
	}
	return err
}

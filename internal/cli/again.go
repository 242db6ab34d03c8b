package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/starlark/diag"
)

// Commands that are shown to be pasted must mean what the person means: the same files, targets and cluster. Values of inputs are left
// out, since they may be secrets.

// given notes the command that runs, and refuses flags with an empty value: a variable that a script forgot to set would choose the
// current context in place of the one that is meant, or apply without the plan that was reviewed.
func (u *ui) given(c *cobra.Command, args []string) error {
	u.running, u.args = c, args
	var err error
	if slices.Contains(args, "") && c.Name() != cobra.ShellCompRequestCmd && c.Name() != cobra.ShellCompNoDescRequestCmd {
		err = diag.Diagnostic{Message: c.Name() + ": got an empty argument", Help: []string{"is a variable of the script not set?"}}
	}
	c.Flags().Visit(func(f *pflag.Flag) {
		empty := f.Value.String() == "" && f.Value.Type() != "bool"
		if list, ok := f.Value.(pflag.SliceValue); ok {
			empty = slices.Contains(list.GetSlice(), "")
		}
		if empty && err == nil {
			value, _ := pflag.UnquoteUsage(f)
			err = diag.Diagnostic{Message: fmt.Sprintf("--%s: got an empty value, want %s", f.Name, value), Help: []string{"is a variable of the script not set?"}}
		}
	})
	return err
}

// again is the command line that was given for another command: with those of its flags that the other has too.
func (u *ui) again(name string, more ...string) string {
	words := append([]string{"starctl", name}, quoted(u.args)...)
	if u.running == nil {
		return strings.Join(append(words, more...), " ")
	}
	other, _, err := u.running.Root().Find([]string{name})
	if err != nil {
		other = u.running
	}
	u.running.Flags().Visit(func(f *pflag.Flag) {
		own := other.Flags().Lookup(f.Name)
		if own == nil {
			own = other.InheritedFlags().Lookup(f.Name)
		}
		if own == nil || own.Value.Type() != f.Value.Type() || slices.Contains(unrepeated, f.Name) || slices.Contains(more, "--"+f.Name) {
			return
		}
		words = append(words, flagWords(f)...)
	})
	return strings.Join(append(words, more...), " ")
}

// unrepeated are flags that say how something is shown, or that approve it.
var unrepeated = []string{"json", "color", "whole", "output", "save", "plan", "yes", "confirm"}

func flagWords(f *pflag.Flag) []string {
	if f.Value.Type() == "bool" {
		if f.Value.String() == "false" {
			return []string{"--" + f.Name + "=false"}
		}
		return []string{"--" + f.Name}
	}
	values := []string{f.Value.String()}
	if f.Value.Type() == "duration" && strings.HasSuffix(values[0], "m0s") {
		values[0] = strings.TrimSuffix(values[0], "0s")
	}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		values = list.GetSlice()
	}
	var words []string
	for _, v := range values {
		if f.Name == "set" {
			words = append(words, "--set", hiddenInput(v))
			continue
		}
		words = append(words, "--"+f.Name, shellQuote(v))
	}
	return words
}

// hiddenInput is NAME=... of NAME=VALUE.
func hiddenInput(s string) string {
	name, _, _ := strings.Cut(s, "=")
	return shellQuote(name) + "=..."
}

func quoted(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = shellQuote(s)
	}
	return out
}

// command is a command line that means this deployment alone. name may have flags of its own.
func (d *deployer) command(name string, x *deployment) string {
	var b strings.Builder
	name, flags, _ := strings.Cut(name, " ")
	b.WriteString("starctl " + name)
	if arg := d.argument(x); arg != "" {
		b.WriteString(" " + shellQuote(arg))
	}
	if t := x.Target; t != nil && len(x.project.Config.Targets) > 1 {
		b.WriteString(" --target " + shellQuote(t.Name))
	}
	for _, f := range []struct{ name, value string }{{"namespace", d.namespace}, {"context", d.context}, {"kubeconfig", d.file(d.kubeconfig)}} {
		if f.value != "" {
			b.WriteString(" --" + f.name + " " + shellQuote(f.value))
		}
	}
	if d.inputs != "" && (name == "apply" || name == "diff") {
		b.WriteString(" --inputs " + shellQuote(d.file(d.inputs)))
	}
	for _, s := range d.set {
		if name == "apply" || name == "diff" { // the others do without inputs
			b.WriteString(" --set " + hiddenInput(s))
		}
	}
	if flags != "" {
		b.WriteString(" " + flags)
	}
	return b.String()
}

var commandText = regexp.MustCompile(`\bstarctl (apply|delete|diff|history|rollback|status)((?: --[a-z-]+)*)$`)

// pasteable is help in which commands mean a deployment, as those do not that the engine writes: it knows no command line.
func (d *deployer) pasteable(x *deployment, help []string) []string {
	out := make([]string, len(help))
	for i, line := range help {
		out[i] = commandText.ReplaceAllStringFunc(line, func(s string) string { return d.command(strings.TrimPrefix(s, "starctl "), x) })
	}
	return out
}

// ofDeployment is an error with help that means the deployment, and with its place where there are several.
func (d *deployer) ofDeployment(x *deployment, list []*deployment, err error) error {
	if err == nil {
		return nil
	}
	f := &deploy.Failure{Verdict: verdictOf(err), Err: err, Help: d.pasteable(x, helpOf(err))}
	if len(list) > 1 {
		f.Err = fmt.Errorf("%s: %w", title(x, list), err)
	}
	return &ofSet{f, x}
}

// ofSet is an error of one deployment.
type ofSet struct {
	error
	x *deployment
}

func (e *ofSet) Unwrap() error { return e.error }

func (e *ofSet) deployment() *deployment {
	if e == nil {
		return nil
	}
	return e.x
}

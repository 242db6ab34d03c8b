package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/starctl/starctl/starlark/diag"
)

type pflagSet = pflag.FlagSet

// commonFlags are every command's.
func commonFlags(fs *pflag.FlagSet, u *ui) {
	fs.SortFlags = false
	group(fs, "Common", func(fs *pflagSet) {
		fs.StringVarP(&u.dir, "directory", "C", "", "stand in `DIR` first")
		fs.Var(colorFlag{u}, "color", "auto, always or never")
		fs.BoolP("help", "h", false, "this text")
	})
}

type colorFlag struct{ u *ui }

func (c colorFlag) String() string         { return "auto" }
func (c colorFlag) Type() string           { return "WHEN" }
func (c colorFlag) Set(value string) error { return c.u.setColor(value) }

// selection says which targets and inputs a command is for.
type selection struct {
	targets   []string
	set       []string
	inputs    string
	namespace string

	everyTarget bool // where none is named
}

func (s *selection) flags(fs *pflag.FlagSet) {
	group(fs, "For what", func(fs *pflagSet) {
		fs.StringArrayVarP(&s.targets, "target", "t", nil, "targets whose names match `GLOB`; may be repeated")
		fs.StringArrayVar(&s.set, "set", nil, "set an input: `NAME=VALUE`; may be repeated")
		fs.StringVar(&s.inputs, "inputs", "", "set inputs from a YAML or JSON `FILE`")
		fs.StringVarP(&s.namespace, "namespace", "n", "", "`NAMESPACE` of objects that name none, in place of the target's")
	})
}

// limits bound what evaluation may use.
type limits struct {
	steps  uint64
	time   time.Duration
	memory string
}

func (l *limits) flags(fs *pflag.FlagSet) {
	group(fs, "Limits", func(fs *pflagSet) {
		fs.Uint64Var(&l.steps, "max-steps", 0, "`N` steps that a file may take")
		fs.DurationVar(&l.time, "max-time", 0, "`TIME` that evaluation may take, such as 30s")
		fs.StringVar(&l.memory, "max-memory", "", "`SIZE` that the heap may grow to, such as 2GiB")
	})
}

// atMostOne refuses more than one argument.
func atMostOne(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return diag.Diagnostic{Message: fmt.Sprintf("%s takes one argument, got also %q", c.Name(), args[1])}
	}
	return nil
}

// noArgs refuses arguments.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return diag.Diagnostic{Message: fmt.Sprintf("%s takes no arguments, got %q", c.Name(), args[0])}
	}
	return nil
}

package starctl

import (
	"context"
	"io/fs"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/interp"
	"github.com/starctl/starctl/starlark/project"
)

// Version is the version of this module. KubernetesVersion is the release whose API the tables were made from.
const (
	Version           = "0.1.0-dev"
	KubernetesVersion = "1.36.3"
)

// Options say for what a file is rendered. The zero value renders for the project's only target, or for none if it has
// none, with the inputs that the target gives.
type Options struct {
	Target    string         // name of a target
	Namespace string         // of objects that have none, in place of the target's
	Inputs    project.Values // besides the target's, which they win over
	Limits    interp.Limits
	Warn      func(diag.Diagnostic)              // hears of warnings; may be nil
	Print     func(pos diag.Pos, message string) // hears what print prints; may be nil
}

// Render evaluates the deploy file of that name in fsys, whose root is the project's: it holds starctl.star, if there is
// one. Give it the FS of an os.Root, which symbolic links do not lead out of.
//
// The error is a diag.List with all mistakes, in the order of the source, or that of the context.
func Render(ctx context.Context, fsys fs.FS, file string, o Options) (*kube.Set, error) {
	p, err := Open(fsys, Settings{Limits: o.Limits, Print: o.Print})
	if err != nil {
		return nil, err
	}
	targets, err := p.Config.Select(o.Target)
	if err != nil {
		return nil, err
	}
	job := Job{File: file, Namespace: o.Namespace, Inputs: o.Inputs}
	if len(targets) > 0 {
		job.Target = targets[0]
	}
	if list, err := p.Unclaimed(ctx, []string{file}, o.Inputs); err != nil || len(list) > 0 {
		return nil, or(err, list)
	}
	r, err := p.Render(ctx, job)
	if r != nil && o.Warn != nil {
		for _, w := range r.Warnings {
			o.Warn(w)
		}
	}
	if err != nil {
		return nil, err
	}
	return r.Set, nil
}

func or(err error, list diag.List) error {
	if err != nil {
		return err
	}
	return list
}

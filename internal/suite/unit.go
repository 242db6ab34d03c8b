package suite

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/interp"
)

const (
	testSuffix = "_test.star"
	testPrefix = "test_"
)

// unitCases are the functions test_*(t) of the files *_test.star.
func (d *Dir) unitCases(ctx context.Context) ([]Case, error) {
	files, err := d.testFiles()
	if err != nil {
		return nil, err
	}
	var list []Case
	for _, file := range files {
		m, err := d.Project.Load(ctx, d.path(file))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			list = append(list, Case{Kind: Unit, Name: file, run: func(context.Context) Result { return failed(err) }})
			continue
		}
		fns := testFunctions(m)
		if len(fns) == 0 {
			list = append(list, Case{Kind: Unit, Name: file, run: func(context.Context) Result {
				return failure("%s has no function test_...(t)", d.path(file))
			}})
		}
		for _, fn := range fns {
			list = append(list, Case{Kind: Unit, Name: file + " " + fn.Name(), run: func(ctx context.Context) Result { return d.unit(ctx, file, fn) }})
		}
	}
	return list, nil
}

func (d *Dir) testFiles() ([]string, error) {
	if d.File != "" {
		if strings.HasSuffix(d.File, testSuffix) {
			return []string{d.File}, nil
		}
		return nil, nil
	}
	entries, err := os.ReadDir(d.osPath("."))
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, testSuffix) && name[0] != '.' && !e.IsDir() {
			list = append(list, name)
		}
	}
	return list, nil
}

// testFunctions returns a file's tests, in its order.
func testFunctions(m *interp.Module) []*starlark.Function {
	var list []*starlark.Function
	for name, v := range m.Globals {
		if fn, ok := v.(*starlark.Function); ok && strings.HasPrefix(name, testPrefix) && fn.Name() == name {
			list = append(list, fn)
		}
	}
	slices.SortFunc(list, func(a, b *starlark.Function) int {
		p, q := a.Position(), b.Position()
		return cmp.Or(cmp.Compare(p.Filename(), q.Filename()), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
	})
	return list
}

// unit calls a test with a t of its own, on a thread of its own: no test sees what another one did.
func (d *Dir) unit(ctx context.Context, file string, fn *starlark.Function) Result {
	t := &tester{ctx: ctx, project: d.Project, file: d.path(file)}
	_, err := d.Project.Call(ctx, fn, t)
	r := Result{Failures: t.failures}
	if list, ok := errors.AsType[diag.List](err); ok {
		r.Mistakes = list
	} else if err != nil {
		r.Failures = append(r.Failures, Failure{What: err.Error()})
	}
	return r
}

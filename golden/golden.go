// Package golden runs the tests of deploy files inside go test, for repositories that have one:
//
//	func TestDeploy(t *testing.T) { golden.Test(t, "../deploy") }
//
// It does what `starctl test DIR/...` does: compares what each deploy.star renders to with the files in golden/ beside it,
// and runs the functions test_*(t) in files *_test.star, each as a subtest. If the test binary has a bool flag -update and
// it is set, golden files are written instead.
package golden

import (
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/internal/suite"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/project"
)

// Test runs the tests of the deploy files in dir and all directories below it. A directory without any is an error.
func Test(t *testing.T, dir string) {
	t.Helper()
	dirs, err := find(dir)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, d := range dirs {
		cases, err := d.Cases(t.Context(), suite.Options{Update: updating()})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			if c.Kind != suite.None {
				ran++
				t.Run(d.Name+"/"+c.Name, func(t *testing.T) { run(t, c) })
			}
		}
	}
	if ran == 0 {
		t.Errorf("no golden files and no *_test.star below %s", dir)
	}
}

// updating reports whether the test binary was told to -update.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

func run(t *testing.T, c suite.Case) {
	r := c.Run(context.WithoutCancel(t.Context()))
	if r.Updated {
		t.Logf("updated")
	}
	if r.OK() {
		return
	}
	var b strings.Builder
	if err := diag.Write(&b, r.Mistakes, c.Dir.Project, diag.Style{}); err != nil {
		t.Error(err)
	}
	r.Mistakes = nil
	t.Errorf("%s%s", b.String(), r.Text())
}

// find returns the directories with deploy files or tests at dir and below, each in its project, opened once.
func find(dir string) ([]*suite.Dir, error) {
	projects := map[string]*starctl.Project{}
	var list []*suite.Dir
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != dir && strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir
			}
			return nil
		}
		if !suite.IsTest(name, d) {
			return nil
		}
		found, err := open(projects, suite.DirOf(name))
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(list, func(o *suite.Dir) bool { return o.Root == found.Root && o.Name == found.Name }) {
			list = append(list, found)
		}
		return nil
	})
	return list, err
}

func open(projects map[string]*starctl.Project, dir string) (*suite.Dir, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, ok := project.FindRoot(dir)
	if !ok {
		root = dir
	}
	if projects[root] == nil {
		r, err := os.OpenRoot(root)
		if err != nil {
			return nil, err
		}
		if projects[root], err = starctl.Open(r.FS(), starctl.Settings{}); err != nil {
			return nil, err
		}
	}
	name, err := filepath.Rel(root, dir)
	return &suite.Dir{Project: projects[root], Root: root, Name: filepath.ToSlash(name)}, err
}

// Package suite runs the tests of deploy files: golden files hold what a deploy file renders to, and functions test_*(t) in
// files *_test.star hold what must be true of it.
//
// A [Dir] is a directory with deploy files; its [Case]s are what can be run on its own and at the same time as others: one
// golden file, one function. golden.go has the golden files (compare.go how two sets differ, read.go how one is read back),
// unit.go the functions, tester.go their t. Who prints the results is not known here: junit.go writes them for machines.
package suite

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/project"
)

// Dir is a directory with deploy files, or with one that is looked at.
type Dir struct {
	Project *starctl.Project
	Root    string // of the Project, in the file system
	Name    string // relative to Root, with slashes
	File    string // a file in the directory; "" for all
}

// IsTest reports whether a file shows that a directory has tests, or should: a deploy file, one of unit tests, or a golden
// file of a project, whose deploy file may be gone.
func IsTest(file string, d fs.DirEntry) bool {
	if d.IsDir() {
		return false
	}
	dir, name := filepath.Split(file)
	if name == deployFile || strings.HasSuffix(name, testSuffix) {
		return true
	}
	if filepath.Base(dir) != goldenDir || filepath.Ext(name) != ".yaml" {
		return false
	}
	_, ok := project.FindRoot(dir)
	return ok
}

// DirOf returns the directory that such a file is a test of.
func DirOf(file string) string {
	dir := filepath.Dir(file)
	if filepath.Base(dir) == goldenDir && filepath.Ext(file) == ".yaml" {
		return filepath.Dir(dir)
	}
	return dir
}

// Options say which cases there are and what to do.
type Options struct {
	Targets []*project.Target // golden files of these only; nil for all
	Run     *regexp.Regexp    // cases whose names match; nil for all
	Update  bool              // write golden files instead of comparing
	All     bool              // show differences whole
}

// Case is a test.
type Case struct {
	Dir  *Dir
	Name string // "golden prod-us", "deploy_test.star test_replicas"
	Kind Kind

	run func(context.Context) Result
}

// Kind is what a Case is.
type Kind uint8

// The kinds of cases.
const (
	Golden Kind = iota
	Unit
	None // not a test: says that a deploy file has none
)

// Result is what came of a Case.
type Result struct {
	Case
	Failures []Failure
	Mistakes diag.List // of the files; the test could not run to its end
	Updated  bool      // a golden file was written or removed
	Took     time.Duration
}

// OK reports whether the test passed.
func (r *Result) OK() bool { return len(r.Failures) == 0 && len(r.Mistakes) == 0 }

// Failure is one thing that is not as it should be.
type Failure struct {
	Object string   // that it is about, if it is about one
	What   string   // in words; may be empty where Lines say it
	At     diag.Pos // where it was declared or tested
	Lines  []Line   // what differs
	Calls  []diag.Frame
}

// Line is a line of a difference: ' ' in both, '-' before, '+' now.
type Line struct {
	Op   byte
	Text string
}

// Cases lists the tests of the directory in their order: golden files by file and target, then functions as they stand in
// their files.
func (d *Dir) Cases(ctx context.Context, o Options) ([]Case, error) {
	cases, err := d.goldenCases(ctx, o)
	if err != nil {
		return nil, err
	}
	units, err := d.unitCases(ctx)
	if err != nil {
		return nil, err
	}
	var list []Case
	for _, c := range append(cases, units...) {
		if o.Run == nil || c.Kind != None && o.Run.MatchString(c.Name) {
			c.Dir = d
			list = append(list, c)
		}
	}
	return list, nil
}

// Run runs the test.
func (c Case) Run(ctx context.Context) Result {
	begin := time.Now()
	r := c.run(ctx)
	r.Case, r.Took = c, time.Since(begin)
	return r
}

// path is the name of a file of the directory as the Project knows it.
func (d *Dir) path(name string) string { return path.Join(d.Name, name) }

// osPath is the place of a file of the directory in the file system.
func (d *Dir) osPath(name string) string {
	return filepath.Join(d.Root, filepath.FromSlash(d.Name), filepath.FromSlash(name))
}

func failure(format string, args ...any) Result {
	return Result{Failures: []Failure{{What: fmt.Sprintf(format, args...)}}}
}

// failed is the Result of an error of evaluation.
func failed(err error) Result {
	if list, ok := err.(diag.List); ok {
		return Result{Mistakes: list}
	}
	return failure("%v", err)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

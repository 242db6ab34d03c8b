package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/internal/suite"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/project"
)

type testFlags struct {
	limits
	targets []string
	run     string
	update  bool
	verbose bool
	json    bool
	junit   string
	again   bool
}

func testCommand(u *ui) *cobra.Command {
	var f testFlags
	c := &cobra.Command{
		Use:     "test [DIR|FILE|./...] [flags]",
		Short:   "compare with golden files, run *_test.star",
		GroupID: "use",
		Example: `starctl test ./...                 everything below
starctl test checkout --update     accept what checkout renders to now
starctl test --run replicas        only tests whose names match`,
		RunE: func(c *cobra.Command, args []string) error { return f.exec(c.Context(), u, args) },
	}
	group(c.Flags(), "For what", func(fs *pflagSet) {
		fs.StringArrayVarP(&f.targets, "target", "t", nil, "golden files of targets whose names match `GLOB`; may be repeated")
		fs.StringVar(&f.run, "run", "", "tests whose names match the regular expression `REGEXP`")
		fs.BoolVar(&f.update, "update", false, "write golden files, remove stale ones")
	})
	group(c.Flags(), "Output", func(fs *pflagSet) {
		fs.BoolVarP(&f.verbose, "verbose", "v", false, "name every test, show differences whole")
		fs.BoolVar(&f.json, "json", false, "results as JSON")
		fs.BoolVar(&f.again, "watch", false, "stay, and test again what each change of a file affects")
		fs.StringVar(&f.junit, "junit", "", "also write results as JUnit XML to `FILE`")
	})
	f.limits.flags(c.Flags())
	completeTargets(c, u)
	return c
}

func (f *testFlags) exec(ctx context.Context, u *ui, args []string) error {
	if f.again {
		if f.update || f.json || f.junit != "" {
			return diag.Diagnostic{Message: "--watch shows what fails: it goes with none of --update, --json and --junit"}
		}
		return f.watch(ctx, u, args)
	}
	dirs, err := f.dirs(u, args)
	if err != nil {
		return err
	}
	begin := time.Now()
	results, err := f.results(ctx, dirs)
	if err != nil {
		return err
	}
	if f.junit != "" {
		var b bytes.Buffer
		if err := suite.JUnit(&b, tests(results)); err != nil {
			return err
		}
		if err := os.WriteFile(u.at(f.junit), b.Bytes(), 0o666); err != nil {
			return err
		}
	}
	t := tally(results)
	if f.json {
		err = testJSON(u, results)
	} else {
		err = f.print(u, results, t, time.Since(begin))
	}
	if err == nil && (t.failed > 0 || t.passed+t.updated == 0) {
		return errFound
	}
	return err
}

// dirs opens the directories of tests that arguments mean.
func (f *testFlags) dirs(u *ui, args []string) ([]*suite.Dir, error) {
	w, err := u.workspace(f.limits)
	if err != nil {
		return nil, err
	}
	return w.dirs(args)
}

func (w *workspace) dirs(args []string) ([]*suite.Dir, error) {
	units, err := w.u.units(args, func(dir string) ([]string, error) { return []string{dir}, nil }, suite.IsTest)
	if err != nil {
		return nil, err
	}
	var list []*suite.Dir
	for _, x := range units {
		d, err := w.dir(x, wild(args))
		if err != nil {
			return nil, err
		}
		same := func(o *suite.Dir) bool {
			return o.Root == d.Root && o.Name == d.Name && (o.File == "" || o.File == d.File)
		}
		if !slices.ContainsFunc(list, same) {
			list = append(list, d)
		}
	}
	return list, nil
}

func wild(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return strings.HasSuffix(a, "...") })
}

// dir is the directory of a unit: all of it, or one file of it if that file was named.
func (w *workspace) dir(x unit, found bool) (*suite.Dir, error) {
	at, file := x.path(), ""
	info, err := os.Stat(at)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		at, file = filepath.Split(at)
		if found {
			at, file = suite.DirOf(x.path()), ""
		}
	}
	root, ok := project.FindRoot(at)
	if !ok {
		root = filepath.Clean(at)
	}
	name, err := filepath.Rel(root, at)
	if err != nil {
		return nil, err
	}
	p, err := w.open(root)
	return &suite.Dir{Project: p, Root: root, Name: filepath.ToSlash(name), File: file}, err
}

func (f *testFlags) results(ctx context.Context, dirs []*suite.Dir) ([]suite.Result, error) {
	o := suite.Options{Update: f.update, All: f.verbose}
	if f.run != "" {
		var err error
		if o.Run, err = regexp.Compile(f.run); err != nil {
			return nil, diag.Diagnostic{Message: fmt.Sprintf("--run: %v", err)}
		}
	}
	var cases []suite.Case
	for _, d := range dirs {
		if len(f.targets) > 0 {
			var err error
			if o.Targets, err = (&selection{targets: f.targets}).choose(d.Project.Config); err != nil {
				return nil, err
			}
		}
		list, err := d.Cases(ctx, o)
		if err != nil {
			return nil, err
		}
		cases = append(cases, list...)
	}
	results := make([]suite.Result, len(cases))
	err := parallel(ctx, len(cases), func(i int) error {
		results[i] = cases[i].Run(ctx)
		return ctx.Err()
	})
	return results, err
}

// updateGolden makes the golden files of a directory.
func updateGolden(ctx context.Context, u *ui, dir string) error {
	f := testFlags{update: true, run: "^golden "}
	dirs, err := f.dirs(u, []string{dir})
	if err != nil {
		return err
	}
	results, err := f.results(ctx, dirs)
	if err != nil {
		return err
	}
	for _, r := range results {
		if !r.OK() {
			return errors.New(r.Text())
		}
	}
	return nil
}

// counts say how the tests went.
type counts struct{ passed, failed, updated int }

func tally(results []suite.Result) (t counts) {
	for i := range results {
		switch r := &results[i]; {
		case !r.OK():
			t.failed++
		case r.Updated:
			t.updated++
		case r.Kind != suite.None:
			t.passed++
		}
	}
	return t
}

// tests are the results that are of a test.
func tests(results []suite.Result) []suite.Result {
	return slices.DeleteFunc(slices.Clone(results), func(r suite.Result) bool { return r.Kind == suite.None })
}

func (f *testFlags) print(u *ui, results []suite.Result, t counts, took time.Duration) error {
	width := 0
	for _, r := range results {
		width = max(width, len(u.dirName(r)))
	}
	for i := 0; i < len(results); {
		j := i
		for j < len(results) && results[j].Dir == results[i].Dir {
			j++
		}
		f.printDir(u, results[i:j], width)
		i = j
	}
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(t.passed, "ok")
	add(t.failed, "failed")
	add(t.updated, "updated")
	if parts == nil {
		u.note("no tests: golden files are made by starctl test --update, unit tests are functions test_...(t) in files *_test.star")
		return nil
	}
	_, err := fmt.Fprintf(u.out, "\n%s (%s)\n", strings.Join(parts, ", "), duration(took))
	return err
}

func duration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// dirName is the directory of a test as the person would name it.
func (u *ui) dirName(r suite.Result) string {
	return u.path(filepath.Join(r.Dir.Root, filepath.FromSlash(r.Dir.Name)))
}

// printDir prints a line for a directory, and below it what failed.
func (f *testFlags) printDir(u *ui, results []suite.Result, width int) {
	dir := u.dirName(results[0])
	var took time.Duration
	var bad, good, updated []suite.Result
	for _, r := range results {
		took += r.Took
		switch {
		case !r.OK():
			bad = append(bad, r)
		case r.Updated:
			updated = append(updated, r)
		case r.Kind != suite.None:
			good = append(good, r)
		}
	}
	line := func(word string, c color, list []suite.Result) {
		what := summary(list, f.verbose || len(bad) > 0)
		pad := strings.Repeat(" ", max(0, 7-len(word)))
		u.printf("%s%s %-*s  %-40s  %s\n", u.paintOut(c, word), pad, width, dir, what, u.paintOut(dim, fmt.Sprintf("%6s", duration(took))))
	}
	switch {
	case len(bad) > 0:
		line("FAIL", red, bad)
	case len(updated) > 0:
		line("updated", green, updated)
	case len(good) > 0:
		line("ok", green, good)
	default:
		u.printf("%s       %-*s  no golden files; make them with: starctl test%s --update\n", u.paintOut(dim, "-"), width, dir, argumentFor(dir))
	}
	update := false
	for i := 0; i < len(bad); {
		j := i + 1
		for j < len(bad) && bad[i].Kind == suite.Golden && bad[j].Text() == bad[i].Text() {
			j++
		}
		if bad[i].Kind == suite.Golden && len(bad) > 1 {
			u.printf("  %s\n", u.paintOut(dim, summary(bad[i:j], true)))
		}
		u.printResult(&bad[i])
		update = update || bad[i].Kind == suite.Golden && len(bad[i].Failures) > 0
		i = j
	}
	if update {
		u.printf("  accept with: starctl test%s --update\n", argumentFor(dir))
	}
}

// argumentFor is how a directory is given to a command; this one need not be.
func argumentFor(dir string) string {
	if dir == "." {
		return ""
	}
	return " " + shellQuote(dir)
}

// summary names golden files, and counts unit tests unless all are wanted.
func summary(list []suite.Result, all bool) string {
	var golden, unit []string
	for _, r := range list {
		if name, ok := strings.CutPrefix(r.Name, "golden "); ok {
			golden = append(golden, name)
		} else {
			unit = append(unit, functionName(r))
		}
	}
	var parts []string
	if golden != nil {
		parts = append(parts, "golden "+strings.Join(golden, ", "))
	}
	switch {
	case unit != nil && all:
		parts = append(parts, strings.Join(unit, ", "))
	case len(unit) == 1:
		parts = append(parts, "1 test")
	case unit != nil:
		parts = append(parts, fmt.Sprintf("%d tests", len(unit)))
	}
	return strings.Join(parts, "; ")
}

// functionName is the name of a unit test without its file's, or the file's where it has no functions.
func functionName(r suite.Result) string {
	if _, fn, ok := strings.Cut(r.Name, " "); ok {
		return fn
	}
	return r.Name
}

func (u *ui) printf(format string, args ...any) {
	_, err := fmt.Fprintf(u.out, format, args...)
	u.keep(err)
}

// printResult shows what failed in one test.
func (u *ui) printResult(r *suite.Result) {
	if len(r.Mistakes) > 0 {
		var b bytes.Buffer
		style := diag.Style{File: func(file string) string { return u.file(r.Dir.Root, file) }}
		u.keep(diag.Write(&b, r.Mistakes, r.Dir.Project, style))
		for l := range strings.Lines(b.String()) {
			u.printf("  %s", l)
		}
	}
	for _, f := range r.Failures {
		u.printf("  %s\n", diag.Escape(u.failureHead(r, f)))
		for _, l := range f.Lines {
			text := diag.Escape(l.Text)
			switch l.Op {
			case '-':
				text = u.paintOut(red, "-"+text)
			case '+':
				text = u.paintOut(green, "+"+text)
			}
			u.printf("    %s\n", text)
		}
	}
}

func (u *ui) failureHead(r *suite.Result, f suite.Failure) string {
	at := f.At
	at.File = u.file(r.Dir.Root, at.File)
	if r.Kind == suite.Unit {
		s := functionName(*r) + ": " + f.What
		if at.IsValid() {
			s = at.String() + ": " + s
		}
		return s
	}
	s := f.What
	if f.Object != "" {
		s = f.Object
		if f.What != "" {
			s += "   " + f.What
		}
	}
	if at.IsValid() {
		s += "   declared at " + at.String()
	}
	return s
}

func testJSON(u *ui, results []suite.Result) error {
	type line struct {
		Op   string `json:"op"`
		Text string `json:"text"`
	}
	type failure struct {
		Object string `json:"object,omitempty"`
		What   string `json:"what,omitempty"`
		File   string `json:"file,omitempty"`
		Line   int    `json:"line,omitempty"`
		Column int    `json:"column,omitempty"`
		Diff   []line `json:"diff,omitempty"`
	}
	type test struct {
		Dir      string    `json:"dir"`
		Name     string    `json:"name"`
		Result   string    `json:"result"`
		Seconds  float64   `json:"seconds"`
		Failures []failure `json:"failures,omitempty"`
		Mistakes diag.List `json:"mistakes,omitempty"`
	}
	out := []test{}
	for _, r := range tests(results) {
		one := test{Dir: u.dirName(r), Name: r.Name, Result: "ok", Seconds: r.Took.Seconds(), Mistakes: u.named(r.Mistakes, r.Dir.Root)}
		switch {
		case !r.OK():
			one.Result = "failed"
		case r.Updated:
			one.Result = "updated"
		}
		for _, f := range r.Failures {
			g := failure{f.Object, f.What, u.file(r.Dir.Root, f.At.File), f.At.Line, f.At.Col, nil}
			for _, l := range f.Lines {
				g.Diff = append(g.Diff, line{string(l.Op), l.Text})
			}
			one.Failures = append(one.Failures, g)
		}
		out = append(out, one)
	}
	return u.encodeJSON(out)
}

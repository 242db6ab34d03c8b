package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/starlark/diag"
)

// ui is all that reaches a terminal. Results go to stdout, everything else to stderr; a command that succeeds where
// nothing was asked for says nothing. Places come first, relative to where the person stands. There are four colours, and
// none carries a meaning alone. What comes from elsewhere is escaped before it is shown.
type ui struct {
	out *bufio.Writer // results; written when a command went well
	err io.Writer     // all else

	direct io.Writer // what err is when it is not diverted

	in          io.Reader // answers to questions
	interactive bool      // there is a person to ask
	live        bool      // err can be drawn on
	utf8        bool      // the locale's characters

	colorOut, colorErr bool
	json               bool      // diagnostics as data
	events             *eventLog // all that happens as data, a line each, diagnostics too
	changed            bool      // clusters were written to

	clusters deploy.Clusters

	running *cobra.Command // what the command line asks for
	args    []string       // its arguments

	dir     string // -C: where arguments are relative to
	cwd     string // where the person stands
	mu      sync.Mutex
	kept    error     // of a place that cannot return it
	pending diag.List // what --json says at the end
	shown   bool      // a transient line stands where the cursor is
	results bool      // what --json says is what the command is for: it goes to out, and is said of nothing, too
	abort   func()    // ends the process where evaluation cannot be stopped otherwise
}

// color is what a text means.
type color string

const (
	red    color = "\x1b[31m"
	green  color = "\x1b[32m"
	yellow color = "\x1b[33m"
	dim    color = "\x1b[2m"
	bold   color = "\x1b[1m"
	reset        = "\x1b[0m"
)

func newUI(stdout, stderr io.Writer, env func(string) string) *ui {
	u := &ui{out: bufio.NewWriterSize(stdout, 64<<10), err: stderr, in: os.Stdin, utf8: unicodeLocale(env)}
	if env("NO_COLOR") == "" && env("TERM") != "dumb" {
		u.colorOut, u.colorErr = terminal(stdout), terminal(stderr)
	}
	u.interactive = terminal(stderr) && terminal(os.Stdin)
	u.live = terminal(stderr) && env("TERM") != "dumb"
	u.cwd, _ = os.Getwd()
	return u
}

func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// unicodeLocale reports whether the locale's characters are Unicode's. The first of these variables that is set decides.
func unicodeLocale(env func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(env(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// setColor is --color.
func (u *ui) setColor(when string) error {
	switch when {
	case "auto":
	case "always":
		u.colorOut, u.colorErr = true, true
	case "never":
		u.colorOut, u.colorErr = false, false
	default:
		return errors.New("auto, always or never")
	}
	return nil
}

// paint colours a text that goes to stderr.
func (u *ui) paint(c color, text string) string { return tint(u.colorErr, c, text) }

// paintOut colours a text that goes to stdout.
func (u *ui) paintOut(c color, text string) string { return tint(u.colorOut, c, text) }

func tint(on bool, c color, text string) string {
	if !on || text == "" {
		return text
	}
	return string(c) + text + reset
}

// path names a file as the person would: relative to where they stand if that is no detour.
func (u *ui) path(name string) string {
	if !filepath.IsAbs(name) {
		name = filepath.Join(u.at("."), name)
	}
	rel, err := filepath.Rel(u.cwd, name)
	if err != nil || strings.HasPrefix(rel, filepath.FromSlash("../../../../")) {
		return name
	}
	return rel
}

// at resolves an argument against -C.
func (u *ui) at(arg string) string {
	if filepath.IsAbs(arg) {
		return filepath.Clean(arg)
	}
	dir := u.dir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(u.cwd, dir)
	}
	return filepath.Join(dir, arg)
}

// note prints a line to stderr that nothing depends on.
func (u *ui) note(format string, args ...any) {
	if u.events != nil {
		u.events.write(eventLine{Event: "note", Text: fmt.Sprintf(format, args...)})
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.wipe()
	fmt.Fprintf(u.err, "%s\n", diag.Escape(fmt.Sprintf(format, args...)))
}

// waiting says what is waited for, if that takes more than a second, until the returned function is called, once or more often.
func (u *ui) waiting(what string) (stop func()) {
	begun := time.Now()
	ended, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for n := 0; ; n++ {
			select {
			case <-ended:
				u.transient("")
				return
			case <-t.C:
			}
			switch {
			case u.live && u.events == nil:
				u.transient(fmt.Sprintf("%s, %s", what, span(time.Since(begun))))
			case n == 0:
				u.note("%s ...", what)
			}
		}
	}()
	return sync.OnceFunc(func() { close(ended); <-over })
}

// transient shows a line on a terminal that the next one replaces, and everything else that is said; an empty one leaves nothing.
func (u *ui) transient(text string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.wipe()
	if text == "" {
		return
	}
	width, _ := windowSize(u.err)
	_, err := fmt.Fprintf(u.err, "%s\r", u.paint(dim, cut(diag.Escape(text), width-1)))
	u.keep(err)
	u.shown = true
}

// wipe takes the transient line off the terminal; u.mu is held.
func (u *ui) wipe() {
	if u.shown {
		_, err := io.WriteString(u.err, "\r\x1b[K")
		u.keep(err)
	}
	u.shown = false
}

// divert sends what goes to stderr to w instead, until it is called with nil.
func (u *ui) divert(w io.Writer) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if w == nil {
		u.err = u.direct
		return
	}
	u.direct, u.err = u.err, w
}

// flush writes the results.
func (u *ui) flush() error {
	err := u.out.Flush()
	if err == nil || errors.Is(u.kept, err) {
		return u.kept
	}
	return joined(u.kept, err)
}

// keep remembers an error of a place that cannot return it.
func (u *ui) keep(err error) {
	if err != nil && !errors.Is(u.kept, err) {
		u.kept = joined(u.kept, err)
	}
}

// joined is errors.Join that leaves a single error as it is.
func joined(a, b error) error {
	if a == nil {
		return b
	}
	return errors.Join(a, b)
}

// located is a list of Diagnostics together with the project that their places are in.
type located struct {
	list diag.List
	src  diag.Sources
	root string // directory of the project
}

func (l *located) Error() string { return l.list.Error() }

// fail says what went wrong.
func (u *ui) fail(err error) { u.failOf(nil, err) }

// failOf says what went wrong with a deployment.
func (u *ui) failOf(x *deployment, err error) {
	l, ok := errors.AsType[*located](err)
	if !ok {
		l = &located{list: u.plain(err)}
	}
	u.reportOf(x, l)
}

// plain is an error without a place in a file.
func (u *ui) plain(err error) diag.List {
	var list diag.List
	switch e := err.(type) {
	case diag.List:
		list = e
	case diag.Diagnostic:
		list = diag.List{e}
	default:
		list = diag.List{{Message: u.reason(err), Help: helpOf(err)}}
	}
	out := make(diag.List, len(list))
	for i, d := range list {
		if d.Pos.File == "" {
			d.Message = "starctl: " + d.Message
		}
		out[i] = d
	}
	return out
}

// helpOf is what an error of a cluster says is to be done.
func helpOf(err error) []string {
	if f, ok := errors.AsType[*deploy.Failure](err); ok {
		return f.Help
	}
	return nil
}

// verdictOf is the exit code that an error asks for.
func verdictOf(err error) deploy.Verdict {
	if e, ok := errors.AsType[ended](err); ok {
		return e.Verdict
	}
	if f, ok := errors.AsType[*deploy.Failure](err); ok {
		return f.Verdict
	}
	if errors.Is(err, context.Canceled) {
		return deploy.Interrupted
	}
	return deploy.BadInput
}

// failAll says what went wrong while nothing was written yet, all of it, and returns the gravest as what the command ends with.
func (u *ui) failAll(ctx context.Context, errs []error) error {
	if ctx.Err() != nil {
		u.fail(errors.New("interrupted: nothing was written"))
		return ended{deploy.Interrupted}
	}
	v := deploy.Done
	for _, err := range errs {
		if _, said := errors.AsType[ended](err); !said {
			x, _ := errors.AsType[*ofSet](err)
			u.failOf(x.deployment(), err)
		}
		v = graver(v, verdictOf(err))
	}
	if v != deploy.Done {
		return ended{v}
	}
	return nil
}

// reason is an error of the file system without the name of the system call, and with the file named as the person would.
func (u *ui) reason(err error) string {
	e, ok := err.(*fs.PathError)
	switch {
	case !ok:
		return err.Error()
	case e.Path == os.Stdout.Name() && e.Op == "write":
		return "the output could not be written: " + e.Err.Error()
	}
	return u.path(e.Path) + ": " + e.Err.Error()
}

// report prints Diagnostics, or writes them as one JSON list if --json was given.
func (u *ui) report(l *located) { u.reportOf(nil, l) }

// reportOf is report of what is about a deployment.
func (u *ui) reportOf(x *deployment, l *located) {
	if len(l.list) == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.events != nil {
		for _, d := range u.named(l.list, l.root) {
			u.events.diagnostic(d, x)
		}
		return
	}
	if u.json {
		u.pending = append(u.pending, u.named(l.list, l.root)...)
		return
	}
	u.wipe()
	style := diag.Style{File: func(file string) string { return u.file(l.root, file) }}
	if u.colorErr {
		style.Place, style.Error, style.Warning = string(bold), string(red), string(yellow)
		style.Caret, style.Dim, style.Reset = string(red), string(dim), reset
	}
	if err := diag.Write(u.err, l.list, l.src, style); err != nil {
		u.keep(err)
	}
}

// file names a file of a project, whose name is relative to the project's root; a library's name stays as it is.
func (u *ui) file(root, file string) string {
	if root == "" || file == "" || strings.HasPrefix(file, "@") || filepath.IsAbs(file) {
		return file
	}
	return u.path(filepath.Join(root, filepath.FromSlash(file)))
}

// named returns Diagnostics with their files as the person would name them.
func (u *ui) named(list diag.List, root string) diag.List {
	out := make(diag.List, len(list))
	for i, d := range list {
		d.Message = strings.TrimPrefix(d.Message, "starctl: ")
		d.Pos.File = u.file(root, d.Pos.File)
		d.Calls = slices.Clone(d.Calls)
		for j := range d.Calls {
			d.Calls[j].Pos.File = u.file(root, d.Calls[j].Pos.File)
		}
		d.Related = slices.Clone(d.Related)
		for j := range d.Related {
			d.Related[j].Pos.File = u.file(root, d.Related[j].Pos.File)
		}
		out[i] = d
	}
	return out
}

// close writes what --json collected.
func (u *ui) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	w := u.err
	if u.results {
		w = u.out
	} else if len(u.pending) == 0 {
		return
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	u.keep(e.Encode(append(diag.List{}, u.pending...)))
	u.results = false
	u.pending = nil
}

// printed shows what a file printed, with its place.
func (u *ui) printed(root string, at diag.Pos, msg string) {
	place := fmt.Sprintf("%s:%d:", u.file(root, at.File), at.Line)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.wipe()
	_, err := fmt.Fprintf(u.err, "%s %s\n", u.paint(dim, diag.Escape(place)), diag.Escape(msg))
	u.keep(err)
}

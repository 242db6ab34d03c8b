// Package envoycmd is the program starctl-envoy: it says of files what Envoy will make of them.
//
// A file holds a bootstrap as YAML or JSON, or Kubernetes objects of which the ConfigMaps have one under the key envoy.yaml, such
// as "starctl render" writes. [Main] reads the arguments, texts.go finds the bootstraps in a file.
package envoycmd

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/starctl/starctl/envoy/validate"
	"github.com/starctl/starctl/starlark/diag"
)

// Exit codes, as starctl has them.
const (
	fine  = 0
	found = 1
	bad   = 2
)

// options are those of the command line.
type options struct {
	strict, json, color bool
	envoy               string
}

// Main is the program without the process around it; it returns the exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var o options
	set := flag.NewFlagSet("starctl-envoy validate", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprintln(stderr, "usage: starctl-envoy validate [--strict] [--json] [--envoy VERSION] FILE...")
	}
	set.BoolVar(&o.strict, "strict", false, "")
	set.BoolVar(&o.json, "json", false, "")
	set.BoolVar(&o.color, "color", false, "")
	set.StringVar(&o.envoy, "envoy", "", "")
	if len(args) == 0 || args[0] != "validate" {
		set.Usage()
		return bad
	}
	if err := set.Parse(args[1:]); err != nil {
		return bad
	}
	if set.NArg() == 0 {
		fmt.Fprintln(stderr, "starctl: envoy validate wants a file, or - for what comes in")
		return bad
	}
	r := report{options: o, texts: diag.Texts{}}
	for _, name := range set.Args() {
		if err := r.file(name, stdin); err != nil {
			fmt.Fprintf(stderr, "starctl: %s\n", err)
			return bad
		}
	}
	return r.write(stdout, stderr)
}

// report is what was found.
type report struct {
	options
	list  diag.List
	texts diag.Texts
}

// file looks at one file; - is stdin.
func (r *report) file(name string, stdin io.Reader) error {
	text, err := read(name, stdin)
	if err != nil {
		return err
	}
	if name == "-" {
		name = "stdin"
	}
	r.texts[name] = string(text)
	list, err := bootstraps(text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, b := range list {
		for _, f := range validate.Bootstrap(b.text, validate.Options{Envoy: r.envoy}) {
			r.add(name, b, f)
		}
	}
	return nil
}

func read(name string, stdin io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(stdin)
	}
	text, err := os.ReadFile(name)
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("%s: %w", name, e.Err)
	}
	return text, err
}

func (r *report) add(file string, b bootstrap, f validate.Finding) {
	d := diag.Diagnostic{
		Severity: diag.Error, Pos: r.position(file, b.line(f.Line)), Object: b.object, Path: f.Path,
		Message: f.Message, Suggest: f.Suggest, Check: f.Rule,
	}
	if f.Level == validate.Warning {
		d.Severity = diag.Warning
	}
	r.list = append(r.list, d)
}

// position is the key, or the item, that a line of a file begins with.
func (r *report) position(file string, line int) diag.Pos {
	p := diag.Pos{File: file, Line: line, Col: 1}
	lines := strings.SplitN(r.texts[file], "\n", line+1)
	if line > len(lines) {
		return p
	}
	text := lines[line-1]
	rest := strings.TrimLeft(text, " -")
	word, _, _ := strings.Cut(rest, ":")
	p.Col = len(text) - len(rest) + 1
	p.End = p.Col + len(strings.TrimRight(word, " \r"))
	return p
}

// write prints what was found, as data on stdout and for people on stderr, and returns the exit code.
func (r *report) write(stdout, stderr io.Writer) int {
	w := stderr
	if r.json {
		w = stdout
	} else if len(r.list) == 0 {
		return fine
	}
	if err := r.print(w); err != nil {
		return bad
	}
	if r.strict || r.list.Err() != nil {
		return found
	}
	return fine
}

func (r *report) print(w io.Writer) error {
	if r.json {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(append(diag.List{}, r.list...)) // a list, also of nothing
	}
	var style diag.Style
	if r.color {
		style = diag.Style{Place: "\x1b[1m", Error: "\x1b[31m", Warning: "\x1b[33m", Caret: "\x1b[31m", Dim: "\x1b[2m", Reset: "\x1b[0m"}
	}
	return diag.Write(w, r.list, r.texts, style)
}

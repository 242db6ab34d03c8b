package builtins

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/starlark/diag"
)

var fileOptions = &syntax.FileOptions{Set: true, TopLevelControl: true}

var update = flag.Bool("update", false, "rewrite testdata to what is")

// TestCases evaluates each CASE.star of testdata/*.txtar and compares the objects of its global o with CASE.yaml, or what
// was wrong with CASE.err.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out := &txtar.Archive{Comment: archive.Comment}
			want := map[string]string{}
			for _, f := range archive.Files {
				want[f.Name] = string(f.Data)
			}
			for _, f := range archive.Files {
				name, ok := strings.CutSuffix(f.Name, ".star")
				if !ok {
					continue
				}
				got := outcome(t, string(f.Data))
				got.Name = name + got.Name
				out.Files = append(out.Files, f, got)
				if w, ok := want[got.Name]; !*update && !ok {
					t.Errorf("%s: unexpected %s:\n%s", f.Name, got.Name, got.Data)
				} else if d := cmp.Diff(w, string(got.Data)); !*update && d != "" {
					t.Errorf("%s (-want +got):\n%s", got.Name, d)
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(out), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// outcome is the YAML of a case or its messages.
func outcome(t *testing.T, src string) txtar.File {
	thread := &starlark.Thread{Name: t.Name()}
	run := typed.NewRun(thread)
	texts := diag.Texts{"deploy.star": src}
	globals, err := starlark.ExecFileOptions(fileOptions, thread, "deploy.star", src, Predeclared())
	list := mistakes(run, texts)
	if err != nil {
		list = append(list, diag.From(err, texts)...)
	}
	objects := flatten(t, globals["o"], nil)
	for _, r := range objects {
		typed.Missing(r, func(path kube.Path) {
			list = append(list, diag.Diagnostic{Object: r.ID().String(), Path: path.String(), Message: "missing", Pos: r.Where(path).Locate(texts)})
		})
	}
	if len(list) > 0 {
		var b bytes.Buffer
		if err := diag.Write(&b, list, texts, diag.Style{}); err != nil {
			t.Fatal(err)
		}
		return txtar.File{Name: ".err", Data: b.Bytes()}
	}
	var b bytes.Buffer
	var set []*kube.Object
	for _, r := range objects {
		set = append(set, kube.NewObject(typed.Node(r), r))
	}
	if err := encode.Write(&b, encode.YAML, set); err != nil {
		t.Fatal(err)
	}
	return txtar.File{Name: ".yaml", Data: b.Bytes()}
}

func mistakes(run *typed.Run, texts diag.Texts) diag.List {
	var list diag.List
	for _, m := range run.Mistakes() {
		d := diag.Diagnostic{Object: m.Object, Pos: m.Place.Locate(texts), Message: m.Err.Error(), Help: m.Help}
		if e, ok := m.Err.(*typed.Error); ok {
			d.Path, d.Message, d.Suggest = e.Path.String(), e.Err.Error(), e.Suggest
		}
		list = append(list, d)
	}
	list.Sort()
	return list
}

func flatten(t *testing.T, v starlark.Value, into []*typed.Record) []*typed.Record {
	switch v := v.(type) {
	case nil, starlark.NoneType:
	case *typed.Record:
		into = append(into, v)
	case *starlark.List:
		for i := range v.Len() {
			into = flatten(t, v.Index(i), into)
		}
	default:
		t.Fatalf("o is a %s", v.Type())
	}
	return into
}

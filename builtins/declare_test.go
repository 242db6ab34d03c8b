package builtins

import (
	"testing"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/declared"
	"github.com/starctl/starctl/builtins/typed"
)

func evaluate(t testing.TB, src string) (*typed.Run, starlark.StringDict) {
	t.Helper()
	thread := &starlark.Thread{Name: t.Name()}
	run := typed.NewRun(thread)
	globals, err := starlark.ExecFileOptions(fileOptions, thread, "deploy.star", src, Predeclared())
	if err != nil {
		t.Fatal(err)
	}
	return run, globals
}

func TestDeclarations(t *testing.T) {
	run, g := evaluate(t, `
app = deployment("app", image = "r:1")
migration = job("migrate", image = "r:1")
apply.leave(app, "spec.replicas", "metadata.labels['a/b']")
apply.take(app, 'spec.template.spec.containers["app"].image')
apply.depends_on(app, [migration])
apply.replace(migration)
vet.silence(app, "status", "selector", reason = "why")
vet.silence(None, "namespace-assumed", reason = "why not")
vet.external("ca", kind = "Secret")
`)
	if m := run.Mistakes(); len(m) > 0 {
		t.Fatal(m[0].Err)
	}
	app, job := g["app"].(*typed.Record), g["migration"].(*typed.Record)
	var got []string
	for _, d := range append(append(app.Declarations(), job.Declarations()...), run.Declarations()...) {
		switch d := d.(type) {
		case declared.Leave:
			got = append(got, "leave "+d.Path.String())
		case declared.Take:
			got = append(got, "take "+d.Path.String())
		case declared.DependsOn:
			got = append(got, "depends on "+d.On[0].ID().String())
		case declared.Replace:
			got = append(got, "replace")
		case declared.Silence:
			got = append(got, "silence "+d.Check+" "+d.Reason)
		case declared.External:
			got = append(got, "external "+d.Kind+" "+d.Name)
		}
	}
	want := []string{
		"leave spec.replicas", `leave metadata.labels["a/b"]`, `take spec.template.spec.containers["app"].image`, "depends on Job migrate",
		"silence status why", "silence selector why", "replace", "silence namespace-assumed why not", "external Secret ca",
	}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: got %q, want %q", i, got[i], want[i])
		}
	}
	at := app.Declarations()[1].(declared.Leave).Place
	if at.Frames[0].Pos.Line != 4 || at.Names[0] != "[2]" {
		t.Errorf("the second path is at %v %v", at.Frames[0].Pos, at.Names)
	}
}

func TestDeclareOnFrozen(t *testing.T) {
	run, g := evaluate(t, `app = deployment("app", image = "r:1")`)
	g["app"].Freeze()
	d := &declaration{run: run, name: "apply.leave"}
	if r := d.object(g["app"]); r != nil || len(run.Mistakes()) != 1 {
		t.Errorf("a frozen object takes declarations; mistakes: %v", run.Mistakes())
	}
}

package starctl

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/project"
)

const program = `
load("//lib/web.star", "web")

def main(ctx, *, tag = "v1"):
    print("rendering", ctx.target)
    warn("careful")
    return [web("a", tag), None, [web("b", tag)]]
`

var files = fstest.MapFS{
	"starctl.star":   {Data: []byte("project(name = \"shop\")\ntarget(\"dev\", namespace = \"dev\")\ntarget(\"prod\", namespace = \"prod\")\n")},
	"lib/web.star":   {Data: []byte("def web(name, tag):\n    return deployment(name, image = \"x:\" + tag)\n")},
	"a/deploy.star":  {Data: []byte(program)},
	"b/deploy.star":  {Data: []byte("def main(ctx):\n    return 1\n")},
	"c/deploy.star":  {Data: []byte("def main(ctx):\n    for i in range(1 << 40):\n        pass\n")},
	"d/deploy.star":  {Data: []byte("set_name = \"own\"\n\ndef main(ctx):\n    return None\n")},
	"x_y/other.star": {Data: []byte("def main(ctx):\n    return None\n")},
}

func TestRender(t *testing.T) {
	var warned []diag.Diagnostic
	var printed string
	set, err := Render(t.Context(), files, "a/deploy.star", Options{
		Target: "dev", Inputs: project.Values{{Name: "tag", Text: "v2"}},
		Warn:  func(d diag.Diagnostic) { warned = append(warned, d) },
		Print: func(at diag.Pos, msg string) { printed = at.File + " " + msg },
	})
	if err != nil {
		t.Fatal(err)
	}
	if set.Name != "shop.a" || set.Namespace != "dev" || len(set.Objects) != 2 || set.Objects[1].String() != "Deployment dev/b" {
		t.Errorf("got %+v", set)
	}
	if len(warned) != 1 || warned[0].Message != "careful" || warned[0].Pos.Line != 6 {
		t.Errorf("warnings: %+v", warned)
	}
	if printed != "a/deploy.star rendering dev" {
		t.Errorf("printed: %q", printed)
	}
}

func TestRenderMistakes(t *testing.T) {
	for _, c := range []struct{ file, target, want string }{
		{"b/deploy.star", "dev", "b/deploy.star:2:12: main returned an int, want an object, a list of objects, or None"},
		{"b/deploy.star", "dve", `no target "dve": the project has dev, prod: did you mean "dev"?`},
		{"b/deploy.star", "", "which target? the project has dev, prod"},
		{"n/deploy.star", "dev", "there is no file n/deploy.star"},
	} {
		_, err := Render(t.Context(), files, c.file, Options{Target: c.target})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s on %q: got %v, want %s", c.file, c.target, err, c.want)
		}
	}
	_, err := Render(t.Context(), files, "a/deploy.star", Options{Target: "dev", Inputs: project.Values{{Name: "tga", Text: "v2"}}})
	if list, ok := errors.AsType[diag.List](err); !ok || list[0].Suggest != "tag" {
		t.Errorf("a misspelt input: got %v", err)
	}
}

func TestRenderCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Render(ctx, files, "c/deploy.star", Options{Target: "dev"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSetName(t *testing.T) {
	for file, want := range map[string]string{"d/deploy.star": "own", "x_y/other.star": "shop.x-y.other"} {
		set, err := Render(t.Context(), files, file, Options{Target: "dev"})
		if err != nil || set.Name != want {
			t.Errorf("%s: got %v, %v, want %s", file, set, err, want)
		}
	}
}

// One Project renders the same bytes from many goroutines at once as another one does alone.
func TestRenderTogether(t *testing.T) {
	render := func(p *Project, target string) []byte {
		r, err := p.Render(t.Context(), Job{File: "a/deploy.star", Target: p.Config.Target(target)})
		if err != nil {
			t.Error(err)
			return nil
		}
		var b bytes.Buffer
		if err := encode.Write(&b, encode.YAML, r.Set.Objects); err != nil {
			t.Error(err)
		}
		return b.Bytes()
	}
	alone := map[string][]byte{}
	for _, target := range []string{"dev", "prod"} {
		p, err := Open(files, Settings{})
		if err != nil {
			t.Fatal(err)
		}
		alone[target] = render(p, target)
	}
	p, err := Open(files, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 4 * runtime.GOMAXPROCS(0) {
		target := []string{"dev", "prod"}[i%2]
		wg.Go(func() {
			if got := render(p, target); !bytes.Equal(got, alone[target]) {
				t.Errorf("%s: got\n%s\nalone\n%s", target, got, alone[target])
			}
		})
	}
	wg.Wait()
}

package starctl_test

import (
	"context"
	"testing"
	"testing/fstest"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/starlark/diag"
)

// What the statements of a file silence holds for the files that load it, and for no other, whichever is evaluated first.
func TestSilencesOfOtherFiles(t *testing.T) {
	const main = `
def main(ctx):
    return deployment("a", image = "a:v1", env_from = [{"configMapRef": {"name": "elsewhere"}}])
`
	fsys := fstest.MapFS{
		"starctl.star":  {Data: []byte(`project(name = "p")`)},
		"lib.star":      {Data: []byte(`vet.silence(None, "reference", reason = "the platform team declares them")` + "\nx = 1\n")},
		"a/deploy.star": {Data: []byte(`load("//lib.star", "x")` + main)},
		"b/deploy.star": {Data: []byte(main)},
		"c/deploy.star": {Data: []byte(`vet.silence(None, "reference", reason = "only here")` + main)},
		"d/helper.star": {Data: []byte(`load("//lib.star", "x")` + "\ny = x\n")},
		"d/deploy.star": {Data: []byte(`load("./helper.star", "y")` + main)},
		"e/deploy.star": {Data: []byte(main)},
		"e/unused.star": {Data: []byte(`vet.silence(None, "reference", reason = "nobody loads this")`)},
	}
	p, err := starctl.Open(fsys, starctl.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file     string
		warnings int
	}{{"a/deploy.star", 0}, {"b/deploy.star", 1}, {"c/deploy.star", 0}, {"d/deploy.star", 0}, {"e/deploy.star", 1}, {"b/deploy.star", 1}} {
		r, err := p.Render(context.Background(), starctl.Job{File: c.file})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Warnings) != c.warnings {
			t.Errorf("%s: %d warnings, want %d: %v", c.file, len(r.Warnings), c.warnings, diag.List(r.Warnings))
		}
	}
}

package plan

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"github.com/starctl/starctl/kube"
)

var update = flag.Bool("update", false, "rewrite what the cases of testdata expect")

// TestWrite: testdata/write/CASE.txtar says in steps what the plan holds, in live.NAME and result.NAME what the objects are, and
// in want.* how it is written.
func TestWrite(t *testing.T) {
	files, err := filepath.Glob("testdata/write/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := planOf(t, a)
			place := func(o *kube.Object) string { return o.Origin.(string) }
			got := map[string]string{}
			for name, s := range map[string]Style{
				"want.txt":   {Place: place, More: "--full"},
				"want.full":  {Place: place, All: true},
				"want.ascii": {ASCII: true, Width: 60, Place: place},
				"want.color": {Created: "<g>", Changed: "<y>", Deleted: "<r>", Dim: "<d>", Reset: "</>", Place: place},
			} {
				var b bytes.Buffer
				if err := Write(&b, p, s); err != nil {
					t.Fatal(err)
				}
				got[name] = b.String()
			}
			var b bytes.Buffer
			if err := JSON(&b, []*Plan{p}, place); err != nil {
				t.Fatal(err)
			}
			got["want.json"] = b.String()
			wanted := 0
			for i := range a.Files {
				f := &a.Files[i]
				if !strings.HasPrefix(f.Name, "want.") {
					continue
				}
				wanted++
				if *update {
					f.Data = []byte(got[f.Name])
				} else if string(f.Data) != got[f.Name] {
					t.Errorf("%s: got\n%s\nwant\n%s", f.Name, got[f.Name], f.Data)
				}
			}
			if wanted == 0 {
				t.Error("the case expects nothing")
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// planOf reads the steps of a case: ACTION NAME PLACE [adopted] [later] [since DATE], or unchanged
// COUNT, obstacle NAME, note NAME.
func planOf(t *testing.T, a *txtar.Archive) *Plan {
	t.Helper()
	files := map[string]kube.Node{}
	for _, f := range a.Files {
		if strings.HasPrefix(f.Name, "live.") || strings.HasPrefix(f.Name, "result.") {
			b, err := yaml.YAMLToJSON(f.Data)
			if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			files[f.Name] = parse(t, b)
		}
	}
	p := &Plan{Set: "shop.checkout", Namespace: "shop", Cluster: "00000000-0000-0000-0000-000000000000"}
	c := &Comparer{}
	for line := range strings.Lines(string(a.Files[0].Data)) {
		w := strings.Fields(line)
		if w[0] == "unchanged" {
			n, _ := strconv.Atoi(w[1])
			for i := range n {
				p.Steps = append(p.Steps, Step{ID: kube.ID{Version: "v1", Kind: "ConfigMap", Namespace: "shop", Name: fmt.Sprint("same-", i)}})
			}
			continue
		}
		if w[0] == "obstacle" || w[0] == "note" {
			n := files["result."+w[1]]
			o := Obstacle{Kind: "conflict", ID: kube.Identify(n), Object: kube.NewObject(n, "a.star:9"), Path: kube.Fields("data"), Message: "it is so", Help: []string{"do this"}}
			if w[0] == "note" {
				p.Notes = append(p.Notes, o)
			} else {
				p.Obstacles = append(p.Obstacles, o)
			}
			continue
		}
		s := Step{Live: files["live."+w[1]], Result: files["result."+w[1]]}
		for a := range actions {
			if actions[a] == w[0] {
				s.Action = Action(a)
			}
		}
		s.Desired = s.Result
		n := s.Result
		if s.Action == Delete {
			n = s.Live
		} else {
			s.Declared = kube.NewObject(n, w[2])
		}
		s.ID = kube.Identify(n)
		s.Stage = stageOf(s.ID)
		s.Changes = c.Compare(s.Live, s.Result)
		if s.Action == Update || s.Action == Replace {
			s.Rolls = Rolls(s.Live, s.Result)
		}
		for i, x := range w {
			switch x {
			case "adopted":
				s.Adopted = true
			case "later":
				s.Later = true
			case "since":
				s.Since, _ = time.Parse(time.DateOnly, w[i+1])
			}
		}
		p.Steps = append(p.Steps, s)
	}
	return p
}

func TestSummary(t *testing.T) {
	p := &Plan{}
	if got := p.Summary(); got != "nothing to do" {
		t.Errorf("got %q", got)
	}
	for i, n := range []int{37, 1, 2, 1, 3} {
		for range n {
			p.Steps = append(p.Steps, Step{Action: Action(i)})
		}
	}
	if got := p.Summary(); got != "1 to create, 2 to change, 1 to replace, 3 to delete, 37 unchanged" {
		t.Errorf("got %q", got)
	}
}

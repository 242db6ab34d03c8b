package check

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
)

// words are the keys and texts that checks look for, taken from their cases, so that arbitrary values go deep.
func words(t testing.TB) []string {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	var list []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, strings.FieldsFunc(string(text), func(r rune) bool { return strings.ContainsRune(" \n\",{}[]:#", r) })...)
	}
	return list
}

// mutant is a value like another with parts that are of another shape, gone or twice.
type mutant struct {
	*rand.Rand
	words []string
}

func (m mutant) node(n kube.Node) kube.Node {
	if m.IntN(20) == 0 {
		return m.other()
	}
	switch n.Kind() {
	case kube.List:
		l := kube.Elems{}
		for _, v := range n.Items() {
			for range m.times() {
				l = append(l, m.node(v))
			}
		}
		return kube.OfList(l)
	case kube.Map, kube.Record:
		p := kube.Pairs{}
		for k, v := range n.All() {
			if m.times() > 0 {
				p = append(p, kube.Pair{Key: k, Value: m.node(v)})
			}
		}
		if k := m.word(); m.IntN(3) == 0 && !n.Get(k).Exists() {
			p = append(p, kube.Pair{Key: k, Value: m.other()})
		}
		return kube.OfRecord(p)
	}
	return n
}

func (m mutant) times() int {
	switch m.IntN(16) {
	case 0:
		return 0
	case 1:
		return 2
	}
	return 1
}

func (m mutant) word() string { return m.words[m.IntN(len(m.words))] }

func (m mutant) other() kube.Node {
	switch m.IntN(9) {
	case 0:
		return kube.OfInt(int64(m.Uint64()))
	case 1:
		return kube.OfFloat(m.NormFloat64())
	case 2:
		return kube.OfBool(true)
	case 3:
		return kube.OfNull()
	case 4:
		return kube.OfBig("123456789012345678901234567890")
	case 5:
		return kube.OfList(kube.Elems{m.other(), {}, m.other()})
	case 6:
		return kube.OfMap(kube.Pairs{{Key: m.word(), Value: m.other()}, {Key: "gone"}, {Key: m.word(), Value: m.other()}})
	case 7:
		return kube.Node{}
	}
	return kube.OfString(m.word())
}

// hold runs all checks over a set and holds what they find to what everybody relies on.
func hold(t *testing.T, set *kube.Set, o Options) {
	for _, f := range All(set, o) {
		if f.Object == nil || f.Message == "" || Doc(f.Check) == "" {
			t.Errorf("a finding lacks something: %+v", f)
		}
		if strings.Contains(f.Message, "%!") {
			t.Errorf("a message is not well made: %s", f)
		}
		resolve(t, f, f.Object, f.Path)
		for _, r := range f.Related {
			resolve(t, f, r.Object, r.Path)
		}
	}
}

// resolve walks a path: each of its steps but the last three, which may be what is missing, must be there.
func resolve(t *testing.T, f Finding, o *kube.Object, path kube.Path) {
	n := o.Node
	for i, s := range path {
		var next kube.Node
		if s.Index >= 0 {
			at := 0
			for _, v := range n.Items() {
				if at == s.Index {
					next = v
				}
				at++
			}
		} else {
			next = n.Get(s.Name)
		}
		if !next.Exists() {
			if i < len(path)-3 {
				t.Errorf("%s: %s leads nowhere from step %d", f, path, i)
			}
			return
		}
		n = next
	}
}

// No value makes a check panic, and what is found is where it is said to be.
func TestMutants(t *testing.T) {
	var sets []*kube.Set
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range strings.Split(string(text), "# case: ")[1:] {
			_, objects, _ := strings.Cut(c, "\n")
			sets = append(sets, load(t, objects))
		}
	}
	m := mutant{rand.New(rand.NewPCG(7, 8)), words(t)}
	for range 40 {
		for _, set := range sets {
			other := &kube.Set{Name: set.Name, Namespace: set.Namespace}
			for _, o := range set.Objects {
				other.Objects = append(other.Objects, kube.NewObject(m.node(o.Node), nil))
			}
			hold(t, other, Options{Kubernetes: []string{"", "1.27", "1.36"}[m.IntN(3)]})
		}
	}
}

func FuzzAll(f *testing.F) {
	list := words(f)
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		m := mutant{rand.New(rand.NewPCG(a, b)), list}
		set := load(t, strings.ReplaceAll(oneService, "NAME", "a"))
		for i, o := range set.Objects {
			set.Objects[i] = kube.NewObject(m.node(o.Node), nil)
		}
		hold(t, set, Options{})
	})
}

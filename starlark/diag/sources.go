package diag

import (
	"sync"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Sources is where the text of files comes from.
type Sources interface {
	// Source returns a file's text as it was evaluated, or nil where there is none.
	Source(file string) []byte
	// Names returns the names that a file can use without having declared them, apart from Starlark's own.
	Names(file string) []string
}

// Texts are Sources made of the files' texts by name.
type Texts map[string]string

// Source returns the text.
func (t Texts) Source(file string) []byte {
	if s, ok := t[file]; ok {
		return []byte(s)
	}
	return nil
}

// Names returns nil.
func (t Texts) Names(string) []string { return nil }

// Forest is Sources that keep what they have parsed: whoever looks at many places of one file wraps its Sources in one.
// Many goroutines may share it.
type Forest struct {
	Sources
	mu    sync.Mutex
	trees map[string]*tree
}

// tree is the syntax tree of a file, which nobody changes, and its nodes by their places.
type tree struct {
	*syntax.File
	once  sync.Once
	nodes map[spot]found
}

type spot struct{ line, col int32 }

// found is a node and the one around it.
type found struct{ node, parent syntax.Node }

// NewForest returns a Forest of src.
func NewForest(src Sources) *Forest {
	if f, ok := src.(*Forest); ok {
		return f
	}
	return &Forest{Sources: src, trees: map[string]*tree{}}
}

// Forget drops all trees: the files may have changed.
func (f *Forest) Forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.trees)
}

// tree returns the syntax tree of a file, or nil where it has none.
func (f *Forest) tree(file string) *syntax.File {
	if t := f.planted(file); t != nil {
		return t.File
	}
	return nil
}

func (f *Forest) planted(file string) *tree {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, ok := f.trees[file]
	if !ok && f.Sources != nil {
		if text := f.Source(file); text != nil {
			if parsed, _ := dialect().Parse(file, text, 0); parsed != nil {
				t = &tree{File: parsed}
			}
		}
		f.trees[file] = t
	}
	return t
}

// node returns the node that go.starlark.net means by a position, and the node around it: a call is known by its
// parenthesis, an attribute by its dot, an operator by itself.
func (f *Forest) node(pos Pos) (node, parent syntax.Node) {
	t := f.planted(pos.File)
	if t == nil {
		return nil, nil
	}
	t.once.Do(t.index)
	at := t.nodes[spot{int32(pos.Line), int32(pos.Col)}]
	return at.node, at.parent
}

// index enters each node by its place; where several have the same, the outermost counts.
func (t *tree) index() {
	t.nodes = map[spot]found{}
	var stack []syntax.Node
	syntax.Walk(t.File, func(n syntax.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if p := place(n); p.Line > 0 {
			at := spot{p.Line, p.Col}
			if _, taken := t.nodes[at]; !taken {
				t.nodes[at] = found{n, stack[len(stack)-1]}
			}
		}
		stack = append(stack, n)
		return true
	})
}

func dialect() *syntax.FileOptions { return &syntax.FileOptions{Set: true, TopLevelControl: true} }

// builtin reports whether name means something where nobody declared it.
func (f *Forest) builtin(file, name string) bool {
	if starlark.Universe.Has(name) {
		return true
	}
	for _, n := range f.names(file) {
		if n == name {
			return true
		}
	}
	return false
}

func (f *Forest) names(file string) []string {
	if f.Sources == nil {
		return nil
	}
	return f.Names(file)
}

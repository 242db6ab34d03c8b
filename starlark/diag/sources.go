package diag

import (
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
// It may be used by one goroutine at a time.
type Forest struct {
	Sources
	trees map[string]*syntax.File
}

// NewForest returns a Forest of src.
func NewForest(src Sources) *Forest {
	if f, ok := src.(*Forest); ok {
		return f
	}
	return &Forest{Sources: src, trees: map[string]*syntax.File{}}
}

// tree returns the syntax tree of a file, or nil where it has none.
func (f *Forest) tree(file string) *syntax.File {
	t, ok := f.trees[file]
	if !ok && f.Sources != nil {
		if text := f.Source(file); text != nil {
			t, _ = dialect().Parse(file, text, 0)
		}
		f.trees[file] = t
	}
	return t
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

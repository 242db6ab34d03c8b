package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// section is a group of rows in the table of builtins, and its comment.
type section struct {
	title   string
	entries []entry
}

// entry is the documentation of one name: the signature, on the lines that the comment has, and what follows it.
type entry struct {
	name      string
	signature string
	body      string
}

// sources are the directories with builtins; prefix is what their comments leave out of the names.
var sources = []struct{ dir, prefix string }{
	{"builtins", ""},
	{"builtins/envoy", "envoy."},
}

// collect reads all entries, in the table's order, each module before its members.
func collect(root string) ([]section, error) {
	byName := map[string]entry{}
	for _, s := range sources {
		if err := read(filepath.Join(root, s.dir), s.prefix, byName); err != nil {
			return nil, err
		}
	}
	sections, err := table(filepath.Join(root, "builtins/builtins.go"))
	if err != nil {
		return nil, err
	}
	for i := range sections {
		s := &sections[i]
		var list []entry
		for _, row := range s.entries {
			own := take(byName, row.name)
			if len(own) == 0 || own[0].name != row.name {
				return nil, fmt.Errorf("no comment documents %s", row.name)
			}
			list = append(list, own...)
		}
		s.entries = list
	}
	for name := range byName {
		return nil, fmt.Errorf("a comment documents %s, which is not in the table", name)
	}
	return sections, nil
}

// take removes the entry of a name, and those of its attributes, and returns them in order.
func take(byName map[string]entry, name string) []entry {
	var list []entry
	for n, e := range byName {
		if n == name || strings.HasPrefix(n, name+".") {
			list = append(list, e)
			delete(byName, n)
		}
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return list
}

// read adds the entries of a directory's Go files.
func read(dir, prefix string, byName map[string]entry) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return fmt.Errorf("%s: %w", dir, fs.ErrNotExist)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, c := range f.Comments {
			e, ok := parse(c.Text(), prefix)
			if !ok {
				continue
			}
			if _, twice := byName[e.name]; twice {
				return fmt.Errorf("%s: %s is documented twice", path, e.name)
			}
			byName[e.name] = e
		}
	}
	return nil
}

var signature = regexp.MustCompile(`^([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)(?:\(.*\)( -> .+)?| -> module)$`)

// parse reads a comment, if it is one that documents a builtin.
func parse(comment, prefix string) (entry, bool) {
	sig, body, _ := strings.Cut(strings.TrimSpace(comment), "\n\n")
	m := signature.FindStringSubmatch(strings.ReplaceAll(sig, "\n", " "))
	if m == nil || body == "" {
		return entry{}, false
	}
	e := entry{name: m[1], signature: sig, body: body}
	if name := strings.TrimSuffix(prefix, "."); name != "" && e.name != name && !strings.HasPrefix(e.name, prefix) {
		e.name, e.signature = prefix+e.name, prefix+sig
	}
	return e, true
}

// table reads the rows of builtins.Table: their names, below the comments that head them.
func table(path string) ([]section, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var rows []ast.Expr
	ast.Inspect(f, func(n ast.Node) bool {
		if fn, ok := n.(*ast.FuncDecl); ok {
			return fn.Name.Name == "Table"
		}
		if lit, ok := n.(*ast.CompositeLit); ok && rows == nil {
			rows = lit.Elts
		}
		return true
	})
	var sections []section
	at := token.NoPos
	for _, row := range rows {
		for _, c := range f.Comments {
			if c.Pos() > at && c.Pos() < row.Pos() && at != token.NoPos || at == token.NoPos && c.End() < row.Pos() && near(fset, c, row) {
				sections = append(sections, section{title: strings.TrimSuffix(strings.TrimSpace(c.Text()), ".")})
			}
		}
		at = row.Pos()
		name := rowName(row)
		if name == "" || len(sections) == 0 {
			return nil, fmt.Errorf("%s: a row of Table without a name or a heading", fset.Position(row.Pos()))
		}
		s := &sections[len(sections)-1]
		s.entries = append(s.entries, entry{name: name})
	}
	sections = slices.DeleteFunc(sections, func(s section) bool { return len(s.entries) == 0 })
	return sections, nil
}

// near reports whether a comment ends on the line before a row.
func near(fset *token.FileSet, c *ast.CommentGroup, row ast.Expr) bool {
	return fset.Position(row.Pos()).Line-fset.Position(c.End()).Line == 1
}

// rowName returns the first string in a row.
func rowName(row ast.Expr) string {
	name := ""
	ast.Inspect(row, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING && name == "" {
			name, _ = strconv.Unquote(l.Value)
		}
		return name == ""
	})
	return name
}

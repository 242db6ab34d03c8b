package interp

import (
	"path"
	"strings"
)

// looked notes that what runs as user, a file, has looked at a file, or at all below a directory: a path that ends in a slash.
func (in *Interpreter) looked(user, at string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.reads == nil {
		in.reads = map[string]map[string]bool{}
	}
	if in.reads[user] == nil {
		in.reads[user] = map[string]bool{}
	}
	in.reads[user][at] = true
}

// globbed is the directory that a pattern is looked up in, with a slash behind it.
func globbed(t tree) string {
	dir := t.path
	if i := strings.IndexAny(dir, "*?["); i >= 0 {
		dir = dir[:i]
	}
	dir = dir[:strings.LastIndexByte(dir, '/')+1]
	if dir == "" {
		dir = "./"
	}
	return tree{t.lib, dir}.String()
}

// Affected reports whether evaluating a file, or calling a function of it, looks at any of the files that have changed: it
// needs them, or reads them. Of a file that could not be evaluated nobody knows.
func (in *Interpreter) Affected(file string, changed []string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.affected(in.modules[file], changed, map[*module]bool{})
}

func (in *Interpreter) affected(m *module, changed []string, seen map[*module]bool) bool {
	if m == nil || m.err != nil {
		return true
	}
	if done, ok := seen[m]; ok {
		return done
	}
	seen[m] = false
	hit := in.touches(m.file, changed)
	for _, dep := range m.deps {
		hit = hit || in.affected(dep, changed, seen)
	}
	seen[m] = hit
	return hit
}

func (in *Interpreter) touches(file string, changed []string) bool {
	for _, c := range changed {
		if c == file || in.reads[file][c] {
			return true
		}
		for dir := path.Dir(c); ; dir = path.Dir(dir) {
			if in.reads[file][dir+"/"] {
				return true
			}
			if dir == "." || dir == "/" {
				break
			}
		}
	}
	return false
}

// Forget drops what was made of files that have changed and of all that need them, so that they are evaluated afresh. It
// returns the files that it dropped. Nothing may be evaluated meanwhile.
func (in *Interpreter) Forget(changed []string) []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	var dropped []string
	seen := map[*module]bool{}
	for file, m := range in.modules {
		if in.affected(m, changed, seen) {
			dropped = append(dropped, file)
		}
	}
	for _, file := range dropped {
		delete(in.modules, file)
		delete(in.texts, file)
		delete(in.reads, file)
	}
	for _, file := range changed {
		delete(in.texts, file)
	}
	return dropped
}

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// structs finds the Go structs that the API is written in.
type structs struct {
	mods     map[string]module
	packages map[string]*pkg
}

// pkg is a parsed package: its types and, by type, its string constants.
type pkg struct {
	types   map[string]*ast.TypeSpec
	imports map[*ast.TypeSpec]map[string]string // by the type that may use them
	consts  map[string][]string
}

// goField is a field of a struct as JSON has it, in the order of the source; an embedded struct's fields are its own.
type goField struct {
	name string
	typ  string // package path and name of what it holds, lists and pointers taken off: k8s.io/api/core/v1.Protocol
}

// roots turns the beginning of an OpenAPI name into that of a Go package.
var roots = [...]struct{ openapi, path string }{
	{"io.k8s.api.", "k8s.io/api/"},
	{"io.k8s.apimachinery.", "k8s.io/apimachinery/"},
	{"io.k8s.apiextensions-apiserver.", "k8s.io/apiextensions-apiserver/"},
	{"io.k8s.kube-aggregator.", "k8s.io/kube-aggregator/"},
}

// locate returns the package and the name of the Go type behind an OpenAPI name.
func locate(openapi string) (pkgPath, name string, err error) {
	for _, r := range roots {
		if rest, ok := strings.CutPrefix(openapi, r.openapi); ok {
			dot := strings.LastIndexByte(rest, '.')
			return r.path + strings.ReplaceAll(rest[:dot], ".", "/"), rest[dot+1:], nil
		}
	}
	return "", "", fmt.Errorf("%s: no Go package known", openapi)
}

// fields returns the fields of the Go struct behind an OpenAPI name.
func (s *structs) fields(openapi string) ([]goField, error) {
	pkgPath, name, err := locate(openapi)
	if err != nil {
		return nil, err
	}
	return s.structFields(pkgPath, name)
}

func (s *structs) structFields(pkgPath, name string) ([]goField, error) {
	p, err := s.load(pkgPath)
	if err != nil {
		return nil, err
	}
	spec := p.types[name]
	if spec == nil {
		return nil, fmt.Errorf("%s has no type %s", pkgPath, name)
	}
	st, ok := spec.Type.(*ast.StructType)
	if !ok { // type MatchCondition v1.MatchCondition
		other := p.qualify(pkgPath, spec, spec.Type)
		dot := strings.LastIndexByte(other, '.')
		if dot < 0 {
			return nil, fmt.Errorf("%s.%s is no struct", pkgPath, name)
		}
		return s.structFields(other[:dot], other[dot+1:])
	}
	var list []goField
	for _, f := range st.Fields.List {
		tag := jsonTag(f)
		typ := p.qualify(pkgPath, spec, f.Type)
		switch {
		case tag == "-":
		case tag == "":
			dot := strings.LastIndexByte(typ, '.')
			inner, err := s.structFields(typ[:dot], typ[dot+1:])
			if err != nil {
				return nil, err
			}
			list = append(list, inner...)
		default:
			list = append(list, goField{tag, typ})
		}
	}
	return list, nil
}

// jsonTag is a field's name in JSON; "" if it is embedded.
func jsonTag(f *ast.Field) string {
	if f.Tag == nil {
		return ""
	}
	text, _ := strconv.Unquote(f.Tag.Value)
	name, _, _ := strings.Cut(reflect.StructTag(text).Get("json"), ",")
	return name
}

// qualify names what a type holds, with its package.
func (p *pkg) qualify(pkgPath string, spec *ast.TypeSpec, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return pkgPath + "." + e.Name
	case *ast.StarExpr:
		return p.qualify(pkgPath, spec, e.X)
	case *ast.ArrayType:
		return p.qualify(pkgPath, spec, e.Elt)
	case *ast.MapType:
		return p.qualify(pkgPath, spec, e.Value)
	case *ast.SelectorExpr:
		return p.imports[spec][e.X.(*ast.Ident).Name] + "." + e.Sel.Name
	}
	return ""
}

func (s *structs) load(pkgPath string) (*pkg, error) {
	if p := s.packages[pkgPath]; p != nil {
		return p, nil
	}
	dir := ""
	for _, m := range s.mods {
		if rest, ok := strings.CutPrefix(pkgPath, m.Path+"/"); ok {
			dir = filepath.Join(m.Dir, rest)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || dir == "" || len(files) == 0 {
		return nil, fmt.Errorf("%s: %w", pkgPath, fs.ErrNotExist)
	}
	p := &pkg{types: map[string]*ast.TypeSpec{}, imports: map[*ast.TypeSpec]map[string]string{}, consts: map[string][]string{}}
	for _, f := range files {
		if base := filepath.Base(f); strings.HasSuffix(base, "_test.go") || strings.HasPrefix(base, "zz_generated") || strings.HasSuffix(base, ".pb.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.add(file)
	}
	s.packages[pkgPath] = p
	return p, nil
}

func (p *pkg) add(file *ast.File) {
	imports := map[string]string{}
	for _, i := range file.Imports {
		target, _ := strconv.Unquote(i.Path.Value)
		name := path.Base(target)
		if i.Name != nil {
			name = i.Name.Name
		}
		imports[name] = target
	}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				p.types[spec.Name.Name] = spec
				p.imports[spec] = imports
			case *ast.ValueSpec:
				if g.Tok == token.CONST {
					p.constant(spec)
				}
			}
		}
	}
}

// constant keeps the value of `const Name Type = "value"`.
func (p *pkg) constant(spec *ast.ValueSpec) {
	typ, ok := spec.Type.(*ast.Ident)
	if !ok {
		return
	}
	for _, v := range spec.Values {
		if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, _ := strconv.Unquote(lit.Value)
			p.consts[typ.Name] = append(p.consts[typ.Name], text)
		}
	}
}

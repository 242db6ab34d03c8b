package interp

import (
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

const hidden = 0

type guards struct{ limits Limits }

func newGuards(l *Limits) guards { return guards{limits: *l} }

func (g *guards) environment(predeclared starlark.StringDict) starlark.StringDict { return predeclared }

func (g *guards) rewrite(tree *syntax.File, env starlark.StringDict) starlark.StringDict { return env }

func (g *guards) freezable(tree *syntax.File, globals starlark.StringDict) error { return nil }

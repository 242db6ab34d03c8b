// floor (d): go.starlark.net evaluating the program. -out none|fast
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"

	"github.com/starctl/starctl/bench/floor/fy"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

func main() {
	out := flag.String("out", "none", "none|fast")
	flag.Parse()
	opts := &syntax.FileOptions{Set: true, TopLevelControl: true, GlobalReassign: true}
	pre := starlark.StringDict{
		"yaml_encode": starlark.NewBuiltin("yaml_encode", func(_ *starlark.Thread, _ *starlark.Builtin, a starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
			if *out == "none" {
				return starlark.String(""), nil
			}
			return starlark.String(fy.Starlark(make([]byte, 0, 8192), a[0], 0, false)), nil
		}),
	}
	pre["sha256"] = starlark.NewBuiltin("sha256", func(_ *starlark.Thread, _ *starlark.Builtin, a starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		sum := sha256.Sum256([]byte(a[0].(starlark.String)))
		return starlark.String(hex.EncodeToString(sum[:])), nil
	})
	for n, f := range ctors {
		pre[n] = fy.Ctor(n, f...)
	}
	th := &starlark.Thread{Name: "main"}
	var load func(th *starlark.Thread, mod string) (starlark.StringDict, error)
	load = func(_ *starlark.Thread, mod string) (starlark.StringDict, error) {
		return starlark.ExecFileOptions(opts, &starlark.Thread{Load: load}, mod, nil, pre)
	}
	th.Load = load
	g, err := starlark.ExecFileOptions(opts, th, flag.Arg(0), nil, pre)
	if err != nil {
		if e, ok := err.(*starlark.EvalError); ok {
			os.Stderr.WriteString(e.Backtrace() + "\n")
		}
		panic(err)
	}
	r, err := starlark.Call(th, g["main"], nil, nil)
	if err != nil {
		if e, ok := err.(*starlark.EvalError); ok {
			os.Stderr.WriteString(e.Backtrace() + "\n")
		}
		panic(err)
	}
	if *out == "none" {
		return
	}
	w := bufio.NewWriterSize(os.Stdout, 1<<16)
	defer w.Flush()
	l := r.(*starlark.List)
	var buf []byte
	for i := 0; i < l.Len(); i++ {
		buf = append(buf[:0], "---\n"...)
		buf = fy.Starlark(buf, l.Index(i), 0, false)
		w.Write(buf)
	}
}

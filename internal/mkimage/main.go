// Command mkimage writes a container image from files, as an OCI archive that containerd, podman and skopeo import. It needs no
// daemon, no registry and no root, and the same files give the same bytes.
//
//	mkimage -o hello.tar -name starctl.dev/hello:v1 -entrypoint /hello /hello=bin/hello
//
// Each argument is a file: its absolute path in the image, "=", its path here. Files belong to root and can be read and run by
// all; the image has no user of its own, a Pod's security context names one.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"runtime"
	"strings"
)

type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mkimage:", err)
		os.Exit(1)
	}
}

func run() error {
	var (
		img   image
		env   list
		out   = flag.String("o", "", "the archive to write")
		entry = flag.String("entrypoint", "", "what it runs: the path and its arguments, with commas between")
	)
	flag.StringVar(&img.name, "name", "", "the image's name, with registry and tag")
	flag.StringVar(&img.arch, "arch", runtime.GOARCH, "the processor it is for")
	flag.Var(&env, "env", "NAME=VALUE of a variable (repeatable)")
	flag.Parse()
	if *out == "" || img.name == "" || *entry == "" || flag.NArg() == 0 {
		return errors.New("want -o, -name, -entrypoint and at least one /PATH=FILE")
	}
	img.entrypoint = strings.Split(*entry, ",")
	img.env = append([]string{"PATH=/usr/local/bin:/usr/bin:/bin"}, env...)
	var err error
	if img.files, err = filesOf(flag.Args()); err != nil {
		return err
	}
	return write(*out, &img)
}

// filesOf reads /PATH=FILE.
func filesOf(args []string) (map[string]string, error) {
	files := map[string]string{}
	for _, a := range args {
		to, from, ok := strings.Cut(a, "=")
		if !ok || !path.IsAbs(to) || path.Clean(to) != to {
			return nil, fmt.Errorf("got %q, want /PATH=FILE", a)
		}
		files[to] = from
	}
	return files, nil
}

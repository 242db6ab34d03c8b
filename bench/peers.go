package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"

	"github.com/starctl/starctl/bench/workload"
)

//go:embed peers
var peerFiles embed.FS

// peer is another tool that does the first work, by a program in peers/ that is written as its users would write it when
// they care for speed. Those that are on PATH are measured, at fewer passes.
type peer struct {
	name  string
	args  []string
	input string // file with the names of the services
	names func(list []byte) string
}

var peers = []peer{
	{"helm", []string{"template", "."}, "values.yaml", func(list []byte) string { return "names: " + string(list) + "\n" }},
	{"jsonnet", []string{"-y", "main.jsonnet"}, "names.json", func(list []byte) string { return string(list) + "\n" }},
	{
		"cue",
		[]string{"export", "-e", "text", "--out", "text", "."},
		"names.cue",
		func(list []byte) string { return "package bench\n\nnames: " + string(list) + "\n" },
	},
}

// missing names the peers that are not on PATH.
func missing() []string {
	var list []string
	for _, p := range peers {
		if _, err := exec.LookPath(p.name); err != nil {
			list = append(list, p.name)
		}
	}
	return list
}

// others returns the peers that are there, with the work for n services.
func (b *bench) others(n int) []*program {
	var list []*program
	for _, p := range peers {
		if bin, err := exec.LookPath(p.name); err == nil {
			dir := b.write(fmt.Sprintf("%s-%d", p.name, n), p.tree(n))
			list = append(list, &program{name: p.name, dir: dir, args: append([]string{bin}, p.args...), peer: true})
		}
	}
	return list
}

// tree is the peer's program with n names.
func (p *peer) tree(n int) workload.Tree {
	root, err := fs.Sub(peerFiles, "peers/"+p.name)
	check(err)
	t := workload.Tree{}
	check(fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(root, name)
		t[name] = string(text)
		return err
	}))
	list, err := json.Marshal(workload.Names(n))
	check(err)
	t[p.input] = p.names(list)
	return t
}

// note says which peers were not measured.
func note() string {
	if list := missing(); len(list) > 0 {
		return "Not on PATH, so not measured: " + strings.Join(list, ", ") + ".\n"
	}
	return ""
}

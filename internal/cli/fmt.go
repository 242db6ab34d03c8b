package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/format"
)

func formatCommand(u *ui) *cobra.Command {
	var check, show bool
	c := &cobra.Command{
		Use:     "fmt [FILE|DIR|./...] [flags]",
		Short:   "lay out .star files in one way",
		GroupID: "write",
		Example: `starctl fmt ./...
starctl fmt --check ./...         for CI: names files that are not laid out so, exit 1`,
		RunE: func(_ *cobra.Command, args []string) error { return runFormat(u, args, check, show) },
	}
	group(c.Flags(), "Output", func(fs *pflagSet) {
		fs.BoolVar(&check, "check", false, "write nothing; name the files that would change")
		fs.BoolVarP(&show, "diff", "d", false, "write nothing; show what would change")
	})
	return c
}

// runFormat formats every file, or none if one of them is no Starlark.
func runFormat(u *ui, args []string, check, show bool) error {
	units, err := u.units(args, starFilesIn, isStarFile)
	if err != nil {
		return err
	}
	var changed []formatted
	bad := false
	for _, x := range units {
		f, err := formatFile(u, x.path())
		if l, ok := errors.AsType[*located](err); ok {
			u.report(l)
			bad = true
			continue
		}
		if err != nil {
			return err
		}
		if !bytes.Equal(f.old, f.new) {
			changed = append(changed, f)
		}
	}
	if bad {
		return errSaid
	}
	for _, f := range changed {
		if err := f.finish(u, check, show); err != nil {
			return err
		}
	}
	if len(changed) > 0 && (check || show) {
		return errFound
	}
	return nil
}

func isStarFile(_ string, d fs.DirEntry) bool { return !d.IsDir() && filepath.Ext(d.Name()) == ".star" }

func starFilesIn(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(escapeGlob(dir), "*.star"))
	if err == nil && len(files) == 0 {
		err = diag.Diagnostic{Message: fmt.Sprintf("%s: no .star files", dir), Help: []string{"all below: ./..."}}
	}
	return files, err
}

func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// formatted is a file before and after.
type formatted struct {
	path     string
	old, new []byte
}

func formatFile(u *ui, path string) (formatted, error) {
	old, err := os.ReadFile(path)
	if err != nil {
		return formatted{}, err
	}
	name := filepath.Base(path)
	text, err := format.Source(name, old)
	if list, ok := errors.AsType[diag.List](err); ok {
		return formatted{}, &located{list, diag.Texts{name: string(old)}, filepath.Dir(path)}
	}
	return formatted{path, old, text}, err
}

func (f formatted) finish(u *ui, check, show bool) error {
	name := u.path(f.path)
	switch {
	case show:
		u.printf("--- %s\n+++ %s\n%s", name, name, diffColors(u, plan.Lines(string(f.old), string(f.new), 3)))
		return nil
	case check:
		u.printf("%s\n", name)
		return nil
	}
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	tmp := f.path + ".tmp"
	if err := os.WriteFile(tmp, f.new, info.Mode().Perm()); err != nil {
		return err
	}
	return os.Rename(tmp, f.path)
}

// diffColors colours a unified diff and escapes what it shows.
func diffColors(u *ui, diff string) string {
	var b strings.Builder
	for l := range strings.SplitSeq(strings.TrimSuffix(diff, "\n"), "\n") {
		text := diag.Escape(l)
		switch {
		case strings.HasPrefix(l, "-"):
			text = u.paintOut(red, text)
		case strings.HasPrefix(l, "+"):
			text = u.paintOut(green, text)
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}

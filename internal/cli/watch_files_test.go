package cli

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// A file that is made right after its directory was read leaves the directory the time that it had: clocks of file systems are coarse.
func TestWatchSeesFileOfTheSameTime(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(time.Second / 2)
	if err := os.Chtimes(sub, at, at); err != nil {
		t.Fatal(err)
	}
	w := watchBelow([]string{dir})
	file := filepath.Join(sub, "deploy.star")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(sub, at, at); err != nil {
		t.Fatal(err)
	}
	if changed, moved := w.scan(); !moved || !slices.Equal(changed, []string{file}) {
		t.Errorf("got %v, moved %v, want the new file", changed, moved)
	}
	if changed, moved := w.scan(); moved || len(changed) > 0 {
		t.Errorf("got %v, moved %v where nothing changed", changed, moved)
	}
}

// A file is also known by the symbolic link to a directory that it lies below; a link that leads out of the project is not followed.
func TestWatchKnowsFilesByLinks(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "lib", "deep", "x.star")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"shared": "lib", "out": t.TempDir(), "loop": "."} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	w := watchBelow([]string{dir})
	if err := os.WriteFile(file, []byte("x = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{file, filepath.Join(dir, "shared", "deep", "x.star")}
	if changed, _ := w.scan(); !slices.Equal(changed, want) {
		t.Errorf("got %v, want %v", changed, want)
	}
}

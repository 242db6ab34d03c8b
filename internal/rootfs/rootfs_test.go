package rootfs

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestReadRegular(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "root")
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("secret", "no")
	write("root/a/b.star", "text")
	write("root/empty", "")
	for name, to := range map[string]string{"inside": "a/b.star", "outside": "../secret", "absolute": filepath.Join(top, "secret"), "dir": ".."} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		ok         bool
	}{
		{"a/b.star", "text", true},
		{"inside", "text", true},
		{"empty", "", true},
		{"outside", "", false},
		{"absolute", "", false},
		{"dir/secret", "", false},
		{"../secret", "", false},
		{"a", "", false},
		{"none", "", false},
	} {
		got, ok := f.ReadRegular(c.name, 100)
		if runtime.GOOS != "linux" && !ok {
			continue
		}
		if string(got) != c.want || ok != c.ok {
			t.Errorf("%s: got %q, %v, want %q, %v", c.name, got, ok, c.want, c.ok)
		}
		if _, err := fs.ReadFile(f, c.name); (err == nil) != c.ok {
			t.Errorf("%s: os.Root says %v", c.name, err)
		}
	}
	if _, ok := f.ReadRegular("a/b.star", 3); ok {
		t.Error("a file larger than the limit was read")
	}
}

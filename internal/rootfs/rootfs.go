// Package rootfs is the file system of a directory that nothing leads out of, as os.Root is, with a quicker way to the files
// that are most of what is read: os.Root opens each directory on the way to a file, twice if the file is looked at before.
package rootfs

import (
	"io/fs"
	"os"
)

// FS is the file system below a directory. It is an os.Root's; regular files can be read at once.
type FS struct {
	fs.FS
	dir *os.File
}

// Open opens a directory.
func Open(name string) (*FS, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	dir, err := root.Open(".")
	return &FS{root.FS(), dir}, err
}

// ReadRegular returns the text of a regular file of at most limit bytes. Whatever else there is, or is not, it returns false:
// whoever wants to know opens the file.
func (f *FS) ReadRegular(name string, limit int64) ([]byte, bool) {
	if !fs.ValidPath(name) {
		return nil, false
	}
	return f.beneath(name, limit)
}

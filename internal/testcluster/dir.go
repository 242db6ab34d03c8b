package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dir is the directory of a cluster's state. Whoever holds the lock on its file "owner" lives; the kernel frees the lock when
// the process ends, however it ends, so that a directory nobody holds is a leftover.
type dir struct {
	path string
	lock *os.File
}

const ownerFile = "owner"

// The temporary directories, so named that those of other programs are never taken for ours.
const temporary = "starctl-testcluster-"

func openDir(path string, resume bool) (*dir, error) {
	if path == "" {
		sweep()
		tmp, err := os.MkdirTemp("", temporary)
		if err != nil {
			return nil, err
		}
		path = tmp
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	if err := mayTake(path); err != nil {
		return nil, err
	}
	return lockDir(path, resume)
}

// mayTake refuses a directory that holds other things: it is deleted at the end.
func mayTake(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil || len(entries) == 0 {
		return err
	}
	if _, err := os.Stat(filepath.Join(path, ownerFile)); err != nil {
		return fmt.Errorf("%s is neither empty nor of a testcluster", path)
	}
	return nil
}

func lockDir(path string, resume bool) (*dir, error) {
	f, err := os.OpenFile(filepath.Join(path, ownerFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		pid, _ := owner(path)
		return nil, errors.Join(fmt.Errorf("%s belongs to a testcluster that runs, pid %d", path, pid), f.Close())
	}
	if err := errors.Join(f.Truncate(0), write(f, strconv.Itoa(os.Getpid()))); err != nil {
		return nil, err
	}
	d := &dir{path: path, lock: f}
	return d, d.clear(resume)
}

func write(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}

// clear removes what another cluster left in the directory; one that goes on where that ended only removes its sockets.
func (d *dir) clear(resume bool) error {
	names := []string{"etcd.sock", "peer.sock"}
	if !resume {
		names = append(names, "etcd", "pki")
	}
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(d.path, name)); err != nil {
			return err
		}
	}
	return nil
}

func (d *dir) file(name string) string { return filepath.Join(d.path, name) }

// close removes the directory, or of a kept one what is of no use without the cluster.
func (d *dir) close(keep bool) {
	_ = removeState(d.path, keep)
	_ = d.lock.Close()
}

func removeState(path string, keep bool) error {
	if keep {
		return os.RemoveAll(filepath.Join(path, "etcd"))
	}
	if _, err := os.Stat(filepath.Join(path, ownerFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return os.RemoveAll(path)
}

// owner returns the process that holds a directory, if one does.
func owner(path string) (int, bool) {
	f, err := os.Open(filepath.Join(path, ownerFile))
	if err != nil {
		return 0, false
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return 0, false
	}
	text, err := os.ReadFile(f.Name())
	if err != nil {
		return 0, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid, err == nil
}

// sweep removes the temporary directories of clusters that were killed.
func sweep() {
	found, _ := filepath.Glob(filepath.Join(os.TempDir(), temporary+"*"))
	for _, path := range found {
		if _, err := os.Stat(filepath.Join(path, ownerFile)); err != nil {
			continue // one that is being made just now
		}
		if _, held := owner(path); !held {
			_ = os.RemoveAll(path)
		}
	}
}

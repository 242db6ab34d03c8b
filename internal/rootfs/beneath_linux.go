package rootfs

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// beneath lets the kernel see to it that no link leads out of the directory. A kernel that cannot is one that does not have
// the file.
func (f *FS) beneath(name string, limit int64) ([]byte, bool) {
	fd, err := unix.Openat2(int(f.dir.Fd()), name, &unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY, // a pipe must not block
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS,
	})
	runtime.KeepAlive(f.dir)
	if err != nil {
		return nil, false
	}
	text, err := readAll(fd, limit)
	return text, unix.Close(fd) == nil && err == nil
}

func readAll(fd int, limit int64) ([]byte, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size > limit {
		return nil, unix.EINVAL
	}
	text := make([]byte, st.Size)
	for n := 0; n < len(text); {
		m, err := unix.Read(fd, text[n:])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return nil, err
		case m == 0: // it became shorter
			return text[:n], nil
		}
		n += max(m, 0)
	}
	return text, nil
}

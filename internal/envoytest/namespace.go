package envoytest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Isolate makes cmd run in network, mount and process namespaces of its own, as a Pod does. Who is not root gets a user
// namespace as well, in which it is. The kernel ends everything in them when cmd ends, and cmd with this process.
func Isolate(cmd *exec.Cmd) {
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	cmd.SysProcAttr = attr
}

// EnterPod makes what Isolate gave a process into a Pod's: nothing but a loopback interface, /proc of its own processes, and
// an empty /etc. Nothing of it is seen outside.
func EnterPod() error {
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
	}{
		{"", "/", "", syscall.MS_REC | syscall.MS_PRIVATE},
		{"proc", "/proc", "proc", syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC},
		{"tmpfs", "/etc", "tmpfs", syscall.MS_NOSUID | syscall.MS_NODEV},
	} {
		if err := syscall.Mount(m.source, m.target, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	return loopbackUp()
}

func loopbackUp() error {
	all, err := net.Interfaces()
	if err != nil {
		return err
	}
	if len(all) != 1 || all[0].Flags&net.FlagLoopback == 0 {
		return errors.New("there are other interfaces than the loopback one")
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(all[0].Name)
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}

// Namespaces names those that a process, or self, is in.
func Namespaces(process string) (list []string) {
	for _, kind := range []string{"net", "mnt", "pid"} {
		if link, err := os.Readlink(filepath.Join("/proc", process, "ns", kind)); err == nil {
			list = append(list, link)
		}
	}
	return list
}

// Inhabitants lists the processes in any of some namespaces.
func Inhabitants(namespaces []string) (pids []string) {
	wanted := strings.Join(namespaces, " ")
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		for _, ns := range Namespaces(filepath.Base(dir)) {
			if strings.Contains(wanted, ns) {
				pids = append(pids, filepath.Base(dir))
				break
			}
		}
	}
	return pids
}

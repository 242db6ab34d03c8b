// Command testcluster is a Kubernetes cluster for tests and demonstrations in one process: etcd, kube-apiserver,
// kube-controller-manager and kube-scheduler as they are released, and fake kubelets, which make Pods ready, or let them fail as
// their annotations ask. It listens on 127.0.0.1 unless it is told another address, needs no root and no
// container runtime, and is ready in three seconds.
//
//	testcluster run [flags] -- COMMAND...   start, run COMMAND with KUBECONFIG and TESTCLUSTER_DIR set, stop
//	testcluster serve [flags]               in the foreground; prints one line of JSON when it is ready
//	testcluster up [flags]                  in the background, until down or until -limit has passed
//	testcluster down [flags]                stop the one that up has started
//
// run and serve end with the process that started them, however that ends. What a killed cluster leaves behind, a directory, is
// removed by the next one that starts.
//
// Read main.go, cluster.go (the steps of a start), kubelet.go and pod.go (what becomes of a Pod), dir.go and parent.go (how
// nothing is left behind).
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc/grpclog"
)

type config struct {
	dir            string
	port, nodes    int
	address        string
	apiOnly        bool
	noKubelet      bool
	keep, resume   bool
	verbosity      int
	timeout, limit time.Duration
	readyAfter     time.Duration
	loadBalancers  bool
	stderr         *os.File
	apiserverArgs  list
	controllerArgs list
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func main() {
	// The API server opens and closes many connections to etcd, and gRPC logs each. No goroutine has used gRPC yet.
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))

	if len(os.Args) < 2 {
		usage()
	}
	stderr := *os.Stderr // what is behind os.Stderr becomes the log
	cfg, args := parse(os.Args[1], os.Args[2:])
	cfg.stderr = &stderr
	code, err := command(os.Args[1], cfg, args)
	if err != nil {
		fmt.Fprintln(cfg.stderr, "testcluster:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: testcluster run [flags] -- COMMAND... | serve [flags] | up [flags] | down [flags]")
	os.Exit(2)
}

func parse(verb string, args []string) (*config, []string) {
	var c config
	f := flag.NewFlagSet("testcluster "+verb, flag.ExitOnError)
	f.StringVar(&c.dir, "dir", "", "directory for the state (default: a temporary one; of up and down: .testcluster)")
	f.IntVar(&c.port, "port", 0, "port of the API server on 127.0.0.1 (0: any that is free)")
	f.StringVar(&c.address, "address", "", "an address of this machine at which real Pods reach the API server; it listens on all addresses then")
	f.IntVar(&c.nodes, "nodes", 2, "number of fake nodes")
	f.BoolVar(&c.apiOnly, "api-only", false, "only etcd and kube-apiserver: no controllers, no scheduler, no nodes")
	f.BoolVar(&c.noKubelet, "no-kubelet", false, "no nodes and no fake kubelets")
	f.BoolVar(&c.keep, "keep", false, "keep the directory")
	f.BoolVar(&c.resume, "resume", false, "go on with the state and the keys of a cluster that was killed, on its -port")
	f.DurationVar(&c.readyAfter, "ready-after", 100*time.Millisecond, "how long a Pod takes to become ready, if it says nothing")
	f.BoolVar(&c.loadBalancers, "load-balancers", false, "give Services of type LoadBalancer an address")
	f.IntVar(&c.verbosity, "v", 0, "how much the components write to DIR/testcluster.log")
	f.DurationVar(&c.timeout, "timeout", 90*time.Second, "how long to wait until the cluster is ready")
	f.DurationVar(&c.limit, "limit", 8*time.Hour, "of up: when the cluster ends by itself")
	f.Var(&c.apiserverArgs, "apiserver-arg", "another flag of kube-apiserver (repeatable)")
	f.Var(&c.controllerArgs, "controller-arg", "another flag of kube-controller-manager (repeatable)")
	_ = f.Parse(args)
	return &c, f.Args()
}

func command(verb string, c *config, args []string) (int, error) {
	switch verb {
	case "run":
		return run(c, args)
	case "serve":
		return 0, serve(c)
	case "up":
		return 0, up(c)
	case "down":
		return 0, down(c)
	}
	usage()
	return 2, nil
}

// started starts a cluster that lives as long as the context that it returns: until a signal, or until the parent process
// is gone.
func started(c *config) (context.Context, *cluster, error) {
	d, err := openDir(c.dir, c.resume)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	ctx = untilParentEnds(ctx, cancel)
	ready, stop := context.WithTimeout(ctx, c.timeout)
	defer stop()
	cl, err := start(ready, c, d)
	if err != nil {
		d.close(c.keep)
		return nil, nil, err
	}
	return ctx, cl, nil
}

func serve(c *config) error {
	ctx, cl, err := started(c)
	if err != nil {
		return err
	}
	defer cl.stop()
	_ = json.NewEncoder(os.Stdout).Encode(cl.info)
	select {
	case <-ctx.Done():
		return nil
	case err := <-cl.died:
		return err
	}
}

func run(c *config, args []string) (int, error) {
	if len(args) == 0 {
		usage()
	}
	ctx, cl, err := started(c)
	if err != nil {
		return 1, err
	}
	defer cl.stop()
	fmt.Fprintf(c.stderr, "testcluster: ready in %.1f s, %s\n", cl.info.ReadySeconds, cl.info.Server)

	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, c.stderr
	cmd.Env = append(os.Environ(), "KUBECONFIG="+cl.info.Kubeconfig, "TESTCLUSTER_DIR="+cl.dir.path, "TESTCLUSTER_BIN="+self)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	return exitCode(runWithParent(cmd))
}

func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// up starts another testcluster, in a session of its own so that it outlives the terminal, and waits until it is ready.
func up(c *config) error {
	c.dir = cmpOr(c.dir, ".testcluster")
	self, err := os.Executable()
	if err != nil {
		return err
	}
	messages, err := os.CreateTemp("", "testcluster-errors-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(messages.Name()) }()
	cmd := exec.Command(self, upArgs(c)...)
	cmd.Env = append(os.Environ(), orphanEnv+"="+c.limit.String())
	cmd.Stderr = messages
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var ready info
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		_ = cmd.Wait()
		text, _ := os.ReadFile(messages.Name())
		return fmt.Errorf("it does not start: %s", strings.TrimPrefix(strings.TrimSpace(string(text)), "testcluster: "))
	}
	fmt.Printf("export KUBECONFIG=%s\n", ready.Kubeconfig)
	return nil
}

func upArgs(c *config) []string {
	args := []string{
		"serve", "-dir", c.dir, "-port", strconv.Itoa(c.port), "-address", c.address, "-nodes", strconv.Itoa(c.nodes),
		"-v", strconv.Itoa(c.verbosity), "-timeout", c.timeout.String(),
		"-ready-after", c.readyAfter.String(), "-load-balancers=" + strconv.FormatBool(c.loadBalancers),
		"-api-only=" + strconv.FormatBool(c.apiOnly), "-no-kubelet=" + strconv.FormatBool(c.noKubelet), "-keep=" + strconv.FormatBool(c.keep),
	}
	for _, a := range c.apiserverArgs {
		args = append(args, "-apiserver-arg", a)
	}
	for _, a := range c.controllerArgs {
		args = append(args, "-controller-arg", a)
	}
	return args
}

func down(c *config) error {
	dir := cmpOr(c.dir, ".testcluster")
	for range 100 {
		pid, ok := owner(dir)
		if !ok {
			return removeState(dir, c.keep)
		}
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("the cluster in %s does not end", filepath.Clean(dir))
}

func cmpOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// info is what serve prints when the cluster is ready.
type info struct {
	Kubeconfig       string             `json:"kubeconfig"`       // of system:masters
	NobodyKubeconfig string             `json:"nobodyKubeconfig"` // of a user without any right
	Server           string             `json:"server"`
	Dir              string             `json:"dir"`
	PID              int                `json:"pid"`
	ReadySeconds     float64            `json:"readySeconds"`
	Steps            map[string]float64 `json:"steps"` // seconds from the start to the end of each
}

type cluster struct {
	cfg   *config
	dir   *dir
	info  info
	begun time.Time

	run    context.Context // of the components; outlives the wait for readiness
	cancel context.CancelFunc
	died   chan error // from a component that ended by itself

	log       *os.File
	keys      *authority
	files     files
	listener  net.Listener
	etcd      string // its address
	parts     components
	clientset kubernetes.Interface
}

// files are the certificates and keys that the components read.
type files struct {
	serving, kubeletClient pair
	signingKey             string
}

type step struct {
	name string
	do   func(context.Context) error
}

func (c *cluster) steps() []step {
	list := []step{
		{"log", c.openLog},
		{"keys", c.makeKeys},
		{"etcd", c.startEtcd},
		{"apiserver", c.startAPIServer},
	}
	if !c.cfg.apiOnly {
		list = append(list, step{"controllers", c.startControllers})
	}
	if !c.cfg.apiOnly && !c.cfg.noKubelet {
		list = append(list, step{"nodes", c.startNodes})
	}
	return list
}

func start(ctx context.Context, cfg *config, d *dir) (*cluster, error) {
	c := &cluster{cfg: cfg, dir: d, begun: time.Now(), died: make(chan error, 8)}
	c.run, c.cancel = context.WithCancel(context.Background())
	c.info = info{Dir: d.path, PID: os.Getpid(), Steps: map[string]float64{}}
	for _, s := range c.steps() {
		if err := s.do(ctx); err != nil {
			c.cancel()
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		c.info.Steps[s.name] = time.Since(c.begun).Seconds()
	}
	c.info.ReadySeconds = time.Since(c.begun).Seconds()
	return c, nil
}

// stop is abrupt on purpose: the state is thrown away, so there is nothing to save, and a graceful end of kube-apiserver waits
// for every open watch.
func (c *cluster) stop() {
	c.cancel()
	c.dir.close(c.cfg.keep)
}

func (c *cluster) openLog(context.Context) error {
	f, err := os.OpenFile(c.dir.file("testcluster.log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	c.log = f
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	settings := map[string]string{"logtostderr": "false", "stderrthreshold": "FATAL", "one_output": "true", "v": strconv.Itoa(c.cfg.verbosity)}
	for k, v := range settings {
		if err := flags.Set(k, v); err != nil {
			return err
		}
	}
	klog.SetOutput(f)
	// Parts of the API server write to stderr whatever one sets, some by a pointer that they took before main began. What is behind
	// that pointer becomes the log. A crash of the program itself still goes to stderr.
	*os.Stderr = *f
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	return nil
}

// makeKeys also opens the port: the listener itself goes to the API server, so that nobody can take the port in between.
func (c *cluster) makeKeys(context.Context) error {
	host := "127.0.0.1"
	if c.cfg.address != "" {
		host = "0.0.0.0"
	}
	ln, err := net.Listen("tcp4", net.JoinHostPort(host, strconv.Itoa(c.cfg.port)))
	if err != nil {
		return err
	}
	c.listener = ln
	c.info.Server = "https://127.0.0.1:" + strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
	if c.keys, err = anAuthority(c.dir.file("pki"), c.cfg.resume); err != nil {
		return err
	}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	if c.files.serving, err = c.keys.server("kube-apiserver", names...); err != nil {
		return err
	}
	if c.files.kubeletClient, err = c.keys.client("kube-apiserver-kubelet-client", "system:masters"); err != nil {
		return err
	}
	if c.files.signingKey, err = c.keys.signingKey(); err != nil {
		return err
	}
	c.info.Kubeconfig, c.info.NobodyKubeconfig = c.dir.file("admin.kubeconfig"), c.dir.file("nobody.kubeconfig")
	if err := c.keys.kubeconfig(c.info.Kubeconfig, c.info.Server, "admin", "system:masters"); err != nil {
		return err
	}
	return c.keys.kubeconfig(c.info.NobodyKubeconfig, c.info.Server, "nobody")
}

func (c *cluster) connect() error {
	cfg, err := clientcmd.BuildConfigFromFlags("", c.info.Kubeconfig)
	if err != nil {
		return err
	}
	cfg.QPS = -1
	c.clientset, err = kubernetes.NewForConfig(cfg)
	return err
}

// goRun runs a component until the cluster stops; one that ends before ends the cluster.
func (c *cluster) goRun(name string, f func(context.Context) error) {
	go func() {
		err := f(c.run)
		if c.run.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("ended by itself")
		}
		c.died <- fmt.Errorf("%s: %w (see %s)", name, err, c.log.Name())
	}()
}

// poll asks until the answer is yes.
func (c *cluster) poll(ctx context.Context, what string, ask func() (bool, error)) error {
	var last error
	for {
		yes, err := ask()
		if yes {
			return nil
		}
		last = err
		select {
		case err := <-c.died:
			return err
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w (last: %v; see %s)", what, ctx.Err(), last, c.log.Name())
		case <-time.After(30 * time.Millisecond):
		}
	}
}

func (c *cluster) apiServerReady(ctx context.Context) error {
	if err := c.poll(ctx, "/readyz", func() (bool, error) {
		_, err := c.clientset.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil, err
	}); err != nil {
		return err
	}
	return c.poll(ctx, "the namespace default", func() (bool, error) {
		_, err := c.clientset.CoreV1().Namespaces().Get(ctx, "default", metav1.GetOptions{})
		return err == nil, err
	})
}

func (c *cluster) controllersReady(ctx context.Context) error {
	return c.poll(ctx, "the default service account", func() (bool, error) {
		_, err := c.clientset.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
}

func (c *cluster) startNodes(ctx context.Context) error {
	k, err := newKubelet(c.clientset, c.cfg, c.keys)
	if err != nil {
		return err
	}
	c.goRun("kubelet", k.run)
	return c.poll(ctx, "nodes to be ready", func() (bool, error) {
		l, err := c.clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		ready := 0
		for i := range l.Items {
			if nodeReady(&l.Items[i]) {
				ready++
			}
		}
		return ready == c.cfg.nodes, nil
	})
}

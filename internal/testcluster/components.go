package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	cliflag "k8s.io/component-base/cli/flag"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	apiserveroptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	controllersoptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

// components are the options of the three, parsed before any of them starts: they share one set of feature gates.
type components struct {
	apiserver   *apiserveroptions.ServerRunOptions
	controllers *controllersoptions.KubeControllerManagerOptions
	scheduler   *scheduleroptions.Options
}

// startEtcd runs etcd on a Unix socket in our directory, which nobody else can read, without a port and without fsync.
func (c *cluster) startEtcd(ctx context.Context) error {
	socket := c.dir.file("etcd.sock")
	if len(socket) > 100 {
		return fmt.Errorf("the path of a Unix socket has at most 100 characters: %s", socket)
	}
	cfg := embed.NewConfig()
	cfg.Dir = c.dir.file("etcd")
	cfg.ListenClientUrls = []url.URL{{Scheme: "unix", Path: socket}}
	cfg.ListenPeerUrls = []url.URL{{Scheme: "unix", Path: c.dir.file("peer.sock")}}
	cfg.AdvertiseClientUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	cfg.UnsafeNoFsync = true
	cfg.TickMs, cfg.ElectionMs = 10, 100 // alone, it elects itself at once
	log := zap.NewProductionConfig()
	log.Level = zap.NewAtomicLevelAt(zap.WarnLevel)
	log.OutputPaths = []string{c.log.Name()}
	logger, err := log.Build()
	if err != nil {
		return err
	}
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(logger)
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return err
	}
	c.etcd = "unix://" + socket
	c.goRun("etcd", func(run context.Context) error {
		select {
		case err := <-e.Err():
			return err
		case <-run.Done():
			return nil
		}
	})
	select {
	case <-e.Server.ReadyNotify():
		return nil
	case err := <-c.died:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *cluster) startAPIServer(ctx context.Context) error {
	if err := c.parseOptions(); err != nil {
		return err
	}
	completed, err := c.parts.apiserver.Complete(c.run)
	if err != nil {
		return err
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return utilerrors.NewAggregate(errs)
	}
	c.goRun("kube-apiserver", func(run context.Context) error { return apiserver.Run(run, completed) })
	if err := c.connect(); err != nil {
		return err
	}
	return c.apiServerReady(ctx)
}

func (c *cluster) startControllers(ctx context.Context) error {
	cfg, err := c.parts.controllers.Config(c.run, controllers.KnownControllers(), controllers.ControllersDisabledByDefault(), controllers.ControllerAliases())
	if err != nil {
		return err
	}
	c.goRun("kube-controller-manager", func(run context.Context) error { return controllers.Run(run, cfg.Complete()) })
	schedulerConfig, s, err := scheduler.Setup(c.run, c.parts.scheduler)
	if err != nil {
		return fmt.Errorf("kube-scheduler: %w", err)
	}
	c.goRun("kube-scheduler", func(run context.Context) error { return scheduler.Run(run, schedulerConfig, s) })
	return c.controllersReady(ctx)
}

func (c *cluster) parseOptions() error {
	var err error
	if c.parts.apiserver, err = c.apiserverOptions(); err != nil {
		return err
	}
	if c.parts.controllers, err = c.controllersOptions(); err != nil {
		return err
	}
	if c.parts.scheduler, err = c.schedulerOptions(); err != nil {
		return err
	}
	return c.parts.apiserver.GenericServerRunOptions.ComponentGlobalsRegistry.Set()
}

func (c *cluster) apiserverOptions() (*apiserveroptions.ServerRunOptions, error) {
	o := apiserveroptions.NewServerRunOptions()
	port := c.listener.Addr().(*net.TCPAddr).Port
	err := parseFlags("kube-apiserver", o.Flags(), append([]string{
		"--etcd-servers=" + c.etcd,
		"--bind-address=" + c.listener.Addr().(*net.TCPAddr).IP.String(),
		"--secure-port=" + strconv.Itoa(port),
		"--service-cluster-ip-range=10.96.0.0/16",
		"--allow-privileged=true",
		"--authorization-mode=Node,RBAC",
		"--client-ca-file=" + c.keys.certFile(),
		"--tls-cert-file=" + c.files.serving.certFile,
		"--tls-private-key-file=" + c.files.serving.keyFile,
		"--kubelet-client-certificate=" + c.files.kubeletClient.certFile,
		"--kubelet-client-key=" + c.files.kubeletClient.keyFile,
		"--kubelet-certificate-authority=" + c.keys.certFile(),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.files.signingKey,
		"--service-account-signing-key-file=" + c.files.signingKey,
		"--profiling=false",
		"--shutdown-delay-duration=0s",
	}, slices.Concat(c.endpointArgs(), c.cfg.apiserverArgs)...))
	o.SecureServing.Listener = c.listener
	return o, err
}

// endpointArgs say where the Service "kubernetes" leads: nowhere without an address, for no endpoint may have 127.0.0.1.
func (c *cluster) endpointArgs() []string {
	if c.cfg.address == "" {
		return []string{"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"}
	}
	return []string{"--advertise-address=" + c.cfg.address}
}

// Of the controllers those are off that speak to a cloud, and that of the HorizontalPodAutoscaler: there are no metrics, and
// tests scale by hand.
const controllersOff = "--controllers=*,-node-route-controller,-service-lb-controller,-cloud-node-lifecycle-controller," +
	"-horizontal-pod-autoscaler-controller,-persistentvolume-attach-detach-controller,-node-ipam-controller,-selinux-warning-controller"

func (c *cluster) controllersOptions() (*controllersoptions.KubeControllerManagerOptions, error) {
	o, err := controllersoptions.NewKubeControllerManagerOptions()
	if err != nil {
		return nil, err
	}
	flags := o.Flags(controllers.KnownControllers(), controllers.ControllersDisabledByDefault(), controllers.ControllerAliases())
	o.ParsedFlags = &flags
	return o, parseFlags("kube-controller-manager", flags, append([]string{
		"--kubeconfig=" + c.info.Kubeconfig,
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
		"--service-account-private-key-file=" + c.files.signingKey,
		"--root-ca-file=" + c.keys.certFile(),
		"--node-monitor-period=1s",
		controllersOff,
	}, c.cfg.controllerArgs...))
}

func (c *cluster) schedulerOptions() (*scheduleroptions.Options, error) {
	o := scheduleroptions.NewOptions()
	return o, parseFlags("kube-scheduler", *o.Flags, []string{
		"--kubeconfig=" + c.info.Kubeconfig,
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
	})
}

func parseFlags(name string, sets cliflag.NamedFlagSets, args []string) error {
	all := pflag.NewFlagSet(name, pflag.ContinueOnError)
	for _, f := range sets.FlagSets {
		all.AddFlagSet(f)
	}
	return all.Parse(args)
}

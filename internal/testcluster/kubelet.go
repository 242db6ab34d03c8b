package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
)

// kubelet stands for the kubelets of all nodes: it watches Pods and claims, and writes what a kubelet and a provisioner of
// volumes would. It runs nothing.
type kubelet struct {
	clients  kubernetes.Interface
	nodes    []string
	listener net.Listener // of the logs
	keys     *authority
	cfg      *config
	queue    workqueue.TypedRateLimitingInterface[string]
	pods     cache.SharedIndexInformer
	claims   cache.SharedIndexInformer

	mu      sync.Mutex
	records map[types.UID]*record
	count   int // of Pods so far
}

// record is what is known of a Pod beyond the API, which keeps whole seconds only.
type record struct {
	ip      string
	started time.Time
	told    map[string]bool          // events that were sent
	misses  map[string]*corev1.Event // of probes, which count
}

const (
	storageClass = "standard"
	provisioner  = "starctl.dev/testcluster"
)

func newKubelet(clients kubernetes.Interface, cfg *config, keys *authority) (*kubelet, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	k := &kubelet{clients: clients, listener: ln, keys: keys, cfg: cfg, records: map[types.UID]*record{}}
	for i := range cfg.nodes {
		k.nodes = append(k.nodes, fmt.Sprintf("node-%d", i+1))
	}
	return k, nil
}

func (k *kubelet) run(ctx context.Context) error {
	if err := k.serveLogs(ctx); err != nil {
		return err
	}
	for _, name := range k.nodes {
		if err := k.register(ctx, name); err != nil {
			return fmt.Errorf("node %s: %w", name, err)
		}
	}
	if err := k.makeStorageClass(ctx); err != nil {
		return err
	}
	go k.heartbeat(ctx)
	if k.cfg.loadBalancers {
		if err := k.balance(ctx); err != nil {
			return err
		}
	}
	k.queue = workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[string](20*time.Millisecond, 2*time.Second))
	defer k.queue.ShutDown()
	if err := k.watch(ctx); err != nil {
		return err
	}
	for range 4 {
		go k.work(ctx)
	}
	<-ctx.Done()
	return nil
}

func (k *kubelet) watch(ctx context.Context) error {
	scheduled := informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermNotEqualSelector("spec.nodeName", "").String()
	})
	ofPods := informers.NewSharedInformerFactoryWithOptions(k.clients, 0, scheduled)
	k.pods = ofPods.Core().V1().Pods().Informer()
	ofClaims := informers.NewSharedInformerFactory(k.clients, 0)
	k.claims = ofClaims.Core().V1().PersistentVolumeClaims().Informer()
	if _, err := k.pods.AddEventHandler(k.enqueue("pod:")); err != nil {
		return err
	}
	if _, err := k.claims.AddEventHandler(k.enqueue("claim:")); err != nil {
		return err
	}
	ofPods.Start(ctx.Done())
	ofClaims.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), k.pods.HasSynced, k.claims.HasSynced) {
		return ctx.Err()
	}
	return nil
}

func (k *kubelet) enqueue(prefix string) cache.ResourceEventHandlerFuncs {
	add := func(o any) {
		if key, err := cache.MetaNamespaceKeyFunc(o); err == nil {
			k.queue.Add(prefix + key)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc: add, UpdateFunc: func(_, o any) { add(o) },
		DeleteFunc: func(o any) {
			if p, ok := o.(*corev1.Pod); ok {
				k.forget(p.UID)
			}
		},
	}
}

func (k *kubelet) work(ctx context.Context) {
	for {
		key, end := k.queue.Get()
		if end {
			return
		}
		k.handle(ctx, key)
		k.queue.Done(key)
	}
}

func (k *kubelet) handle(ctx context.Context, key string) {
	again, err := k.sync(ctx, key)
	switch {
	case err == nil || apierrors.IsNotFound(err):
		k.queue.Forget(key)
		if again > 0 {
			k.queue.AddAfter(key, again)
		}
	default:
		if !apierrors.IsConflict(err) {
			klog.ErrorS(err, "kubelet", "key", key)
		}
		k.queue.AddRateLimited(key)
	}
}

// sync brings a Pod or a claim to where it should be, and says when to look at it again.
func (k *kubelet) sync(ctx context.Context, key string) (time.Duration, error) {
	kind, key, _ := strings.Cut(key, ":")
	informer := k.pods
	if kind == "claim" {
		informer = k.claims
	}
	o, there, err := informer.GetStore().GetByKey(key)
	if err != nil || !there {
		return 0, err
	}
	if claim, ok := o.(*corev1.PersistentVolumeClaim); ok {
		return 0, k.provision(ctx, claim)
	}
	return k.syncPod(ctx, o.(*corev1.Pod).DeepCopy())
}

func (k *kubelet) of(p *corev1.Pod) *record {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.records[p.UID]
	if r == nil {
		k.count++
		r = &record{
			ip:      fmt.Sprintf("10.244.%d.%d", k.count/250%250, k.count%250+1),
			started: time.Now(), told: map[string]bool{}, misses: map[string]*corev1.Event{},
		}
		k.records[p.UID] = r
	}
	return r
}

func (k *kubelet) forget(uid types.UID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.records, uid)
}

func nodeReady(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue && len(n.Spec.Taints) == 0
		}
	}
	return false
}

func (k *kubelet) register(ctx context.Context, name string) error {
	labels := map[string]string{
		corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64", corev1.LabelTopologyZone: "zone-a",
	}
	nodes := k.clients.CoreV1().Nodes()
	n, err := nodes.Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{})
	for err == nil {
		n.Status = k.nodeStatus(name)
		if _, err = nodes.UpdateStatus(ctx, n, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
			return err
		}
		n, err = nodes.Get(ctx, name, metav1.GetOptions{}) // a controller has changed it meanwhile
	}
	return err
}

func (k *kubelet) nodeStatus(name string) corev1.NodeStatus {
	condition := func(t corev1.NodeConditionType, s corev1.ConditionStatus, reason string) corev1.NodeCondition {
		now := metav1.Now()
		return corev1.NodeCondition{Type: t, Status: s, Reason: reason, LastHeartbeatTime: now, LastTransitionTime: now}
	}
	room := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("64"), corev1.ResourceMemory: resource.MustParse("256Gi"),
		corev1.ResourcePods: resource.MustParse("1000"), corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"),
	}
	s := corev1.NodeStatus{
		Capacity: room, Allocatable: room,
		Conditions: []corev1.NodeCondition{
			condition(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady"),
			condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory"),
			condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure"),
			condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID"),
		},
		Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}, {Type: corev1.NodeHostName, Address: name},
		},
		NodeInfo: corev1.NodeSystemInfo{
			KubeletVersion: "v1.36.3", OperatingSystem: "linux", Architecture: "amd64",
			ContainerRuntimeVersion: "none://0", OSImage: "none", KernelVersion: "none",
		},
	}
	s.DaemonEndpoints.KubeletEndpoint.Port = int32(k.listener.Addr().(*net.TCPAddr).Port)
	return s
}

func (k *kubelet) heartbeat(ctx context.Context) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		for _, name := range k.nodes {
			if err := k.renew(ctx, name); err != nil && ctx.Err() == nil {
				klog.ErrorS(err, "lease of a node", "node", name)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (k *kubelet) renew(ctx context.Context, node string) error {
	leases, now := k.clients.CoordinationV1().Leases(corev1.NamespaceNodeLease), metav1.NowMicro()
	l, err := leases.Get(ctx, node, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = leases.Create(ctx, &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: node},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: &node, LeaseDurationSeconds: ptr.To(int32(40)), RenewTime: &now},
		}, metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	l.Spec.RenewTime = &now
	_, err = leases.Update(ctx, l, metav1.UpdateOptions{})
	return err
}

func (k *kubelet) makeStorageClass(ctx context.Context) error {
	_, err := k.clients.StorageV1().StorageClasses().Create(ctx, &storagev1.StorageClass{
		ObjectMeta:        metav1.ObjectMeta{Name: storageClass, Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}},
		Provisioner:       provisioner,
		ReclaimPolicy:     ptr.To(corev1.PersistentVolumeReclaimRetain),
		VolumeBindingMode: ptr.To(storagev1.VolumeBindingImmediate),
	}, metav1.CreateOptions{})
	return err
}

// provision makes a volume for a claim; the controllers bind it.
func (k *kubelet) provision(ctx context.Context, c *corev1.PersistentVolumeClaim) error {
	if c.Status.Phase != corev1.ClaimPending || c.Spec.VolumeName != "" || ptr.Deref(c.Spec.StorageClassName, "") != storageClass {
		return nil
	}
	_, err := k.clients.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: "pvc-" + string(c.UID), Annotations: map[string]string{"pv.kubernetes.io/provisioned-by": provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes: c.Spec.AccessModes, Capacity: c.Spec.Resources.Requests, StorageClassName: storageClass, VolumeMode: c.Spec.VolumeMode,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			PersistentVolumeSource:        corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/none"}},
			ClaimRef:                      &corev1.ObjectReference{Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: c.Namespace, Name: c.Name, UID: c.UID},
		},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

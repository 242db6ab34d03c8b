package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// balance gives Services of type LoadBalancer an address, as the controller of a cloud does; the addresses are those that are kept for
// documentation.
func (k *kubelet) balance(ctx context.Context) error {
	of := informers.NewSharedInformerFactory(k.clients, 0)
	services := of.Core().V1().Services().Informer()
	given := 0
	give := func(o any) {
		s, ok := o.(*corev1.Service)
		if !ok || s.Spec.Type != corev1.ServiceTypeLoadBalancer || len(s.Status.LoadBalancer.Ingress) > 0 {
			return
		}
		given++
		s = s.DeepCopy()
		s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: fmt.Sprintf("192.0.2.%d", given%254+1)}}
		if _, err := k.clients.CoreV1().Services(s.Namespace).UpdateStatus(ctx, s, metav1.UpdateOptions{}); err != nil && !apierrors.IsConflict(err) {
			klog.ErrorS(err, "address of a Service", "service", s.Namespace+"/"+s.Name)
		}
	}
	_, err := services.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: give, UpdateFunc: func(_, o any) { give(o) }})
	of.Start(ctx.Done())
	return err
}

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// serveLogs answers what the API server asks a kubelet for when somebody reads the log of a container.
func (k *kubelet) serveLogs(ctx context.Context) error {
	p, err := k.keys.server("kubelet")
	if err != nil {
		return err
	}
	cert, err := tls.X509KeyPair(p.cert, p.key)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AddCert(k.keys.cert)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.serveLog)
	s := &http.Server{Handler: mux, TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
	}}
	go func() { _ = s.ServeTLS(k.listener, "", "") }()
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return nil
}

func (k *kubelet) serveLog(w http.ResponseWriter, r *http.Request) {
	o, there, _ := k.pods.GetStore().GetByKey(r.PathValue("namespace") + "/" + r.PathValue("pod"))
	if !there {
		http.NotFound(w, r)
		return
	}
	lines := strings.Split(logOf(o.(*corev1.Pod), r.PathValue("container")), "\n")
	if n, err := strconv.Atoi(r.FormValue("tailLines")); err == nil && n < len(lines) {
		lines = lines[len(lines)-n:]
	}
	_, _ = io.WriteString(w, strings.Join(lines, "\n")+"\n")
}

func logOf(p *corev1.Pod, container string) string {
	for _, text := range []string{annotation(p, logKey, container), p.Annotations[logKey]} {
		if text != "" {
			return strings.TrimRight(text, "\n")
		}
	}
	return "log of container " + container
}

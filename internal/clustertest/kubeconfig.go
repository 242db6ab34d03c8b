package clustertest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"
)

// Context is the name of the only context of every kubeconfig here.
const Context = "testcluster"

// kubeconfig is what of one is used here.
type kubeconfig struct {
	Server        string
	CA, Cert, Key []byte
}

type kubeconfigFile struct {
	Clusters []struct {
		Cluster struct {
			Server string `json:"server"`
			CA     string `json:"certificate-authority-data"`
		} `json:"cluster"`
	} `json:"clusters"`
	Users []struct {
		User struct {
			Cert string `json:"client-certificate-data"`
			Key  string `json:"client-key-data"`
		} `json:"user"`
	} `json:"users"`
}

func readKubeconfig(path string) (kubeconfig, error) {
	var k kubeconfig
	text, err := os.ReadFile(path)
	if err != nil {
		return k, err
	}
	var f kubeconfigFile
	if err := yaml.Unmarshal(text, &f); err != nil {
		return k, err
	}
	if len(f.Clusters) != 1 || len(f.Users) != 1 {
		return k, fmt.Errorf("%s: got %d clusters and %d users, want one of each", path, len(f.Clusters), len(f.Users))
	}
	k.Server = f.Clusters[0].Cluster.Server
	var errs [3]error
	k.CA, errs[0] = base64.StdEncoding.DecodeString(f.Clusters[0].Cluster.CA)
	k.Cert, errs[1] = base64.StdEncoding.DecodeString(f.Users[0].User.Cert)
	k.Key, errs[2] = base64.StdEncoding.DecodeString(f.Users[0].User.Key)
	return k, errors.Join(errs[:]...)
}

func (k kubeconfig) tls() (*tls.Config, error) {
	cert, err := tls.X509KeyPair(k.Cert, k.Key)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(k.CA)
	return &tls.Config{Certificates: []tls.Certificate{cert}, RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

func (k kubeconfig) text() []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: %[1]s
contexts:
- name: %[1]s
  context: {cluster: %[1]s, user: %[1]s}
clusters:
- name: %[1]s
  cluster: {server: %[2]q, certificate-authority-data: %[3]q}
users:
- name: %[1]s
  user: {client-certificate-data: %[4]q, client-key-data: %[5]q}
`, Context, k.Server, base64Of(k.CA), base64Of(k.Cert), base64Of(k.Key))
}

func writeKubeconfig(t testing.TB, k kubeconfig) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, k.text(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

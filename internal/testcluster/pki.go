package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// authority signs the certificates of one cluster. Its key is in the directory too, so that tests can make users and servers of
// their own; it is worth nothing elsewhere.
type authority struct {
	dir  string // DIR/pki
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// pair is a certificate with its key, as files and as PEM.
type pair struct {
	certFile, keyFile string
	cert, key         []byte
}

// anAuthority is a new one, or the one that a killed cluster left, whose certificates others have.
func anAuthority(dir string, resume bool) (*authority, error) {
	if resume {
		return readAuthority(dir)
	}
	return newAuthority(dir)
}

func readAuthority(dir string) (*authority, error) {
	a := &authority{dir: dir}
	var err error
	if a.pem, err = os.ReadFile(a.certFile()); err != nil {
		return nil, err
	}
	block, _ := pem.Decode(a.pem)
	if block == nil {
		return nil, errors.New(a.certFile() + ": no PEM")
	}
	if a.cert, err = x509.ParseCertificate(block.Bytes); err != nil {
		return nil, err
	}
	a.key, err = readKey(filepath.Join(dir, "ca.key"))
	return a, err
}

func newAuthority(dir string) (*authority, error) {
	a := &authority{dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	t := certificate("starctl testcluster")
	t.IsCA = true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, t, t, a.key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(a.certFile(), a.pem, 0o600); err != nil {
		return nil, err
	}
	_, err = writeKey(filepath.Join(dir, "ca.key"), a.key)
	return a, err
}

func (a *authority) certFile() string { return filepath.Join(a.dir, "ca.crt") }

func certificate(name string, groups ...string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name, Organization: groups},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(365 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
}

// server issues what a server on 127.0.0.1 shows.
func (a *authority) server(name string, dns ...string) (pair, error) {
	t := certificate(name)
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)}
	t.DNSNames = dns
	return a.issue(name, t)
}

// client issues what a user in some groups shows.
func (a *authority) client(user string, groups ...string) (pair, error) {
	t := certificate(user, groups...)
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.issue("client-"+user, t)
}

func (a *authority) issue(name string, t *x509.Certificate) (pair, error) {
	p := pair{certFile: filepath.Join(a.dir, name+".crt"), keyFile: filepath.Join(a.dir, name+".key")}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return p, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	if err != nil {
		return p, err
	}
	p.cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(p.certFile, p.cert, 0o600); err != nil {
		return p, err
	}
	p.key, err = writeKey(p.keyFile, key)
	return p, err
}

// signingKey makes the key that signs the tokens of service accounts, unless there is one from before: tokens outlive a restart.
func (a *authority) signingKey() (string, error) {
	file := filepath.Join(a.dir, "sa.key")
	if _, err := readKey(file); err == nil {
		return file, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	_, err = writeKey(file, key)
	return file, err
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New(path + ": no PEM")
	}
	return x509.ParseECPrivateKey(block.Bytes)
}

func writeKey(path string, k *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	return text, os.WriteFile(path, text, 0o600)
}

// kubeconfig writes one for a user, whose only context is called testcluster.
func (a *authority) kubeconfig(file, server, user string, groups ...string) error {
	p, err := a.client(user, groups...)
	if err != nil {
		return err
	}
	c := clientcmdapi.NewConfig()
	c.Clusters["testcluster"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: a.pem}
	c.AuthInfos[user] = &clientcmdapi.AuthInfo{ClientCertificateData: p.cert, ClientKeyData: p.key}
	c.Contexts["testcluster"] = &clientcmdapi.Context{Cluster: "testcluster", AuthInfo: user}
	c.CurrentContext = "testcluster"
	return clientcmd.WriteToFile(*c, file)
}

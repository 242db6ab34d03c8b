package cluster

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/klog/v2"

	"github.com/starctl/starctl/internal/nearest"
)

// oldest is the minor version of the oldest server that does all that is asked of it here.
const oldest = 28

// firstAnswer is how long a server may take to answer at all.
const firstAnswer = 10 * time.Second

// Connect finds the cluster as kubectl does, and asks who it is. Every error is a Failure that says what to do.
func Connect(ctx context.Context, o Options) (*Client, error) {
	quiet()
	way, err := findWay(o)
	if err != nil {
		return nil, err
	}
	c, err := way.client(o)
	if err != nil {
		return nil, err
	}
	if err := c.identify(ctx, way, o.Pin); err != nil {
		return nil, err
	}
	c.discovery.file = cacheFile(o.CacheDir, c.identity.Server)
	return c, nil
}

// quiet silences client-go's log: what it has to say is in errors.
var quiet = sync.OnceFunc(func() { klog.SetLogger(logr.Discard()) })

// Contexts lists the contexts of the kubeconfig: of file, or where kubectl looks. What cannot be read has none.
func Contexts(file string) []string {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = file
	config, err := rules.Load()
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(config.Contexts))
}

// way is how a cluster is reached.
type way struct {
	config    *rest.Config
	context   string
	namespace string
	where     string // the kubeconfig's files, for messages
	explicit  string // the file that was named on the command line, if one was
	user      *api.AuthInfo
}

func badInput(help []string, format string, args ...any) *Failure {
	return &Failure{Verdict: BadInput, Err: fmt.Errorf(format, args...), Help: help}
}

// findWay reads the kubeconfig.
func findWay(o Options) (*way, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.Kubeconfig
	rules.WarnIfAllMissing = false
	files := rules.Precedence
	if o.Kubeconfig != "" {
		files = []string{o.Kubeconfig}
	}
	found, err := readable(files, o.Kubeconfig != "")
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return noKubeconfig(o, files)
	}
	w := &way{where: strings.Join(found, ", "), explicit: o.Kubeconfig}
	config, err := rules.Load()
	if err != nil {
		return nil, badInput([]string{"see what kubectl makes of it: kubectl config view" + w.flags()}, "kubeconfig %w", fileError(err))
	}
	if o.Context == InCluster && config.Contexts[InCluster] == nil && insidePod() {
		return inCluster(o)
	}
	return w, w.choose(config, rules, o)
}

// readable returns the files that are there, or why one cannot be read.
func readable(files []string, must bool) ([]string, error) {
	var found []string
	for _, name := range files {
		if name == "" {
			continue
		}
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) && !must {
			continue
		}
		if err != nil {
			return nil, badInput([]string{"name another one: --kubeconfig FILE, or KUBECONFIG"}, "kubeconfig %s: %w", name, pathless(err))
		}
		info, err := f.Stat()
		_ = f.Close()
		if err == nil && info.IsDir() {
			return nil, badInput([]string{"name a file: --kubeconfig FILE, or KUBECONFIG"}, "kubeconfig %s: is a directory", name)
		}
		found = append(found, name)
	}
	return found, nil
}

// pathless is an error of the file system without the path, which the message has already.
func pathless(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

func insidePod() bool { return os.Getenv("KUBERNETES_SERVICE_HOST") != "" }

// noKubeconfig is the way of a Pod, or none.
func noKubeconfig(o Options, files []string) (*way, error) {
	if insidePod() && (o.Context == "" || o.Context == InCluster) {
		return inCluster(o)
	}
	files = slices.DeleteFunc(slices.Clone(files), func(s string) bool { return s == "" })
	what := "no kubeconfig: there is no " + strings.Join(files, ", no ")
	if len(files) == 0 {
		what = "no kubeconfig: no file is named"
	}
	help := []string{
		"name one: --kubeconfig FILE, or export KUBECONFIG=FILE",
		"clouds write it: gcloud container clusters get-credentials, aws eks update-kubeconfig, az aks get-credentials; so does kind create cluster",
	}
	if os.Getenv("KUBECONFIG") != "" {
		what += " (from KUBECONFIG)"
	}
	return nil, badInput(help, "%s", what)
}

const podAccount = "the Pod's service account"

// source is where the credentials and the server come from.
func (w *way) source() string {
	if w.where == podAccount {
		return podAccount
	}
	return fmt.Sprintf("kubeconfig %s, context %q", w.where, w.context)
}

const podNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

func inCluster(o Options) (*way, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, badInput([]string{"mount the token of the Pod's service account (automountServiceAccountToken), or name a file: --kubeconfig FILE"},
			"no kubeconfig, and the Pod's service account cannot be used: %w", err)
	}
	w := &way{config: config, context: InCluster, where: podAccount, user: &api.AuthInfo{}}
	b, _ := os.ReadFile(podNamespace) // Pods without one live in default, as kubectl has it
	w.namespace = cmp.Or(o.Namespace, strings.TrimSpace(string(b)), "default")
	return w, nil
}

// choose takes the context, and looks at what it names before anything is sent.
func (w *way) choose(config *api.Config, rules *clientcmd.ClientConfigLoadingRules, o Options) error {
	w.context = cmp.Or(o.Context, config.CurrentContext)
	names := slices.Sorted(maps.Keys(config.Contexts))
	switch {
	case len(names) == 0:
		return badInput([]string{"name another file: --kubeconfig FILE, or KUBECONFIG"}, "kubeconfig %s has no contexts", w.where)
	case w.context == "":
		return badInput(w.contextHelp(names), "kubeconfig %s has no current context", w.where)
	}
	chosen := config.Contexts[w.context]
	if chosen == nil {
		return w.unknownContext(names)
	}
	if chosen.Cluster == "" {
		return badInput(w.mend(), "kubeconfig %s: context %q names no cluster", w.where, w.context)
	}
	cluster := config.Clusters[chosen.Cluster]
	if cluster == nil {
		return badInput(w.mend(), "kubeconfig %s: context %q names cluster %q, which is not there", w.where, w.context, chosen.Cluster)
	}
	w.user = config.AuthInfos[chosen.AuthInfo]
	if w.user == nil && chosen.AuthInfo != "" {
		return badInput(w.mend(), "kubeconfig %s: context %q names user %q, which is not there", w.where, w.context, chosen.AuthInfo)
	}
	if w.user == nil {
		w.user = &api.AuthInfo{}
	}
	if err := w.check(cluster); err != nil {
		return err
	}
	overrides := &clientcmd.ConfigOverrides{CurrentContext: w.context}
	direct := clientcmd.NewNonInteractiveClientConfig(*config, w.context, overrides, rules)
	var err error
	if w.config, err = direct.ClientConfig(); err != nil {
		return badInput(w.mend(), "kubeconfig %s, context %q: %w", w.where, w.context, configError(err))
	}
	w.namespace = cmp.Or(o.Namespace, chosen.Namespace, "default")
	return nil
}

func (w *way) contextHelp(names []string) []string {
	w.context = ""
	choose := fmt.Sprintf("choose one: target(context = ...) in starctl.star, --context %s, or kubectl config use-context %[1]s%s", shellQuote(names[0]), w.flags())
	return []string{"its contexts: " + strings.Join(names, ", "), choose}
}

func (w *way) unknownContext(names []string) error {
	unknown := w.context
	help := w.contextHelp(names)
	if near := nearest.Name(unknown, names); near != "" {
		help = append([]string{fmt.Sprintf("did you mean %q?", near)}, help...)
	}
	return badInput(help, "kubeconfig %s has no context %q", w.where, unknown)
}

func (w *way) mend() []string {
	if w.where == podAccount {
		return []string{"look at what is mounted at " + filepath.Dir(podNamespace) + ": token, ca.crt and namespace"}
	}
	return []string{"see it: kubectl config view --minify" + w.flags()}
}

// flags make kubectl look at the same kubeconfig and context.
func (w *way) flags() string {
	f := ""
	if w.explicit != "" {
		f = " --kubeconfig " + shellQuote(w.explicit)
	}
	if w.context != "" {
		f += " --context " + shellQuote(w.context)
	}
	return f
}

// check looks for the files and programs that the context names.
func (w *way) check(cluster *api.Cluster) error {
	if why := badServer(cluster.Server); why != "" {
		return badInput(w.mend(), "kubeconfig %s, context %q: server %q: %s", w.where, w.context, cluster.Server, why)
	}
	for _, f := range []struct{ field, name string }{
		{"certificate-authority", cluster.CertificateAuthority},
		{"client-certificate", w.user.ClientCertificate},
		{"client-key", w.user.ClientKey},
		{"tokenFile", w.user.TokenFile},
	} {
		if f.name == "" {
			continue
		}
		if file, err := os.Open(f.name); err != nil {
			return badInput(w.mend(), "kubeconfig %s, context %q: %s %s: %w", w.where, w.context, f.field, f.name, pathless(err))
		} else if err := file.Close(); err != nil {
			return badInput(nil, "%s: %w", f.name, err)
		}
	}
	if p := w.user.AuthProvider; p != nil {
		return badInput([]string{"use the program that took its place: " + cmp.Or(successors[p.Name], "an exec plugin of whoever runs the cluster")},
			"kubeconfig %s, context %q: auth-provider %q: no longer supported", w.where, w.context, w.user.AuthProvider.Name)
	}
	if e := w.user.Exec; e != nil {
		return w.checkExec(e)
	}
	return nil
}

// successors are what brings credentials in place of what Kubernetes itself once did.
var successors = map[string]string{
	"gcp":   "gke-gcloud-auth-plugin (gcloud container clusters get-credentials writes it)",
	"azure": "kubelogin (az aks get-credentials and kubelogin convert-kubeconfig write it)",
	"oidc":  "kubelogin (kubectl oidc-login setup)",
}

func (w *way) checkExec(e *api.ExecConfig) error {
	command := e.Command
	switch {
	case command == "":
		return badInput(w.mend(), "kubeconfig %s, context %q: exec names no command", w.where, w.context)
	case e.APIVersion != "" && e.APIVersion != execVersion && e.APIVersion != execVersion+"beta1":
		return badInput([]string{"get a newer " + command + ", and write " + execVersion + " into the kubeconfig as it says"},
			"kubeconfig %s, context %q: exec: apiVersion %q, want %s or %[4]sbeta1", w.where, w.context, e.APIVersion, execVersion)
	}
	if _, err := exec.LookPath(command); err == nil || errors.Is(err, exec.ErrDot) {
		return nil
	} else if filepath.IsAbs(command) && !errors.Is(err, fs.ErrNotExist) {
		return badInput(installHint(e), "context %q: the program that brings its credentials cannot be run: %s: %w", w.context, command, execError(err))
	}
	return badInput(installHint(e), "context %q: the program that brings its credentials is not there: %s", w.context, command)
}

func execError(err error) error {
	if e, ok := errors.AsType[*exec.Error](err); ok {
		return e.Err
	}
	return err
}

func installHint(e *api.ExecConfig) []string {
	var lines []string
	for line := range strings.Lines(e.InstallHint) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return []string{"install " + e.Command + ", or put it on the PATH"}
	}
	return lines
}

// client makes a Client that has not talked to the server yet.
func (w *way) client(o Options) (*Client, error) {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	w.config.UserAgent = cmp.Or(o.UserAgent, "starctl") + " (" + platform + ")"
	renews := w.config.ExecProvider != nil || w.config.BearerTokenFile != ""
	w.config.Wrap(func(rt http.RoundTripper) http.RoundTripper { return watchdog{rt} })
	if path := w.config.BearerTokenFile; path != "" {
		f, err := newTokenFile(path)
		if err != nil {
			return nil, badInput(w.mend(), "%s: %w", w.source(), err)
		}
		w.config.BearerToken, w.config.BearerTokenFile = "", ""
		w.config.Wrap(func(rt http.RoundTripper) http.RoundTripper { f.base = rt; return f })
	}
	hc, err := rest.HTTPClientFor(w.config)
	if err != nil {
		return nil, badInput(w.mend(), "%s: %w", w.source(), configError(err))
	}
	// An API server never redirects: whoever does gets no credentials and no objects from us.
	client := *hc
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	base, _, err := rest.DefaultServerUrlFor(w.config)
	if err != nil {
		return nil, badInput(w.mend(), "kubeconfig %s, context %q: server %q: %w", w.where, w.context, w.config.Host, err)
	}
	server := strings.TrimRight(base.String(), "/")
	c := &Client{
		http: &client, base: server,
		identity: Identity{Context: w.context, Server: server, Namespace: w.namespace},
		renews:   renews,
		plugin:   pluginOf(w.user),
		slots:    make(chan struct{}, inFlight),
		retry:    patient,
	}
	c.Observe(o.Observer)
	return c, nil
}

// identify asks the server who it is, and compares.
func (c *Client) identify(ctx context.Context, w *way, pin string) error {
	asked := make(chan answers, 1)
	go func() { asked <- c.introduce(ctx, w.user.Exec != nil) }()
	select {
	case a := <-asked:
		if ctx.Err() != nil {
			break
		}
		if a.versionErr != nil && !isDenied(a.versionErr) {
			return w.unreachable(c, a.versionErr)
		}
		c.identity.Version, c.identity.UID = a.version, a.uid
		if err := c.checkVersion(); err != nil {
			return err
		}
		return c.checkUID(w, pin, a.uidErr)
	case <-ctx.Done():
	}
	return &Failure{Verdict: Interrupted, Err: context.Cause(ctx)}
}

// answers are the first of a cluster.
type answers struct {
	version, uid       string
	versionErr, uidErr error
}

// introduce asks for version and uid at once, or one after the other where a program brings the credentials: if it fails it is not
// run again.
func (c *Client) introduce(ctx context.Context, oneByOne bool) (a answers) {
	var wg sync.WaitGroup
	wg.Go(func() { a.version, a.versionErr = c.version(ctx) })
	if oneByOne {
		if wg.Wait(); a.versionErr != nil && statusOf(a.versionErr) == nil {
			return a
		}
	}
	wg.Go(func() { a.uid, a.uidErr = c.UID(ctx) })
	wg.Wait()
	return a
}

// isDenied recognises a server that answers, and gives this to others only.
func isDenied(err error) bool {
	e := statusOf(err)
	return e != nil && e.Code == http.StatusForbidden
}

// errStranger is that a server answers, and not as Kubernetes does.
var errStranger = errors.New("not a Kubernetes API server")

func (c *Client) version(ctx context.Context) (string, error) {
	body, err := c.bytes(ctx, &request{verb: "get", path: "/version", again: true, first: true, answer: firstAnswer})
	if err != nil {
		return "", err
	}
	var v struct {
		GitVersion string `json:"gitVersion"`
	}
	if json.Unmarshal(body, &v) != nil || v.GitVersion == "" {
		return "", errStranger
	}
	return v.GitVersion, nil
}

var namespaces = Resource{Version: "v1", Kind: "Namespace", Name: "namespaces"}

// UID asks for the identity of the cluster: that of kube-system, a namespace which lives as long as the cluster does.
func (c *Client) UID(ctx context.Context) (string, error) {
	q := &request{verb: "get", resource: namespaces, name: "kube-system", again: true, first: true, answer: firstAnswer}
	body, err := c.bytes(ctx, q)
	if err != nil {
		return "", err
	}
	var o struct {
		Metadata struct {
			UID string `json:"uid"`
		} `json:"metadata"`
	}
	if json.Unmarshal(body, &o) != nil || o.Metadata.UID == "" {
		return "", errStranger
	}
	return o.Metadata.UID, nil
}

// checkVersion refuses servers that are too old. What cannot be read as a version is taken as new enough.
func (c *Client) checkVersion() error {
	major, rest, _ := strings.Cut(strings.TrimPrefix(c.identity.Version, "v"), ".")
	digits, _, _ := strings.Cut(rest, ".")
	minor, err := strconv.Atoi(strings.TrimRight(digits, "+"))
	if err != nil || major != "1" || minor >= oldest {
		return nil
	}
	return badInput([]string{"upgrade the cluster, or apply with kubectl: starctl render | kubectl apply -f -"},
		"%s runs Kubernetes %s, want 1.%d or newer", c.identity.Context, c.identity.Version, oldest)
}

func (c *Client) checkUID(w *way, pin string, err error) error {
	if e := statusOf(err); e != nil && e.denied != nil && e.denied.User == anonymous {
		return w.unreachable(c, err)
	}
	if err != nil && !isDenied(err) && !IsNotFound(err) {
		return w.unreachable(c, err)
	}
	if pin == "" || pin == c.identity.UID {
		return nil
	}
	if err != nil {
		f := AsFailure(err, Refused)
		f.Verdict = Unreachable
		f.Err = fmt.Errorf("%s: cannot tell whether it is cluster %s, which starctl.star pins: %w", c.identity.Context, pin, f.Err)
		return f
	}
	return &Failure{
		Verdict: Refused,
		Err:     fmt.Errorf("wrong cluster: context %q leads to cluster %s, starctl.star pins %s", c.identity.Context, c.identity.UID, pin),
		Help: []string{
			"the context's server is " + c.identity.Server,
			"if the cluster was made anew, write its uid into starctl.star: starctl targets --pin",
		},
	}
}

// unreachable says why there is no good answer from a server, and what to do.
func (w *way) unreachable(c *Client, err error) *Failure {
	f := &Failure{Verdict: Unreachable}
	say := func(help []string, format string, args ...any) *Failure {
		f.Err, f.Help = &explained{fmt.Sprintf("%s (%s): ", w.context, c.base) + fmt.Sprintf(format, args...), err}, help
		return f
	}
	try := "see what kubectl says: kubectl" + w.flags() + " version"
	if w.context == InCluster {
		try = "look at the Pod's network policies and DNS"
	}
	if errors.Is(err, errStranger) {
		return say(w.mend(), "a server answers, and it is not Kubernetes")
	}
	if e := statusOf(err); e != nil {
		return w.refusal(e, say, try)
	}
	return w.noAnswer(c, err, say, try)
}

type sayer = func(help []string, format string, args ...any) *Failure

// refusal is an answer that is no good one.
func (w *way) refusal(e *StatusError, say sayer, try string) *Failure {
	switch {
	case e.denied != nil && e.denied.User == anonymous:
		return say(w.renewal(), "the server does not know who you are: to it you are %s", anonymous)
	case e.Code == http.StatusBadRequest && strings.HasPrefix(w.config.Host, "http:"), e.Code == http.StatusBadRequest && !strings.Contains(w.config.Host, "://"):
		return say([]string{"write it with https:// in the kubeconfig: without that it is http, and no credentials are sent"}, "the server %s speaks TLS", w.config.Host)
	case e.Code == http.StatusUnauthorized:
		return say(w.renewal(), "the credentials were refused%s", w.expiry())
	case e.Reason == "" && (e.Code < 500 || e.Code == http.StatusBadGateway):
		return say(w.mend(), "a server answers, and it is not Kubernetes: %d %s", e.Code, http.StatusText(e.Code))
	}
	return say([]string{try}, "%d %s: %s", e.Code, http.StatusText(e.Code), e.Message)
}

// renewal is what to do about credentials.
func (w *way) renewal() []string {
	switch {
	case w.user.Exec != nil:
		return []string{"log in anew with what " + w.user.Exec.Command + " belongs to"}
	case w.user.TokenFile != "":
		return []string{"renew the token in " + w.user.TokenFile}
	case w.context == InCluster:
		return []string{"the token of the Pod's service account was refused: was the service account deleted?"}
	case w.user.Username != "":
		return []string{"user names and passwords are no credentials that Kubernetes takes: get others from whoever gave you the kubeconfig " + w.where}
	case w.user.Token == "" && !w.hasCertificate() && (w.user.ClientKey != "" || len(w.user.ClientKeyData) > 0):
		return []string{"the context's user has a client-key, and no client-certificate", "add one: kubectl config set-credentials --help"}
	case w.user.Token == "" && !w.hasCertificate():
		return []string{"the context's user has no credentials", "add some: kubectl config set-credentials --help"}
	}
	return []string{"get new ones from whoever gave you the kubeconfig " + w.where}
}

func (w *way) hasCertificate() bool {
	return w.user.ClientCertificate != "" || len(w.user.ClientCertificateData) > 0
}

// expiry says since when a client certificate is not valid any more, if that is the reason.
func (w *way) expiry() string {
	data := w.user.ClientCertificateData
	if len(data) == 0 && w.user.ClientCertificate != "" {
		data, _ = os.ReadFile(w.user.ClientCertificate) // it was there a moment ago; if not, nothing is known
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return ""
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil || time.Now().Before(cert.NotAfter) {
		return ""
	}
	return ": the client certificate expired on " + cert.NotAfter.UTC().Format("2006-01-02 15:04 MST")
}

// noAnswer is a connection that failed.
func (w *way) noAnswer(c *Client, err error, say sayer, try string) *Failure {
	if text, ok := strings.CutPrefix(cause(err), "getting credentials: "); ok {
		return w.execFailed(text, say)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "proxyconnect" {
		return say(proxyHelp, "the proxy does not answer: %s", networkText(e.Err))
	}
	if w.refusedByProxy(err) {
		return say(proxyHelp, "the proxy refuses the connection: %s", cause(err))
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return say([]string{"does the cluster still exist, and is a VPN needed?", try}, "no such host %s", e.Name)
	}
	if isCertificate(err) {
		return w.badCertificate(err, say)
	}
	if errors.As(err, new(tls.RecordHeaderError)) || strings.Contains(cause(err), "server gave HTTP response to HTTPS client") {
		return say(w.mend(), "the server does not speak TLS: is it http://, or another port?")
	}
	if errors.Is(err, errNoAnswer) || isTimeout(err) {
		return say([]string{"is a VPN needed, or a firewall in between?", try}, "no answer within %s", roughly(firstAnswer))
	}
	help := []string{"is the cluster running?", try}
	if u, parsed := url.Parse(c.base); parsed == nil && isLocal(u.Hostname()) {
		help[0] = "is the cluster on this machine running (kind get clusters, docker ps)?"
	}
	return say(help, "%s", networkText(err))
}

var proxyHelp = []string{"look at proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY"}

// refusedByProxy recognises the answer of a proxy to CONNECT: its words are all that there is.
func (w *way) refusedByProxy(err error) bool {
	for code := http.StatusBadRequest; code < 600; code++ {
		if t := http.StatusText(code); t != "" && cause(err) == t {
			return true
		}
	}
	return false
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (w *way) execFailed(text string, say sayer) *Failure {
	text, _, _ = strings.Cut(text, "\n")
	text = strings.TrimPrefix(text, "exec: ")
	if strings.HasPrefix(text, "decoding stdout") || strings.Contains(text, "__internal") {
		text = "what it printed is no ExecCredential"
	}
	help := []string{"what it said, if anything, is above; log in anew with what it belongs to"}
	if w.user.Exec == nil {
		return say(help, "%s", text)
	}
	if w.user.Exec.InstallHint != "" {
		help = append(help, installHint(w.user.Exec)...)
	}
	return say(help, "%s, which brings the credentials, failed: %s", w.user.Exec.Command, text)
}

func (w *way) badCertificate(err error, say sayer) *Failure {
	authority := "certificate-authority in the kubeconfig"
	if w.where == podAccount {
		authority = "ca.crt of the Pod's service account"
	}
	help := []string{authority + " is of another cluster or missing, or something in between answers in the server's place", w.mend()[0]}
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return say([]string{"name the server as its certificate does (tls-server-name in the kubeconfig)"}, "the server's certificate is not for this name: %v", e)
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return say([]string{"renew the server's certificate, or set this machine's clock"}, "the server's certificate is expired or not yet valid: %v", e)
	}
	if e, ok := errors.AsType[tls.AlertError](err); ok {
		return say(w.renewal(), "the server refused the client certificate: %v%s", e, w.expiry())
	}
	return say(help, "the server's certificate is signed by an authority that is not trusted")
}

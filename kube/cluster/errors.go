package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/starctl/starctl/internal/pattern"
	"github.com/starctl/starctl/kube"
)

// StatusError is a server's refusal of a request. Of a Secret it never holds the server's text, which repeats values: the
// text is replaced where the answer is read, so nobody has to remember.
type StatusError struct {
	Code       int    // of HTTP
	Reason     string // the API's word, such as Conflict; may be empty
	Message    string
	Causes     []Cause
	RetryAfter time.Duration

	Verb            string // as RBAC has it: get, list, watch, create, update, patch, delete
	Resource        string // deployments.apps
	Namespace, Name string

	// AboutKind and AboutName are what the refusal is about, where that is something else than what was asked for: the
	// namespace that is not there.
	AboutKind, AboutName string

	// Resent says that the request was sent before and nobody knows whether it was done: a conflict, or an object that
	// exists already, may be our own first try.
	Resent bool

	denied *denial
	resume string // of an expired list: the token to go on with
}

// Cause is one reason of a StatusError.
type Cause struct {
	Type    string // such as FieldManagerConflict or FieldValueInvalid
	Field   string // as the server writes it: spec.template, .spec.replicas
	Message string
}

// denial is what an authorizer said.
type denial struct {
	User, Verb, Resource, Group, Namespace string
}

func (e *StatusError) Error() string {
	what := e.Resource
	switch {
	case e.Name == "" && e.Namespace != "":
		what += " in " + e.Namespace
	case e.Namespace != "":
		what += " " + e.Namespace + "/" + e.Name
	case e.Name != "":
		what += " " + e.Name
	}
	msg := e.Message
	if msg == "" {
		msg = strings.TrimSpace(fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code)))
	}
	return strings.TrimSpace(e.Verb+" "+what) + ": " + msg
}

// The reasons and types of causes that matter here.
const (
	reasonConflict  = "Conflict"
	reasonExists    = "AlreadyExists"
	reasonNotFound  = "NotFound"
	reasonForbidden = "Forbidden"
	reasonInvalid   = "Invalid"
	reasonExpired   = "Expired"
	reasonGone      = "Gone"

	causeFieldManager = "FieldManagerConflict"
	causeTerminating  = "NamespaceTerminating"
)

// status is what servers answer in place of what was asked for.
type status struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Continue string `json:"continue"`
	} `json:"metadata"`
	Message string `json:"message"`
	Reason  string `json:"reason"`
	Code    int    `json:"code"`
	Details struct {
		Name   string `json:"name"`
		Group  string `json:"group"`
		Kind   string `json:"kind"`
		Causes []struct {
			Reason  string `json:"reason"`
			Message string `json:"message"`
			Field   string `json:"field"`
		} `json:"causes"`
		RetryAfter int `json:"retryAfterSeconds"`
	} `json:"details"`
}

// decodeStatus reads a refusal. What is no Status is shown as far as one can: a proxy's page, or "404 page not found".
func decodeStatus(q *request, code int, header http.Header, body []byte) *StatusError {
	e := &StatusError{
		Code: code, Verb: q.verb, Resource: q.resource.String(), Namespace: q.namespace, Name: q.name,
		RetryAfter: retryAfter(header.Get("Retry-After")),
	}
	var s status
	if json.Unmarshal(body, &s) == nil && s.Kind == "Status" {
		e.fill(s)
	} else {
		e.Message = firstLine(body)
	}
	e.denied = parseDenial(e.Message)
	if q.secret() {
		e.withhold()
	}
	return e
}

func (e *StatusError) fill(s status) {
	e.Reason, e.Message, e.resume = s.Reason, s.Message, s.Metadata.Continue
	if s.Code != 0 {
		e.Code = s.Code
	}
	e.AboutKind, e.AboutName = s.Details.Kind, s.Details.Name
	for _, c := range s.Details.Causes {
		e.Causes = append(e.Causes, Cause{Type: c.Reason, Field: c.Field, Message: c.Message})
	}
	if e.RetryAfter == 0 && s.Details.RetryAfter > 0 {
		e.RetryAfter = time.Duration(s.Details.RetryAfter) * time.Second
	}
}

// firstLine is the beginning of an answer that is no Status.
func firstLine(body []byte) string {
	s := strings.TrimSpace(string(body[:min(len(body), 300)]))
	if strings.HasPrefix(s, "<") {
		return "" // a web page says nothing
	}
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// retryAfter reads the header of that name, in seconds or as a date.
func retryAfter(s string) time.Duration {
	if s == "" {
		return 0
	}
	if d, err := time.ParseDuration(s + "s"); err == nil {
		return max(0, d)
	}
	if at, err := http.ParseTime(s); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// Texts of servers that are recognised, since nothing else tells the cases apart.
var (
	deniedText    = pattern.Lazy(`User "([^"]*)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?`)
	conflictText  = pattern.Lazy(`^conflict with "([^"]*)"(?: with subresource "([a-z]*)")?(?: using ([a-z0-9./-]+))?(?: at (\S+))?$`)
	immutableText = pattern.Lazy(`immutable|may not (?:be )?(?:change|update)|cannot change roleRef|updates to .+ are forbidden`)
	webhookText   = pattern.Lazy(`admission webhook "([a-z0-9.-]+)" `)
	secretField   = pattern.Lazy(`Kind=Secret\): (?:errors:\s+)?(\.[-._/a-zA-Z0-9]+): |Go struct field Secret(\.[a-zA-Z.]+) of type `)
	anyField      = pattern.Lazy(`^[-._/a-zA-Z0-9\[\]]*$`)
)

func parseDenial(message string) *denial {
	m := deniedText().FindStringSubmatch(message)
	if m == nil {
		return nil
	}
	return &denial{User: m[1], Verb: m[2], Resource: m[3], Group: m[4], Namespace: m[5]}
}

// withhold replaces the server's text by our own words: reason, paths of fields, names of managers and webhooks.
func (e *StatusError) withhold() {
	text := e.Message
	for i := range e.Causes {
		c := &e.Causes[i]
		c.Message = secretCause(c.Type, c.Message)
		if !anyField().MatchString(c.Field) {
			c.Field = ""
		}
	}
	e.Message = e.ownWords(text)
}

func secretCause(kind, text string) string {
	switch {
	case kind == causeFieldManager && conflictText().MatchString(text):
		return text
	case immutableText().MatchString(text):
		return "field is immutable"
	}
	return ""
}

// ownWords says what a server's text about a Secret says, without repeating any of it that could be a value.
func (e *StatusError) ownWords(text string) string {
	switch {
	case e.denied != nil:
		return e.denied.String()
	case strings.Contains(text, "illegal base64"):
		return "malformed Secret: a value in data is not base64"
	case isTypedPatch(text), strings.Contains(text, "cannot be handled as a Secret"):
		return "malformed Secret" + fieldIn(text) + " (the server's message is withheld: it repeats values)"
	case strings.Contains(text, quotaText):
		return "exceeded quota of namespace " + e.Namespace
	case strings.Contains(text, dryRunText):
		return webhookIn(text) + "does not support dry run"
	case webhookText().MatchString(text):
		return webhookIn(text) + "refused the Secret (its message is withheld: it may repeat values)"
	}
	words := map[string]string{
		reasonConflict: "the Secret has changed meanwhile", reasonExists: "the Secret exists already", reasonNotFound: "not found",
		reasonForbidden: "forbidden", reasonInvalid: "invalid", reasonExpired: "expired",
	}[e.Reason]
	if e.Reason == reasonConflict && slices.ContainsFunc(e.Causes, func(c Cause) bool { return c.Type == causeFieldManager }) {
		words = "fields of the Secret belong to others"
	}
	if e.Reason == reasonNotFound && e.AboutKind == "namespaces" {
		words = fmt.Sprintf("namespaces %q not found", e.AboutName)
	}
	if words == "" {
		words = strings.ToLower(strings.TrimSpace(fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code))))
	}
	var fields []string
	for _, c := range e.Causes {
		if c.Field != "" {
			fields = append(fields, c.Field)
		}
	}
	if len(fields) > 0 {
		words += ": " + strings.Join(fields, ", ")
	}
	return words
}

func webhookIn(text string) string {
	if m := webhookText().FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("admission webhook %q ", m[1])
	}
	return "an admission webhook "
}

// fieldIn finds the field of a Secret that a server's text is about first. Keys are no secrets, values are: what comes after
// it in the text may be either.
func fieldIn(text string) string {
	m := secretField().FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return ": " + m[1] + m[2]
}

const (
	quotaText  = "exceeded quota"
	dryRunText = "does not support dry run"
)

// isTypedPatch recognises the server's text about an object that it could not even take apart. It comes as a 500.
func isTypedPatch(text string) bool {
	return strings.Contains(text, "failed to create typed patch object") ||
		strings.Contains(text, "failed to create manager for existing fields") ||
		strings.Contains(text, "failed to convert new object") || strings.Contains(text, "failed to convert")
}

// NoMatchError says that the cluster does not know a kind.
type NoMatchError struct {
	ID       kube.ID
	Versions []string // in which the cluster has the kind, in order of preference
	Nearest  string   // a kind with a similar name, or ""
}

func (e *NoMatchError) Error() string {
	msg := fmt.Sprintf("the cluster has no %s in %s", e.ID.Kind, e.ID.APIVersion())
	switch {
	case len(e.Versions) > 0:
		return msg + ", only in " + strings.Join(e.Versions, ", ")
	case e.Nearest != "":
		return msg + fmt.Sprintf("; did you mean %s?", e.Nearest)
	}
	return msg
}

// GroupDownError says that an API group exists and does not answer, so that nobody knows what it has.
type GroupDownError struct {
	Group, Version string
}

func (e *GroupDownError) Error() string {
	return fmt.Sprintf("the API %s does not answer: its API service is down", groupVersion(e.Group, e.Version))
}

func groupVersion(group, version string) string {
	if group == "" {
		return version
	}
	return group + "/" + version
}

func statusOf(err error) *StatusError {
	e, _ := errors.AsType[*StatusError](err)
	return e
}

func (e *StatusError) has(cause string) bool {
	return e != nil && slices.ContainsFunc(e.Causes, func(c Cause) bool { return c.Type == cause })
}

// IsNotFound reports whether the object is not there, or the one that it needs; a kind that is not there is another matter.
func IsNotFound(err error) bool {
	e := statusOf(err)
	return e != nil && e.Reason == reasonNotFound && e.AboutName != ""
}

// IsNoNamespace reports whether an object could not be made because its namespace is not there.
func IsNoNamespace(err error) bool {
	e := statusOf(err)
	return IsNotFound(err) && e.AboutKind == "namespaces" && e.Resource != "namespaces"
}

// IsNoMatch reports whether the cluster has no such kind.
func IsNoMatch(err error) bool {
	if _, ok := errors.AsType[*NoMatchError](err); ok {
		return true
	}
	e := statusOf(err)
	return e != nil && e.Code == http.StatusNotFound && e.AboutName == ""
}

// IsGroupDown reports whether an API group exists and does not answer.
func IsGroupDown(err error) bool {
	if _, ok := errors.AsType[*GroupDownError](err); ok {
		return true
	}
	e := statusOf(err)
	return e != nil && e.Code == http.StatusServiceUnavailable
}

// IsFieldConflict reports whether fields belong to other managers; Conflicts lists them.
func IsFieldConflict(err error) bool { return statusOf(err).has(causeFieldManager) }

// IsStale reports whether the object is not the one that the request was pinned to: it has changed, or is another one of the
// same name. A wrong uid is reported by servers as a 409, and as an immutable metadata.uid where the object is alive.
func IsStale(err error) bool {
	e := statusOf(err)
	return e != nil && (e.Reason == reasonConflict && !e.has(causeFieldManager) || e.wrongUID())
}

func (e *StatusError) wrongUID() bool {
	return e.Reason == reasonInvalid && slices.ContainsFunc(e.Causes, func(c Cause) bool { return c.Field == "metadata.uid" })
}

// IsExists reports whether an object could not be created because one of its name exists.
func IsExists(err error) bool {
	e := statusOf(err)
	return e != nil && e.Reason == reasonExists
}

// IsForbidden reports whether access was denied: not by admission, by whoever grants rights.
func IsForbidden(err error) bool {
	e := statusOf(err)
	return e != nil && e.Code == http.StatusForbidden && e.denied != nil
}

// IsUnauthorized reports whether the server did not take the credentials.
func IsUnauthorized(err error) bool {
	e := statusOf(err)
	return e != nil && e.Code == http.StatusUnauthorized
}

// IsInvalid reports whether the server refused the object itself, malformed or against its rules, whoever sends it.
func IsInvalid(err error) bool {
	e := statusOf(err)
	return e != nil && (e.Reason == reasonInvalid && !e.wrongUID() || e.Code == http.StatusBadRequest || e.malformed())
}

// malformed reports whether a 500 is about what was sent, and stays one however often it is sent.
func (e *StatusError) malformed() bool {
	return e.Code == http.StatusInternalServerError && (isTypedPatch(e.Message) || strings.HasPrefix(e.Message, "malformed "))
}

// IsImmutable reports whether the object cannot change as asked, only be made anew. A wrong uid is not that: whoever made the
// object anew then would destroy somebody else's.
func IsImmutable(err error) bool {
	e := statusOf(err)
	if e == nil || e.Reason != reasonInvalid || e.wrongUID() {
		return false
	}
	return slices.ContainsFunc(e.Causes, func(c Cause) bool { return immutableText().MatchString(c.Message) })
}

// IsTerminatingNamespace reports whether the object's namespace is being deleted.
func IsTerminatingNamespace(err error) bool { return statusOf(err).has(causeTerminating) }

// IsQuota reports whether a quota of the namespace does not allow the object.
func IsQuota(err error) bool {
	e := statusOf(err)
	return e != nil && e.Code == http.StatusForbidden && strings.Contains(e.Message, quotaText)
}

// IsNoDryRun reports whether an admission webhook refused the request because it is a dry run.
func IsNoDryRun(err error) bool {
	e := statusOf(err)
	return e != nil && strings.Contains(e.Message, dryRunText)
}

// IsWebhook reports whether an admission webhook refused the request, or could not be reached.
func IsWebhook(err error) bool {
	e := statusOf(err)
	return e != nil && (webhookText().MatchString(e.Message) || strings.Contains(e.Message, "failed calling webhook"))
}

// IsExpired reports whether a list or a watch cannot go on from where it was.
func IsExpired(err error) bool {
	e := statusOf(err)
	return e != nil && (e.Reason == reasonExpired || e.Reason == reasonGone || e.Code == http.StatusGone)
}

// FieldConflict is a field that belongs to another manager.
type FieldConflict struct {
	Field       string // as the server writes it: .spec.replicas
	Manager     string
	Subresource string // through which the manager wrote, or ""
	Since       string // as the server writes it, or ""
}

// Conflicts lists the fields of a StatusError that belong to others.
func Conflicts(err error) []FieldConflict {
	e := statusOf(err)
	if e == nil {
		return nil
	}
	var list []FieldConflict
	for _, c := range e.Causes {
		if c.Type != causeFieldManager {
			continue
		}
		f := FieldConflict{Field: c.Field}
		if m := conflictText().FindStringSubmatch(c.Message); m != nil {
			f.Manager, f.Subresource, f.Since = m[1], m[2], m[4]
		}
		list = append(list, f)
	}
	return list
}

func (d *denial) String() string {
	return fmt.Sprintf("user %q may not %s %s %s", d.User, d.Verb, qualified(d.Resource, d.Group), scopeText(d.Namespace))
}

// right is what was denied.
func (d *denial) right() right {
	return right{verb: d.Verb, group: d.Group, resource: d.Resource, namespace: d.Namespace}
}

func qualified(resource, group string) string {
	if group == "" {
		return resource
	}
	base, sub, ok := strings.Cut(resource, "/")
	if ok {
		return base + "." + group + "/" + sub
	}
	return resource + "." + group
}

// grant lists commands that would allow what was denied.
func (d *denial) grant() []string {
	kind, scope := "clusterrole", ""
	if d.Namespace != "" {
		kind, scope = "role", " --namespace="+d.Namespace
	}
	name := "starctl-" + strings.NewReplacer("/", "-", ".", "-").Replace(d.Resource)
	subject := "--user=" + shellQuote(d.User)
	if rest, ok := strings.CutPrefix(d.User, "system:serviceaccount:"); ok {
		subject = "--serviceaccount=" + rest
	}
	return []string{
		"somebody who may can allow it:",
		fmt.Sprintf("kubectl create %s %s --verb=%s --resource=%s%s", kind, name, d.Verb, qualified(d.Resource, d.Group), scope),
		fmt.Sprintf("kubectl create %sbinding %s --%s=%s %s%s", kind, name, kind, name, subject, scope),
	}
}

func shellQuote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:@/") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// AsFailure gives an error of a request its verdict and what to do. A Failure stays as it is. As far as the run had come,
// otherwise is Internal or Refused, and a cluster that cannot be reached or denies access is Unreachable; or otherwise is
// Partly, whatever happened.
func AsFailure(err error, otherwise Verdict) *Failure {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	f := &Failure{Verdict: otherwise, Err: err}
	away := Unreachable
	if otherwise == Partly {
		away = Partly
	}
	e := statusOf(err)
	switch {
	case e != nil && e.denied != nil:
		f.Verdict, f.Err, f.Help = away, &explained{e.denied.String(), err}, e.denied.grant()
		if e.denied.User == anonymous {
			f.Help = []string{"the server does not know who you are: the credentials are missing, or of a kind that it does not look at"}
		}
	case IsUnauthorized(err):
		f.Verdict, f.Help = away, []string{"the credentials were refused or have expired: log in anew"}
	case IsTerminatingNamespace(err):
		f.Help = []string{"the namespace is being deleted: wait until it is gone (kubectl get namespace " + e.Namespace + "), then try again"}
	case IsQuota(err):
		f.Help = []string{"look at the quota: kubectl describe resourcequota --namespace " + e.Namespace}
	case IsGroupDown(err):
		f.Verdict, f.Help = away, []string{"see which: kubectl get apiservices", "run it again when it is back: what is done already is not done twice"}
	case e != nil && e.Code == http.StatusTooManyRequests:
		f.Verdict, f.Err = away, &explained{"the server asks to slow down, and for too long to wait: " + e.Error(), err}
		f.Help = []string{"run it again later: what is done already is not done twice"}
	case isNetwork(err):
		f.Verdict, f.Help = away, []string{"run it again when the server is back: what is done already is not done twice"}
	}
	return f
}

// explained is an error in better words.
type explained struct {
	text  string
	cause error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.cause }

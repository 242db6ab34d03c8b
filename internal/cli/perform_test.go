package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/project"
)

// planOn is a deployment whose plan changes a Deployment of 6 Pods, and deletes some ConfigMaps.
func planOn(target *project.Target, deletions int) *deployment {
	p := &plan.Plan{Set: "shop.checkout", Namespace: "shop", Steps: []plan.Step{{ID: checkout, Action: plan.Update, Rolls: 6}}}
	for range deletions {
		p.Steps = append(p.Steps, plan.Step{ID: settings, Action: plan.Delete})
	}
	x := &deployment{
		task:   &task{unit: unit{root: "/p", name: deployName}, Job: starctl.Job{Target: target}, project: &starctl.Project{Config: &project.Project{}}},
		result: &starctl.Result{Set: &kube.Set{Name: p.Set}},
		place:  "kind-dev",
		plan:   p,
	}
	if target != nil {
		x.place = target.Name
	}
	return x
}

func TestApproval(t *testing.T) {
	prod := &project.Target{Name: "prod", Protect: true}
	dev := &project.Target{Name: "dev"}
	nothing := planOn(prod, 0)
	nothing.plan.Steps = nil
	for _, c := range []struct {
		name      string
		approval  approval
		list      []*deployment
		terminal  bool
		byName    bool
		in        string
		want      deploy.Verdict
		printed   string // part of what is asked, or of the refusal
		notAsked  bool
		withJSON  bool
		wantsHelp string
	}{
		{name: "nothing to do", list: []*deployment{nothing}, terminal: true, notAsked: true},
		{name: "yes", list: []*deployment{planOn(nil, 1)}, terminal: true, in: "y\n", printed: "Apply? 6 Pods will roll, 1 object will be deleted. [y/N] "},
		{name: "in full", list: []*deployment{planOn(dev, 0)}, terminal: true, in: "YES\n", printed: "6 Pods will roll. [y/N]"},
		{name: "no is the default", list: []*deployment{planOn(dev, 0)}, terminal: true, in: "\n", want: deploy.Refused, printed: "not approved: nothing was written"},
		{name: "end of input", list: []*deployment{planOn(dev, 0)}, terminal: true, want: deploy.Refused, printed: "not approved"},
		{name: "--yes", approval: approval{yes: true}, list: []*deployment{planOn(prod, 0), planOn(dev, 3)}, notAsked: true},
		{name: "no terminal", list: []*deployment{planOn(dev, 0)}, want: deploy.Refused, printed: "there is no terminal", wantsHelp: "starctl apply", notAsked: true},
		{name: "--json", list: []*deployment{planOn(dev, 0)}, terminal: true, withJSON: true, want: deploy.Refused, printed: "--json asks nothing", notAsked: true},
		{
			name: "protected", approval: approval{yes: true}, list: []*deployment{planOn(prod, 2)}, terminal: true, notAsked: true,
			want: deploy.Refused, printed: "2 objects would be deleted on prod, which is protected", wantsHelp: "--confirm prod",
		},
		{name: "confirmed", approval: approval{yes: true, confirm: []string{"prod"}}, list: []*deployment{planOn(prod, 2)}, notAsked: true},
		{name: "by name", list: []*deployment{planOn(prod, 2)}, terminal: true, byName: true, in: "prod\n", printed: "type its name"},
		{name: "by another name", list: []*deployment{planOn(prod, 2)}, terminal: true, byName: true, in: "y\n", want: deploy.Refused, printed: "type its name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, out := quietUI(nil)
			u.in, u.interactive = strings.NewReader(c.in), c.terminal
			if c.withJSON {
				u.logEvents()
			}
			err := c.approval.possible(u, "apply")
			if err == nil {
				err = c.approval.of(t.Context(), u, question{ask: "Apply?", list: c.list, byName: c.byName})
			}
			if c.want == deploy.Done {
				if err != nil {
					t.Errorf("got %v", err)
				}
			} else if got := verdictOf(err); got != c.want {
				t.Errorf("got %v, verdict %d, want %d", err, got, c.want)
			}
			said := out.String()
			if err != nil {
				said += err.Error()
			}
			if !strings.Contains(said, c.printed) || c.notAsked && strings.Contains(said, "[y/N]") {
				t.Errorf("said %q, want %q", said, c.printed)
			}
			if help := strings.Join(helpOf(err), "\n"); !strings.Contains(help, c.wantsHelp) {
				t.Errorf("help %q, want %q", help, c.wantsHelp)
			}
		})
	}
}

// An interrupt ends the waiting for an answer.
func TestAskInterrupted(t *testing.T) {
	u, _ := quietUI(nil)
	r, w := io.Pipe()
	defer w.Close()
	u.in = r
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if ok, err := u.ask(ctx, "Apply?"); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", ok, err)
	}
}

func TestWorst(t *testing.T) {
	changed, unchanged := planOn(nil, 0), planOn(nil, 0)
	unchanged.plan = &plan.Plan{}
	for _, c := range []struct {
		first   *deployment
		verdict []deploy.Verdict
		want    deploy.Verdict
	}{
		{changed, []deploy.Verdict{deploy.Done, deploy.Done}, deploy.Done},
		{changed, []deploy.Verdict{deploy.Done, deploy.Refused}, deploy.Partly},
		{changed, []deploy.Verdict{deploy.Done, deploy.Unreachable}, deploy.Partly},
		{unchanged, []deploy.Verdict{deploy.Done, deploy.Refused}, deploy.Refused},
		{changed, []deploy.Verdict{deploy.Done, deploy.Unhealthy}, deploy.Unhealthy},
		{changed, []deploy.Verdict{deploy.Unhealthy, deploy.Partly}, deploy.Partly},
		{changed, []deploy.Verdict{deploy.Refused, deploy.Unreachable}, deploy.Unreachable},
		{changed, []deploy.Verdict{deploy.Partly, deploy.Interrupted}, deploy.Interrupted},
	} {
		var all []carriedOut
		for _, v := range c.verdict {
			all = append(all, carriedOut{deployment: c.first, verdict: v})
		}
		if got := worst(all); got != c.want {
			t.Errorf("%v: got %d, want %d", c.verdict, got, c.want)
		}
	}
}

// The 1 of diff says that something would change: an error of starctl itself is not mistaken for it.
func TestDiffError(t *testing.T) {
	internal := &deploy.Failure{Verdict: deploy.Internal, Err: errors.New("a bug")}
	for _, err := range []error{internal, ended{deploy.Internal}} {
		if v := verdictOf(asError(err)); v != deploy.BadInput {
			t.Errorf("%v: code %d, want %d", err, v, deploy.BadInput)
		}
	}
	if v := verdictOf(asError(ended{deploy.Unreachable})); v != deploy.Unreachable {
		t.Errorf("code %d, want %d", v, deploy.Unreachable)
	}
}

package faulttest

import (
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
)

// hold starts an apply and holds it at the first object that it writes, until release is called.
func (s *site) hold() (p *clustertest.Process, release func()) {
	s.t.Helper()
	arrived, released := make(chan struct{}), make(chan struct{})
	s.proxy.On(clustertest.Verb("apply"), clustertest.Before(func() {
		close(arrived)
		<-released
	})).Once()
	p = s.start("apply")
	select {
	case <-arrived:
	case <-time.After(clustertest.Limit):
		s.t.Fatalf("it writes nothing: %s", p.Stderr())
	}
	return p, func() { close(released) }
}

// beside is starctl on the same set, from another machine, so to say: another home, another directory, not through the proxy.
func (s *site) beside() *site {
	s.t.Helper()
	other := *s
	other.proxy = s.Proxy(s.t)
	other.prog.Dir, other.prog.Home, other.prog.Kubeconfig = s.t.TempDir(), s.t.TempDir(), other.proxy.Kubeconfig
	return &other
}

// TestFault07TwoAppliesAtOnce: the second waits, or ends without having written anything.
func TestFault07TwoAppliesAtOnce(t *testing.T) {
	s := newSite(t)
	s.deploy(settings("a", "1"), settings("b", "1"))
	p, release := s.hold()

	other := s.beside()
	other.deploy(settings("a", "2"), settings("b", "2"))
	r := other.run("apply")
	s.want(r, refused, "is changing this set", "--lock-timeout")
	other.wantWrites(0)

	waiting := other.start("apply", "--lock-timeout", "60s")
	time.Sleep(time.Second)
	other.wantWrites(0)
	release()
	s.want(p.Wait(t), done)
	r = waiting.Wait(t)
	if r.Code == refused && s.data("a", "k") == "1" {
		// The plan was made from what the first run then changed: it may be refused, never mixed.
		other.want(other.run("apply"), done)
	} else {
		s.want(r, done)
	}
	s.consistent("ConfigMap a", "ConfigMap b")
	if a, b := s.data("a", "k"), s.data("b", "k"); a != "2" || b != "2" {
		t.Errorf("got %q and %q, want 2 of both", a, b)
	}
}

// TestFault08KilledHolder: the lock of a run that was killed expires by the clock of whoever waits, whatever the holder's clock said.
func TestFault08KilledHolder(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{"clocks agree": 0, "the holder's clock is ahead": 24 * time.Hour, "behind": -24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.deploy(settings("a", "1"), settings("b", "1"))
			p, release := s.hold()
			p.Kill()
			release()
			ttl := s.fromElsewhere(skew)
			other := s.beside()
			other.deploy(settings("a", "2"), settings("b", "2"))
			begun := time.Now()
			other.want(other.run("apply"), done)
			if took := time.Since(begun); took < ttl || took > 3*ttl {
				t.Errorf("the lock was taken over after %s, and lasts %s", took, ttl)
			}
			other.consistent("ConfigMap a", "ConfigMap b")
		})
	}
}

// TestFault08DeadProcessOfThisMachine: nobody waits for a process that is known to be gone.
func TestFault08DeadProcessOfThisMachine(t *testing.T) {
	s := newSite(t)
	s.deploy(settings("a", "1"), settings("b", "1"))
	p, release := s.hold()
	p.Kill()
	release()
	other := s.beside()
	other.deploy(settings("a", "2"), settings("b", "2"))
	if r := other.apply(); r.Took > 10*time.Second {
		t.Errorf("it waited %s for a process that is gone", r.Took)
	}
	other.consistent("ConfigMap a", "ConfigMap b")
}

// TestFault09PausedHolderWakes: a run that was asleep while another took over its lock must not go on.
func TestFault09PausedHolderWakes(t *testing.T) {
	s := newSite(t)
	s.deploy(settings("a", "0"), settings("b", "0"), `deployment("web", image = "web:0")`)
	s.apply()
	s.deploy(settings("a", "1"), settings("b", "1"), `deployment("web", image = "web:1")`)
	s.proxy.OneByOne()
	began, stopped := make(chan *clustertest.Process, 1), make(chan func(), 1)
	s.proxy.On(clustertest.Verb("apply"), clustertest.After(func() { stopped <- (<-began).Stopped() })).Once()
	p := s.start("apply")
	began <- p
	resume := <-stopped

	other := s.beside()
	other.deploy(settings("a", "2"), settings("b", "2"), `deployment("web", image = "web:2")`)
	other.want(other.run("apply"), done)
	resume()
	r := p.Wait(t)
	s.want(r, partly, "another run took the set over")
	if a, b := s.data("a", "k"), s.data("b", "k"); a != "2" || b != "2" {
		t.Errorf("got %q and %q, want 2 of both: a run without a lock has written", a, b)
	}
	if web := s.Get(t, "Deployment", s.ns, "web"); !strings.Contains(dump(web), `"image":"web:2"`) {
		t.Error("a run without a lock has written the Deployment")
	}
	s.consistent("ConfigMap a", "ConfigMap b", "Deployment web")
	if got := s.revisions(); len(got) != 2 || got[1] != "2 ended with 0" {
		t.Errorf("got the revisions %q: what a run without a lock has tried is not in the history", got)
	}
}

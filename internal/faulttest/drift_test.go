package faulttest

import (
	"testing"

	"github.com/starctl/starctl/internal/clustertest"
)

// meanwhile does something after the plan was made and approved, and before the first object is written.
func (s *site) meanwhile(do func()) *clustertest.Rule {
	return s.proxy.On(clustertest.Writes, clustertest.Before(do)).Once()
}

// TestFault10DeletedMeanwhileIsNotBroughtBack: an object that somebody deletes between plan and apply stays deleted.
func TestFault10DeletedMeanwhileIsNotBroughtBack(t *testing.T) {
	s := newSite(t)
	s.deploy(settings("a", "1"), settings("b", "1"))
	s.apply()
	s.deploy(settings("a", "2"), settings("b", "1"))
	gone := s.meanwhile(func() { s.Delete(t, "ConfigMap", s.ns, "a") })
	r := s.run("apply")
	s.hit(gone)
	s.want(r, refused, "ConfigMap", "a", "deleted since the plan was made")
	if s.there("ConfigMap", "a") {
		t.Error("what somebody deleted was brought back")
	}
	// The next run says what it would do, and may do it.
	s.apply()
	s.consistent("ConfigMap a", "ConfigMap b")
}

// TestFault11MadeAgainByOthersIsTheirs: an object that others delete and make again is neither changed nor pruned nor made anew.
func TestFault11MadeAgainByOthersIsTheirs(t *testing.T) {
	t.Parallel()
	again := func(s *site) func() {
		return func() {
			s.Delete(s.t, "ConfigMap", s.ns, "a")
			s.Create(s.t, s.configMap("a", "theirs"))
		}
	}
	theirs := func(s *site) {
		s.t.Helper()
		if v := s.data("a", "k"); v != "theirs" {
			s.t.Errorf("got %q, want what others made", v)
		}
	}
	t.Run("meanwhile, changed", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("b", "1"))
		s.apply()
		s.deploy(settings("a", "2"), settings("b", "1"))
		hit := s.meanwhile(again(s))
		s.want(s.run("apply"), refused, "made again by somebody else")
		s.hit(hit)
		theirs(s)
		s.want(s.run("apply"), refused, "--adopt") // and so it stays
		theirs(s)
	})
	t.Run("meanwhile, pruned", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("b", "1"))
		s.apply()
		s.deploy(settings("b", "1"))
		hit := s.meanwhile(again(s))
		s.apply()
		s.hit(hit)
		theirs(s)
		s.consistent("ConfigMap b")
	})
	t.Run("before, still declared", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("b", "1"))
		s.apply()
		again(s)()
		s.proxy.Forget()
		s.want(s.run("apply"), refused, "--adopt")
		s.wantWrites(0)
		theirs(s)
	})
	t.Run("before, no longer declared", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("b", "1"))
		s.apply()
		again(s)()
		s.deploy(settings("b", "1"))
		s.apply()
		theirs(s)
		s.consistent("ConfigMap b")
	})
}

// TestFault12ForeignEditAfterApproval: what somebody edits between approval and apply is not overwritten; a change that makes no
// difference to what was approved does not stop anything.
func TestFault12ForeignEditAfterApproval(t *testing.T) {
	t.Parallel()
	t.Run("of what changes", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("b", "1"))
		s.apply()
		s.deploy(settings("a", "2"), settings("b", "1"))
		hit := s.meanwhile(func() { s.Apply(t, "somebody", s.configMap("a", "theirs")) })
		r := s.run("apply")
		s.hit(hit)
		s.want(r, refused, `data["k"]`, "theirs -> 2", "somebody") // the new difference is shown
		if v := s.data("a", "k"); v != "theirs" {
			t.Errorf("got %q, want what somebody wrote", v)
		}
	})
	t.Run("that takes a field away", func(t *testing.T) { // nobody owns it then, so that the server sees no conflict
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("b", "1"))
		s.apply()
		s.deploy(settings("a", "2"), settings("b", "1"))
		hit := s.meanwhile(func() { s.Merge(t, "ConfigMap", s.ns, "a", map[string]any{"data": map[string]any{"k": nil}}) })
		s.want(s.run("apply"), refused, "it was changed since the plan was shown", "now this would change: data")
		s.hit(hit)
		if v := s.data("a", "k"); v != "" {
			t.Errorf("got %q, want what somebody left", v)
		}
		s.apply() // what it does now was shown
		s.consistent("ConfigMap a", "ConfigMap b")
	})
	t.Run("of something else", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"))
		s.apply()
		s.deploy(settings("a", "2"))
		hit := s.meanwhile(func() {
			s.Merge(t, "ConfigMap", s.ns, "a", map[string]any{"metadata": map[string]any{"annotations": map[string]any{"example.com/seen": "yes"}}})
		})
		s.apply()
		s.hit(hit)
		s.consistent("ConfigMap a")
		if o := s.Get(t, "ConfigMap", s.ns, "a"); o.Text("data", "k") != "2" || o.Text("metadata", "annotations", "example.com/seen") != "yes" {
			t.Errorf("got %v, want the new value and the annotation of others", o)
		}
	})
}

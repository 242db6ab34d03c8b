package faulttest

import (
	"fmt"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
)

// TestFault02ReplyOfPatchIsLost: the server has applied the object, and the connection breaks instead of the answer.
func TestFault02ReplyOfPatchIsLost(t *testing.T) {
	t.Parallel()
	t.Run("of a new object", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("b", "1"))
		lost := s.proxy.On(clustertest.Both(clustertest.Verb("apply"), clustertest.Named("a")), clustertest.LoseReply()).Once()
		s.apply()
		s.hit(lost)
		s.consistent("ConfigMap a", "ConfigMap b")
	})
	t.Run("of a change", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("b", "1"))
		s.apply()
		s.deploy(settings("a", "2"), settings("b", "2"))
		lost := s.proxy.On(clustertest.Both(clustertest.Verb("apply"), clustertest.Named("a")), clustertest.LoseReply()).Once()
		s.apply()
		s.hit(lost)
		s.consistent("ConfigMap a", "ConfigMap b")
		if a, b := s.data("a", "k"), s.data("b", "k"); a != "2" || b != "2" {
			t.Errorf("got a %q, b %q, want 2 of both", a, b)
		}
	})
	t.Run("and somebody else changes it meanwhile", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"))
		s.apply()
		s.deploy(settings("a", "2"))
		lost := s.proxy.On(clustertest.Both(clustertest.Verb("apply"), clustertest.Named("a")), func(x *clustertest.Exchange) {
			if a := x.Send(); a != nil {
				_ = a.Body.Close()
			}
			s.Apply(t, "somebody", s.configMap("a", "theirs"))
			x.Break()
		}).Once()
		r := s.run("apply")
		s.hit(lost)
		if r.Code == done || s.data("a", "k") != "theirs" {
			t.Errorf("got exit code %d and the value %q: an edit of others was overwritten\n%s", r.Code, s.data("a", "k"), r.Stderr)
		}
	})
}

// TestFault03ReplyOfDeleteOrInventoryIsLost: the same for what is pruned, and for each write of the inventory.
func TestFault03ReplyOfDeleteOrInventoryIsLost(t *testing.T) {
	t.Parallel()
	t.Run("of a deletion", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("b", "1"))
		s.apply()
		s.deploy(settings("a", "1"))
		lost := s.proxy.On(clustertest.Both(clustertest.Verb("delete"), clustertest.Named("b")), clustertest.LoseReply()).Once()
		s.apply()
		s.hit(lost)
		s.consistent("ConfigMap a")
	})
	t.Run("of a deletion, and made again by others", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("b", "1"))
		s.apply()
		s.deploy(settings("a", "1"))
		lost := s.proxy.On(clustertest.Both(clustertest.Verb("delete"), clustertest.Named("b")), func(x *clustertest.Exchange) {
			if a := x.Send(); a != nil {
				_ = a.Body.Close()
			}
			s.Create(t, s.configMap("b", "theirs"))
			x.Break()
		}).Once()
		s.apply()
		s.hit(lost)
		if s.data("b", "k") != "theirs" {
			t.Errorf("what others made under the name of a deleted object was deleted")
		}
		s.consistent("ConfigMap a")
	})
	for _, c := range scenarios() {
		t.Run("of any write: "+c.name, c.everyReply)
	}
}

// everyReply loses the reply of each write in turn, objects, deletions, inventory and history: the run finds out that it was done,
// and comes to the same end as if nothing had happened.
func (c scenario) everyReply(t *testing.T) {
	counted, writes := c.count(t)
	for n := range writes {
		t.Run(fmt.Sprint(n+1), func(t *testing.T) {
			t.Parallel()
			s := siteOn(t, counted.Cluster)
			f := c.prepare(s)
			lost := s.proxy.On(clustertest.Writes, clustertest.LoseReply()).Skip(n).Once()
			r := s.run(c.command, c.args...)
			if lost.Hits() == 0 && !s.fewer(n, r) {
				s.hit(lost)
			}
			s.want(r, done)
			c.check(s, f)
		})
	}
}

// hit checks that a fault has happened.
func (s *site) hit(rules ...*clustertest.Rule) {
	s.t.Helper()
	for _, r := range rules {
		if r.Hits() == 0 {
			s.t.Fatalf("the fault did not happen; requests:\n%s", s.proxy.Summary())
		}
	}
}

// TestFault04StormOf429: the server asks everybody to slow down, for a while, whatever is asked.
func TestFault04StormOf429(t *testing.T) {
	s := newSite(t)
	s.deploy(settings("a", "1"), settings("b", "1"), settings("c", "1"), settings("d", "1"))
	writes := s.proxy.On(clustertest.Verb("apply"), clustertest.TooMany(1)).Times(6)
	reads := s.proxy.On(clustertest.Verb("list", "get"), clustertest.TooMany(1)).Times(2)
	r := s.apply()
	s.hit(writes, reads)
	s.consistent("ConfigMap a", "ConfigMap b", "ConfigMap c", "ConfigMap d")
	if r.Took < 2*time.Second {
		t.Errorf("it took %s, and the server has asked three times to wait for a second", r.Took)
	}
	if n := s.proxy.Count(clustertest.Any); n > 80 {
		t.Errorf("got %d requests for four objects in a storm:\n%s", n, s.proxy.Summary())
	}

	// A storm that does not end is no reason to wait for ever.
	s.deploy(settings("a", "2"))
	s.proxy.Forget()
	s.proxy.On(clustertest.Both(clustertest.DryRuns, clustertest.Named("a")), clustertest.TooMany(300))
	begun := time.Now()
	s.want(s.run("apply", "--allow-mass-prune"), unreachable, "slow down")
	if took := time.Since(begun); took > 90*time.Second {
		t.Errorf("it gave up after %s", took)
	}
	s.wantWrites(0)
}

// TestFault05ServerAwayInMidStage: 503, a reset and a request that is never answered, between two writes of one stage.
func TestFault05ServerAwayInMidStage(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]clustertest.Fault{
		"503":     clustertest.Status(503, "ServiceUnavailable", "the server is currently unable to handle the request"),
		"reset":   clustertest.Break(),
		"timeout": clustertest.Status(504, "Timeout", "request did not complete within the allotted timeout"),
		"hang":    clustertest.Hang(),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.deploy(settings("a", "1"), settings("b", "1"), settings("c", "1"), settings("d", "1"))
			times := 3
			if name == "hang" {
				times = 1
			}
			hit := s.proxy.On(clustertest.Verb("apply"), fault).Skip(2).Times(times)
			r := s.run("apply")
			s.hit(hit)
			if name == "hang" && r.Code == partly { // the patience may be gone then; the next run goes on
				r = s.run("apply")
			}
			s.want(r, done)
			s.consistent("ConfigMap a", "ConfigMap b", "ConfigMap c", "ConfigMap d")
		})
	}
	t.Run("for good", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("b", "1"), settings("c", "1"), settings("d", "1"))
		s.proxy.OneByOne()
		s.proxy.On(clustertest.Verb("apply"), func(x *clustertest.Exchange) {
			x.Break()
			go s.proxy.Cut()
		}).Skip(2).Once()
		r := s.run("apply")
		s.want(r, partly)
		s.prog.Kubeconfig = s.Kubeconfig
		s.want(s.run("apply"), done)
		s.consistent("ConfigMap a", "ConfigMap b", "ConfigMap c", "ConfigMap d")
	})
}

// TestFault06TypoIsNotRetried: a malformed object is answered with 500 and without a reason; asking again would never end.
func TestFault06TypoIsNotRetried(t *testing.T) {
	const message = `failed to create typed patch object (shop/a; /v1, Kind=ConfigMap): .data.k: expected string, got &value.valueUnstructured{Value:1}`
	s := newSite(t)
	s.deploy(settings("a", "1"), settings("b", "1"))
	typo := s.proxy.On(clustertest.Both(clustertest.DryRuns, clustertest.Named("a")), clustertest.Status(500, "", message))
	s.want(s.run("apply"), refused, "ConfigMap", "expected string")
	if typo.Hits() != 1 {
		t.Errorf("a typo was sent %d times, want once", typo.Hits())
	}
	s.wantWrites(0)
	if s.there("ConfigMap", "b") {
		t.Error("something was written")
	}

	// An error of the server that may pass is not a typo.
	s.proxy.Forget()
	passing := s.proxy.On(clustertest.Both(clustertest.DryRuns, clustertest.Named("a")), clustertest.Status(500, "InternalError", "etcdserver: leader changed")).Once()
	s.apply()
	s.hit(passing)
	s.consistent("ConfigMap a", "ConfigMap b")
}

// TestFault06TypoOnARealServer: the same without a proxy that pretends: a value of the wrong type.
func TestFault06TypoOnARealServer(t *testing.T) {
	s := newSite(t)
	group := s.ownGroup()
	definer := newSiteBeside(s)
	definer.deploy(crd(group))
	definer.apply()
	s.deploy(widget(group, "w", `"wide"`), settings("b", "1"))
	s.proxy.Forget()
	s.want(s.run("apply"), refused, "Widget", "w", "spec.size")
	if n := s.proxy.Count(clustertest.Both(clustertest.DryRuns, clustertest.Named("w"))); n != 1 {
		t.Errorf("a typo was sent %d times, want once", n)
	}
	s.wantWrites(0)
}

// forbidden is how a server denies a verb on an object to a user.
func forbidden(verb, resource, name string) clustertest.Fault {
	return clustertest.Status(403, "Forbidden", fmt.Sprintf(`%s %q is forbidden: User "jane" cannot %s resource %q in API group "" in the namespace "shop"`,
		resource, name, verb, resource))
}

// TestFault16UnreadableInventoryIsNotAbsent: only 404 says that a set is new.
func TestFault16UnreadableInventoryIsNotAbsent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault clustertest.Fault
		code  int
		texts []string
	}{
		{"403", forbidden("get", "configmaps", "starctl-shop"), unreachable, []string{`user "jane" may not get configmaps`, "--verb=get --resource=configmaps"}},
		{"500", clustertest.Status(500, "InternalError", "storage is broken"), refused, []string{"storage is broken"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			s.deploy(settings("a", "1"), settings("b", "1"))
			s.apply()
			s.deploy(settings("a", "2"))
			s.proxy.Forget()
			unreadable := s.proxy.On(func(q *clustertest.Request) bool {
				return q.Is("configmaps") && (q.Name == "starctl-shop" || q.Verb == "list" && q.Query.Get("fieldSelector") == "metadata.name=starctl-shop")
			}, test.fault)
			s.want(s.run("apply"), test.code, test.texts...)
			s.want(s.run("delete"), test.code, test.texts...)
			s.hit(unreadable)
			s.wantWrites(0)
			if s.data("a", "k") != "1" || !s.there("ConfigMap", "b") {
				t.Error("something was changed although the inventory could not be read")
			}
		})
	}
}

package cluster

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/starctl/starctl/kube"
)

// lockTTL is how long a holder that renews nothing is taken for alive. It renews three times as often.
const lockTTL = 15 * time.Second

// lease is the lock on a set: an Inventory whose Op is ours. It renews itself until it is freed. All writes of the Inventory
// go through it.
type lease struct {
	c   *Client
	ttl time.Duration

	mu      sync.Mutex
	inv     *Inventory
	changes map[kube.ID]entryChange // of entries, not in inv yet
	renewed time.Time               // when the Op was stored last; with the wall clock, which goes on while the machine sleeps
	lost    error                   // why the lock is not ours any more

	stop context.CancelFunc
	done chan struct{}
}

// errLost says that another run has the set.
var errLost = errors.New("another run took the set over")

// lock stores an Op and the entries as they are in inv by one write. It fails if the inventory has changed since it was read.
func (c *Client) lock(ctx context.Context, inv *Inventory, phase string, ttl time.Duration) (*lease, error) {
	inv.Op = &Op{ID: newID(), Holder: holder(), TTL: int(ttl / time.Second), Phase: phase, Begun: time.Now().UTC().Truncate(time.Second)}
	l := &lease{c: c, ttl: ttl, inv: inv, renewed: time.Now(), done: make(chan struct{})}
	sharded := inv.untidy || len(inv.shards) > 0
	if err := l.take(ctx); err != nil {
		return nil, err
	}
	if sharded || len(inv.shards) > 0 || phase == "delete" {
		c.collect(ctx, inv, l.renewed.Add(ttl/2))
	}
	// The holder outlives an interrupt: it has to store what was done.
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	go l.keep(ctx)
	return l, nil
}

// take makes the write that takes the lock. It outlives an interrupt: nobody has to wait for a lock that was half taken.
func (l *lease) take(ctx context.Context) error {
	work, cancel := outlive(ctx)
	defer cancel()
	return l.c.swap(work, l.inv)
}

func newID() string {
	b := make([]byte, 8)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// keep renews the lock until it is freed or lost.
func (l *lease) keep(ctx context.Context) {
	defer close(l.done)
	t := time.NewTicker(l.ttl / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			l.mu.Lock()
			_ = l.store(ctx) // what is lost is noticed by whoever writes next; a server that is away may come back
			l.mu.Unlock()
		}
	}
}

// store writes the Inventory as it is.
func (l *lease) store(ctx context.Context) error {
	if l.lost != nil {
		return l.lost
	}
	l.fold()
	l.inv.Op.Renew++
	begun := time.Now()
	err := l.c.swap(ctx, l.inv)
	switch {
	case err == nil:
		l.renewed = begun
	case IsStale(err), IsNotFound(err), IsExists(err):
		l.lost = fmt.Errorf("%w: the inventory was changed by somebody else", errLost)
		return l.lost
	}
	return err
}

// held makes sure that the lock is ours before something is written. Whoever was stopped for longer than the lock lives finds
// out here, before any harm: the write that renews the lock fails.
func (l *lease) held(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost != nil {
		return l.lost
	}
	if time.Since(l.renewed.Round(0)).Abs() < l.ttl*2/3 {
		return nil
	}
	return l.store(ctx)
}

// entryChange changes an Entry, or drops it by returning false.
type entryChange func(e *Entry) (keep bool)

// change changes the Entry of an object in memory; it is stored with the next write, and at the latest when the lock is renewed.
func (l *lease) change(id kube.ID, f entryChange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changes == nil {
		l.changes = map[kube.ID]entryChange{}
	}
	l.changes[id.Identity()] = f
}

// settle changes all entries as their last change, once nothing else is under way.
func (l *lease) settle(f func(*Inventory)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fold()
	f(l.inv)
}

// fold makes all changes at once: there may be as many as entries.
func (l *lease) fold() {
	if len(l.changes) == 0 {
		return
	}
	kept := make([]Entry, 0, len(l.inv.Entries))
	for _, e := range l.inv.Entries {
		if f := l.changes[e.ID().Identity()]; f == nil || f(&e) {
			kept = append(kept, e)
		}
	}
	l.inv.Entries, l.changes = kept, nil
}

// isLost reports whether another run is known to have the set.
func (l *lease) isLost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost != nil
}

// free stores the Inventory as it is and gives the lock back. A lease that was lost stores nothing.
func (l *lease) free(ctx context.Context) error {
	l.stop()
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost != nil {
		return l.lost
	}
	l.fold()
	op, before := l.inv.Op, l.inv.freed
	l.inv.Op, l.inv.freed = nil, op.ID
	err := l.c.swap(ctx, l.inv)
	switch {
	case err == nil:
		return nil
	case IsStale(err), IsNotFound(err), IsExists(err):
		l.lost = fmt.Errorf("%w: the inventory was changed by somebody else", errLost)
		err = l.lost
	}
	l.inv.Op, l.inv.freed = op, before
	return err
}

// abandon stops renewing without storing anything: there is nothing left to store it in.
func (l *lease) abandon() {
	l.stop()
	<-l.done
}

// holder names this process for people, and so that another one on this machine can see that it is gone.
func holder() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	s := fmt.Sprintf("%s@%s pid %d", name, host, os.Getpid())
	if id := machine(); id != "" {
		s += " " + id + " " + startOf(os.Getpid())
	}
	return s
}

// holderName is the part of a holder that is for people.
func holderName(s string) string {
	if f := strings.Fields(s); len(f) > 3 {
		return strings.Join(f[:3], " ")
	}
	return s
}

// machine tells this machine, as it runs now, from all others, and this container from the others on it; "" where nobody can
// tell.
func machine() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	pids, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + "/" + strings.Trim(pids, "pid:[]")
}

// startOf is when a process of this machine began, in ticks since the machine did; "" if there is none.
func startOf(pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	// The name of the program may hold anything; what follows it does not. The 22nd field is the start.
	rest := string(b[strings.LastIndexByte(string(b), ')')+1:])
	if f := strings.Fields(rest); len(f) > 19 {
		return f[19]
	}
	return ""
}

// isDead reports whether a holder was a process of this machine that is gone. Of other machines nobody can tell.
func isDead(holder string) bool {
	f := strings.Fields(holder)
	if len(f) != 5 || f[1] != "pid" || f[3] != machine() || f[3] == "" {
		return false
	}
	pid, err := strconv.Atoi(f[2])
	return err == nil && startOf(pid) != f[4]
}

// waitForLock waits until the set is free: its run has ended, has not renewed its lock for as long as the lock lives, on our
// clock, or was of a process that is gone. patience is how long a run that is alive is waited for; 0 is not at all. The
// Inventory is the one that was given if it has not changed.
func (c *Client) waitForLock(ctx context.Context, inv *Inventory, patience time.Duration) (*Inventory, error) {
	head, err := c.awaitFree(ctx, inv, patience)
	if err != nil || head.ResourceVersion == inv.ResourceVersion {
		return inv, err
	}
	return c.ReadInventory(ctx, inv.Owner)
}

// awaitFree looks at the lock again and again, and not at the entries.
func (c *Client) awaitFree(ctx context.Context, inv *Inventory, patience time.Duration) (*Inventory, error) {
	begun := time.Now()
	changed, said := begun, time.Time{} // only a lock that is seen to be renewed is of a run that is alive
	for inv.Op != nil && !isDead(inv.Op.Holder) {
		ttl := max(time.Duration(inv.Op.TTL)*time.Second, time.Second)
		idle := time.Since(changed)
		if idle > ttl {
			c.observe(Event{Kind: Warned, Text: fmt.Sprintf("%s has not been heard of for %s: its lock is taken over", holderName(inv.Op.Holder), roughly(idle))})
			break
		}
		if time.Since(begun) > patience && changed.After(begun) {
			return nil, busy(inv.Op)
		}
		if time.Since(said) > 10*time.Second {
			said = time.Now()
			c.observe(Event{Kind: Waiting, Text: fmt.Sprintf("for %s, which has been changing the set since %s", holderName(inv.Op.Holder), inv.Op.Begun.Format("15:04:05 MST"))})
		}
		if err := sleep(ctx, min(ttl/5, time.Second)); err != nil {
			return nil, err
		}
		now, err := c.readHead(ctx, inv.Owner)
		if err != nil {
			return nil, err
		}
		if now.Op == nil || now.Op.ID != inv.Op.ID || now.Op.Renew != inv.Op.Renew {
			changed = time.Now()
		}
		inv = now
	}
	return inv, nil
}

func busy(op *Op) *Failure {
	return &Failure{Verdict: Refused, Err: fmt.Errorf("%s is changing this set since %s (%s)", holderName(op.Holder), op.Begun.Format("2006-01-02 15:04:05 MST"), op.Phase), Help: []string{"try again when it is done, or wait for it: --lock-timeout 10m"}}
}

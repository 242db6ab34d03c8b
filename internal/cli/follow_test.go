package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/kube/plan"
)

var (
	checkout = kube.ID{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "shop", Name: "checkout"}
	settings = kube.ID{Version: "v1", Kind: "ConfigMap", Namespace: "shop", Name: "settings"}
	clock    = time.Date(2026, 11, 2, 14, 3, 7, 0, time.UTC)
)

// at is an Event some seconds after the clock began.
func at(seconds int, kind deploy.EventKind, id kube.ID, text string, detail ...string) deploy.Event {
	return deploy.Event{Time: clock.Add(time.Duration(seconds) * time.Second), Kind: kind, ID: id, Text: text, Detail: detail}
}

// rollout is what a set goes through, with a log line that would take over a terminal.
var rollout = []deploy.Event{
	at(0, deploy.Applying, settings, ""),
	at(0, deploy.Created, settings, ""),
	at(0, deploy.Healthy, settings, ""),
	at(0, deploy.Applying, checkout, ""),
	at(1, deploy.Changed, checkout, ""),
	at(3, deploy.Progress, checkout, "4 of 6 Pods ready, 2 starting", "Pod checkout-1: pulling \x1b[2Jits image"),
	at(19, deploy.Healthy, checkout, "6 of 6 Pods ready"),
}

func quietUI(env map[string]string) (*ui, *bytes.Buffer) {
	var b bytes.Buffer
	u := newUI(&b, &b, func(name string) string { return env[name] })
	return u, &b
}

func inShop() subject {
	return subject{place: "prod-us", set: "shop.checkout", namespace: "shop", title: "applying: 1 to create, 1 to change", width: 19}
}

// window is a terminal that understands what a live view sends.
type window struct {
	lines []string
	row   int
	t     *testing.T
}

func (s *window) write(text string) {
	for text != "" {
		switch {
		case strings.HasPrefix(text, "\x1b["):
			i := strings.IndexFunc(text[2:], func(r rune) bool { return r >= '@' }) + 2
			s.control(text[2:i], text[i])
			text = text[i+1:]
		case text[0] == '\n':
			s.row++
			text = text[1:]
		case text[0] == '\r':
			text = text[1:]
		default:
			i := strings.IndexAny(text, "\x1b\n\r")
			for len(s.lines) <= s.row {
				s.lines = append(s.lines, "")
			}
			s.lines[s.row] = text[:i]
			text = text[i:]
		}
	}
}

func (s *window) control(arg string, final byte) {
	switch final {
	case 'A':
		n := 0
		fmt.Sscan(arg, &n)
		if s.row -= n; s.row < 0 {
			s.t.Fatalf("the cursor goes %d rows above the screen", -s.row)
		}
	case 'J':
		s.lines = s.lines[:min(s.row, len(s.lines))]
	case 'K':
	default:
		s.t.Fatalf("the terminal is sent \\x1b[%s%c", arg, final)
	}
}

func TestLiveView(t *testing.T) {
	u, _ := quietUI(map[string]string{"LANG": "en_US.UTF-8"})
	var out bytes.Buffer
	now := clock
	v := &liveView{u: u, out: &out, size: func() (int, int) { return 60, 5 }, now: func() time.Time { return now }, subject: inShop()}
	s := &window{t: t}
	show := func() []string {
		v.mu.Lock()
		v.draw()
		v.mu.Unlock()
		s.write(out.String())
		out.Reset()
		return s.lines
	}
	want := func(lines ...string) {
		t.Helper()
		if got := strings.Join(show(), "\n"); got != strings.Join(lines, "\n") {
			t.Errorf("the screen shows\n%s\nwant\n%s", got, strings.Join(lines, "\n"))
		}
	}
	for _, e := range rollout[:6] {
		v.follow(e)
	}
	now = clock.Add(12 * time.Second)
	created := "✓ ConfigMap settings   created"
	want(created,
		"  Deployment checkout  4 of 6 Pods ready, 2 starting   12 s",
		`    Pod checkout-1: pulling \x1b[2Jits image`)
	u.err = v
	u.note("said meanwhile")
	want(created, "said meanwhile",
		"  Deployment checkout  4 of 6 Pods ready, 2 starting   12 s",
		`    Pod checkout-1: pulling \x1b[2Jits image`)
	v.follow(rollout[6])
	want(created, "said meanwhile", "✓ Deployment checkout  6 of 6 Pods ready   19 s")
}

// However much is under way, and however small the window, a frame leaves the cursor a line, and no line is wider.
func TestLiveViewFits(t *testing.T) {
	u, _ := quietUI(nil)
	v := &liveView{u: u, now: time.Now, subject: inShop()}
	for i := range 30 {
		id := checkout
		id.Name = fmt.Sprintf("service-%d", i)
		v.follow(at(0, deploy.Progress, id, "waiting for 世界 to be pulled", "because"))
	}
	for _, size := range [][2]int{{80, 24}, {20, 5}, {200, 31}, {200, 100}, {10, 2}, {1, 1}} {
		lines := v.frame(clock.Add(time.Minute), size[0], size[1])
		if len(lines) > max(size[1]-1, 1) {
			t.Errorf("%d lines in a window of %d", len(lines), size[1])
		}
		for _, l := range lines {
			if l.width > max(size[0]-1, 8) {
				t.Errorf("%q: %d columns in a window of %d", l.text, l.width, size[0])
			}
		}
	}
	last := v.frame(clock, 80, 24)
	if got, want := last[len(last)-1].text, "  and 8 more"; got != want {
		t.Errorf("the last line is %q, want %q", got, want)
	}
}

// A window that became narrower shows in several rows what was one.
func TestLiveViewNarrower(t *testing.T) {
	for _, c := range []struct{ widths, width, want int }{{50, 80, 1}, {50, 25, 2}, {51, 25, 3}, {0, 80, 1}} {
		if got := rows([]int{c.widths}, c.width); got != c.want {
			t.Errorf("%d columns in a window of %d: %d rows, want %d", c.widths, c.width, got, c.want)
		}
	}
}

func TestPlainLines(t *testing.T) {
	u, out := quietUI(nil)
	now := clock
	p := &plainLines{u: u, now: func() time.Time { return now }}
	p.begin(inShop())
	for _, e := range rollout[:6] {
		now = e.Time
		p.follow(e)
	}
	p.follow(rollout[5])
	beat := func(seconds int) {
		now = clock.Add(time.Duration(seconds) * time.Second)
		p.mu.Lock()
		p.beat()
		p.mu.Unlock()
	}
	beat(12)
	beat(13)
	beat(14)
	now = rollout[6].Time
	p.follow(rollout[6])
	p.end()
	want := `14:03:07 UTC prod-us: applying: 1 to create, 1 to change
14:03:07 v ConfigMap settings  created
14:03:10 Deployment checkout  4 of 6 Pods ready, 2 starting
    Pod checkout-1: pulling \x1b[2Jits image
14:03:20 still waiting: Deployment checkout: 4 of 6 Pods ready, 2 starting
14:03:26 v Deployment checkout  6 of 6 Pods ready   19 s
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What was written and not waited for is done when the set's turn ends; what is under way then is said as it is.
func TestPlainLinesRest(t *testing.T) {
	u, out := quietUI(map[string]string{"LC_ALL": "C.UTF-8"})
	p := &plainLines{u: u, now: func() time.Time { return clock }}
	p.begin(inShop())
	p.follow(at(0, deploy.Waiting, kube.ID{}, "for jo@build, which has been changing the set"))
	p.follow(at(0, deploy.Changed, checkout, ""))
	other := checkout
	other.Name = "payments"
	p.follow(at(0, deploy.Changed, other, ""))
	p.follow(at(0, deploy.Progress, other, "0 of 2 Pods ready"))
	p.follow(at(0, deploy.Deleting, settings, "waiting for a finalizer"))
	p.end()
	want := `14:03:07 UTC prod-us: applying: 1 to create, 1 to change
14:03:07 waiting for jo@build, which has been changing the set
14:03:07 ✓ Deployment checkout  changed
14:03:07 Deployment payments  0 of 2 Pods ready
14:03:07 ConfigMap settings  waiting for a finalizer
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestEventLines(t *testing.T) {
	u, out := quietUI(nil)
	u.logEvents()
	f := u.follower()
	f.begin(inShop())
	for _, e := range rollout {
		f.follow(e)
	}
	f.follow(at(0, deploy.Warned, kube.ID{}, "right to left: \u202eabc \u009b31m"))
	f.end()
	u.events.result(5)
	var events []string
	for line := range strings.Lines(out.String()) {
		if strings.ContainsAny(line, "\x1b\u202e\u009b") {
			t.Errorf("a terminal would act on %q", line)
		}
		var e eventLine
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		events = append(events, e.Event)
		switch {
		case e.Event == "warning" && e.Text != "right to left: \u202eabc \u009b31m":
			t.Errorf("the text became %q", e.Text)
		case e.Event == "progress" && (e.Time != "2026-11-02T14:03:10.000Z" || e.Object.Name != "checkout" || e.Object.APIVersion != "apps/v1" || e.Target != "prod-us"):
			t.Errorf("got %s", line)
		case e.Event == "result" && (*e.Exit != 5 || e.Result != "unhealthy" || e.Counts == nil):
			t.Errorf("got %s", line)
		}
	}
	if got, want := strings.Join(events, " "), "begin applying created healthy applying changed progress healthy warning result"; got != want {
		t.Errorf("events %s, want %s", got, want)
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		40 * time.Millisecond: "40 ms", 19 * time.Second: "19 s", 2 * time.Minute: "2 min", 125 * time.Second: "2 min 5 s",
		63 * time.Minute: "1 h 3 min",
	} {
		if got := span(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

func TestUnicodeLocale(t *testing.T) {
	for _, c := range []struct {
		all, lang string
		want      bool
	}{{"", "en_US.UTF-8", true}, {"C", "en_US.UTF-8", false}, {"", "de_DE.utf8", true}, {"", "", false}, {"", "POSIX", false}} {
		env := map[string]string{"LC_ALL": c.all, "LANG": c.lang}
		if got := unicodeLocale(func(n string) string { return env[n] }); got != c.want {
			t.Errorf("LC_ALL=%s LANG=%s: %v", c.all, c.lang, got)
		}
	}
}

// What is said of many objects alike is said once.
func TestFolded(t *testing.T) {
	var list []plan.Obstacle
	for i := range 6 {
		id := settings
		id.Name = fmt.Sprintf("c%d", i)
		list = append(list, plan.Obstacle{Kind: "other-set", ID: id, Message: "it belongs to the set x", Help: []string{"keep its name"}})
	}
	list = append(list, plan.Obstacle{Kind: "exists", ID: checkout, Message: "it is there already"}, plan.Obstacle{Kind: "mass-prune", Message: "all would be deleted"})
	got := folded(list)
	var said []string
	for _, o := range got {
		said = append(said, o.Message)
	}
	want := "it belongs to the set x; so it is with ConfigMap shop/c1 and 4 more|it is there already|all would be deleted"
	if s := strings.Join(said, "|"); s != want {
		t.Errorf("got %s\nwant %s", s, want)
	}
	if n := len(folded(list[:3])); n != 3 {
		t.Errorf("of three alike %d are said, want all", n)
	}
}

// What the set waited for, the lock of another run, is no longer shown once objects are written.
func TestWaitingIsOver(t *testing.T) {
	var w underWay
	w.take(at(0, deploy.Waiting, kube.ID{}, "for jo@build"))
	if w.find(kube.ID{}) == nil {
		t.Fatal("not shown at all")
	}
	w.take(at(3, deploy.Applying, checkout, ""))
	if w.find(kube.ID{}) != nil {
		t.Error("still shown")
	}
}

// In a narrow window the names of objects leave room for what is said of them.
func TestNarrowRow(t *testing.T) {
	u, _ := quietUI(nil)
	v := newLiveView(u)
	v.subject = subject{namespace: "shop", width: 20}
	r := &row{id: kube.ID{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "shop", Name: "checkout-with-a-rather-long-name"}, begun: clock, text: "2 of 3 Pods ready, 1 starting"}
	if got, want := v.row(r, clock, 60).text, "  Deploymen..long-name  2 of 3 Pods ready, 1 starting"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

package cli

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/starlark/diag"
)

// plainLines writes a line with the time for each event that matters, where there is no terminal. The first one names the zone
// of the times. When nothing was to be said for a while, a line says what is waited for.
type plainLines struct {
	u   *ui
	now func() time.Time

	mu      sync.Mutex
	subject subject
	state   underWay
	zoned   bool
	last    time.Time // when something was said
	reason  string    // the last line of why an object is not ready, which is said once
	stop    chan struct{}
	stopped chan struct{}
}

// heartbeat is how long plainLines are silent.
const heartbeat = 10 * time.Second

func (p *plainLines) begin(s subject) {
	p.subject, p.state = s, underWay{}
	p.stop, p.stopped = make(chan struct{}), make(chan struct{})
	p.mu.Lock()
	p.last = p.now()
	if s.title != "" {
		p.line(fmt.Sprintf("%s: %s", s.place, s.title), nil)
	}
	p.mu.Unlock()
	go p.run()
}

func (p *plainLines) run() {
	defer close(p.stopped)
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
			p.mu.Lock()
			p.beat()
			p.mu.Unlock()
		}
	}
}

// beat says what is waited for if nothing was said for a while.
func (p *plainLines) beat() {
	if len(p.state.rows) == 0 || p.now().Sub(p.last) < heartbeat {
		return
	}
	const most = 3
	var parts []string
	for i, r := range p.state.rows {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(p.state.rows)-most))
			break
		}
		if r.id.Kind == "" {
			parts = append(parts, diag.Escape(r.text))
		} else {
			parts = append(parts, p.subject.name(r.id)+": "+diag.Escape(r.text))
		}
	}
	p.line("still waiting: "+strings.Join(parts, "; "), nil)
}

func (p *plainLines) follow(e deploy.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.state.take(e)
	switch {
	case o != nil:
		p.outcome(*o)
	case e.Kind == deploy.Waiting && e.Text != p.reason:
		p.reason = e.Text
		p.outcome(outcome{id: e.ID, text: p.state.find(e.ID).text, detail: e.Detail})
	case len(e.Detail) > 0 && e.Detail[0] != p.reason:
		p.reason = e.Detail[0]
		p.outcome(outcome{id: e.ID, text: say(e.Text, doing[e.Kind]), detail: e.Detail})
	}
}

func (p *plainLines) end() {
	close(p.stop)
	<-p.stopped
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.state.rest() {
		p.outcome(o)
	}
}

func (p *plainLines) outcome(o outcome) {
	var b bytes.Buffer
	s := p.subject
	s.width = 0
	p.u.writeOutcome(&b, &s, o)
	first, rest, _ := strings.Cut(b.String(), "\n")
	p.line(strings.TrimPrefix(first, "  "), []byte(rest))
}

// line writes a line with the time, and what belongs to it below.
func (p *plainLines) line(text string, below []byte) {
	format := "15:04:05"
	if !p.zoned {
		format = "15:04:05 MST"
		p.zoned = true
	}
	p.last = p.now()
	p.u.mu.Lock()
	defer p.u.mu.Unlock()
	_, err := fmt.Fprintf(p.u.err, "%s %s\n%s", p.last.Format(format), text, below)
	p.u.keep(err)
}

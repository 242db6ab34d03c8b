package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/starlark/diag"
)

// liveView shows on a terminal what is under way, in lines that are drawn again ten times a second at most, and leaves behind a
// line for everything that is done. Each frame is one write, never taller than the window; the window's size is asked for
// whenever a frame is drawn. The cursor stays visible and below the frame, so that a process that ends anywhere, even by a panic
// of another goroutine, leaves a terminal that is in order.
type liveView struct {
	u    *ui
	out  io.Writer
	size func() (width, height int)
	now  func() time.Time

	mu      sync.Mutex
	subject subject
	state   underWay
	record  bytes.Buffer // written above the next frame, for good
	drawn   []int        // widths of the lines of the last frame
	changed bool
	last    time.Time
	stop    chan struct{}
	stopped chan struct{}
}

// frameTime is the least time between two frames.
const frameTime = 100 * time.Millisecond

func newLiveView(u *ui) *liveView {
	out := u.err
	return &liveView{u: u, out: out, size: func() (int, int) { return windowSize(out) }, now: time.Now}
}

// windowSize is that of the terminal behind w; of one that does not say, the usual one.
func windowSize(w io.Writer) (width, height int) {
	if f, ok := w.(*os.File); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil && width > 0 && height > 0 {
			return width, height
		}
	}
	return 80, 24
}

// columns is the width of the terminal that a person looks at; 0 without one.
func (u *ui) columns() int {
	if !terminal(u.err) {
		return 0
	}
	width, _ := windowSize(u.err)
	return width
}

// begin starts to draw. What others write to stderr meanwhile goes above the frame.
func (v *liveView) begin(s subject) {
	v.subject, v.state = s, underWay{}
	v.stop, v.stopped = make(chan struct{}), make(chan struct{})
	v.u.divert(v)
	go v.run()
}

func (v *liveView) run() {
	defer close(v.stopped)
	t := time.NewTicker(frameTime)
	defer t.Stop()
	for {
		select {
		case <-v.stop:
			return
		case <-t.C:
			v.mu.Lock()
			if v.changed || v.now().Sub(v.last) >= time.Second {
				v.draw()
			}
			v.mu.Unlock()
		}
	}
}

func (v *liveView) follow(e deploy.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.changed = true
	if o := v.state.take(e); o != nil {
		v.u.writeOutcome(&v.record, &v.subject, *o)
	}
}

// Write takes what is to stand above the frame.
func (v *liveView) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.changed = true
	return v.record.Write(p)
}

func (v *liveView) end() {
	close(v.stop)
	<-v.stopped
	v.u.divert(nil)
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, o := range v.state.rest() {
		v.u.writeOutcome(&v.record, &v.subject, o)
	}
	v.draw()
}

// draw replaces the last frame by what is to be left behind and a new frame.
func (v *liveView) draw() {
	width, height := v.size()
	var b bytes.Buffer
	if up := rows(v.drawn, width); up > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r", up)
	}
	for line := range bytes.Lines(v.record.Bytes()) {
		b.Write(bytes.TrimSuffix(line, []byte("\n")))
		b.WriteString("\x1b[K\n")
	}
	v.drawn = v.drawn[:0]
	for _, l := range v.frame(v.now(), width, height) {
		b.WriteString(l.text + "\x1b[K\n")
		v.drawn = append(v.drawn, l.width)
	}
	b.WriteString("\x1b[J")
	_, err := v.out.Write(b.Bytes())
	v.u.keep(err)
	v.record.Reset()
	v.changed, v.last = false, v.now()
}

// rows counts the rows that lines take in a window that may have become narrower since they were drawn.
func rows(widths []int, width int) int {
	n := 0
	for _, w := range widths {
		n += max(1, (w+width-1)/max(width, 1))
	}
	return n
}

// liveLine is a line of a frame, and its width without colours.
type liveLine struct {
	text  string
	width int
}

// frame is what is under way, in as many lines as leave the window one for the cursor. Why an object is not ready yet stands
// below it as long as there is room.
func (v *liveView) frame(now time.Time, width, height int) []liveLine {
	room, all := max(height-1, 1), v.state.rows
	shown, spare := len(all), room-len(all)
	if spare < 0 {
		shown = room - 1
	}
	var list []liveLine
	for _, r := range all[:shown] {
		list = append(list, v.row(r, now, width))
		if len(r.detail) > 0 && spare > 0 {
			list = append(list, v.plain("    "+why(r.detail), width))
			spare--
		}
	}
	if rest := len(all) - shown; rest > 0 {
		list = append(list, v.plain(fmt.Sprintf("  and %d more", rest), width))
	}
	return list
}

func why(detail []string) string {
	line, _, _ := strings.Cut(strings.TrimLeft(detail[0], " "), "\n")
	return diag.Escape(line)
}

// title is what a row is about: an object, or the set.
func (v *liveView) title(r *row) string {
	if r.id.Kind == "" {
		return v.subject.place
	}
	return v.subject.name(r.id)
}

// row is "  Deployment checkout   4 of 6 Pods ready, 2 starting   12 s".
func (v *liveView) row(r *row, now time.Time, width int) liveLine {
	text := fmt.Sprintf("  %-*s  %s", v.subject.width, shortened(v.title(r), max(width-textRoom, 12)), diag.Escape(r.text))
	took := now.Sub(r.begun)
	if took < time.Second {
		return v.plain(text, width)
	}
	t := "   " + span(took)
	text = cut(text, width-1-len(t))
	return liveLine{text + v.u.paint(dim, t), diag.Width(text) + len(t)}
}

func (v *liveView) plain(text string, width int) liveLine {
	text = cut(text, width-1)
	return liveLine{text, diag.Width(text)}
}

// shortened is a name that may take some columns, with dots for its middle if it is longer.
func shortened(name string, columns int) string {
	r := []rune(name)
	if len(r) <= columns || columns < 8 {
		return name
	}
	head := (columns - 2) / 2
	return string(r[:head]) + ".." + string(r[len(r)-(columns-2-head):])
}

// cut shortens a text to a number of columns.
func cut(text string, columns int) string {
	if diag.Width(text) <= columns {
		return text
	}
	width := 0
	for i, r := range text {
		if width += diag.Width(string(r)); width > columns {
			return text[:i]
		}
	}
	return text
}

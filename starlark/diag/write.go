package diag

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Style says how Write looks. The zero Style is plain text, with files named as in positions.
type Style struct {
	// Sequences that begin a colour; Reset ends each. Empty ones do nothing.
	Place, Error, Warning, Caret, Dim, Reset string
	// File, if set, is how a person names a file.
	File func(file string) string
}

// Write prints Diagnostics one below the other:
//
//	deploy.star:14:9: Deployment shop/checkout: spec.prots: no such field of Container
//	   14 |         prots = {"grpc": 8080},
//	      |         ^^^^^ did you mean "ports"?
//	   in web_service, called at deploy.star:31:12
//	   in main
//
// A warning says so, and ends with the name of its check in brackets. Control and bidirectional characters are escaped.
func Write(w io.Writer, list List, src Sources, style Style) error {
	p := printer{style: style, src: NewForest(src), lines: map[string][]string{}}
	for _, d := range list {
		p.diagnostic(d)
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

type printer struct {
	style Style
	src   *Forest
	lines map[string][]string
	out   strings.Builder
}

func (p *printer) diagnostic(d Diagnostic) {
	p.head(d)
	suggest := ""
	if d.Suggest != "" {
		suggest = fmt.Sprintf("did you mean %q?", Escape(d.Suggest))
	}
	if !p.snippet(d, suggest) && suggest != "" {
		p.line(suggest)
	}
	for _, h := range d.Help {
		p.line(h)
	}
	for _, r := range d.Related {
		p.line(p.place(r.Pos) + ": " + r.Text)
	}
	p.calls(d.Calls)
}

// head is the line that says it all; a message of several lines goes on below.
func (p *printer) head(d Diagnostic) {
	if d.Pos.File != "" {
		p.paint(p.style.Place, p.place(d.Pos)+":")
		p.out.WriteByte(' ')
	}
	if d.Severity == Warning {
		p.paint(p.style.Warning, "warning:")
		p.out.WriteByte(' ')
	}
	for _, part := range []string{d.Object, d.Path} {
		if part != "" {
			p.out.WriteString(Escape(part) + ": ")
		}
	}
	first, rest, more := strings.Cut(strings.TrimRight(d.Message, "\n"), "\n")
	p.out.WriteString(Escape(first))
	if d.Check != "" {
		p.out.WriteString(" [" + d.Check + "]")
	}
	p.out.WriteByte('\n')
	if more {
		p.line(rest)
	}
}

// snippet shows the source line and what in it is meant.
func (p *printer) snippet(d Diagnostic, note string) bool {
	line, ok := p.sourceLine(d.Pos)
	if !ok {
		return false
	}
	number := fmt.Sprintf("%5d", d.Pos.Line)
	p.paint(p.style.Dim, number+" |")
	p.out.WriteString(" " + Escape(line) + "\n")
	p.paint(p.style.Dim, strings.Repeat(" ", len(number))+" |")
	p.out.WriteByte(' ')
	before, meant := columns(line, d.Pos)
	p.out.WriteString(before)
	color := p.style.Caret
	if d.Severity == Warning && p.style.Warning != "" {
		color = p.style.Warning
	}
	p.paint(color, strings.Repeat("^", meant))
	if note != "" {
		p.out.WriteString(" " + note)
	}
	p.out.WriteByte('\n')
	return true
}

func (p *printer) sourceLine(pos Pos) (string, bool) {
	if !pos.IsValid() || p.src.Sources == nil {
		return "", false
	}
	lines, ok := p.lines[pos.File]
	if !ok {
		if text := p.src.Source(pos.File); text != nil {
			lines = strings.Split(string(text), "\n")
		}
		p.lines[pos.File] = lines
	}
	if pos.Line > len(lines) {
		return "", false
	}
	line := strings.TrimSuffix(lines[pos.Line-1], "\r")
	return line, strings.TrimSpace(line) != ""
}

// columns returns the space before what is meant, with the line's own tabs, and its width on a terminal.
func columns(line string, pos Pos) (before string, width int) {
	var b strings.Builder
	col := 1
	for i, r := range line {
		w := runeWidth(r)
		if r == unicode.ReplacementChar && !strings.HasPrefix(line[i:], "\uFFFD") {
			w = 4 // \xff
		}
		switch {
		case col < pos.Col && r == '\t':
			b.WriteByte('\t')
		case col < pos.Col:
			b.WriteString(strings.Repeat(" ", w))
		case col < pos.End:
			width += w
		}
		col++
	}
	return b.String(), max(width, 1)
}

// calls shows what led to the mistake. That it is in main, and nothing more, need not be said.
func (p *printer) calls(calls []Frame) {
	if len(calls) < 2 {
		return
	}
	for i, f := range calls {
		text := "in " + f.Func
		if i+1 == len(calls) {
			if f.Func == toplevel {
				return
			}
		} else if at := p.place(calls[i+1].Pos); f.Func == toplevel {
			text = "loaded at " + at
		} else {
			text += ", called at " + at
		}
		p.out.WriteString("   ")
		p.paint(p.style.Dim, Escape(text))
		p.out.WriteByte('\n')
	}
}

// line prints text below the snippet.
func (p *printer) line(text string) {
	for l := range strings.SplitSeq(text, "\n") {
		p.out.WriteString("   " + Escape(l) + "\n")
	}
}

func (p *printer) place(pos Pos) string {
	if p.style.File != nil {
		pos.File = p.style.File(pos.File)
	}
	return Escape(pos.String())
}

func (p *printer) paint(color, text string) {
	if color == "" {
		p.out.WriteString(text)
		return
	}
	p.out.WriteString(color + text + p.style.Reset)
}

// Escape returns s as it may be sent to a terminal: control characters other than tabs, and those that change the
// direction of text, are written \x1b or \u202e, and bytes that are not UTF-8 as \xff.
func Escape(s string) string {
	if strings.IndexFunc(s, harmful) < 0 && !strings.ContainsRune(s, unicode.ReplacementChar) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == unicode.ReplacementChar && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case harmful(r):
			b.WriteString(escaped(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func harmful(r rune) bool {
	return r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

func escaped(r rune) string {
	if r < 0x100 {
		return fmt.Sprintf(`\x%02x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// Width is the number of columns that a text without control characters takes on a terminal.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth is the number of columns that a character takes on a terminal, after Escape. Wide are the blocks that Unicode
// Standard Annex 11 gives as wide in whole: the scripts of East Asia, and emoji.
func runeWidth(r rune) int {
	switch {
	case r < 0x20 || r >= 0x7f && r < 0xa0:
		if r == '\t' {
			return 1
		}
		return 4
	case r < 0x300:
		return 1
	case harmful(r):
		return 6
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	for _, block := range wide {
		if block[0] <= r && r <= block[1] {
			return 2
		}
	}
	return 1
}

var wide = [...][2]rune{
	{0x1100, 0x115f},   // Hangul Jamo
	{0x2e80, 0x303e},   // CJK radicals to punctuation
	{0x3041, 0x33ff},   // Kana, Bopomofo, CJK compatibility
	{0x3400, 0x4dbf},   // CJK extension A
	{0x4e00, 0xa4cf},   // CJK, Yi
	{0xac00, 0xd7a3},   // Hangul
	{0xf900, 0xfaff},   // CJK compatibility ideographs
	{0xfe30, 0xfe6f},   // CJK compatibility forms
	{0xff00, 0xff60},   // full-width forms
	{0xffe0, 0xffe6},   //
	{0x1f300, 0x1f64f}, // pictographs, emoticons
	{0x1f680, 0x1f6ff}, // transport
	{0x1f900, 0x1f9ff}, // more pictographs
	{0x20000, 0x3fffd}, // CJK extensions B on
}

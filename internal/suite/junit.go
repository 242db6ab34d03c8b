package suite

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// JUnit writes results as the XML that CI systems read: one test suite for each directory.
func JUnit(w io.Writer, results []Result) error {
	var b strings.Builder
	failures := 0
	var took time.Duration
	for i := range results {
		took += results[i].Took
		if !results[i].OK() {
			failures++
		}
	}
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	fmt.Fprintf(&b, "<testsuites name=\"starctl\" tests=\"%d\" failures=\"%d\" time=\"%.3f\">\n", len(results), failures, took.Seconds())
	for i := 0; i < len(results); {
		j := i
		for j < len(results) && results[j].Dir == results[i].Dir {
			j++
		}
		junitSuite(&b, results[i:j])
		i = j
	}
	b.WriteString("</testsuites>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func junitSuite(b *strings.Builder, results []Result) {
	failures := 0
	var took time.Duration
	for i := range results {
		took += results[i].Took
		if !results[i].OK() {
			failures++
		}
	}
	name := results[0].Dir.Name
	fmt.Fprintf(b, "  <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" time=\"%.3f\">\n", xmlText(name), len(results), failures, took.Seconds())
	for i := range results {
		r := &results[i]
		fmt.Fprintf(b, "    <testcase classname=\"%s\" name=\"%s\" time=\"%.3f\"", xmlText(name), xmlText(r.Name), r.Took.Seconds())
		if r.OK() {
			b.WriteString("/>\n")
			continue
		}
		text := r.Text()
		first, _, _ := strings.Cut(text, "\n")
		fmt.Fprintf(b, ">\n      <failure message=\"%s\">%s</failure>\n    </testcase>\n", xmlText(first), xmlText(text))
	}
	b.WriteString("  </testsuite>\n")
}

// Text is what failed, without colours.
func (r *Result) Text() string {
	var b strings.Builder
	for _, d := range r.Mistakes {
		fmt.Fprintf(&b, "%s\n", d.Error())
	}
	for _, f := range r.Failures {
		b.WriteString(f.Head())
		b.WriteByte('\n')
		for _, l := range f.Lines {
			fmt.Fprintf(&b, "  %c%s\n", l.Op, l.Text)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Head is a Failure in one line.
func (f *Failure) Head() string {
	s := f.What
	if f.Object != "" {
		s = f.Object
		if f.What != "" {
			s += ": " + f.What
		}
	}
	if f.At.IsValid() {
		s = f.At.String() + ": " + s
	}
	return s
}

// xmlText escapes what XML 1.0 gives a meaning, and replaces what it cannot hold.
func xmlText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\n':
			b.WriteString("&#xA;")
		case r == '\t':
			b.WriteString("&#x9;")
		case r < ' ' || r == 0xfffe || r == 0xffff:
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

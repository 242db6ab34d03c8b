package main

import (
	"fmt"
	"strings"
)

// docs is the file that package builtins holds: each entry below a line "=== NAME".
func docs(sections []section) string {
	var b strings.Builder
	for _, s := range sections {
		for _, e := range s.entries {
			fmt.Fprintf(&b, "=== %s\n%s\n\n%s\n", e.name, e.signature, plain(e.body))
		}
	}
	return b.String()
}

// plain is a comment's text for a terminal: what is indented by a tab is indented by four spaces, directly below "Args:".
func plain(body string) string {
	body = strings.ReplaceAll(body, "Args:\n\n", "Args:\n")
	return strings.ReplaceAll(strings.TrimSpace(body), "\t", "    ")
}

// reference is the page for people: the same in Markdown.
func reference(sections []section) string {
	var b strings.Builder
	b.WriteString(`# Reference

<!-- Written by go generate ./builtins from the comments of the builtins. Do not edit. -->

What a deploy file can call without loading anything. ` + "`starctl doc NAME`" + ` prints any of it, and the documentation of
every type and field of Kubernetes: ` + "`starctl doc k8s.core.v1.Container`" + `. The language itself is
[Starlark](https://github.com/google/starlark-go/blob/master/doc/spec.md).

`)
	for _, s := range sections {
		fmt.Fprintf(&b, "- [%s](#%s):", s.title, anchor(s.title))
		for i, e := range s.entries {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, " [`%s`](#%s)", e.name, anchor(e.name))
		}
		b.WriteByte('\n')
	}
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n", s.title)
		for _, e := range s.entries {
			fmt.Fprintf(&b, "\n### %s\n\n```python\n%s\n```\n\n%s\n", e.name, e.signature, strings.TrimSpace(markdown(e.body)))
		}
	}
	return b.String()
}

// anchor is what GitHub calls a heading in links.
func anchor(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '-':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}

// markdown turns the paragraphs of a comment into Markdown: what is indented is code, below "Args:" a list of arguments.
func markdown(body string) string {
	var b strings.Builder
	args := false
	for block := range strings.SplitSeq(strings.TrimSpace(body), "\n\n") {
		switch {
		case block == "Args:":
			args = true
			continue
		case strings.HasPrefix(block, "\t") && args:
			b.WriteString(arguments(block))
		case strings.HasPrefix(block, "\t"):
			fmt.Fprintf(&b, "```python\n%s\n```\n\n", strings.ReplaceAll(block[1:], "\n\t", "\n"))
			continue
		default:
			b.WriteString(text(block) + "\n\n")
			continue
		}
		args = false
	}
	return b.String()
}

// text keeps Markdown from reading marks in what is not in backquotes.
func text(s string) string {
	parts := strings.Split(s, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.NewReplacer("*", `\*`, "<", `\<`).Replace(parts[i])
	}
	return strings.Join(parts, "`")
}

// arguments turns lines "name: text", the others indented, into a list.
func arguments(block string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(block, "\n") {
		line = strings.TrimPrefix(line, "\t")
		name, rest, found := strings.Cut(line, ": ")
		if strings.HasPrefix(line, " ") || !found {
			fmt.Fprintf(&b, "  %s\n", text(strings.TrimSpace(line)))
			continue
		}
		fmt.Fprintf(&b, "- `%s`: %s\n", name, text(rest))
	}
	return b.String()
}

package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// help prints one screen: what the command does, examples, its arguments, its flags by group.
func help(c *cobra.Command) error {
	w := c.OutOrStdout()
	var b strings.Builder
	long := c.Long
	if long == "" {
		long = c.CommandPath() + ": " + c.Short
	}
	fmt.Fprintf(&b, "%s\n", long)
	if c.Example != "" {
		b.WriteByte('\n')
		for l := range strings.SplitSeq(c.Example, "\n") {
			fmt.Fprintf(&b, "  %s\n", l)
		}
	}
	if c.HasSubCommands() {
		commandList(&b, c)
	} else {
		fmt.Fprintf(&b, "\nUsage: %s %s\n", c.Parent().CommandPath(), c.Use)
	}
	flagGroups(&b, c)
	if !c.HasParent() {
		b.WriteString("\nMore on a command: starctl COMMAND -h; on a function or field: starctl doc NAME\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func commandList(b *strings.Builder, root *cobra.Command) {
	for _, g := range root.Groups() {
		fmt.Fprintf(b, "\n%s\n", g.Title)
		for _, c := range root.Commands() {
			if c.GroupID == g.ID && !c.Hidden {
				fmt.Fprintf(b, "  %-12s %s\n", c.Name(), c.Short)
			}
		}
	}
	fmt.Fprintf(b, "\nOther\n")
	for _, c := range root.Commands() {
		if c.GroupID == "" && !c.Hidden {
			fmt.Fprintf(b, "  %-12s %s\n", c.Name(), c.Short)
		}
	}
}

// groupKey is the annotation of a flag that holds the title of its group.
const groupKey = "group"

// group gives the flags that define adds a title in the help.
func group(fs *pflag.FlagSet, title string, define func(*pflag.FlagSet)) {
	part := pflag.NewFlagSet(title, pflag.ContinueOnError)
	part.SortFlags = false
	define(part)
	part.VisitAll(func(f *pflag.Flag) {
		f.Annotations = map[string][]string{groupKey: {title}}
		fs.AddFlag(f)
	})
}

func flagGroups(b *strings.Builder, c *cobra.Command) {
	var titles []string
	lines := map[string][]string{}
	add := func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		title := "Common"
		if a := f.Annotations[groupKey]; len(a) > 0 {
			title = a[0]
		}
		if lines[title] == nil {
			titles = append(titles, title)
		}
		lines[title] = append(lines[title], flagLine(f))
	}
	fs := c.LocalFlags()
	fs.SortFlags = false
	fs.VisitAll(add)
	in := c.InheritedFlags()
	in.SortFlags = false
	in.VisitAll(add)
	for _, t := range titles {
		fmt.Fprintf(b, "\n%s\n%s", t, strings.Join(lines[t], ""))
	}
}

func flagLine(f *pflag.Flag) string {
	value, usage := pflag.UnquoteUsage(f)
	name := "--" + f.Name
	switch {
	case f.Shorthand != "" && len(f.Name) == 1:
		name = "-" + f.Shorthand
	case f.Shorthand != "":
		name = "-" + f.Shorthand + ", " + name
	}
	if value != "" && f.Value.Type() != "bool" {
		name += " " + value
	}
	return fmt.Sprintf("  %-27s %s\n", name, usage)
}

package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/builtins"
	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
)

func docCommand(u *ui) *cobra.Command {
	c := &cobra.Command{
		Use:     "doc [NAME]",
		Short:   "explain a builtin, a keyword, or a field of the Kubernetes API",
		GroupID: "look",
		Example: `starctl doc deployment                    a builtin
starctl doc deployment.image_pull_policy  one of its keywords
starctl doc Deployment.spec.strategy      a field of the API
starctl doc k8s.core.v1.Container         a type of the API`,
		Args: atMostOne,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return docIndex(u)
			}
			return docName(u, args[0])
		},
	}
	c.ValidArgsFunction = func(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
		names := slices.DeleteFunc(builtins.DocNames(), func(s string) bool { return !strings.HasPrefix(s, prefix) })
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	return c
}

// docIndex lists every builtin with its first sentence.
func docIndex(u *ui) error {
	for _, name := range builtins.DocNames() {
		if strings.Contains(name, ".") && !strings.HasPrefix(name, "envoy.") {
			continue
		}
		text, _ := builtins.Doc(name)
		u.printf("%-28s %s\n", name, firstSentence(text))
	}
	u.printf("\nMore: starctl doc NAME, starctl doc Deployment.spec, starctl doc k8s.core.v1.Container.image\n")
	return nil
}

// firstSentence is the beginning of what stands below a signature.
func firstSentence(text string) string {
	_, body, _ := strings.Cut(text, "\n\n")
	body = strings.Join(strings.Fields(strings.SplitN(body, "\n\n", 2)[0]), " ")
	for _, end := range []string{". ", ": ", ":"} {
		if first, _, ok := strings.Cut(body, end); ok {
			body = first
		}
	}
	return strings.TrimSuffix(body, ".")
}

func docName(u *ui, name string) error {
	if text, ok := builtins.Doc(name); ok {
		u.printf("%s%s", text, members(name))
		if name == "k8s" {
			docFields(u, schema.Kubernetes())
		}
		return nil
	}
	if i := strings.LastIndexByte(name, '.'); i > 0 && !strings.HasPrefix(name, "k8s.") {
		if text, ok := builtins.Doc(name[:i]); ok {
			return docKeyword(u, name[:i], name[i+1:], text)
		}
	}
	return docField(u, name)
}

// members lists what a module holds.
func members(name string) string {
	var list []string
	for _, n := range builtins.DocNames() {
		if m, ok := strings.CutPrefix(n, name+"."); ok && name != "k8s" {
			text, _ := builtins.Doc(n)
			list = append(list, fmt.Sprintf("    %-20s %s\n", m, firstSentence(text)))
		}
	}
	if list == nil {
		return ""
	}
	return "\nMembers:\n" + strings.Join(list, "")
}

// docKeyword explains one keyword: what the builtin says of it, and the API of the field that it sets.
func docKeyword(u *ui, form, keyword, text string) error {
	own := argument(text, keyword)
	typ, field, ok := builtins.KeywordField(form, keyword)
	if own == "" && !ok {
		d := diag.Diagnostic{Message: fmt.Sprintf("%s has no keyword %s", form, keyword), Help: []string{"all of them: starctl doc " + form}}
		candidates := builtins.Keywords(form)
		for _, n := range builtins.DocNames() {
			if m, ok := strings.CutPrefix(n, form+"."); ok {
				candidates = append(candidates, m)
			}
		}
		if near := diag.Nearest(keyword, candidates); near != "" {
			d.Suggest, d.Help = form+"."+near, nil
		}
		return d
	}
	u.printf("%s(%s = ...)\n", form, keyword)
	if own != "" {
		u.printf("\n%s\n", own)
	}
	if ok {
		o := schema.Lookup(typ)
		f := &o.Fields[o.Field(field)]
		u.printf("\nk8s.%s.%s: %s\n%s", typ, field, typeText(f), paragraph(schema.Doc(typ, field)))
	}
	return nil
}

// argument is what a documentation's Args say of one.
func argument(text, name string) string {
	_, args, ok := strings.Cut(text, "\nArgs:\n")
	if !ok {
		return ""
	}
	var out []string
	in := false
	for line := range strings.Lines(args) {
		line = strings.TrimSuffix(line, "\n")
		head, rest, isHead := strings.Cut(strings.TrimPrefix(line, "    "), ": ")
		if isHead && !strings.HasPrefix(line, "     ") && !strings.Contains(strings.ReplaceAll(head, ", ", ""), " ") {
			in = slices.Contains(strings.Split(head, ", "), name)
			if in {
				out = append(out, rest)
			}
			continue
		}
		if in {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return strings.Join(out, "\n")
}

// docField explains a type of the API, or a field of one: Deployment.spec.strategy, k8s.core.v1.Container.image.
func docField(u *ui, name string) error {
	steps := strings.Split(strings.TrimPrefix(cutBrackets(name), "k8s."), ".")
	if o, rest := module(steps); o != nil && len(rest) == 0 {
		return docModule(u, strings.Join(steps, "."), o)
	}
	o, rest := typeOf(steps)
	if o == nil {
		return unknownName(name)
	}
	var of *schema.Object
	var f *schema.Field
	for _, s := range rest {
		if o == nil {
			return diag.Diagnostic{Message: fmt.Sprintf("%s: %s has no fields, it holds a value: %s", name, f.Name(), f.Type)}
		}
		i := o.Field(s)
		if i < 0 {
			return noField(o, s)
		}
		of, f = o, &o.Fields[i]
		o = objectOf(f.Type)
	}
	if f == nil {
		u.printf("k8s.%s\n%s", o.Name, paragraph(schema.Doc(o.Name, "")))
		docFields(u, o)
		return nil
	}
	u.printf("k8s.%s.%s: %s\n%s", of.Name, f.Name(), typeText(f), paragraph(schema.Doc(of.Name, f.Name())))
	if o != nil {
		docFields(u, o)
	}
	return nil
}

// cutBrackets removes the keys of a path: containers["app"].image is containers.image.
func cutBrackets(s string) string {
	for {
		i := strings.IndexByte(s, '[')
		j := strings.IndexByte(s, ']')
		if i < 0 || j < i {
			return s
		}
		s = s[:i] + s[j+1:]
	}
}

// module follows groups and versions.
func module(steps []string) (*schema.Object, []string) {
	o := schema.Kubernetes()
	for i, s := range steps {
		if s == "k8s" && i == 0 {
			continue
		}
		f := o.Field(s)
		if f < 0 || o.Fields[f].Type.Kind != schema.Module {
			if i == 0 {
				return nil, steps
			}
			return o, steps[i:]
		}
		o = o.Fields[f].Type.Object()
	}
	return o, nil
}

// typeOf finds the type that a path begins with, by its full name or by its own name in the most stable version.
func typeOf(steps []string) (*schema.Object, []string) {
	if m, rest := module(steps); m != nil && len(rest) > 0 {
		if o := schema.Lookup(strings.Join(steps[:len(steps)-len(rest)+1], ".")); o != nil {
			return o, rest[1:]
		}
		return nil, nil
	}
	homes := schema.Homes(steps[0])
	if len(homes) == 0 {
		return nil, nil
	}
	return schema.Lookup(homes[0] + "." + steps[0]), steps[1:]
}

// objectOf is what has fields in a type: the type itself, or the items of a list or dict.
func objectOf(t *schema.Type) *schema.Object {
	for t.Kind == schema.List || t.Kind == schema.Map {
		t = t.Elem
	}
	if t.Kind != schema.Obj {
		return nil
	}
	return t.Object()
}

func typeText(f *schema.Field) string {
	s := f.Type.String()
	if f.Type.Max != 0 {
		s += ", " + f.Type.Range()
	}
	if list := slices.DeleteFunc(slices.Clone(f.Type.Values), func(v string) bool { return v == "" }); len(list) > 0 {
		s += ", one of " + strings.Join(list, ", ")
	}
	if f.Type.Keys != "" {
		s += " by " + f.Type.Keys
	}
	if f.Required {
		s += ", required"
	}
	return s
}

func docFields(u *ui, o *schema.Object) {
	if o == schema.Kubernetes() {
		u.printf("\nGroups:\n")
		for i := range o.Fields {
			u.printf("    %s\n", o.Fields[i].Name())
		}
		return
	}
	u.printf("\nFields of %s:\n", o.Short())
	for i := range o.Fields {
		f := &o.Fields[i]
		u.printf("    %s: %s\n", f.Name(), typeText(f))
		if s := firstLine(schema.Doc(o.Name, f.Name())); s != "" {
			u.printf("        %s\n", s)
		}
	}
}

func firstLine(doc string) string {
	doc, _, _ = strings.Cut(doc, "\n")
	if first, _, ok := strings.Cut(doc, ". "); ok {
		doc = first
	}
	return strings.TrimSuffix(doc, ".")
}

// paragraph wraps documentation for a terminal.
func paragraph(doc string) string {
	if doc == "" {
		return ""
	}
	const width = 100
	var b strings.Builder
	b.WriteByte('\n')
	for line := range strings.SplitSeq(doc, "\n") {
		col := 0
		for _, w := range strings.Fields(line) {
			if col > 0 && col+1+len(w) > width {
				b.WriteByte('\n')
				col = 0
			}
			if col > 0 {
				b.WriteByte(' ')
				col++
			}
			b.WriteString(w)
			col += len(w)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func docModule(u *ui, name string, o *schema.Object) error {
	if name != "k8s" {
		name = "k8s." + name
	}
	u.printf("%s\n\n", name)
	for i := range o.Fields {
		f := &o.Fields[i]
		text := ""
		if f.Type.Kind != schema.Module {
			text = firstLine(schema.Doc(f.Type.Object().Name, ""))
		}
		u.printf("%s\n", strings.TrimRight(fmt.Sprintf("    %-40s %s", f.Name(), text), " "))
	}
	return nil
}

func noField(o *schema.Object, field string) error {
	var fields []string
	for i := range o.Fields {
		fields = append(fields, o.Fields[i].Name())
	}
	d := diag.Diagnostic{Message: fmt.Sprintf("%s has no field %s", o.Short(), field), Suggest: diag.Nearest(field, fields)}
	if d.Suggest == "" {
		d.Help = []string{"all of them: starctl doc k8s." + o.Name}
	}
	return d
}

func unknownName(name string) error {
	candidates := builtins.DocNames()
	groups := schema.Kubernetes()
	for i := range groups.Fields {
		versions := groups.Fields[i].Type.Object()
		for j := range versions.Fields {
			kinds := versions.Fields[j].Type.Object()
			for k := range kinds.Fields {
				candidates = append(candidates, kinds.Fields[k].Name(), "k8s."+kinds.Name+"."+kinds.Fields[k].Name())
			}
		}
	}
	return diag.Diagnostic{
		Message: fmt.Sprintf("nothing is called %q", name), Suggest: diag.Nearest(name, candidates), Help: []string{"all builtins: starctl doc"},
	}
}

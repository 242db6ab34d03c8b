package builtins

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestComments holds that the comment of every short form names all its keywords: of a workload all that are not simply
// fields, of anything else all.
func TestComments(t *testing.T) {
	comments := builtinComments(t)
	for _, f := range []*workloadForm{deploymentForm(), statefulSetForm(), daemonSetForm(), jobForm(), cronJobForm()} {
		checkComment(t, f.form, comments[f.name], func(k keyword) bool { return k.field == "" })
	}
	for _, f := range []*form{
		serviceForm(), configMapForm(), secretForm(), serviceAccountForm(), ingressForm(), horizontalPodAutoscalerForm(),
		podDisruptionBudgetForm(), networkPolicyForm(), namespaceForm(), roleForm(), roleBindingForm(), clusterRoleForm(),
		clusterRoleBindingForm(), persistentVolumeClaimForm(), secretKeyForm(), configKeyForm(), fieldForm(), resourceFieldForm(),
		resourcesForm(), portForm(), httpGetForm(), grpcForm(), tcpForm(), execForm(), configVolumeForm(), secretVolumeForm(),
		emptyDirForm(), claimForm(), claimTemplateForm(), hostPathForm(), ruleForm(), subjectForm(), externalForm(),
	} {
		whole := strings.Contains(comments[f.name], "is a keyword") // Every field of ServiceSpec is a keyword
		checkComment(t, f, comments[f.name], func(k keyword) bool { return k.field == "" || !whole })
	}
}

func checkComment(t *testing.T, f *form, comment string, wanted func(keyword) bool) {
	if comment == "" {
		t.Errorf("%s has no comment that begins with %s(", f.name, f.name)
		return
	}
	for name, k := range f.keywords {
		if wanted(k) && !regexp.MustCompile(`\b`+name+`\b`).MatchString(comment) {
			t.Errorf("the comment of %s does not name %s", f.name, name)
		}
	}
}

// builtinComments returns the comments that begin with the signature of a builtin, by its name.
func builtinComments(t *testing.T) map[string]string {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	signature := regexp.MustCompile(`^([a-z0-9_.]+)\(`)
	comments := map[string]string{}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Doc != nil {
				if m := signature.FindStringSubmatch(fn.Doc.Text()); m != nil {
					comments[m[1]] = fn.Doc.Text()
				}
			}
		}
	}
	return comments
}

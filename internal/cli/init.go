package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/starlark/diag"
)

func initCommand(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:     "init [DIR]",
		Short:   "write a small project that renders and passes its tests",
		GroupID: "write",
		Example: `starctl init shop
cd shop && starctl render && starctl test`,
		Args: atMostOne,
		RunE: func(c *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			return runInit(c.Context(), u, dir)
		},
	}
}

// runInit writes the project; it asks nothing and replaces nothing.
func runInit(ctx context.Context, u *ui, dir string) (err error) {
	at := u.at(dir)
	files := initFiles(initName(at))
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(at, f.name)); err == nil {
			return diag.Diagnostic{
				Message: fmt.Sprintf("%s is there already", u.path(filepath.Join(at, f.name))),
				Help:    []string{"nothing was written; choose another directory: starctl init DIR"},
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	made, err := makeDirs(at)
	_, golden := os.Lstat(filepath.Join(at, "golden"))
	defer func() {
		if err == nil {
			return
		}
		for _, f := range files {
			_ = os.Remove(filepath.Join(at, f.name))
		}
		if errors.Is(golden, fs.ErrNotExist) {
			_ = os.RemoveAll(filepath.Join(at, "golden"))
		}
		removeDirs(made)
	}()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(at, f.name), f.data, 0o666); err != nil {
			return err
		}
	}
	if err := updateGolden(ctx, u, at); err != nil {
		return err
	}
	u.note("wrote %s: starctl.star, deploy.star, deploy_test.star and golden/", u.path(at))
	u.note("next:")
	if where := u.path(at); where != "." {
		u.note("  cd %s", shellQuote(where))
	}
	u.note("  starctl render --target dev")
	u.note("  starctl test")
	u.note("  starctl doc deployment")
	return nil
}

// initName makes a project's name of a directory's.
func initName(dir string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(filepath.Base(dir)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0:
			b.WriteByte('-')
		}
	}
	name := b.String()
	name = strings.Trim(name[:min(len(name), 40)], "-")
	if name == "" || name[0] < 'a' {
		return "my-app"
	}
	return name
}

// shellQuote quotes a word for a shell where it must be.
func shellQuote(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./,:@%+=", r))
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func initFiles(name string) []outFile {
	fill := func(s string) []byte { return []byte(strings.ReplaceAll(s, "NAME", name)) }
	return []outFile{
		{"starctl.star", fill(initProject)},
		{"deploy.star", fill(initDeploy)},
		{"deploy_test.star", fill(initTest)},
	}
}

const initProject = `"""The places that NAME is deployed to."""

project(name = "NAME")

target("dev", context = "kind-dev", namespace = "NAME", protect = False)

target("prod", context = "prod", namespace = "NAME", inputs = {"replicas": 3})
`

const initDeploy = `"""NAME: a gRPC service that calls another one, payments, through an Envoy sidecar."""

def main(ctx, *, tag = "v1", replicas = 1):
    """Declares NAME.

    Args:
      tag: of the image.
      replicas: how many Pods.
    """
    app = deployment(
        "NAME",
        image = "example.com/NAME:" + tag,
        replicas = replicas,
        ports = {"grpc": 8080},
        resources = resources(cpu = "100m", memory = "128Mi", memory_limit = "256Mi"),
        readiness = grpc("grpc"),
    )

    # The application finds payments at $PAYMENTS_ADDR, which is the sidecar.
    envoy.configure_sidecar(app, env = {"PAYMENTS_ADDR": "{payments}"})

    return [
        app,
        envoy.headless_service(app),
        envoy.config_map("NAME", envoy.upstream("payments", port = 8080)),
        pod_disruption_budget("NAME", workload = app, max_unavailable = 1),
    ]
`

const initTest = `"""What must hold of NAME, whatever else changes: starctl test"""

def test_production_survives_the_loss_of_a_pod(t):
    app = t.render("//deploy.star", target = "prod").get("Deployment", "NAME")
    t.true(app.spec.replicas > 1)

def test_payments_is_called_through_the_sidecar(t):
    app = t.render("//deploy.star", target = "dev").get("Deployment", "NAME")
    env = {e.name: e.value for e in app.spec.template.spec.containers[0].env}
    t.equal(env["PAYMENTS_ADDR"], "127.0.0.1:10001")

def test_a_tag_is_a_string(t):
    t.fails(lambda: t.render("//deploy.star", target = "dev", set = {"tag": 1}), "got int, want string")
`

package main

import (
	"fmt"
	"strings"

	"github.com/starctl/starctl"
)

// checks is the page about what is checked.
func checks() string {
	var b strings.Builder
	b.WriteString(checksHead)
	b.WriteString("| name | | what it finds |\n| --- | --- | --- |\n")
	for _, c := range starctl.Checks() {
		level := "**error**"
		if c.Warning {
			level = "warning"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, level, inCell(c.Doc))
	}
	return b.String()
}

// inCell is a text that a table can hold.
func inCell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

const checksHead = `# Checks

<!-- Written by go generate ./builtins from the tables of the checks. Do not edit. -->

` + "`starctl render`" + `, ` + "`test`" + ` and ` + "`vet`" + ` look at what a file declares as a whole: objects that do not fit together are found before
a cluster sees them. Values are checked where they are set; that needs no names and cannot be silenced. All other checks have
a name, which stands in brackets behind their messages.

- An **error** is what the API server refuses, or what cannot work. Nothing is rendered.
- A **warning** is what Kubernetes accepts and is probably not meant. ` + "`starctl vet --strict`" + ` counts warnings as errors.

What is checked depends on the release that a target's cluster runs, which ` + "`kubernetes`" + ` in its ` + "`target(...)`" + ` says (by default
1.33): API versions that went or are not there yet, names that were refused once.

## An example

` + "```python deploy.star" + `
def main(ctx):
    app = deployment("web", image = "web:v1", ports = {"http": 8080}, replicas = 3,
                     env = {"PASSWORD": secret_key("database", "password")})
    return [
        app,
        service("web", workload = app, ports = {"http": 80}),
        horizontal_pod_autoscaler(workload = app, min = 2, max = 5, cpu = 70),
    ]
` + "```" + `

` + "```console" + `
$ starctl vet
deploy.star:2:71: warning: Deployment web: spec.replicas: a HorizontalPodAutoscaler scales this: each apply would set back what it chose [scaled-replicas]
    2 |     app = deployment("web", image = "web:v1", ports = {"http": 8080}, replicas = 3,
      |                                                                       ^^^^^^^^
   leave replicas out, the autoscaler begins with minReplicas
   deploy.star:7:9: scaled here
deploy.star:3:52: warning: Deployment web: spec.template.spec.containers["web"].env["PASSWORD"].valueFrom.secretKeyRef.name: the set declares no Secret "database" [reference]
    3 |                      env = {"PASSWORD": secret_key("database", "password")})
      |                                                    ^^^^^^^^^^
   if someone else declares it, say so with vet.external
deploy.star:7:9: warning: HorizontalPodAutoscaler web: spec.metrics[0]: utilization of cpu is a share of what is requested, and the container "web" requests none [scale-request]
    7 |         horizontal_pod_autoscaler(workload = app, min = 2, max = 5, cpu = 70),
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^
   deploy.star:2:11: scaled here
` + "```" + `

## To accept what a check finds

If somebody else declares what is referred to, say so where it is named; the name is handed on:

` + "```python" + `
env = {"PASSWORD": secret_key(vet.external("database"), "password")}
` + "```" + `

Anything else is silenced for one object, or with ` + "`None`" + ` for all objects of the file, and always with a reason:

` + "```python" + `
vet.silence(app, "scaled-replicas", reason = "the autoscaler is off in this cluster")
` + "```" + `

## All checks

` + "`starctl vet --list`" + ` prints them too.

`

package link

import (
	asked "github.com/starctl/starctl/builtins/envoy"
	"github.com/starctl/starctl/starlark/diag"
)

// readDefaults reads what the project says for all sidecars. Its mistakes are the project file's.
func (l *linker) readDefaults() {
	if l.Defaults.Envoy == nil || l.Defaults.Envoy.Len() == 0 {
		return
	}
	run := newRun()
	l.defaults = asked.NewDefaults(run, l.Defaults.Envoy)
	call := diag.Frame{Func: "<toplevel>", Pos: l.Defaults.Pos}
	if call.Pos.End > 0 {
		call.Pos.Col = call.Pos.End // the parenthesis behind the name, as frames have it
	}
	l.reported(run, diag.Place{Frames: []diag.Frame{call}, Names: []string{"envoy"}})
}

package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/envoy"
)

func versionCommand(u *ui) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version [--json]",
		Short: "version, commit, and the Kubernetes and Envoy that the tables are of",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := readVersion()
			if asJSON {
				e := json.NewEncoder(u.out)
				e.SetIndent("", "  ")
				return e.Encode(v)
			}
			_, err := fmt.Fprintf(u.out, "starctl %s\nkubernetes %s\nenvoy %s\n%s %s/%s\n", v.line(), v.Kubernetes, v.Envoy, v.Go, v.OS, v.Arch)
			return err
		},
	}
	group(c.Flags(), "Output", func(fs *pflagSet) { fs.BoolVar(&asJSON, "json", false, "as JSON") })
	return c
}

type version struct {
	Version    string `json:"version"`
	Commit     string `json:"commit,omitempty"`
	Modified   bool   `json:"modified,omitempty"`
	Kubernetes string `json:"kubernetes"`
	Envoy      string `json:"envoy"`
	Go         string `json:"go"`
	OS         string `json:"os"`
	Arch       string `json:"arch"`
}

func readVersion() version {
	v := version{
		Version: starctl.Version, Kubernetes: starctl.KubernetesVersion, Envoy: envoy.EnvoyVersion,
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func (v version) line() string {
	s := v.Version
	if v.Commit != "" {
		s += " (" + v.Commit
		if v.Modified {
			s += ", modified"
		}
		s += ")"
	}
	return s
}

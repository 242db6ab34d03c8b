package diag

import "testing"

func TestNearest(t *testing.T) {
	fields := []string{"image", "imagePullPolicy", "ports", "port", "env", "envFrom", "args", "command", "replicas", "name", "tag"}
	tests := []struct {
		name       string
		candidates []string
		want       string
	}{
		{"prots", fields, "ports"},
		{"image_pull_polcy", fields, "imagePullPolicy"},
		{"imagepullpolicy", fields, "imagePullPolicy"},
		{"Image", fields, "image"},
		{"replica", fields, "replicas"},
		{"rpelicas", fields, "replicas"},
		{"evn", fields, "env"},
		{"tga", fields, "tag"},
		{"nmae", fields, "name"},
		{"env_form", fields, "envFrom"},
		{"image", fields, ""}, // exists
		{"x", fields, ""},
		{"q", []string{"d"}, ""},
		{"zz", []string{"ab"}, ""},
		{"volumes", fields, ""},
		{"commandline", fields, "command"},
		{"prod", []string{"prod-us", "dev"}, "prod-us"},
		{"prd-us", []string{"prod-eu", "prod-us"}, "prod-us"},
		{"grcp", []string{"grpc", "http", "tcp"}, "grpc"},
		{"HTTP3", []string{"http2", "http1"}, "http1"}, // by name where nothing else decides
		{"", fields, ""},
		{"größe", []string{"grösse", "groesse"}, ""},
		{"über", []string{"uber"}, "uber"},
	}
	for _, tt := range tests {
		if got := Nearest(tt.name, tt.candidates); got != tt.want {
			t.Errorf("Nearest(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

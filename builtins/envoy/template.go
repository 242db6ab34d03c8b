package envoy

import (
	"fmt"
	"strings"

	"github.com/starctl/starctl/builtins/typed"
)

// Text is a template taken apart: literals, and places for the addresses of upstreams.
type Text []Part

// Part is a literal, or a place.
type Part struct {
	Literal  string
	IsPlace  bool
	Upstream string // "" is the shared listener, or the only upstream
	Half     string // "host", "port", or "" for both
}

// parseText takes "http://{payments.host}:{payments.port}/" apart.
func parseText(s string) (Text, error) {
	var t Text
	literal := ""
	for {
		before, rest, found := strings.Cut(s, "{")
		literal += before
		if !found {
			break
		}
		if strings.HasPrefix(rest, "{") {
			literal += "{"
			s = rest[1:]
			continue
		}
		inner, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, &typed.Error{Err: fmt.Errorf("got %q, where } is missing", "{"+rest), Help: []string{"a brace that is meant is written {{"}}
		}
		if literal != "" {
			t, literal = append(t, Part{Literal: literal}), ""
		}
		p, err := place(inner)
		if err != nil {
			return nil, err
		}
		t, s = append(t, p), after
	}
	if literal != "" {
		t = append(t, Part{Literal: literal})
	}
	return t, nil
}

// place reads what stands between braces: name, name.host, name.port, or nothing.
func place(s string) (Part, error) {
	name, half, dotted := strings.Cut(s, ".")
	switch {
	case dotted && half != "host" && half != "port":
		return Part{}, &typed.Error{
			Err:     fmt.Errorf("got {%s}, want {%s}, {%s.host} or {%s.port}", s, name, name, name),
			Suggest: suggestHalf(name, half),
		}
	case strings.ContainsAny(name, " \t\n\"',:/$"):
		return Part{}, &typed.Error{Err: fmt.Errorf("got {%s}, want the name of an upstream in braces", s), Help: []string{"a brace that is meant is written {{"}}
	}
	return Part{IsPlace: true, Upstream: name, Half: half}, nil
}

func suggestHalf(name, half string) string {
	switch half {
	case "address", "addr", "hostport", "":
		return "{" + name + "}"
	case "hostname", "ip":
		return "{" + name + ".host}"
	}
	return ""
}

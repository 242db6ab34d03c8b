package schema

import (
	"bytes"
	"compress/flate"
	_ "embed"
	"io"
	"strings"
	"sync"
)

//go:embed docs.flate
var docs string

// unpacked is the documentation of Kubernetes' own types: a sorted line each, "core.v1.Container.image text", with 0x01 for
// line breaks. Unpacking it takes some 10 ms, which only those pay who ask.
var unpacked = sync.OnceValue(func() []byte {
	b, err := io.ReadAll(flate.NewReader(strings.NewReader(docs)))
	if err != nil {
		panic(err) // the file is part of the program
	}
	return b
})

// Doc returns Kubernetes' own documentation of a type, such as "core.v1.Container", or of a field of it; "" if there is
// none.
func Doc(name, field string) string {
	if field != "" {
		name += "." + field
	}
	line := append(append([]byte{'\n'}, name...), ' ')
	all := unpacked()
	i := bytes.Index(all, line)
	if i < 0 {
		if !bytes.HasPrefix(all, line[1:]) {
			return ""
		}
		i = -1
	}
	text := all[i+len(line):]
	if end := bytes.IndexByte(text, '\n'); end >= 0 {
		text = text[:end]
	}
	return strings.ReplaceAll(string(text), "\x01", "\n")
}

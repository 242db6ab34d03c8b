package encode

import (
	"testing"

	"github.com/starctl/starctl/kube"
)

// What no reader mistakes is not quoted: the judges find what should be, this test what should not.
func TestPlain(t *testing.T) {
	for _, s := range []string{
		"a", "/ready", "100m", "256Mi", "1h30m", "10s", "5d", "3f2a1b9c", "a:b", "a#b", "a b", "a, b", "registry/x:1.2", "v1.31.0", "10.0.0.0/8", "none", "yesterday", "nothing", "-c",
		"--flag=x", "$(POD_IP)", "(a)", "~/x", "=a", "<a>", "a=b", "a'b", `a"b`, "a{b}", "a[0]", "a|b", "a?", "a!", "a*", "a&b", "a%", "a@b", "a\\b", "^a$", ";", "fe80::1", "2001:db8::1",
		"2001-01-01-release", "e3a", "é", "日本語", "a😀", "0xfg", "1.2.x", ".a", "./a", "..a", "+a", "-1a", "inf", "nan", "None", "apps/v1",
	} {
		if got := string(key(nil, s)); got != s {
			t.Errorf("%q is written as %s", s, got)
		}
	}
	for _, s := range nasty {
		if got := string(key(nil, s)); got == s && !readsAs(s) {
			t.Errorf("%q is plain", s)
		}
	}
}

func readsAs(s string) bool {
	for _, j := range judges {
		var got any
		if j.read([]byte(s), &got) != nil || got != s {
			return false
		}
	}
	return true
}

func TestBlocks(t *testing.T) {
	for _, c := range []struct{ s, want string }{
		{"a\nb", "|-\n  a\n  b"},
		{"a\nb\n", "|\n  a\n  b"},
		{"a\n\n\n", "|+\n  a\n\n"},
		{"\n a\n\tb\n", "|2\n\n   a\n  \tb"},
		{"\ta\nb", "|2-\n  \ta\n  b"},
		{"a \n \n b\n", "|\n  a \n   \n   b"},
		{"# a\n---\n", "|\n  # a\n  ---"},
		{"é\n😀\u200d😀\u00a0\n", "|\n  é\n  😀\u200d😀\u00a0"},
		{"a\r\nb\n", `"a\r\nb\n"`},
		{"a\n b ", `"a\n b "`},
		{"\n\n", `"\n\n"`},
		{" a\n\n", `" a\n\n"`},
		{"a\n\u0085", `"a\n\u0085"`},
		{"a\n\u202eb", `"a\n\u202eb"`},
		{"a\n\ufeff", `"a\n\ufeff"`},
		{"a\n\x00\U000e0001", `"a\n\u0000\U000e0001"`},
		{"a\n\xff", `"a\n\ufffd"`},
	} {
		if got := string(str(nil, c.s, 0)); got != c.want {
			t.Errorf("%q is written as\n%s\nwant\n%s", c.s, got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		n    kube.Node
		want string
	}{
		{kube.OfFloat(1), "1.0"},
		{kube.OfFloat(-0.5), "-0.5"},
		{kube.OfFloat(1e20), "100000000000000000000.0"},
		{kube.OfFloat(1e21), "1.0e+21"},
		{kube.OfFloat(1.5e-9), "1.5e-09"},
		{kube.OfFloat(5e-324), "5.0e-324"},
		{kube.OfInt(-1 << 63), "-9223372036854775808"},
		{kube.OfBig("18446744073709551615"), "18446744073709551615"},
		{kube.OfBig("18446744073709551616"), "18446744073709551616"},
	} {
		if got := string(AppendYAML(nil, c.n)); got != c.want+"\n" {
			t.Errorf("got %swant %s", got, c.want)
		}
		if c.want != "18446744073709551616" { // beyond 64 bits, goccy/go-yaml reads a string
			judge(t, kube.OfList(kube.Elems{c.n}))
		}
	}
}

package golden

import (
	"os"
	"path/filepath"
	"testing"
)

// Test is run on a project that holds: what it says of one that does not is in package suite's tests.
func TestTest(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"starctl.star":          "project(name = \"shop\")\ntarget(\"dev\", namespace = \"shop\")\n",
		"a/deploy.star":         "def main(ctx):\n    return config_map(\"a\", data = {\"b\": \"c\"})\n",
		"a/a_test.star":         "def test_a(t):\n    t.equal(len(t.render(\"./deploy.star\").objects), 1)\n",
		"a/golden/dev.yaml":     "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: shop\ndata:\n  b: c\n",
		".hidden/b/deploy.star": "fail(\"never\")\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	Test(t, dir)
}

package builtins

import "testing"

func TestNamesAreUnique(t *testing.T) {
	env := Predeclared()
	if got, want := len(env), len(Names()); got != want {
		t.Errorf("%d names in the table, %d of them different", want, got)
	}
	for _, b := range Table() {
		if env[b.Name] == nil {
			t.Errorf("%s is not predeclared", b.Name)
		}
	}
}

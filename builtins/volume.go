package builtins

import (
	"fmt"
	"hash/fnv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
)

// volume is what config_volume, empty_dir and their like return: what a workload mounts somewhere. Its form has as
// sections the Volume, the Volume's source, and the VolumeMount.
type volume struct {
	kind   string        // begins the names of such volumes
	name   string        // what the volume holds: of an object, or a path; "" if only the place it is mounted at tells
	field  string        // of Volume
	source *typed.Record // in that field
	mount  *typed.Record // options of the mount; nil if there are none
	claim  *typed.Record // a claim_template's PersistentVolumeClaim; there is no source then
	own    bool          // two of the same source are two volumes
}

func (v *volume) String() string        { return v.field + " volume" }
func (v *volume) Type() string          { return "volume" }
func (v *volume) Truth() starlark.Bool  { return true }
func (v *volume) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: volume") }

// Freeze freezes what the volume holds.
func (v *volume) Freeze() {
	for _, r := range []*typed.Record{v.source, v.mount, v.claim} {
		if r != nil {
			r.Freeze()
		}
	}
}

// The sections of a volume's form.
const (
	theSource = iota
	theMount
)

// newVolumeForm starts the form of a volume with a source of a type. The fields of VolumeMount are keywords of all volumes.
func newVolumeForm(name, source string, required int, positional ...string) *form {
	f := newForm(name, source, required, positional...)
	f.sections = append(f.sections, section{typ: types().volumeMount, parent: -1, room: 2})
	return f.shape(theSource, "name").fields(theMount, "mount_", "mountPath", "name")
}

// volume returns what the call has read.
func (c *call) volume(kind, field string, name starlark.String) *volume {
	v := &volume{kind: kind, name: string(name), field: field, source: c.records[theSource], mount: c.records[theMount]}
	if given := c.text("name"); given != "" {
		v.kind, v.name = "", given
	}
	return v
}

// mounts mounts volumes into the application's container.
type mounts struct {
	*workload
	volumes []mounted
}

// mounted is a volume of the Pod.
type mounted struct {
	name string
	path string // where it is mounted first
	of   *volume
}

// volumes mounts what a dict says: path to volume.
func (w *workload) volumes(v starlark.Value) {
	items, ok := pairs(v)
	if !ok {
		w.mistake(w.form.podSpec, kube.Fields("volumes"),
			fmt.Errorf(`got %s, want a dict such as {"/etc/app": config_volume("app")}`, kindOf(v)), "volumes")
		return
	}
	m := &mounts{workload: w}
	list := make(starlark.Tuple, 0, size(v))
	for k, v := range items {
		if v == starlark.None {
			continue
		}
		path, ok := k.(starlark.String)
		if !ok || !absolute(string(path)) {
			m.unmounted(string(path), fmt.Errorf("got %s, want the absolute path to mount it at", k))
			continue
		}
		if x := m.mount(string(path), k, v); x != nil {
			list = append(list, x)
		}
	}
	put(w.record(w.form.container), "volumeMounts", list)
	m.podVolumes()
}

// absolute reports whether path is absolute, on Linux or Windows.
func absolute(path string) bool {
	return strings.HasPrefix(path, "/") || len(path) > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/')
}

// mount makes a VolumeMount and sees to its volume.
func (m *mounts) mount(path string, k, v starlark.Value) *typed.Record {
	vol, err := m.volumeOf(v)
	if err != nil {
		if name, raw := rawName(v, path); raw {
			m.mistake(m.form.podSpec, kube.Path{kube.Field("volumes"), kube.Item(0, name)}, err, "volumes", path)
		} else {
			m.unmounted(path, err)
		}
		return nil
	}
	name, err := m.place(vol, path)
	if err != nil {
		m.unmounted(path, err)
		return nil
	}
	x := m.run.NewPart(types().volumeMount, 3)
	if vol.mount != nil {
		m.run.Replace(vol.mount, x)
		copyFields(x, vol.mount)
	}
	put(x, "name", starlark.String(name))
	put(x, "mountPath", k)
	return x
}

// unmounted reports why nothing is mounted at a path.
func (m *mounts) unmounted(path string, err error) {
	m.mistake(m.form.container, kube.Path{kube.Field("volumeMounts"), kube.Item(0, path)}, err, "volumes", path)
}

func copyFields(to, from *typed.Record) {
	for i := range from.Schema().Fields {
		copyField(to, from, from.Schema().Fields[i].Name())
	}
}

// volumeOf returns the volume in v: of a helper, or a Volume as in the API.
func (m *mounts) volumeOf(v starlark.Value) (*volume, error) {
	switch v := v.(type) {
	case *volume:
		if v.claim != nil && m.form.kind() != "StatefulSet" {
			return nil, fmt.Errorf("claim_template is for stateful_set: a %s mounts what exists, with claim(NAME)", m.form.kind())
		}
		return v, nil
	case *typed.Record:
		if fn := mounting(v.Schema().Kind); fn != "" {
			return nil, &typed.Error{Err: fmt.Errorf("got %s, want what mounts it", v.Schema().Kind), Help: []string{"write " + fn + "(...) around it"}}
		}
		return m.rawVolume(v)
	case *starlark.Dict:
		return m.rawVolume(v)
	}
	err := &typed.Error{Err: fmt.Errorf("got %s, want config_volume(...), secret_volume(...), empty_dir(), claim(...), host_path(...) or a Volume as in the API", kindOf(v))}
	if s, ok := v.(starlark.String); ok {
		err.Help = []string{fmt.Sprintf("write config_volume(%s) for a ConfigMap, secret_volume(%s) for a Secret", s, s)}
	}
	return nil, err
}

// mounting is the function that mounts objects of a kind, or "".
func mounting(kind string) string {
	switch kind {
	case "ConfigMap":
		return "config_volume"
	case "Secret":
		return "secret_volume"
	case "PersistentVolumeClaim":
		return "claim"
	}
	return ""
}

// rawVolume is a Volume as in the API; its name may be left out.
func (m *mounts) rawVolume(v starlark.Value) (*volume, error) {
	raw, err := m.run.Convert(types().volume, v)
	if err != nil {
		return nil, err
	}
	vol := &volume{own: true, name: typed.Node(raw).Get("name").Str()}
	for i := range raw.Schema().Fields {
		name := raw.Schema().Fields[i].Name()
		if r, ok := raw.Get(name).(*typed.Record); ok {
			vol.field, vol.source = name, r
			break
		}
	}
	if vol.source == nil {
		return nil, fmt.Errorf("the Volume says nothing about what it holds")
	}
	return vol, nil
}

// rawName is the name of a Volume as in the API, by default that of the path it is mounted at.
func rawName(v starlark.Value, path string) (name string, ok bool) {
	switch v.(type) {
	case *typed.Record, *starlark.Dict:
		if name = typed.Node(v).Get("name").Str(); name == "" {
			name = label63(path)
		}
		return name, true
	}
	return "", false
}

// place returns the name of the Pod's volume for vol, added if there is none yet.
func (m *mounts) place(vol *volume, path string) (string, error) {
	for _, have := range m.volumes {
		if have.of == vol || !have.of.own && have.of.sameSource(vol) {
			return have.name, nil
		}
	}
	name := vol.wants(path)
	if vol.name != "" && (vol.kind == "" || vol.claim != nil) || vol.claim != nil {
		if m.taken(name) {
			return "", fmt.Errorf("two volumes are called %q: give one of them another name", name)
		}
	}
	unique := name
	for n := 2; m.taken(unique); n++ {
		unique = label63(fmt.Sprintf("%s-%d", name, n))
	}
	m.volumes = append(m.volumes, mounted{unique, path, vol})
	return unique, nil
}

func (m *mounts) taken(name string) bool {
	for _, have := range m.volumes {
		if have.name == name {
			return true
		}
	}
	return false
}

// sameSource reports whether two volumes hold the same, under the same name.
func (v *volume) sameSource(w *volume) bool {
	return v.claim == nil && w.claim == nil && v.kind == w.kind && v.name == w.name && v.field == w.field &&
		kube.Equal(typed.Node(v.source), typed.Node(w.source))
}

// wants is the name that a volume gets where nothing else has it: what it is and what it holds, or where it is mounted.
func (v *volume) wants(path string) string {
	switch {
	case v.claim != nil && v.name == "":
		return label63(path[strings.LastIndexAny(path, `/\`)+1:])
	case v.name == "":
		return label63(path)
	case v.kind == "":
		return v.name
	}
	return label63(v.kind + "-" + v.name)
}

// label63 makes a DNS label of s: at most 63 small letters, digits and dashes. What is cut off is hashed.
func label63(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := lower(s[i])
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			b.WriteByte(c)
		} else if b.Len() > 0 && !strings.HasSuffix(b.String(), "-") {
			b.WriteByte('-')
		}
	}
	name := strings.TrimRight(b.String(), "-")
	if name == "" {
		name = "root"
	}
	if len(name) > 63 {
		h := fnv.New32a()
		_, _ = h.Write([]byte(s)) // never fails
		name = fmt.Sprintf("%s-%08x", strings.TrimRight(name[:54], "-"), h.Sum32())
	}
	return name
}

// podVolumes adds the volumes to the Pod, and the claim templates to the StatefulSet.
func (m *mounts) podVolumes() {
	volumes := make(starlark.Tuple, 0, len(m.volumes))
	for _, v := range m.volumes {
		if v.of.claim != nil {
			m.claimTemplate(v)
			continue
		}
		x := m.run.NewPart(types().volume, 2)
		put(x, "name", starlark.String(v.name))
		put(x, v.of.field, v.of.source)
		x.From("volumes", "[0]"+v.path)
		volumes = append(volumes, x)
	}
	if len(volumes) > 0 {
		put(m.record(m.form.podSpec), "volumes", volumes)
	}
}

// claimTemplate adds a PersistentVolumeClaim with the volume's name to the StatefulSet.
func (m *mounts) claimTemplate(v mounted) {
	x := m.run.New(types().claim)
	m.run.Replace(v.of.claim, x)
	x.From("volumes", "[0]"+v.path)
	meta := x.Child("metadata")
	if given, ok := v.of.claim.Get("metadata").(*typed.Record); ok {
		m.run.Replace(given, meta)
		copyFields(meta, given)
	}
	put(meta, "name", starlark.String(v.name))
	copyField(x, v.of.claim, "spec")
	if err := m.record(theSpec).Items("volumeClaimTemplates").Append(x); err != nil {
		panic(err)
	}
}

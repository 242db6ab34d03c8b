// Package interp evaluates Starlark files that load one another. It knows nothing of Kubernetes: what the files can call
// is given to it.
//
// A file is a [Module]: its statements run once, however many files load it, on a thread of its own, and what it defines
// is frozen afterwards. Everything a file loads, by load or by package, is evaluated before the file's first statement,
// so that the mistakes of all of them are found at once. [Interpreter.Load] evaluates a file, [Interpreter.Call] then
// calls a function of it on a fresh thread. Both may be used by many goroutines; they share the modules.
//
// Files are named in one of four ways (name.go):
//
//	//lib/web.star        from the root of the tree that the loading file is in: the project, or a library
//	./web.star            beside the loading file
//	@acme//web.star       from a dependency
//	@std//web.star        from the library
//
// Nothing outside a tree's root can be reached, and a tree that is a library sees nothing of the project. In positions and
// messages a file is "lib/web.star" or "@std//web.star".
//
// Evaluation is pure and bounded (limits.go): steps are counted by go.starlark.net; a watchdog (watch.go) looks at the
// clock and the heap every few milliseconds; and what would allocate or run for long inside a single step is checked before
// it does (guard.go, which also says how operators and methods are reached).
//
// Read interp.go, load.go and name.go for how files become modules, then guard.go.
package interp

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/starlark/diag"
)

// Interpreter evaluates the files of one project. Its public fields are its options and must not change once it is in use;
// the zero value of each but Root will do.
type Interpreter struct {
	// Root is the project's tree. A file system that follows symbolic links out of its root must not be given: that of
	// os.Root does not.
	Root fs.FS
	// Libs are the trees of the dependencies, by name: "std" is that of @std//web.star.
	Libs map[string]fs.FS
	// Predeclared is what every file can use without loading it, beside Starlark's own functions. The values must be frozen.
	Predeclared starlark.StringDict
	// Alone refuses load and package.
	Alone bool
	// Limits bound every file's and every call's evaluation.
	Limits Limits
	// NewThread prepares a thread before it runs.
	NewThread func(*starlark.Thread)
	// Finish returns the mistakes that were reported on a thread without stopping it. It is called when the thread has run
	// to its end, or has failed.
	Finish func(*starlark.Thread) error
	// Print is where print goes. Nil drops what is printed.
	Print func(thread *starlark.Thread, msg string)
	// Equal, if set, is what == means between values that are no scalars. Without it no value of one Go type equals one of
	// another, such as a list of the embedder's a list of Starlark's.
	Equal func(x, y starlark.Value) (bool, error)
	// Abort is called when evaluation went beyond a limit inside a single operation that does not come back. It should print
	// the Diagnostic and end the process: there is no other way to stop it. Nil lets it run.
	Abort func(diag.Diagnostic)

	once    sync.Once
	env     starlark.StringDict // Predeclared behind the guards
	names   []string            // of env, without those that no one can write
	guards  guards
	watch   watchdog
	mu      sync.Mutex
	modules map[string]*module
	texts   map[string][]byte
	reads   map[string]map[string]bool // what each file has read and listed, see looked
}

// Module is a file that has been evaluated.
type Module struct {
	File    string // as positions name it
	Globals starlark.StringDict

	module *module
}

// Files returns the names of the file and of all that it needs, directly or through others, each once: itself last, what it
// loads in the order of its text.
func (m *Module) Files() []string {
	var names []string
	seen := map[*module]bool{}
	var walk func(*module)
	walk = func(m *module) {
		if seen[m] {
			return
		}
		seen[m] = true
		for _, dep := range m.deps {
			walk(dep)
		}
		names = append(names, m.file)
	}
	walk(m.module)
	return names
}

// Load evaluates a file, which is named as from the project's root: "//checkout/deploy.star".
//
// Its error is a diag.List, or that of the context. Where the file ran to its end but mistakes were reported on the way, in
// it or in what it loads, both the Module and the error are returned, so that calling a function of it may find more.
func (in *Interpreter) Load(ctx context.Context, name string) (*Module, error) {
	in.init()
	file, err := in.resolve("", name)
	if err != nil {
		return nil, diag.From(err, in)
	}
	m, err := in.load(ctx, file, nil, diag.Pos{})
	if err != nil {
		return nil, err
	}
	list := m.mistakes(map[*module]bool{})
	list.Sort()
	return m.public, errorOf(list)
}

// Call calls a function on a fresh thread.
//
// Its error is a diag.List, or that of the context. Where the function returned but mistakes were reported on the way, both
// the value and the error are returned.
func (in *Interpreter) Call(ctx context.Context, fn starlark.Callable, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	in.init()
	name := fn.Name()
	if f, ok := fn.(*starlark.Function); ok {
		name = f.Position().Filename()
	}
	v, list, err := in.run(ctx, name, func(thread *starlark.Thread) (starlark.Value, error) {
		return starlark.Call(thread, fn, args, kwargs)
	})
	if err != nil {
		return nil, err
	}
	list.Sort()
	return v, errorOf(list)
}

// errorOf keeps an empty list from becoming an error that is not nil.
func errorOf(list diag.List) error {
	if len(list) == 0 {
		return nil
	}
	return list
}

// Source returns the text of a file, so that an Interpreter can be the diag.Sources of its own mistakes.
func (in *Interpreter) Source(file string) []byte {
	in.init()
	in.mu.Lock()
	text, ok := in.texts[file]
	in.mu.Unlock()
	if !ok {
		text, _ = in.readSource(file)
	}
	return text
}

// Names returns the predeclared names, sorted.
func (in *Interpreter) Names(string) []string {
	in.init()
	return in.names
}

func (in *Interpreter) init() {
	in.once.Do(func() {
		limits := in.Limits.withDefaults()
		in.guards = newGuards(&limits)
		in.guards.equal = in.Equal
		in.watch = watchdog{limits: limits, abort: in.Abort, source: in}
		in.env = in.guards.environment(in.Predeclared)
		for _, name := range in.env.Keys() {
			if name[0] != hidden {
				in.names = append(in.names, name)
			}
		}
	})
}

// threadKey is the thread-local that leads back to the Interpreter.
const threadKey = "interp.Interpreter"

func of(thread *starlark.Thread) *Interpreter {
	in, _ := thread.Local(threadKey).(*Interpreter)
	return in
}

// run runs f on a fresh thread and returns its value, if it came to its end, and all mistakes; the error is the context's.
func (in *Interpreter) run(ctx context.Context, name string, f func(*starlark.Thread) (starlark.Value, error)) (starlark.Value, diag.List, error) {
	thread := in.thread(ctx, name)
	v, err := in.guarded(ctx, thread, f)
	if cause := ctx.Err(); cause != nil {
		return nil, nil, cause
	}
	list := diag.From(err, in)
	if in.Finish != nil {
		list = slices.Concat(diag.From(in.Finish(thread), in), list)
	}
	if err != nil {
		v = nil
	}
	return v, list, nil
}

// guarded runs f while the watchdog and the context look at the thread. A panic of a builtin is an error.
func (in *Interpreter) guarded(ctx context.Context, thread *starlark.Thread, f func(*starlark.Thread) (starlark.Value, error)) (v starlark.Value, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { thread.Cancel("interrupted") })
	defer stop()
	in.watch.enter(thread)
	defer in.watch.leave(thread)
	defer func() {
		if p := recover(); p != nil {
			v, err = nil, diag.Diagnostic{
				Pos:     diag.Pos{File: thread.Name, Line: 1, Col: 1},
				Message: fmt.Sprintf("a builtin failed while this file was evaluated: %v", p),
				Help:    []string{"this is a mistake in starctl, not in the file"},
			}
		}
	}()
	return f(thread)
}

func (in *Interpreter) thread(ctx context.Context, name string) *starlark.Thread {
	thread := &starlark.Thread{Name: name, Print: in.Print, Load: in.loaded}
	if thread.Print == nil {
		thread.Print = func(*starlark.Thread, string) {}
	}
	limits := &in.guards.limits
	thread.SetMaxExecutionSteps(limits.Steps)
	thread.OnMaxSteps = func(thread *starlark.Thread) { thread.Cancel(limits.steps()) }
	thread.SetLocal(threadKey, in)
	if in.NewThread != nil {
		in.NewThread(thread)
	}
	return thread
}

// dialect is Starlark with sets, and if and for at the top level.
func dialect() *syntax.FileOptions { return &syntax.FileOptions{Set: true, TopLevelControl: true} }

package kube

import (
	"iter"
	"math"
	"strconv"
)

// Kind is the shape of a [Node].
type Kind uint8

const (
	Absent Kind = iota // nothing there; the zero Node
	Null               // an explicit null, which only free-form values hold
	Bool
	Int
	Float
	String
	List
	Map    // keys are data
	Record // keys are the names of fields, fixed by a schema
)

var kinds = [...]string{"nothing", "null", "bool", "int", "float", "string", "list", "map", "object"}

func (k Kind) String() string { return kinds[k] }

// Node is a read-only view of a value: a scalar, or a collection that makes the views of its items when asked. A Node is
// small, has no identity and is passed by value, so that walking an object allocates nothing.
type Node struct {
	kind Kind
	num  uint64 // of a Bool, Int or Float
	str  string // of a String; the digits of an Int that 64 bits cannot hold
	coll Collection
}

// Collection is what a List, Map or Record views. At returns an Absent Node for a slot that holds nothing, which whoever
// walks it passes over; the key is empty in a List.
type Collection interface {
	Len() int
	At(i int) (key string, n Node)
}

// Finder is a Collection that finds the value of a key by itself. It returns an Absent Node where there is none.
type Finder interface{ Find(key string) Node }

// OfString, OfBool, OfInt and OfFloat view a scalar; OfBig views an integer by its decimal digits.
func OfString(s string) Node { return Node{kind: String, str: s} }

// OfInt views an integer.
func OfInt(i int64) Node { return Node{kind: Int, num: uint64(i)} }

// OfBig views an integer of any size by its decimal digits.
func OfBig(digits string) Node { return Node{kind: Int, str: digits} }

// OfFloat views a floating-point number.
func OfFloat(f float64) Node { return Node{kind: Float, num: math.Float64bits(f)} }

// OfBool views a truth value.
func OfBool(b bool) Node {
	if b {
		return Node{kind: Bool, num: 1}
	}
	return Node{kind: Bool}
}

// OfNull is an explicit null.
func OfNull() Node { return Node{kind: Null} }

// OfList, OfMap and OfRecord view a collection.
func OfList(c Collection) Node { return Node{kind: List, coll: c} }

// OfMap views a collection whose keys are data.
func OfMap(c Collection) Node { return Node{kind: Map, coll: c} }

// OfRecord views a collection whose keys are the names of fields.
func OfRecord(c Collection) Node { return Node{kind: Record, coll: c} }

// Kind is the shape of the value.
func (n Node) Kind() Kind { return n.kind }

// Exists reports whether there is a value at all.
func (n Node) Exists() bool { return n.kind != Absent }

// IsMapping reports whether the value has keys.
func (n Node) IsMapping() bool { return n.kind == Map || n.kind == Record }

// Collection is what a List, Map or Record views, else nil.
func (n Node) Collection() Collection { return n.coll }

// Str is the text of a String, else "".
func (n Node) Str() string {
	if n.kind != String {
		return ""
	}
	return n.str
}

// Int is the value of an Int that 64 bits can hold.
func (n Node) Int() (int64, bool) { return int64(n.num), n.kind == Int && n.str == "" }

// Float is the value of a Float.
func (n Node) Float() float64 { return math.Float64frombits(n.num) }

// Bool is the value of a Bool.
func (n Node) Bool() bool { return n.kind == Bool && n.num != 0 }

// Text is a scalar as it would be printed without quotes: "8080" for an Int as for a String.
func (n Node) Text() string {
	switch n.kind {
	case String:
		return n.str
	case Int:
		if n.str != "" {
			return n.str
		}
		return strconv.FormatInt(int64(n.num), 10)
	case Float:
		return strconv.FormatFloat(n.Float(), 'g', -1, 64)
	case Bool:
		return strconv.FormatBool(n.num != 0)
	case Null:
		return "null"
	}
	return ""
}

// All yields the items of a List (keys are empty), Map or Record, in order.
func (n Node) All() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		if n.coll == nil {
			return
		}
		for i := range n.coll.Len() {
			if k, v := n.coll.At(i); v.kind != Absent && !yield(k, v) {
				return
			}
		}
	}
}

// Items yields the items of a List with their indexes; of anything else, nothing.
func (n Node) Items() iter.Seq2[int, Node] {
	return func(yield func(int, Node) bool) {
		if n.kind != List {
			return
		}
		at := 0
		for i := range n.coll.Len() {
			if _, v := n.coll.At(i); v.kind != Absent {
				if !yield(at, v) {
					return
				}
				at++
			}
		}
	}
}

// Len counts the items of a collection.
func (n Node) Len() int {
	if n.coll == nil {
		return 0
	}
	count := 0
	for i := range n.coll.Len() {
		if _, v := n.coll.At(i); v.kind != Absent {
			count++
		}
	}
	return count
}

// Get returns the value of a key or field; of nested ones, if more keys are given. What is not there is Absent.
func (n Node) Get(keys ...string) Node {
	for _, key := range keys {
		n = n.get(key)
	}
	return n
}

func (n Node) get(key string) Node {
	if !n.IsMapping() {
		return Node{}
	}
	if f, ok := n.coll.(Finder); ok {
		return f.Find(key)
	}
	for i := range n.coll.Len() {
		if k, v := n.coll.At(i); k == key && v.kind != Absent {
			return v
		}
	}
	return Node{}
}

// Pairs is a plain mapping in the order of its items, for values that are built rather than viewed.
type Pairs []Pair

// Pair is an item of Pairs.
type Pair struct {
	Key   string
	Value Node
}

// Len and At make Pairs a [Collection].
func (p Pairs) Len() int { return len(p) }

// At returns a key and its value.
func (p Pairs) At(i int) (string, Node) { return p[i].Key, p[i].Value }

// Elems is a plain list, for values that are built rather than viewed.
type Elems []Node

// Len and At make Elems a [Collection].
func (e Elems) Len() int { return len(e) }

// At returns an element.
func (e Elems) At(i int) (string, Node) { return "", e[i] }

// Equal reports whether two values are the same: numbers by value, mappings whatever the order of their keys.
func Equal(a, b Node) bool {
	if a.IsMapping() && b.IsMapping() {
		return equalMaps(a, b)
	}
	if a.kind != b.kind {
		return a.isNumber() && b.isNumber() && a.Text() == b.Text()
	}
	if a.kind == List {
		return equalLists(a, b)
	}
	return a.num == b.num && a.str == b.str
}

func (n Node) isNumber() bool { return n.kind == Int || n.kind == Float }

func equalMaps(a, b Node) bool {
	if a.Len() != b.Len() {
		return false
	}
	for k, v := range a.All() {
		if w := b.get(k); !w.Exists() || !Equal(v, w) {
			return false
		}
	}
	return true
}

func equalLists(a, b Node) bool {
	if a.Len() != b.Len() {
		return false
	}
	next, stop := iter.Pull2(b.Items())
	defer stop()
	for _, v := range a.Items() {
		if _, w, _ := next(); !Equal(v, w) {
			return false
		}
	}
	return true
}

package typed

// Merge sets in r what is set in over, another Record of its type: records and maps field by field, the elements of lists
// that have an identity one by one, anything else as a whole. Whatever it changes belongs to r's Run, as r must.
func Merge(r, over *Record) {
	for i := range over.slots {
		if s := over.slots[i]; !blank(s.val) {
			r.merge(s)
		}
	}
}

func (r *Record) merge(s slot) {
	name := r.typ.Fields[s.field].Name()
	if i, ok := r.find(int(s.field)); ok && !blank(r.slots[i].val) {
		switch v := s.val.(type) {
		case *Record:
			Merge(r.Own(name), v)
			return
		case *Map:
			m := r.OwnEntries(name)
			for _, e := range v.entries {
				e.at = r.run.adopt(v.run, e.at)
				m.put(m.find(e.key), e)
			}
			return
		case *List:
			if v.typ.Keys != "" {
				r.OwnItems(name).merge(v)
				return
			}
		}
	}
	s.at = 0
	r.store(s)
	r.blank = false
}

// merge puts the elements of over in the place of those with the same identity, or behind the others.
func (l *List) merge(over *List) {
	for _, v := range over.vals {
		if i := l.Find(itemKey(over.typ, v)); i >= 0 {
			l.vals[i] = v
			continue
		}
		l.vals = append(l.vals, v)
		if l.ats != nil {
			*l.ats = append(*l.ats, 0)
		}
	}
	l.blank = false
}

// Find returns the index of the element with an identity, see Key, or -1.
func (l *List) Find(key string) int {
	for i := range l.vals {
		if key != "" && l.Key(i) == key {
			return i
		}
	}
	return -1
}

package credentials

import "container/list"

// An lru keeps the values that were used most recently.
type lru[V any] struct {
	size   int
	byKey  map[string]*list.Element // of entry[V]
	recent list.List                // most recently used first
}

type entry[V any] struct {
	key   string
	value V
}

func newLRU[V any](size int) *lru[V] {
	return &lru[V]{size: size, byKey: make(map[string]*list.Element)}
}

func (l *lru[V]) get(key string) (value V, ok bool) {
	e := l.byKey[key]
	if e == nil {
		return value, false
	}
	l.recent.MoveToFront(e)
	return e.Value.(entry[V]).value, true
}

// put adds a value, and drops the least recently used one if there are too many.
func (l *lru[V]) put(key string, value V) {
	l.remove(key)
	if l.recent.Len() >= l.size {
		l.remove(l.recent.Back().Value.(entry[V]).key)
	}
	l.byKey[key] = l.recent.PushFront(entry[V]{key, value})
}

func (l *lru[V]) remove(key string) {
	if e := l.byKey[key]; e != nil {
		l.recent.Remove(e)
		delete(l.byKey, key)
	}
}

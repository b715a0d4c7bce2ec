package chain

import "sync"

// labels caches what is made of each key of a closed set, such as the attributes of a
// measurement: making them costs more than the measurement.
type labels[K comparable, V any] struct {
	create func(K) V

	mu   sync.RWMutex
	made map[K]V
}

func newLabels[K comparable, V any](create func(K) V) *labels[K, V] {
	return &labels[K, V]{create: create, made: map[K]V{}}
}

func (l *labels[K, V]) of(key K) V {
	l.mu.RLock()
	v, ok := l.made[key]
	l.mu.RUnlock()
	if ok {
		return v
	}
	v = l.create(key)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made[key] = v
	return v
}

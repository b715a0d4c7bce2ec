package auth

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/watch"
)

// defaultInterval is the time between two readings of secrets.
const defaultInterval = 5 * time.Second

// A readSecret reads a secret.
type readSecret = func(*configv1.Secret) (string, error)

// secrets are what a section of the configuration makes of its secrets. They are read
// again while connsvc runs. One that cannot be used keeps its previous value and does not
// keep the others from changing: a token that leaked must be revocable whatever else is
// broken.
type secrets[T any] struct {
	section  string
	parse    func(read readSecret, previous T) (T, error)
	read     readSecret
	interval time.Duration
	log      *slog.Logger
	metrics  *metrics

	current atomic.Pointer[T]
	last    *T                // of the last reading
	known   [sha256.Size]byte // of the first reading
	done    sync.WaitGroup
}

func newSecrets[T any](section string, parse func(readSecret, T) (T, error), o Options, m *metrics) (*secrets[T], error) {
	s := &secrets[T]{section: section, parse: parse, read: o.Secret, interval: o.Interval, log: o.Log, metrics: m}
	content := s.reading()
	if content.Err != nil {
		return nil, content.Err
	}
	s.current.Store(s.last)
	s.known = content.Sum
	m.start(section)
	return s, nil
}

func (s *secrets[T]) value() T { return *s.current.Load() }

// reading reads and parses all secrets. Of them it keeps a hash.
func (s *secrets[T]) reading() watch.Content {
	sum := sha256.New()
	var previous T
	if active := s.current.Load(); active != nil {
		previous = *active
	}
	value, err := s.parse(func(secret *configv1.Secret) (string, error) {
		text, err := s.read(secret)
		fmt.Fprintf(sum, "%d %s %v ", len(text), text, err)
		return text, err
	}, previous)
	s.last = &value
	content := watch.Content{Err: err}
	sum.Sum(content.Sum[:0])
	return content
}

// watch reads the secrets again until ctx ends.
func (s *secrets[T]) watch(ctx context.Context) {
	if s == nil {
		return
	}
	s.done.Go(func() {
		watch.Watcher{
			Read:     s.reading,
			Interval: func() time.Duration { return s.interval },
			Changed: func(content watch.Content, _ bool) bool {
				s.change(ctx, content)
				return false
			},
		}.Run(ctx, s.known)
	})
}

func (s *secrets[T]) change(ctx context.Context, content watch.Content) {
	s.current.Store(s.last)
	if content.Err != nil {
		s.metrics.reloaded(ctx, s.section, false)
		s.log.ErrorContext(ctx, "secrets of callers rejected; their previous values stay active", "section", s.section, "error", content.Err.Error())
		return
	}
	s.metrics.reloaded(ctx, s.section, true)
	s.log.InfoContext(ctx, "secrets of callers reloaded", "section", s.section)
}

// wait waits until watch has ended.
func (s *secrets[T]) wait() {
	if s != nil {
		s.done.Wait()
	}
}

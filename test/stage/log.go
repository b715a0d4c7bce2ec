package stage

import (
	"bytes"
	"slices"
	"sync"
)

// maxAlarms bounds what a Log keeps: the first of many say enough.
const maxAlarms = 20

// A Log takes connsvc's log, and keeps the lines that must not be there: errors,
// and whatever speaks of a panic.
type Log struct {
	mu     sync.Mutex
	lines  int
	alarms []string
}

// Write takes one line, as slog writes them.
func (l *Log) Write(line []byte) (int, error) {
	alarm := bytes.Contains(line, []byte(`"level":"ERROR"`)) || bytes.Contains(line, []byte("panic"))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines++
	if alarm && len(l.alarms) < maxAlarms {
		l.alarms = append(l.alarms, string(line))
	}
	return len(line), nil
}

// Lines returns how many lines were logged.
func (l *Log) Lines() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines
}

// Alarms returns the lines that must not be there, the first 20 of them.
func (l *Log) Alarms() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.alarms)
}

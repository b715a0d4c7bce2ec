package stage

import (
	"bytes"
	"slices"
	"sync"
)

// maxAlarms is how many alarms a Log keeps; the first ones suffice.
const maxAlarms = 20

// A Log is the writer of connsvc's log. It keeps the lines that no test expects:
// errors, and lines about a panic.
type Log struct {
	mu     sync.Mutex
	lines  int
	alarms []string
}

// Write receives one line, as slog writes them.
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

// Alarms returns the errors and lines about a panic, at most 20.
func (l *Log) Alarms() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.alarms)
}

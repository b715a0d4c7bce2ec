package cli

import (
	"fmt"
	"sync"
	"time"
)

// A progress shows what a command waits for: on a terminal one line, rewritten each second
// with the time that has passed, elsewhere a line for each change.
type progress struct {
	s       *session
	started time.Time
	ended   chan struct{}
	done    sync.WaitGroup
	end     sync.Once

	mu   sync.Mutex
	text string
}

// maxLine is the most characters of the text on a terminal: a line that wraps could not be
// rewritten.
const maxLine = 70

// clearLine moves to the start of the line and clears it.
const clearLine = "\r\x1b[K"

// progress starts one; stop ends it.
func (s *session) progress(format string, args ...any) *progress {
	p := &progress{s: s, started: time.Now(), ended: make(chan struct{})}
	p.show(format, args...)
	if s.Terminal {
		p.done.Go(p.tick)
	}
	return p
}

// busy is a progress for commands whose output says what is done: off a terminal it shows
// nothing.
func (s *session) busy(format string, args ...any) *progress {
	if s.Terminal {
		return s.progress(format, args...)
	}
	return &progress{s: s, ended: make(chan struct{})}
}

func (p *progress) tick() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.mu.Lock()
			p.draw()
			p.mu.Unlock()
		case <-p.ended:
			return
		}
	}
}

// draw needs mu.
func (p *progress) draw() {
	text := []rune(p.text)
	if len(text) > maxLine {
		text = append(text[:maxLine-3:maxLine-3], '.', '.', '.')
	}
	fmt.Fprintf(p.s.Stderr, "%s%s (%v)", clearLine, string(text), time.Since(p.started).Truncate(time.Second))
}

// show shows another text.
func (p *progress) show(format string, args ...any) {
	text := clean(fmt.Sprintf(format, args...))
	p.mu.Lock()
	defer p.mu.Unlock()
	if text == p.text {
		return
	}
	if p.text = text; p.s.Terminal {
		p.draw()
	} else {
		fmt.Fprintln(p.s.Stderr, text)
	}
}

// stop ends the progress, and clears its line on a terminal. Later calls do nothing.
func (p *progress) stop() {
	p.end.Do(func() {
		close(p.ended)
		p.done.Wait()
		if p.s.Terminal {
			fmt.Fprint(p.s.Stderr, clearLine)
		}
	})
}

package stack_test

import (
	"runtime"
	"testing"

	"github.com/connsvc/connsvc/internal/stack"
)

func TestGrow(t *testing.T) {
	const most = 16 << 10
	stacks := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.StackInuse
	}
	const goroutines = 1000
	before := stacks()
	done, grown := make(chan struct{}), make(chan struct{})
	for range goroutines {
		go func() {
			stack.Grow()
			grown <- struct{}{}
			<-done
		}()
	}
	for range goroutines {
		<-grown
	}
	took := (stacks() - before) / goroutines
	close(done)
	if took < most/2 || took > most*3/2 {
		t.Errorf("a goroutine has a stack of %d bytes, want about %d", took, most)
	}
}

package call_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/call"
)

func TestContextPrintsNoToken(t *testing.T) {
	ctx, cancel := context.WithCancel(call.NewContext(t.Context(), &call.Call{CallerToken: "CANARY"}))
	defer cancel()
	if got := fmt.Sprintf("%v %+v %#v %s", ctx, ctx, ctx, ctx); strings.Contains(got, "CANARY") {
		t.Errorf("the context prints the token: %s", got)
	}
}

// An error that was panicked with is found again, and the log says where.
func TestRecovered(t *testing.T) {
	defect := errors.New("defect")
	for _, value := range []any{defect, "defect"} {
		func() {
			defer func() {
				err := call.Recovered(recover())
				if _, thrown := value.(error); errors.Is(err, defect) != thrown {
					t.Errorf("it wraps %v: %v", value, !thrown)
				}
				if text := err.Error(); !strings.HasPrefix(text, "defect\n") || !strings.Contains(text, "TestRecovered") {
					t.Errorf("got %s", text)
				}
			}()
			panic(value)
		}()
	}
}

type lease struct{ released int }

func (l *lease) Reserve(int64) error { return nil }
func (l *lease) Release()            { l.released++ }

// Of DLI's responses only the last is held, and none when the call has ended.
func TestHold(t *testing.T) {
	var c call.Call
	var leases [3]lease
	for i, want := range [][3]int{{0, 0, 0}, {1, 0, 0}} {
		c.Hold(&leases[i])
		if got := [3]int{leases[0].released, leases[1].released}; got != want {
			t.Errorf("after %d responses: released %v, want %v", i+1, got, want)
		}
	}
	c.LetGo()
	c.End()
	c.Hold(&leases[2]) // of an attempt that outlives the call
	for i, l := range leases {
		if l.released == 0 {
			t.Errorf("response %d is still held", i)
		}
	}
}

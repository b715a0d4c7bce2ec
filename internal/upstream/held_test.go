package upstream_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	record "github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/upstream"
)

var errFull = errors.New("full")

// An account is what one caller holds, of at most the given bytes.
type account struct {
	most int64
	held atomic.Int64
}

func (a *account) NewHolder() record.Holder { return &lease{account: a} }

type lease struct {
	account *account
	held    atomic.Int64
}

func (l *lease) Reserve(n int64) error {
	l.held.Add(n)
	if l.account.held.Add(n) > l.account.most {
		return errFull
	}
	return nil
}

func (l *lease) Release() { l.account.held.Add(-l.held.Swap(0)) }

// listAs lists as a caller with an account.
func listAs(t *testing.T, b *bubble, a *account) (*record.Call, int, error) {
	t.Helper()
	c := &record.Call{Holders: a}
	resp := &connsvcv1.ListEnhancedConnectionsResponse{}
	err := callOf(record.NewContext(t.Context(), c), b.Router, list, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project}, resp)
	return c, len(resp.GetConnections()), err
}

// A response is held as long as its call needs it, by each caller who has it.
func TestResponsesAreHeld(t *testing.T) {
	text := `{"connections":[` + strings.Repeat("{},", 99) + `{}]}`
	inBubble(t, withToken("http://127.0.0.1:1"), slowly(answer(200, text)), func(t *testing.T, b *bubble) {
		a := &account{most: 1 << 20}
		var running sync.WaitGroup
		var calls [3]*record.Call
		for i := range calls {
			running.Go(func() {
				var n int
				var err error
				if calls[i], n, err = listAs(t, b, a); err != nil || n != 100 {
					t.Errorf("got %d connections: %v", n, err)
				}
			})
		}
		running.Wait()
		if b.requests.Load() != 1 {
			t.Errorf("%d requests arrived, want 1", b.requests.Load())
		}
		each := a.held.Load() / 3
		// A connection takes far more than its two bytes.
		if each < 100*100 || a.held.Load()%3 != 0 {
			t.Errorf("3 calls hold %d bytes", a.held.Load())
		}
		for i, c := range calls {
			c.LetGo()
			if got := a.held.Load(); got != each*int64(2-i) {
				t.Errorf("%d bytes are held after %d calls, each held %d", got, i+1, each)
			}
		}
	})
}

// Who may hold no more gets no response; those who share the read do, and a read of others
// that ends this way is made again.
func TestOthersResponsesAreNotRejected(t *testing.T) {
	inBubble(t, withToken("http://127.0.0.1:1"), slowly(answer(200, oneConnection)), func(t *testing.T, b *bubble) {
		full, free := &account{}, &account{most: 1 << 20}
		var running sync.WaitGroup
		for _, a := range []*account{full, free, free} {
			running.Go(func() {
				_, n, err := listAs(t, b, a)
				switch {
				case a == full:
					if e := wantKind(t, err, upstream.NoRoom, true); !errors.Is(e, errFull) {
						t.Errorf("got %v, which does not say whose limit it is", e)
					}
				case err != nil || n != 1:
					t.Errorf("got %d connections: %v", n, err)
				}
			})
			synctest.Wait()
		}
		running.Wait()
		if b.requests.Load() != 2 {
			t.Errorf("%d requests arrived, want 2", b.requests.Load())
		}
		if full.held.Load() != 0 {
			t.Errorf("%d bytes are held of a response that was rejected", full.held.Load())
		}
	})
}

// A caller who goes leaves nothing held.
func TestNothingIsHeldForNobody(t *testing.T) {
	inBubble(t, withToken("http://127.0.0.1:1"), func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"connections":[{},`))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, func(t *testing.T, b *bubble) {
		a := &account{most: 1 << 20}
		ctx, cancel := context.WithCancel(record.NewContext(t.Context(), &record.Call{Holders: a}))
		go func() { _ = callGet(ctx, b.Router) }()
		synctest.Wait()
		if a.held.Load() == 0 {
			t.Error("what has come is not held")
		}
		cancel()
		synctest.Wait()
		if a.held.Load() != 0 {
			t.Errorf("%d bytes are held", a.held.Load())
		}
	})
}

package credentials_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/credentials"
)

// iamProvider is a Provider of tokens from an IAM, for tests whose time is not ours.
func iamProvider(t testing.TB, iam http.Handler, told *observed) credentials.Provider {
	t.Helper()
	o := credentials.Options{Transport: direct{iam}}
	if told != nil {
		o.Observe = told.observe
	}
	return provider(t, withPassword("https://iam.example.com", env("P")), o)
}

func token(n int) string { return fmt.Sprintf("CANARY-%s-%d", project, n) }

func TestTokenIsRenewedWhileTheOldOneServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{}
		p := iamProvider(t, iam, nil)
		want := func(n, asked int) {
			t.Helper()
			if got := tokenOf(t, p, project); got != token(n) {
				t.Errorf("token %q, want %q", got, token(n))
			}
			synctest.Wait()
			if iam.asked() != asked {
				t.Errorf("asked %d times, want %d", iam.asked(), asked)
			}
		}
		want(1, 1)
		time.Sleep(16 * time.Hour)
		want(1, 1)
		iam.hold = make(chan struct{})
		time.Sleep(4 * time.Hour)
		// Nobody waits for the new one.
		want(1, 2)
		want(1, 2)
		close(iam.hold)
		synctest.Wait()
		want(2, 2)
	})
}

// IAM may be down for as long as the old token serves, and is not asked for more
// often than once a minute in the long run.
func TestOldTokenServesWhileIAMIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{}
		var told observed
		p := iamProvider(t, iam, &told)
		tokenOf(t, p, project)
		iam.answer(project, 503)
		time.Sleep(20 * time.Hour)
		for range int((3*time.Hour + 58*time.Minute) / time.Second) {
			if got := tokenOf(t, p, project); got != token(1) {
				t.Fatalf("token %q", got)
			}
			time.Sleep(time.Second)
		}
		if n := iam.asked(); n < 100 || n > 260 {
			t.Errorf("asked %d times in 4 hours", n)
		}
		if got := told.outcomes(); got[1] != "unavailable" || len(got) != iam.asked() {
			t.Errorf("told %d of %d: %v", len(got), iam.asked(), got)
		}
		time.Sleep(2 * time.Minute)
		if e := refused(t, p, project); e.Kind != credentials.Unavailable {
			t.Errorf("after its end: %v", e)
		}
		iam.answer(project, 0)
		time.Sleep(2 * time.Minute)
		if got := tokenOf(t, p, project); got == token(1) {
			t.Errorf("token %q when IAM is back", got)
		}
	})
}

// Failures of the past do not count once IAM has answered.
func TestPauseBeginsAnewAfterASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{lifetime: 10 * time.Second}
		p := iamProvider(t, iam, nil)
		iam.answer(project, 503)
		var pause time.Duration
		for range 3 {
			pause = refused(t, p, project).RetryAfter
			time.Sleep(pause)
		}
		if pause < 4*time.Second {
			t.Errorf("after three failures a pause of %v", pause)
		}
		iam.answer(project, 0)
		tokenOf(t, p, project)
		iam.answer(project, 503)
		time.Sleep(10 * time.Second)
		if pause := refused(t, p, project).RetryAfter; pause > 2*time.Second {
			t.Errorf("after the first failure since a success a pause of %v", pause)
		}
	})
}

func TestOneRequestForAllCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{hold: make(chan struct{})}
		p := iamProvider(t, iam, nil)
		var got sync.Map
		call := func(ctx context.Context, name string) {
			r := request(t)
			if err := p.Authorize(ctx, r, nil, project, ""); err != nil {
				got.Store(name, failure(t, err, r).Kind.String())
				return
			}
			got.Store(name, r.Header.Get("X-Auth-Token"))
		}
		// The first caller starts the request and is gone before its end.
		first, cancel := context.WithCancel(t.Context())
		hurried, cancelHurried := context.WithTimeout(t.Context(), time.Second)
		defer cancelHurried()
		go call(first, "first")
		synctest.Wait()
		for i := range 100 {
			go call(t.Context(), strconv.Itoa(i))
		}
		go call(hurried, "hurried")
		synctest.Wait()
		cancel()
		time.Sleep(2 * time.Second)
		close(iam.hold)
		synctest.Wait()

		if iam.asked() != 1 {
			t.Errorf("asked %d times, want once", iam.asked())
		}
		answers := map[string]int{}
		got.Range(func(_, v any) bool { answers[v.(string)]++; return true })
		if diff := cmp.Diff(map[string]int{token(1): 100, "cancelled": 1, "timeout": 1}, answers); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	})
}

// Every caller of a failed request has an error of its own.
func TestOneFailureForAllCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{hold: make(chan struct{})}
		iam.answer(project, 500)
		p := iamProvider(t, iam, nil)
		var failed atomic.Int32
		for range 100 {
			go func() {
				r := request(t)
				e := failure(t, p.Authorize(t.Context(), r, nil, project, ""), r)
				if e.HTTPStatus != 500 || e.RetryAfter <= 0 {
					t.Errorf("got %+v", *e)
				}
				e.HTTPStatus, e.RetryAfter = 0, 0
				failed.Add(1)
			}()
		}
		synctest.Wait()
		close(iam.hold)
		synctest.Wait()
		if iam.asked() != 1 || failed.Load() != 100 {
			t.Errorf("asked %d times, %d errors", iam.asked(), failed.Load())
		}
	})
}

func TestRefusedTokenIsRenewedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{}
		p := iamProvider(t, iam, nil)
		var calls []*http.Request
		for range 100 {
			calls = append(calls, authorized(t, p, project))
		}
		late := authorized(t, p, project)
		iam.hold = make(chan struct{})
		var again atomic.Int32
		for _, r := range calls {
			go func() {
				if p.Refresh(t.Context(), r, project) {
					again.Add(1)
				}
			}()
		}
		synctest.Wait()
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if p.Refresh(impatient, late, project) {
			t.Error("there is another token before IAM has answered")
		}
		close(iam.hold)
		synctest.Wait()
		if iam.asked() != 2 || again.Load() != 100 {
			t.Errorf("asked %d times, %d of 100 have another token", iam.asked(), again.Load())
		}
		if !p.Refresh(t.Context(), late, project) || iam.asked() != 2 {
			t.Error("who comes late does not get the token that is there")
		}
		if got := tokenOf(t, p, project); got != token(2) {
			t.Errorf("token %q", got)
		}
	})
}

// Where DLI refuses every token, IAM is not asked for one with every call.
func TestRefusingEveryTokenDoesNotHammerIAM(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{}
		p := iamProvider(t, iam, nil)
		again := 0
		for range 3600 {
			if p.Refresh(t.Context(), authorized(t, p, project), project) {
				again++
			}
			time.Sleep(time.Second)
		}
		if again < 5 || again > 20 || iam.asked() != again+1 {
			t.Errorf("%d tokens were renewed, IAM was asked %d times in an hour", again, iam.asked())
		}
		time.Sleep(time.Hour)
		for range 2 {
			p.Refresh(t.Context(), authorized(t, p, project), project)
			time.Sleep(2 * time.Second)
		}
		if iam.asked() != again+3 {
			t.Error("the pause did not end")
		}
	})
}

func TestRefusedWhileIAMIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{}
		p := iamProvider(t, iam, nil)
		r := authorized(t, p, project)
		iam.answer(project, 503)
		if p.Refresh(t.Context(), r, project) {
			t.Error("another token is said to be there")
		}
		iam.answer(project, 0)
		time.Sleep(time.Minute)
		if !p.Refresh(t.Context(), r, project) {
			t.Error("IAM is back, and there is no other token")
		}
	})
}

// The race detector looks on.
func TestManyCallersAtOnce(t *testing.T) {
	iam := &iamServer{lifetime: 3 * time.Millisecond}
	var told observed
	p := iamProvider(t, iam, &told)
	var wg sync.WaitGroup
	for n := range 32 {
		wg.Go(func() {
			id := fmt.Sprintf("p%d", n%4)
			for range 200 {
				r := request(t)
				if err := p.Authorize(t.Context(), r, nil, id, ""); err != nil {
					t.Errorf("authorizing: %v", err)
				}
				if n%8 == 0 {
					p.Refresh(t.Context(), r, id)
				}
			}
		})
	}
	wg.Wait()
	p.Close()
	if n := iam.asked(); n < 4 || len(told.outcomes()) > n {
		t.Errorf("asked %d times, told of %d", n, len(told.outcomes()))
	}
}

func TestClosedServesWhatIsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{}
		p := iamProvider(t, iam, nil)
		r := authorized(t, p, project)
		p.Close()
		p.Close()
		if got := tokenOf(t, p, project); got != token(1) {
			t.Errorf("token %q", got)
		}
		if p.Refresh(t.Context(), r, project) {
			t.Error("another token is said to be there")
		}
		if e := refused(t, p, other); e.Kind != credentials.Closed {
			t.Errorf("another project: %v", e)
		}
		time.Sleep(25 * time.Hour)
		if e := refused(t, p, project); e.Kind != credentials.Closed || iam.asked() != 1 {
			t.Errorf("after its end: %v, asked %d times", e, iam.asked())
		}
	})
}

// Who waits is told when the Provider is closed under it.
func TestCloseUnderAWaitingCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{hold: make(chan struct{})}
		var told observed
		p := iamProvider(t, iam, &told)
		failed := make(chan error, 1)
		go func() { failed <- p.Authorize(t.Context(), request(t), nil, project, "") }()
		synctest.Wait()
		p.Close()
		var e *credentials.Error
		if e, _ = (<-failed).(*credentials.Error); e == nil || e.Kind != credentials.Closed {
			t.Errorf("error %v", e)
		}
		if got := told.outcomes(); len(got) != 0 {
			t.Errorf("told %v", got)
		}
	})
}

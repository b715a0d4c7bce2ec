package credentials_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/connsvc/connsvc/internal/credentials"
)

// IAM locks a user after five wrong passwords in a quarter of an hour. However
// many projects there are and however often they are called, it sees fewer.
func TestWrongPasswordDoesNotLockTheUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{text: "The username or password is wrong."}
		const projects = 20
		for n := range projects {
			iam.answer(fmt.Sprint("p", n), 401)
		}
		p := iamProvider(t, iam, nil)
		var times []time.Time
		for range 6 * 60 {
			before := iam.asked()
			for n := range projects {
				go func() {
					r := request(t)
					e := failure(t, p.Authorize(t.Context(), r, nil, fmt.Sprint("p", n), ""), r)
					if e.Kind != credentials.Rejected && e.Kind != credentials.Busy || e.RetryAfter <= 0 {
						t.Errorf("got %+v", *e)
					}
				}()
			}
			synctest.Wait()
			for range iam.asked() - before {
				times = append(times, time.Now())
			}
			time.Sleep(time.Minute)
		}
		if len(times) < 5 {
			t.Errorf("asked %d times in 6 hours", len(times))
		}
		for i := range times {
			if i+4 < len(times) && times[i+4].Sub(times[i]) < 15*time.Minute {
				t.Fatalf("five wrong passwords within %v", times[i+4].Sub(times[i]))
			}
		}
	})
}

// A new password is tried at once.
func TestMendedPasswordIsTriedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{text: "The username or password is wrong."}
		iam.answer(project, 401)
		path := written(t, "wrong")
		p := provider(t, withPassword("https://iam.example.com", file(path)), credentials.Options{Transport: direct{iam}})
		refused(t, p, project)
		time.Sleep(10 * time.Second)
		refused(t, p, project)
		write(t, path, "right")
		iam.answer(project, 0)
		time.Sleep(time.Second)
		if got := tokenOf(t, p, project); got != token(2) {
			t.Errorf("token %q", got)
		}
	})
}

// A password that is changed while tokens are held: the tokens serve, and IAM
// is asked by one of the projects only.
func TestPasswordChangedUnderway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{text: "The username or password is wrong."}
		p := iamProvider(t, iam, nil)
		const projects = 20
		for n := range projects {
			tokenOf(t, p, fmt.Sprint("p", n))
			iam.answer(fmt.Sprint("p", n), 401)
		}
		time.Sleep(20 * time.Hour)
		for n := range projects {
			tokenOf(t, p, fmt.Sprint("p", n))
			synctest.Wait()
		}
		if got := iam.asked() - projects; got != 1 {
			t.Errorf("the wrong password was sent %d times", got)
		}
		r := authorized(t, p, "p0")
		if p.Refresh(t.Context(), r, "p0") || iam.asked() != projects+1 {
			t.Error("the wrong password was sent again for a refused token")
		}
	})
}

// good calls for a project each second, and returns how many of the calls failed.
func good(t *testing.T, p credentials.Provider, project string, calls int) (failed int) {
	t.Helper()
	for range calls {
		if p.Authorize(t.Context(), request(t), nil, project, "") != nil {
			failed++
		}
		time.Sleep(time.Second)
	}
	return failed
}

// Scene a: IAM rejects an unknown project before it has accepted any.
func TestRejectedProjectStopsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{}
		p := iamProvider(t, iam, nil)
		iam.answer("unknown", 401)
		if e := refused(t, p, "unknown"); e.Kind != credentials.Rejected || e.RetryAfter > 7*time.Second {
			t.Errorf("the unknown project: %+v", *e)
		}
		if failed := good(t, p, project, 430); failed != 0 {
			t.Errorf("%d of 430 calls for the good project failed", failed)
		}
	})
}

// Where IAM rejected several projects and accepted none, the secret may be wrong. One
// trial every few seconds still finds out.
func TestDoubtfulSecretIsTriedEveryFewSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{}
		p := iamProvider(t, iam, nil)
		for n := range 100 {
			iam.answer(fmt.Sprint("unknown", n), 401)
			p.Authorize(t.Context(), request(t), nil, fmt.Sprint("unknown", n), "")
		}
		if n := iam.asked(); n != 3 {
			t.Errorf("asked %d times", n)
		}
		if failed := good(t, p, project, 20); failed == 0 || failed > 5 {
			t.Errorf("the good project failed for %d s", failed)
		}
		// An accepted secret is right.
		before := iam.asked()
		for n := range 10 {
			refused(t, p, fmt.Sprint("unknown", n))
		}
		if n := iam.asked() - before; n < 9 {
			t.Errorf("asked %d times after it was accepted", n)
		}
	})
}

// One caller who tries random projects before IAM has accepted any keeps the secret doubtful,
// and does not have every trial: another caller's good project has its token soon.
func TestDoubtIsSharedByCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{}
		p := iamProvider(t, iam, nil)
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		var tried atomic.Int64
		for range 20 {
			all.Go(func() {
				for ctx.Err() == nil {
					id := fmt.Sprint("random", tried.Add(1))
					iam.answer(id, 401)
					_ = p.Ready(ctx, id, "attacker")
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		time.Sleep(30 * time.Second)
		failed := 0
		for failed <= 15 && p.Ready(ctx, project, "other") != nil {
			failed++
			time.Sleep(time.Second)
		}
		if failed > 15 {
			t.Errorf("the good project failed for %d s", failed)
		}
		stop()
		all.Wait()
	})
}

// Scene b: a project loses its role while another one holds a token.
func TestRevokedProjectStopsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{}
		p := iamProvider(t, iam, nil)
		tokenOf(t, p, project)
		tokenOf(t, p, other)
		iam.answer(project, 401)
		time.Sleep(17 * time.Hour)
		for range 9 * 60 {
			tokenOf(t, p, other)
			p.Authorize(t.Context(), request(t), nil, project, "")
			time.Sleep(time.Minute)
		}
		if e := refused(t, p, project); e.Kind != credentials.Rejected {
			t.Errorf("the revoked project: %v", e)
		}
		iam.answer(project, 0)
		time.Sleep(150 * time.Second)
		tokenOf(t, p, project)
	})
}

// Scene f: one caller tries random projects. IAM is asked at most ten times a second, a
// token in use is kept, and other callers get new ones.
func TestRandomProjectsStopNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{}
		var told observed
		p := iamProvider(t, iam, &told)
		tokenOf(t, p, project)
		asked := func(id, caller string) *credentials.Error {
			var e *credentials.Error
			_ = errors.As(p.Ready(t.Context(), id, caller), &e)
			return e
		}
		const flood = 20000
		for n := range flood {
			iam.answer(fmt.Sprint("random", n), 404)
		}
		for n := range flood {
			go func() {
				if e := asked(fmt.Sprint("random", n), "attacker"); e == nil || e.RetryAfter <= 0 {
					t.Errorf("got %v", e)
				}
			}()
			if n%4000 == 0 {
				if e := asked(fmt.Sprint("new", n), "other"); e != nil {
					t.Errorf("another caller's new project: %v", e)
				}
				time.Sleep(time.Second)
			}
		}
		time.Sleep(3 * time.Second)
		before := iam.asked()
		if tokenOf(t, p, project); iam.asked() != before {
			t.Error("the token in use was displaced")
		}
		if n := iam.busiest(); n > 10 {
			t.Errorf("%d requests in a second", n)
		}
		if e := asked(iam.projects[len(iam.projects)-1], "attacker"); e == nil || e.Kind != credentials.Denied || iam.asked() != before {
			t.Errorf("a project that IAM denied: %v", e)
		}
	})
}

// Scene g: the pause that IAM asks for with 429 is that of all projects.
func TestThrottledOnceForAllProjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{header: http.Header{"Retry-After": {"60"}}}
		p := iamProvider(t, iam, nil)
		tokenOf(t, p, project)
		for n := range 256 {
			iam.answer(fmt.Sprint("p", n), 429)
		}
		for n := range 256 {
			if e := refused(t, p, fmt.Sprint("p", n)); e.Kind != credentials.Unavailable || e.RetryAfter < 50*time.Second {
				t.Fatalf("project %d: %+v", n, *e)
			}
		}
		if n := iam.asked(); n != 2 {
			t.Errorf("asked %d times", n-1)
		}
		tokenOf(t, p, project)
		time.Sleep(61 * time.Second)
		tokenOf(t, p, other)
	})
}

// Tiny lives: each project asks once a second at most, and all together ten times.
func TestTinyLivesDoNotHammerIAM(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{lifetime: time.Microsecond}
		p := iamProvider(t, iam, nil)
		for range 100 {
			tokenOf(t, p, project)
			time.Sleep(100 * time.Millisecond)
		}
		if n := iam.asked(); n > 16 {
			t.Errorf("asked %d times in 10 s", n)
		}
	})
}

// Until the password is known to be right, two projects ask at once.
func TestSecretIsTriedByTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{hold: make(chan struct{})}
		p := iamProvider(t, iam, nil)
		for n := range 5 {
			go tokenOf(t, p, fmt.Sprint("p", n))
		}
		time.Sleep(2 * time.Second)
		if iam.asked() != 2 {
			t.Errorf("%d asked before the password was known to be right", iam.asked())
		}
		close(iam.hold)
		synctest.Wait()
		if iam.asked() != 5 {
			t.Errorf("%d asked afterwards", iam.asked())
		}
	})
}

// Callers who wait are bounded, and who comes in time is served.
func TestWaitingCallersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{hold: make(chan struct{})}
		p := provider(t, withPassword("https://iam.example.com", env("P")), credentials.Options{Transport: direct{iam}, MaxWaiting: 10})
		var served, busy atomic.Int32
		for range 100 {
			go func() {
				var e *credentials.Error
				switch err := p.Ready(t.Context(), project, ""); {
				case err == nil:
					served.Add(1)
				case errors.As(err, &e) && e.Kind == credentials.Busy && e.RetryAfter > 0:
					busy.Add(1)
				}
			}()
		}
		synctest.Wait()
		if busy.Load() != 90 {
			t.Errorf("%d were turned away", busy.Load())
		}
		close(iam.hold)
		synctest.Wait()
		if served.Load() != 10 {
			t.Errorf("%d were served", served.Load())
		}
	})
}

// One caller leaves room to wait to others.
func TestOneCallerDoesNotWaitForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{hold: make(chan struct{})}
		p := provider(t, withPassword("https://iam.example.com", env("P")), credentials.Options{Transport: direct{iam}, MaxWaiting: 6})
		var served [2]atomic.Int32
		for i, n := range []int{20, 3} {
			for range n {
				go func() {
					if p.Ready(t.Context(), fmt.Sprint("p", i), fmt.Sprint("caller", i)) == nil {
						served[i].Add(1)
					}
				}()
			}
			time.Sleep(time.Second)
		}
		close(iam.hold)
		synctest.Wait()
		if a, b := served[0].Load(), served[1].Load(); a != 6 || b != 2 {
			t.Errorf("%d calls of the one who has many were served and %d of the other, want 6 and 2", a, b)
		}
	})
}

// A password that is mended while IAM judges the wrong one is tried at once.
func TestPasswordMendedUnderway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{hold: make(chan struct{})}
		iam.answer(project, 401)
		path := written(t, "wrong")
		p := provider(t, withPassword("https://iam.example.com", file(path)), credentials.Options{Transport: direct{iam}})
		go p.Authorize(t.Context(), request(t), nil, project, "")
		synctest.Wait()
		go p.Authorize(t.Context(), request(t), nil, other, "")
		synctest.Wait()
		write(t, path, "right")
		time.Sleep(time.Second)
		go p.Authorize(t.Context(), request(t), nil, "third", "")
		synctest.Wait()
		close(iam.hold)
		synctest.Wait()
		iam.answer(project, 0)
		if got := tokenOf(t, p, project); !strings.HasPrefix(got, "CANARY-"+project) {
			t.Errorf("token %q", got)
		}
	})
}

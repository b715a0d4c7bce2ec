package credentials_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/connsvc/connsvc/internal/credentials"
)

// IAM locks a user after five wrong passwords in a quarter of an hour. However
// many projects there are and however often they are called, it sees fewer.
func TestWrongPasswordDoesNotLockTheUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{status: map[string]int{}}
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
					if e.Kind != credentials.Rejected || e.HTTPStatus != 401 || e.RetryAfter <= 0 {
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
		iam := &iamServer{}
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
		iam := &iamServer{}
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

// A caller that names projects which the user may not enter stops neither those
// that have tokens nor, but for a while, those that have none yet.
func TestStrangeProjectsStopNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{}
		p := iamProvider(t, iam, nil)
		tokenOf(t, p, project)
		for n := range 50 {
			iam.answer(fmt.Sprint("strange", n), 401)
			if e := refused(t, p, fmt.Sprint("strange", n)); e.Kind != credentials.Rejected {
				t.Errorf("got %+v", *e)
			}
		}
		if iam.asked() != 2 {
			t.Errorf("asked %d times, want 2", iam.asked())
		}
		if e := refused(t, p, other); e.Kind != credentials.Rejected || e.RetryAfter > 150*time.Second {
			t.Errorf("a new project: %v", e)
		}
		if !p.Refresh(t.Context(), authorized(t, p, project), project) {
			t.Error("a project that had a token before gets none")
		}
		time.Sleep(150 * time.Second)
		tokenOf(t, p, other)
	})
}

// Until the password is known to be right, one project asks; then eight do.
func TestProjectsAskInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{hold: make(chan struct{})}
		p := iamProvider(t, iam, nil)
		for n := range 30 {
			go tokenOf(t, p, fmt.Sprint("p", n))
		}
		synctest.Wait()
		if iam.asked() != 1 {
			t.Errorf("%d asked before the password was known to be right", iam.asked())
		}
		iam.mu.Lock()
		first := iam.hold
		iam.hold = make(chan struct{})
		second := iam.hold
		iam.mu.Unlock()
		close(first)
		synctest.Wait()
		if iam.asked() != 1+8 || iam.most != 8 {
			t.Errorf("%d asked at once afterwards, want 8", iam.most)
		}
		close(second)
		synctest.Wait()
		if iam.asked() != 30 || iam.most != 8 {
			t.Errorf("%d asked, %d at once, want 30 and 8", iam.asked(), iam.most)
		}
	})
}

// A turn that does not come in time is a failure like another.
func TestTurnDoesNotCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{hold: make(chan struct{})}
		p := iamProvider(t, iam, nil)
		kinds := make(chan credentials.Kind, 3)
		for n := range 3 {
			go func() {
				r := request(t)
				kinds <- failure(t, p.Authorize(t.Context(), r, nil, fmt.Sprint("p", n), ""), r).Kind
			}()
		}
		synctest.Wait()
		if iam.asked() != 1 {
			t.Errorf("%d asked at once", iam.asked())
		}
		for range 3 {
			if k := <-kinds; k != credentials.Unavailable {
				t.Errorf("kind %v", k)
			}
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

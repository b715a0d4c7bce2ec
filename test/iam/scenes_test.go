package iam_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/faults"
)

const (
	healthy     = "healthy"
	credentials = "UPSTREAM_CREDENTIALS"
	unavailable = "UPSTREAM_UNAVAILABLE"
	overloaded  = "OVERLOADED"
)

// Scene a: IAM rejects an unknown project before it has accepted any.
func TestSceneA(t *testing.T) {
	c := newCloud(t)
	s := serve(t, c.upstream("a"))
	c.fail(t, rule(faults.IAMOperation, "unknown", status(401)))
	var bad, good tally
	bad.call(t, s.GRPC, "unknown")
	good.every(t, s.GRPC, healthy, 20*time.Millisecond, 50)
	onlyOK(t, &good)
	only(t, &bad, credentials)
}

// Scene b: a project loses its role; tokens live for two seconds, so that the healthy one
// is renewed meanwhile.
func TestSceneB(t *testing.T) {
	c := newCloud(t)
	s := serve(t, c.upstream("a"))
	short := rule(faults.IAMOperation, "", lasting(faults.ShortLife, 2*time.Second))
	c.fail(t, short)
	var before, bad, good tally
	before.call(t, s.GRPC, "revoked")
	before.call(t, s.GRPC, healthy)
	only(t, &before, "OK")
	c.fail(t, short, rule(faults.IAMOperation, "revoked", status(401)), rule(faults.AnyOperation, "revoked", faults.Fault{Kind: faults.ExpiredToken}))
	asked, _ := c.requests()
	for range 80 {
		bad.call(t, s.GRPC, "revoked")
		good.call(t, s.GRPC, healthy)
		time.Sleep(50 * time.Millisecond)
	}
	onlyOK(t, &good)
	only(t, &bad, credentials)
	if after, _ := c.requests(); after-asked < 3 {
		t.Errorf("IAM was asked %d times: the healthy project was not renewed", after-asked)
	}
}

// Scene c: IAM of one upstream hangs under 1,050 callers; the other upstream is healthy.
func TestSceneC(t *testing.T) {
	bad, well := newCloud(t), newCloud(t)
	s := serve(t, bad.upstream("hangs", "hanging"), well.upstream("well", healthy))
	bad.fail(t, rule(faults.IAMOperation, "", faults.Fault{Kind: faults.Hang}))
	var hanging, good tally
	var running sync.WaitGroup
	for range 1050 {
		running.Go(func() { hanging.call(t, s.GRPC, "hanging") })
	}
	good.every(t, s.GRPC, healthy, 50*time.Millisecond, 40)
	running.Wait()
	onlyOK(t, &good)
	if n := hanging.outcomes[overloaded] + hanging.outcomes[unavailable]; n != 1050 {
		t.Errorf("the others saw %v", &hanging)
	}
}

// Scene d: IAM hangs, or is down. One wait for all callers; then every call fails at once.
func TestSceneD(t *testing.T) {
	for name, fault := range map[string]faults.Fault{"hangs": {Kind: faults.Hang}, "resets": {Kind: faults.ResetBefore}, "503": status(503)} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			s := serve(t, c.upstream("a"))
			var good, first, later tally
			good.call(t, s.GRPC, healthy)
			c.fail(t, rule(faults.IAMOperation, "", fault))
			first.call(t, s.GRPC, "new")
			later.every(t, s.GRPC, "new", 20*time.Millisecond, 100)
			good.every(t, s.GRPC, healthy, 0, 100)
			onlyOK(t, &good)
			only(t, &first, unavailable)
			only(t, &later, unavailable)
			t.Logf("first failure after %v, later ones after %v (99th percentile)", first.took[0].Round(time.Millisecond), later.percentile(.99).Round(10*time.Microsecond))
		})
	}
}

// Scene f: a caller tries random projects, which IAM does not know.
func TestSceneF(t *testing.T) {
	c := newCloud(t)
	s := serve(t, c.upstream("a"))
	c.fail(t, rule(faults.IAMOperation, "random*", status(404)))
	var good, flood tally
	good.call(t, s.GRPC, healthy)
	stop := make(chan struct{})
	var running sync.WaitGroup
	for worker := range 64 {
		running.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					flood.call(t, s.GRPC, fmt.Sprintf("random%dx%d", worker, n))
				}
			}
		})
	}
	good.every(t, s.GRPC, healthy, 20*time.Millisecond, 100)
	close(stop)
	running.Wait()
	onlyOK(t, &good)
	c.atMostTen(t)
	t.Logf("the others saw: %v", &flood)
	if flood.outcomes[credentials] < 5 || flood.outcomes[credentials]+flood.outcomes[overloaded]+flood.outcomes[unavailable] != len(flood.took) {
		t.Errorf("the others saw %v", &flood)
	}
}

// Scene g: IAM throttles 256 projects.
func TestSceneG(t *testing.T) {
	c := newCloud(t)
	s := serve(t, c.upstream("a"))
	var good, bad tally
	good.call(t, s.GRPC, healthy)
	throttled := status(429)
	throttled.RetryAfter = faults.Duration(time.Minute)
	c.fail(t, rule(faults.IAMOperation, "", throttled))
	for n := range 256 {
		bad.call(t, s.GRPC, fmt.Sprint("p", n))
	}
	good.every(t, s.GRPC, healthy, 0, 50)
	onlyOK(t, &good)
	only(t, &bad, unavailable)
	if asked, _ := c.requests(); asked != 2 {
		t.Errorf("IAM was asked %d times after its 429", asked-2)
	}
}

// Scene h: a slow IAM releases its callers together.
func TestSceneH(t *testing.T) {
	c := newCloud(t)
	s := serve(t, c.upstream("a"))
	c.fail(t, rule(faults.IAMOperation, "", lasting(faults.Latency, 2*time.Second)),
		rule(faults.AnyOperation, "", lasting(faults.Latency, 20*time.Millisecond)))
	var all tally
	var running sync.WaitGroup
	for n := range 256 {
		client := s.Clients()[n%2]
		running.Go(func() { all.call(t, client, healthy) })
	}
	running.Wait()
	onlyOK(t, &all)
}

// Scene l: tokens that live for a microsecond, or that are over by IAM's own Date.
func TestSceneL(t *testing.T) {
	c := newCloud(t)
	s := serve(t, c.upstream("a"))
	c.fail(t, rule(faults.IAMOperation, "tiny", lasting(faults.ShortLife, time.Microsecond)),
		rule(faults.IAMOperation, "over", lasting(faults.ShiftedDate, 48*time.Hour)))
	var good, tiny, over tally
	good.call(t, s.GRPC, healthy)
	for range 50 {
		tiny.call(t, s.GRPC, "tiny")
		over.call(t, s.GRPC, "over")
		good.call(t, s.GRPC, healthy)
		time.Sleep(20 * time.Millisecond)
	}
	onlyOK(t, &good)
	only(t, &tiny, credentials)
	only(t, &over, unavailable)
	if asked, _ := c.requests(); asked > 15 {
		t.Errorf("IAM was asked %d times", asked)
	}
}

// Scene m: what IAM responds is what the caller is told, with whether a retry helps.
func TestSceneM(t *testing.T) {
	c := newCloud(t)
	s := serve(t, c.upstream("a"))
	c.fail(t,
		rule(faults.IAMOperation, "p403", status(403)),
		rule(faults.IAMOperation, "page", faults.Fault{Kind: faults.HTML, Status: 302}),
		rule(faults.IAMOperation, "html", faults.Fault{Kind: faults.HTML, Status: 201}),
		rule(faults.IAMOperation, "malformed", faults.Fault{Kind: faults.InvalidJSON}))
	var good tally
	for project, want := range map[string]struct {
		outcome, message string
		retry            bool
	}{
		"p403":      {credentials, "IAM gave connsvc no credentials for this project (HTTP status 403)", false},
		"page":      {unavailable, "IAM did not respond as documented (HTTP status 302)", true},
		"html":      {unavailable, "IAM did not respond as documented", true},
		"malformed": {unavailable, "IAM did not respond as documented", true},
	} {
		for _, client := range s.Clients() {
			failure := call(t.Context(), client, project)
			if failure.Outcome() != want.outcome || !strings.HasPrefix(failure.Message, want.message) || (failure.RetryAfter > 0) != want.retry {
				t.Errorf("%s over %s: %v", project, client.Name(), failure)
			}
			good.call(t, client, healthy)
		}
	}
	onlyOK(t, &good)
}

// Scene n: DLI sends a project's token back, changed.
func TestSceneN(t *testing.T) {
	c := newCloud(t)
	s := serve(t, c.upstream("a"))
	var mu sync.Mutex
	var tokens []string
	c.at(func(dli http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token := r.Header.Get("X-Auth-Token") // of DLI's calls
			project, echoes := strings.CutPrefix(strings.Split(r.URL.Path+"///", "/")[2], "echo")
			if !echoes {
				dli.ServeHTTP(w, r)
				return
			}
			mu.Lock()
			tokens = append(tokens, token)
			mu.Unlock()
			echo := map[string]string{
				"whole": token, "cut": token[1 : len(token)-1], "lower": strings.ToLower(token),
				"percent": strings.ReplaceAll(token, "M", "%4d"),
			}[project]
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"error_code":"DLI.0001","error_msg":"the token %s is bad"}`, echo)
		})
	})
	var good tally
	for _, project := range []string{"whole", "cut", "lower", "percent"} {
		for _, client := range s.Clients() {
			failure := call(t.Context(), client, "echo"+project)
			text := strings.ToLower(failure.Error())
			for _, token := range tokens {
				for at := 0; at+16 <= len(token); at += 8 {
					if strings.Contains(text, strings.ToLower(token[at:at+16])) {
						t.Fatalf("%s over %s: the caller has a part of the token: %s", project, client.Name(), text)
					}
				}
			}
			good.call(t, client, healthy)
		}
	}
	if len(tokens) == 0 {
		t.Error("no token was sent back: this test cannot fail")
	}
	onlyOK(t, &good)
}

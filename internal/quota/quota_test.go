package quota_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/quota"
)

// begun begins a call, and ends it with the test.
func begun(t *testing.T, l *quota.Limits, key quota.Key, kind quota.Kind) (*quota.Place, error) {
	t.Helper()
	p := new(quota.Place)
	t.Cleanup(p.End)
	return p, l.Begin(p, key, kind)
}

// kind names why a call is rejected: "" if it is not.
func kind(err error) string {
	var e *quota.Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &e):
		return err.Error()
	case e.Caller:
		return "caller"
	default:
		return "all"
	}
}

func want(t *testing.T, what string, err error, wanted string) {
	t.Helper()
	if got := kind(err); got != wanted {
		t.Errorf("%s: got %q, want %q", what, got, wanted)
	}
}

var a, b = quota.KeyOf("a", ""), quota.KeyOf("b", "")

// TestPlaceWhenWhole: calls that have not arrived take no place of those that have.
func TestPlaceWhenWhole(t *testing.T) {
	l := quota.New(&configv1.Limits{MaxCalls: 4, MaxCallsBytes: 1000})
	for i := range 6 {
		_, err := begun(t, l, a, quota.Ordinary)
		want(t, fmt.Sprint("waiting ", i), err, "")
	}
	_, err := begun(t, l, a, quota.Ordinary)
	want(t, "a seventh of one caller", err, "caller")
	for i := range 2 {
		p, err := begun(t, l, b, quota.Ordinary)
		want(t, fmt.Sprint("another caller ", i), err, "")
		want(t, "its place", p.Admit(), "")
		want(t, "again", p.Admit(), "")
	}
}

func TestShareOfCalls(t *testing.T) {
	l := quota.New(&configv1.Limits{MaxCalls: 4, MaxCallsBytes: 1000})
	var places []*quota.Place
	for range 3 {
		p, _ := begun(t, l, a, quota.Ordinary)
		want(t, "of a", p.Admit(), "")
		places = append(places, p)
	}
	fourth, err := begun(t, l, a, quota.Ordinary)
	want(t, "fourth of a begins", err, "")
	want(t, "fourth of a", fourth.Admit(), "caller")
	other, _ := begun(t, l, b, quota.Ordinary)
	want(t, "of b", other.Admit(), "")
	_, err = begun(t, l, b, quota.Ordinary)
	want(t, "all are in flight", err, "all")
	places[0].End()
	places[0].End()
	want(t, "a place is free", fourth.Admit(), "")
}

func TestBytes(t *testing.T) {
	l := quota.New(&configv1.Limits{MaxCalls: 10, MaxCallsBytes: 400}) // 10 bytes of each call are free
	first, _ := begun(t, l, a, quota.Ordinary)
	want(t, "alone, it may be larger than all", first.Reserve(500), "")
	first.Release()
	want(t, "three quarters", first.Reserve(300), "")
	second, _ := begun(t, l, a, quota.Ordinary)
	want(t, "small", second.Reserve(10), "")
	want(t, "no longer small", second.Reserve(1), "caller")
	second.Release()
	other, _ := begun(t, l, b, quota.Ordinary)
	want(t, "what is left for others", other.Reserve(100), "")
	third, _ := begun(t, l, b, quota.Ordinary)
	want(t, "small, though all is taken", third.Reserve(10), "")
	want(t, "too much for all", third.Reserve(1), "all")

	other.End()
	third.End()
	var kept quota.Lease
	first.Another(&kept)
	first.End()
	want(t, "a lease of the caller", kept.Reserve(300), "")
	kept.Release()
	kept.Release()
	again, _ := begun(t, l, a, quota.Ordinary)
	want(t, "given back once", again.Reserve(250), "")
}

// TestSharedBytes: what several have asked for counts for all, and for none of them.
func TestSharedBytes(t *testing.T) {
	l := quota.New(&configv1.Limits{MaxCalls: 10, MaxCallsBytes: 1000, PerCaller: &configv1.CallerLimits{MaxBytes: 100}})
	p, _ := begun(t, l, a, quota.Ordinary)
	want(t, "all of a caller", p.Reserve(100), "")
	var shared, more quota.Lease
	l.Share(&shared)
	l.Share(&more)
	want(t, "more than a caller may have", shared.Reserve(800), "")
	want(t, "again", more.Reserve(90), "")
	if got := l.Usage().Bytes; got != 990 {
		t.Errorf("%d bytes are held", got)
	}
	want(t, "more than all may have", more.Reserve(20), "all")
	shared.Release()
	more.Release()
	if got := l.Usage().Bytes; got != 100 {
		t.Errorf("%d bytes are held after all", got)
	}
}

func TestQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := quota.New(&configv1.Limits{MaxCalls: 100, MaxCallsBytes: 1000, PerCaller: &configv1.CallerLimits{
			CallsPerSecond: 10, CallsBurst: 3, CreatesPerMinute: 60, CreatesBurst: 1, MaxCalls: 2, MaxCreates: 1, MaxBytes: 100,
		}})
		p, err := begun(t, l, a, quota.Create)
		want(t, "create", err, "")
		want(t, "create in flight", p.Admit(), "")
		_, err = begun(t, l, a, quota.Create)
		want(t, "creates per second", err, "caller")
		var e *quota.Error
		if errors.As(err, &e); e.RetryAfter != time.Second {
			t.Errorf("a create in %v", e.RetryAfter)
		}
		time.Sleep(time.Second)
		second, err := begun(t, l, a, quota.Create)
		want(t, "a second later", err, "")
		want(t, "creates in flight", second.Admit(), "caller")
		q, _ := begun(t, l, a, quota.Ordinary)
		want(t, "another call", q.Admit(), "")
		third, err := begun(t, l, a, quota.Ordinary)
		want(t, "calls in flight begins", err, "")
		want(t, "calls in flight", third.Admit(), "caller")
		_, err = begun(t, l, a, quota.Ordinary)
		want(t, "calls per second", err, "caller")
		if errors.As(err, &e); e.RetryAfter != 100*time.Millisecond {
			t.Errorf("a call in %v", e.RetryAfter)
		}
		want(t, "most bytes", q.Reserve(100), "")
		want(t, "too many bytes", p.Reserve(20), "caller")
		_, err = begun(t, l, b, quota.Create)
		want(t, "another caller", err, "")
	})
}

// TestCreate: a call that turns out to create counts as a create from then on.
func TestCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := quota.New(&configv1.Limits{MaxCalls: 100, PerCaller: &configv1.CallerLimits{CreatesPerMinute: 60, CreatesBurst: 2, MaxCreates: 1}})
		ordinary := func(key quota.Key) *quota.Place {
			p, err := begun(t, l, key, quota.Ordinary)
			want(t, "a call begins", err, "")
			want(t, "a call in flight", p.Admit(), "")
			return p
		}
		p := ordinary(a)
		want(t, "it creates", p.Create(), "")
		want(t, "it is one create", p.Create(), "")
		want(t, "creates in flight", ordinary(a).Create(), "caller")
		want(t, "another caller", ordinary(b).Create(), "")
		p.End()
		p = ordinary(a)
		want(t, "when it has ended", p.Create(), "")
		p.End()
		want(t, "creates per minute", ordinary(a).Create(), "caller")
	})
}

// TestIdentify: a call that began by its address counts to its caller, with all that it holds,
// and takes nothing of the address.
func TestIdentify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := quota.New(&configv1.Limits{MaxCalls: 4, MaxCallsBytes: 1000, PerCaller: &configv1.CallerLimits{
			CallsPerSecond: 1, CallsBurst: 3, CreatesPerMinute: 1, CreatesBurst: 1, MaxBytes: 100,
		}})
		address := quota.KeyOf("", "10.0.0.9:1")
		call := func(key quota.Key, kind quota.Kind, bytes int64) (*quota.Place, error) {
			p := new(quota.Place)
			t.Cleanup(p.End)
			want(t, "it arrives", l.BeginUnidentified(p, address, kind), "")
			want(t, "its bytes", p.Reserve(bytes), "")
			return p, p.Identify(key)
		}
		p, err := call(a, quota.Create, 90)
		want(t, "a create", err, "")
		if p.Caller() != a.String() {
			t.Errorf("it is of %s", p.Caller())
		}
		_, err = call(a, quota.Create, 0)
		want(t, "creates per minute", err, "caller")
		q, err := call(a, quota.Ordinary, 90)
		want(t, "too many bytes of the caller", err, "caller")
		q.End()
		_, err = call(a, quota.Ordinary, 0)
		want(t, "calls per second", err, "caller")
		_, err = call(b, quota.Create, 90)
		want(t, "another caller of the address", err, "")
		other, err := begun(t, l, address, quota.Create)
		want(t, "the address", err, "")
		want(t, "its bytes", other.Reserve(90), "")
		for range 6 { // and more than may arrive of one caller
			p, _ := call(quota.KeyOf("another", ""), quota.Ordinary, 0)
			p.End()
		}
		if u := l.Usage(); u.Bytes != 270 {
			t.Errorf("%d bytes are held", u.Bytes)
		}
	})
}

// TestTableIsBounded: callers that are idle are forgotten, and those for whom there is no
// room share one quota.
func TestTableIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := quota.New(&configv1.Limits{MaxCalls: 100_000, MaxCallsBytes: 1000, PerCaller: &configv1.CallerLimits{CallsPerSecond: 1, CallsBurst: 1}})
		busy := func(i int) error {
			var p quota.Place
			defer p.End()
			return l.Begin(&p, quota.KeyOf(fmt.Sprint("caller ", i), ""), quota.Ordinary)
		}
		for i := range 10_001 {
			want(t, fmt.Sprint("caller ", i), busy(i), "")
		}
		want(t, "one without a place in the table, beside another", busy(10_001), "caller")
		time.Sleep(2 * time.Second)
		want(t, "when the others are idle", busy(10_002), "")
		want(t, "a known one", busy(10_002), "caller")
	})
}

func TestKeys(t *testing.T) {
	for _, tt := range []struct {
		name, a, b string
		same       bool
	}{
		{"", "10.0.0.1:1", "10.0.0.1:2", true},
		{"", "10.0.0.1:1", "10.0.0.2:1", false},
		{"", "[::ffff:10.0.0.1]:1", "10.0.0.1:1", true},
		{"", "[2001:db8::1]:1", "[2001:db8::ffff:1]:2", true},
		{"", "[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false},
		{"", "[fe80::1%eth0]:1", "[fe80::1%eth1]:1", true},
		{"team", "10.0.0.1:1", "10.0.0.2:1", true},
	} {
		if same := quota.KeyOf(tt.name, tt.a) == quota.KeyOf(tt.name, tt.b); same != tt.same {
			t.Errorf("%s and %s of %q: the same caller: %v", tt.a, tt.b, tt.name, same)
		}
	}
	if quota.KeyOf("10.0.0.1", "") == quota.KeyOf("", "10.0.0.1:1") {
		t.Error("a caller named as an address is one without a name")
	}
}

func TestConnections(t *testing.T) {
	l := quota.New(&configv1.Limits{MaxCalls: 1, MaxConnections: 4})
	var ends []func()
	for range 3 {
		end, err := l.Connect("10.0.0.1:1")
		want(t, "of one address", err, "")
		ends = append(ends, end)
	}
	_, err := l.Connect("10.0.0.1:1")
	want(t, "a fourth", err, "caller")
	_, err = l.Connect("10.0.0.2:1")
	want(t, "another address", err, "")
	_, err = l.Connect("10.0.0.3:1")
	want(t, "all are taken", err, "all")
	ends[0]()
	_, err = l.Connect("10.0.0.3:1")
	want(t, "one is free", err, "")
}

// TestLongCalls: those who wait take no places of others, and one caller not all of theirs.
func TestLongCalls(t *testing.T) {
	l := quota.New(&configv1.Limits{MaxCalls: 1, MaxLongCalls: 4, MaxCallsBytes: 1000})
	var places []*quota.Place
	for i := range 3 {
		p, err := begun(t, l, a, quota.Long)
		want(t, fmt.Sprint("long call ", i), err, "")
		want(t, "its place", p.Admit(), "")
		places = append(places, p)
		if i == 0 {
			ordinary, err := begun(t, l, b, quota.Ordinary)
			want(t, "ordinary call", err, "")
			want(t, "its place", ordinary.Admit(), "")
		}
	}
	_, err := begun(t, l, b, quota.Ordinary)
	want(t, "a second ordinary call", err, "all")
	fourth, err := begun(t, l, a, quota.Long)
	want(t, "the fourth of a caller", errors.Join(err, fourth.Admit()), "caller")
	other, err := begun(t, l, b, quota.Long)
	want(t, "of another caller", errors.Join(err, other.Admit()), "")
	_, err = begun(t, l, b, quota.Long)
	want(t, "more than all", err, "all")
	if got := l.Usage().Long; got != 4 {
		t.Errorf("%d long calls", got)
	}
	places[0].End()
	want(t, "after one has ended", fourth.Admit(), "")
}

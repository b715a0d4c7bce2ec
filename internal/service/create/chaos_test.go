package create_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

const (
	// longestLag is how late the lists of a chaos are at most: the default of list_lag.
	longestLag = 5 * time.Second
	// longestLate is how long after its response was lost a POST is executed at most.
	longestLate = 3 * time.Second
)

// A chaos is a cloud that fails, lags and disagrees with itself, by a seed. Two machines
// serve its lists, and each shows a connection at a time of its own, its tags later.
type chaos struct {
	*cloud
	mu     sync.Mutex
	random *rand.Rand
	calm   bool // nothing fails any more
	lags   map[string][2][2]time.Duration
	// Lists show no create_time, and those by name show nothing.
	hidesTimes, hidesNames bool
}

func newChaos(random *rand.Rand, duplicates bool) *chaos {
	d := &chaos{cloud: &cloud{duplicates: duplicates}, random: random, lags: map[string][2][2]time.Duration{}}
	d.ahead = d.duration(-time.Hour, time.Hour)
	d.dateAhead = d.duration(-time.Second, 3*time.Second)
	d.hidesDate = d.happens(0.1)
	d.hidesTimes, d.hidesNames = d.happens(0.1), d.happens(0.1)
	d.post = d.execute
	return d
}

func (d *chaos) happens(probability float64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.Float64() < probability
}

func (d *chaos) duration(from, to time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return from + time.Duration(d.random.Int64N(int64(to-from)))
}

func (d *chaos) fails(probability float64) bool { return !d.calm && d.happens(probability) }

// execute is the fate of a POST.
func (d *chaos) execute(ctx context.Context, _ int, commit func() (string, error)) (string, error) {
	if d.calm {
		return commit()
	}
	if err := wait(ctx, d.duration(0, 300*time.Millisecond)); err != nil {
		return "", err
	}
	switch fate := d.duration(0, 100); {
	case fate < 45:
		return commit()
	case fate < 57: // executed, and the response is lost
		_, _ = commit()
		return "", &upstream.Error{Kind: upstream.Broken, Sent: true}
	case fate < 67: // executed, and no response
		_, _ = commit()
		return "", wait(ctx, time.Hour)
	case fate < 77: // executed late
		time.AfterFunc(d.duration(0, longestLate), func() { _, _ = commit() })
		return "", &upstream.Error{Kind: upstream.Timeout, Sent: true}
	case fate < 84: // not executed
		return "", &upstream.Error{Kind: upstream.Broken, Sent: true}
	case fate < 90:
		return "", answered(429, "APIGW.0308", "")
	}
	if id, err := commit(); err == nil {
		return id, nil
	}
	// DLI.0006 breaks off.
	return "", &upstream.Error{Kind: upstream.Status, HTTPStatus: 400, Sent: true, Err: context.Canceled}
}

// lagOf is how late one of the two machines shows a connection.
func (d *chaos) lagOf(id string, machine int, byTags bool) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	lags, ok := d.lags[id]
	if !ok {
		for i := range lags {
			lags[i][0] = time.Duration(d.random.Int64N(int64(longestLag)))
			lags[i][1] = lags[i][0] + time.Duration(d.random.Int64N(int64(longestLag-lags[i][0])))
			if d.random.Float64() < 0.5 {
				lags[i] = [2]time.Duration{}
			}
		}
		d.lags[id] = lags
	}
	if byTags {
		return lags[machine][1]
	}
	return lags[machine][0]
}

// A witness is the DLI of one call: it records what the call saw.
type witness struct {
	*chaos
	posts    int
	rejected bool      // a POST was rejected for its name
	ended    time.Time // of the last POST
	made     string    // the ID in the response to it
	shown    []sight
}

// A sight is a successful list by tags.
type sight struct {
	began time.Time
	ids   []string
}

func (w *witness) Call(ctx context.Context, method string, req, resp proto.Message) error {
	began := time.Now()
	switch r := req.(type) {
	case *connsvcv1.CreateEnhancedConnectionRequest:
		w.posts++
		err := w.cloud.Call(ctx, method, req, resp)
		w.ended = time.Now()
		var u *upstream.Error
		if err != nil {
			u, _ = err.(*upstream.Error) //nolint:errorlint // as it is returned
		}
		w.rejected = u != nil && u.Code == "DLI.0006"
		if err == nil {
			w.made = resp.(*connsvcv1.CreateEnhancedConnectionResponse).GetConnectionId()
		}
		return err
	case *connsvcv1.ListEnhancedConnectionsRequest:
		if err := wait(ctx, w.duration(0, 100*time.Millisecond)); err != nil {
			return err
		}
		if w.fails(0.2) {
			return answered(500, "", "")
		}
		list := resp.(*connsvcv1.ListEnhancedConnectionsResponse)
		w.list(r, list, began)
		if len(r.GetTags()) == 1 {
			s := sight{began: began}
			for _, c := range list.GetConnections() {
				s.ids = append(s.ids, c.GetId())
			}
			w.shown = append(w.shown, s)
		}
		return nil
	default:
		if w.fails(0.2) {
			return answered(503, "", "")
		}
		return w.cloud.Call(ctx, method, req, resp)
	}
}

// list lists what one of the two machines shows: what was late when the call began is.
func (w *witness) list(r *connsvcv1.ListEnhancedConnectionsRequest, resp *connsvcv1.ListEnhancedConnectionsResponse, began time.Time) {
	machine := 0
	if w.happens(0.5) {
		machine = 1
	}
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	if w.hidesNames && len(r.GetTags()) == 0 {
		return
	}
	for _, s := range w.connections {
		if !s.deleted && s.hasTags(r.GetTags()) && s.connection.GetName() == r.GetName() &&
			began.Sub(s.made) >= w.lagOf(s.connection.GetId(), machine, len(r.GetTags()) > 0) {
			c := proto.CloneOf(s.connection)
			if w.hidesTimes {
				c.CreateTime = nil
			}
			resp.Connections = append(resp.Connections, c)
		}
	}
}

func (s *stored) hasTags(tags []*connsvcv1.Tag) bool {
	return !slices.ContainsFunc(tags, func(t *connsvcv1.Tag) bool {
		return !slices.ContainsFunc(s.tags, func(other *connsvcv1.Tag) bool { return proto.Equal(t, other) })
	})
}

// live are the connections that exist, by ID.
func (d *cloud) live() map[string]*stored {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[string]*stored{}
	for _, s := range d.connections {
		if !s.deleted {
			all[s.connection.GetId()] = s
		}
	}
	return all
}

package service

import (
	"context"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/upstream"
)

const (
	// pageBytes bounds a page: gRPC clients take 4 MiB by default, and the rest of
	// the answer and its frame need some of it.
	pageBytes = 3840 << 10
	// defaultLimit is DLI's for a list that asks for none (dli_02_0190), and so the
	// largest that it is known to take.
	defaultLimit = 100
	// maxListCalls bounds the calls of DLI for one list.
	maxListCalls = 100
)

// ListEnhancedConnections lists the connections of a project (dli_02_0190), in
// the order that DLI gives. In the BASIC view they have no hosts.
//
// Where DLI's answer is larger than connsvc takes, DLI is asked for it in parts. What
// goes to the caller is cut to a page, unless the call is WithWholeAnswers.
func (s *Service) ListEnhancedConnections(ctx context.Context, req *connsvcv1.ListEnhancedConnectionsRequest) (*connsvcv1.ListEnhancedConnectionsResponse, error) {
	start, err := startOf(req)
	if err != nil {
		return nil, err
	}
	dli, err := s.upstream(apierror.Subject{Project: req.GetProjectId()})
	if err != nil {
		return nil, err
	}
	l := &listing{
		service: s,
		dli:     dli,
		req:     req,
		answer:  &connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true},
		basic:   req.GetView() == connsvcv1.EnhancedConnectionView_BASIC,
		whole:   wantsWhole(ctx),
		next:    start.offset,
		step:    start.step,
		tooMany: defaultLimit + 1,
		known:   map[string]bool{},
		want:    defaultLimit,
	}
	if req.Limit != nil {
		l.want = int(req.GetLimit())
	}
	more, err := l.collect(ctx)
	if err != nil {
		return nil, err
	}
	if token := newPageToken(req, l.nextPage()); more && !l.whole && token != "" {
		l.answer.NextPageToken = &token
	}
	l.answer.Count = int32(len(l.answer.GetConnections())) //nolint:gosec // what fits into memory fits
	return l.answer, nil
}

// A listing is one list on its way from DLI to a caller.
type listing struct {
	service *Service
	dli     Upstream
	req     *connsvcv1.ListEnhancedConnectionsRequest
	answer  *connsvcv1.ListEnhancedConnectionsResponse
	basic   bool
	whole   bool
	next    int64           // offset in DLI's list of what was not taken yet
	want    int             // connections that the caller asked for; 0: all
	taken   int             // those of DLI's list that were taken
	step    int             // connections asked of DLI at once; 0: as the caller asked
	tooMany int             // connections that DLI's answer had no room for
	cut     bool            // the page was full before the caller's limit was reached
	known   map[string]bool // IDs of the answer's connections
	size    int64           // bytes of the answer's connections
}

// collect fills the answer, and reports whether there may be more.
func (l *listing) collect(ctx context.Context) (more bool, err error) {
	for range maxListCalls {
		asked := l.ask()
		page, err := l.fetch(ctx, asked)
		if tooLarge(err) {
			if more, err := l.halve(asked); more || err != nil {
				return more, err
			}
			continue
		}
		if err != nil {
			return false, err
		}
		all, err := l.take(page)
		switch {
		case err != nil || !all:
			return true, err
		case l.want > 0 && l.taken >= l.want:
			return true, nil
		case l.step == 0 || len(page) < asked:
			return false, nil
		}
		l.step = max(l.step, min(2*l.step, l.tooMany-1))
	}
	if l.whole {
		return false, apierror.New(connsvcv1.ErrorReason_ANSWER_TOO_LARGE, "", nil)
	}
	return true, nil
}

// ask returns how many connections to ask DLI for; 0: all.
func (l *listing) ask() int {
	switch {
	case l.step == 0:
		return l.want
	case l.want == 0:
		return l.step
	default:
		return min(l.step, l.want-l.taken)
	}
}

func (l *listing) fetch(ctx context.Context, asked int) ([]*connsvcv1.EnhancedConnection, error) {
	limit := l.req.Limit
	if l.step > 0 {
		limit = proto.Int32(int32(asked)) //nolint:gosec // at most defaultLimit
	}
	resp := &connsvcv1.ListEnhancedConnectionsResponse{}
	err := callTo(ctx, l.dli, connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName, apierror.Subject{Project: l.req.GetProjectId()},
		&connsvcv1.ListEnhancedConnectionsRequest{
			ProjectId: l.req.GetProjectId(),
			Limit:     limit,
			Offset:    int32(min(l.next, math.MaxInt32)), //nolint:gosec // it was just compared
			Status:    l.req.GetStatus(),
			Name:      l.req.GetName(),
			Tags:      l.req.GetTags(),
		}, resp)
	if l.answer.GetMessage() == "" {
		l.answer.Message = resp.GetMessage()
	}
	return resp.GetConnections(), err
}

func tooLarge(err error) bool {
	u, ok := apierror.Find[upstream.Error](err)
	return ok && u.Kind == upstream.TooLarge
}

// halve makes the next call ask for half as much. It reports that the answer is
// done where there is nothing to halve.
func (l *listing) halve(asked int) (done bool, err error) {
	switch {
	case l.whole && !l.basic:
		// The bound of DLI's answers is the bound of ours too.
	case asked != 1:
		if asked > 0 {
			l.tooMany = min(l.tooMany, asked)
		}
		l.step = max(l.tooMany/2, 1)
		return false, nil
	case l.taken > 0 && !l.whole:
		return true, nil
	}
	return false, apierror.New(connsvcv1.ErrorReason_ANSWER_TOO_LARGE, "", nil)
}

// take adds connections to the answer while they fit, and reports whether all did.
func (l *listing) take(page []*connsvcv1.EnhancedConnection) (all bool, err error) {
	for _, c := range page {
		if l.basic {
			c.Hosts = nil
		}
		// Between two parts the list can shift.
		if id := c.GetId(); id == "" || !l.known[id] {
			switch {
			case l.fits(c):
			case l.whole:
				return false, apierror.New(connsvcv1.ErrorReason_ANSWER_TOO_LARGE, "", nil)
			default:
				l.cut = true
				return false, nil
			}
			l.answer.Connections = append(l.answer.Connections, c)
			l.known[id] = true
		}
		l.taken++
		l.next++
	}
	return true, nil
}

// nextPage is where the next page starts. Where this one was cut, it is asked for
// in parts of twice what had room here.
func (l *listing) nextPage() pageStart {
	if !l.cut {
		return pageStart{offset: l.next}
	}
	return pageStart{offset: l.next, step: 2 * len(l.answer.GetConnections())}
}

// fits counts c, if there is room for it: for the first there always is.
func (l *listing) fits(c *connsvcv1.EnhancedConnection) bool {
	bound := l.service.maxAnswerBytes
	switch {
	case l.whole && l.step == 0:
		return true // the door knows its size without our counting
	case !l.whole:
		bound = min(pageBytes, bound-bound/16)
	}
	size := l.size + 1 + int64(protowire.SizeBytes(proto.Size(c)))
	if size > bound && l.taken > 0 {
		return false
	}
	l.size = size
	return true
}

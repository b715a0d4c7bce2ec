// Package service implements ConnectionService: each RPC as a translation to DLI.
//
// It trusts its requests: the caller has validated and authorized them. What it
// keeps between calls is a cache: what pollers have read, and what was changed a moment
// ago. Every error that it returns is an *apierror.Error.
package service

import (
	"context"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/service/apply"
	"github.com/connsvc/connsvc/internal/service/create"
	"github.com/connsvc/connsvc/internal/service/waiting"
)

// Service implements connsvcv1.ConnectionServiceServer.
type Service struct {
	connsvcv1.UnsafeConnectionServiceServer // so that the compiler asks for each RPC
	dli                                     func(projectID string) (create.DLI, error)
	creates                                 *create.Creator
	applier                                 *apply.Applier
	waits                                   *waiting.Waits
}

// New returns the service. It looks up the DLI of a project once for each RPC; the
// result is a type parameter, so that *upstream.Router fits as it is.
func New[D create.DLI](router interface {
	For(projectID string) (D, error)
}, creates *create.Creator, waits *waiting.Waits,
) *Service {
	s := &Service{
		dli:     func(projectID string) (create.DLI, error) { return router.For(projectID) },
		creates: creates,
		waits:   waits,
	}
	s.applier = apply.New(rpcs{s})
	return s
}

// call makes one call to the DLI of the subject's project. Its error is an
// *apierror.Error about the subject.
func (s *Service) call(ctx context.Context, method string, about apierror.Subject, req, resp proto.Message) error {
	dli, err := s.dli(about.Project)
	if err == nil {
		err = dli.Call(ctx, method, req, resp)
		if about.Change { // also after an error: DLI may have executed it
			s.applier.Changed(about.Project, about.ConnectionID, dli.Idempotency().GetListLag().AsDuration())
		}
	}
	return apierror.FromDLI(err, about)
}

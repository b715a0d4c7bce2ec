package service

import (
	"context"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/upstream"
)

// upstream looks up the upstream of a call's project.
func (s *Service) upstream(about apierror.Subject) (Upstream, error) {
	u, err := s.lookup(about.Project)
	if err != nil {
		return nil, mapped(err, about)
	}
	return u, nil
}

// call looks up the upstream of a call's project and makes one call to it.
func (s *Service) call(ctx context.Context, method string, about apierror.Subject, req, resp proto.Message) error {
	u, err := s.upstream(about)
	if err != nil {
		return err
	}
	return callTo(ctx, u, method, about, req, resp)
}

// callTo makes one call to DLI. Its error is an *apierror.Error that knows what the call
// was about.
func callTo(ctx context.Context, u Upstream, method string, about apierror.Subject, req, resp proto.Message) error {
	if err := u.Call(ctx, method, req, resp); err != nil {
		return mapped(err, about)
	}
	return nil
}

func mapped(err error, about apierror.Subject) error {
	if apierror.IsNil(err) {
		return apierror.From(err)
	}
	if u, ok := apierror.Find[upstream.Error](err); ok {
		return apierror.FromUpstream(u, about)
	}
	return apierror.From(err)
}

// goneByRepeat reports whether what the call was to delete is missing because an
// attempt of the call deleted it, whose answer was not a good one.
func goneByRepeat(err error) bool {
	u, ok := apierror.Find[upstream.Error](err)
	if !ok || !u.Repeated {
		return false
	}
	switch apierror.From(err).Reason {
	case connsvcv1.ErrorReason_CONNECTION_NOT_FOUND, connsvcv1.ErrorReason_RESOURCE_NOT_FOUND:
		return true
	default:
		return false
	}
}

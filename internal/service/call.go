package service

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/upstream"
)

// call makes one call to DLI. Its error is an *Error that knows what the call
// was about.
func (s *Service) call(ctx context.Context, method string, about subject, req, resp proto.Message) error {
	err := s.dli.Call(ctx, method, req, resp)
	if err == nil {
		return nil
	}
	if isNilPointer(err) {
		return FromError(err)
	}
	if u, ok := find[upstream.Error](err); ok {
		return fromUpstream(u, about)
	}
	return FromError(err)
}

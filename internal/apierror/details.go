package apierror

import (
	"maps"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// Domain is the domain of every ErrorInfo.
const Domain = "connsvc.v1"

const (
	maxMessageBytes       = 4096 // of Error.Message, as REST sends it
	maxStatusMessageBytes = 512  // of a status, percent-encoded
	maxFieldBytes         = 160
	maxDescriptionBytes   = 256
	maxNameBytes          = 128
	docsURL               = "https://github.com/connsvc/connsvc/blob/main/docs/errors.md#"
)

// GRPCStatus returns the error's form over gRPC: at most MaxStatusBytes on the wire.
// The last violations are left out as necessary; violations_total in ErrorInfo has
// their number.
func (e *Error) GRPCStatus() *status.Status {
	if e == nil {
		return status.New(codes.Internal, errorMap[connsvcv1.ErrorReason_INTERNAL].message)
	}
	message := truncateEncoded(e.Message, maxStatusMessageBytes)
	for n := min(len(e.Violations), MaxStatusViolations); ; n-- {
		st := &spb.Status{Code: int32(e.Code()), Message: message, Details: pack(e.Details(n))}
		for n == 0 && wireSize(st) > MaxStatusBytes && len(st.Details) > 1 {
			st.Details = st.Details[:len(st.Details)-1]
		}
		if n == 0 || wireSize(st) <= MaxStatusBytes {
			return status.FromProto(st)
		}
	}
}

// Details returns the details of the error, ErrorInfo first, with at most the given
// number of violations in BadRequest.
func (e *Error) Details(violations int) []proto.Message {
	details := []proto.Message{e.errorInfo()}
	if e.RequestID != "" {
		details = append(details, &errdetails.RequestInfo{RequestId: truncate(e.RequestID, maxNameBytes)})
	}
	if e.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}
	if e.Report != nil {
		details = append(details, e.Report)
	}
	details = append(details, e.byCode()...)
	if n := min(violations, len(e.Violations)); n > 0 {
		details = append(details, e.badRequest(n))
	}
	return append(details, &errdetails.Help{Links: []*errdetails.Help_Link{{
		Description: "what it means and what to do",
		Url:         docsURL + strings.ToLower(e.Reason.String()),
	}}})
}

func (e *Error) errorInfo() *errdetails.ErrorInfo {
	metadata := map[string]string{}
	maps.Copy(metadata, e.Metadata)
	if r := e.Response; r != nil {
		metadata["dli_error_code"] = r.Code
		metadata["dli_request_id"] = r.RequestID
		metadata["http_status"] = strconv.Itoa(r.HTTPStatus)
	}
	if e.Total > 0 {
		metadata["violations_total"] = strconv.Itoa(e.Total)
	}
	for k, v := range metadata {
		if metadata[k] = truncate(v, maxNameBytes); v == "" {
			delete(metadata, k)
		}
	}
	return &errdetails.ErrorInfo{Reason: e.Reason.String(), Domain: Domain, Metadata: metadata}
}

// byCode returns the details that belong to the gRPC code.
func (e *Error) byCode() []proto.Message {
	row, _ := rowOf(e.Reason)
	switch e.Code() {
	case codes.NotFound, codes.AlreadyExists:
		if r := e.Resource; r != nil {
			return []proto.Message{&errdetails.ResourceInfo{
				ResourceType: r.Type,
				ResourceName: truncate(r.Name, maxNameBytes),
				Description:  truncate(r.Description, maxNameBytes),
			}}
		}
	case codes.FailedPrecondition:
		return []proto.Message{&errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{{
			Type: e.Reason.String(), Subject: truncate(e.Subject, maxNameBytes), Description: row.message,
		}}}}
	case codes.ResourceExhausted:
		if e.Reason == connsvcv1.ErrorReason_UPSTREAM_QUOTA || e.Reason == connsvcv1.ErrorReason_CALLER_QUOTA {
			return []proto.Message{&errdetails.QuotaFailure{Violations: []*errdetails.QuotaFailure_Violation{{
				Subject: truncate(e.Subject, maxNameBytes), Description: row.message,
			}}}}
		}
	}
	return nil
}

func (e *Error) badRequest(n int) *errdetails.BadRequest {
	b := &errdetails.BadRequest{FieldViolations: make([]*errdetails.BadRequest_FieldViolation, 0, n)}
	for _, v := range e.Violations[:n] {
		b.FieldViolations = append(b.FieldViolations, &errdetails.BadRequest_FieldViolation{
			Field:       truncate(v.Field, maxFieldBytes),
			Description: truncate(v.Message, maxDescriptionBytes),
			Reason:      violationReason(v.RuleID),
		})
	}
	return b
}

// violationReason returns a rule ID in the form of a google.rpc reason: "host.name" is
// HOST_NAME, at most 63 letters, digits and underscores.
func violationReason(ruleID string) string {
	const maxReason = 63
	reason := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		default:
			return '_'
		}
	}, ruleID)
	return reason[:min(len(reason), maxReason)]
}

func pack(details []proto.Message) []*anypb.Any {
	packed := make([]*anypb.Any, 0, len(details))
	for _, d := range details {
		// A detail that cannot be marshalled is left out: the caller needs the code and
		// the reason all the same.
		if a, err := anypb.New(d); err == nil {
			packed = append(packed, a)
		}
	}
	return packed
}

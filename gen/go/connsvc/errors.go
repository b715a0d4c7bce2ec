package connsvc

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A Violation is a field of a request that breaks a rule of the contract.
type Violation struct {
	Field       string // as in "hosts[3].ip"; empty: the request as a whole
	Rule        string // as in "STRING_IPV4"
	Description string
}

// Reason returns why connsvc failed a call. It is ERROR_REASON_UNSPECIFIED if the error is
// not connsvc's, but of the connection to it, or if the reason is newer than this package.
func Reason(err error) connsvcv1.ErrorReason {
	info, _ := detail[*errdetails.ErrorInfo](err)
	return connsvcv1.ErrorReason(connsvcv1.ErrorReason_value[info.GetReason()])
}

// Violations returns what is wrong with the request of a call: the first 25, over gRPC.
func Violations(err error) []Violation {
	bad, _ := detail[*errdetails.BadRequest](err)
	var all []Violation
	for _, v := range bad.GetFieldViolations() {
		all = append(all, Violation{v.GetField(), v.GetReason(), v.GetDescription()})
	}
	return all
}

// RetryAfter returns how long to wait before the call is made again, and false if connsvc
// does not say so.
func RetryAfter(err error) (time.Duration, bool) {
	info, ok := detail[*errdetails.RetryInfo](err)
	return info.GetRetryDelay().AsDuration(), ok
}

// detail returns the detail of a type in an error.
func detail[T any](err error) (found T, ok bool) {
	for _, d := range status.Convert(err).Details() {
		if found, ok = d.(T); ok {
			return found, true
		}
	}
	return found, false
}

package cli

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// retriesExhausted is what gRPC's own retries put before the error.
var retriesExhausted = regexp.MustCompile(`max retries exhausted: failed after \d+ attempts: $`)

// Explain returns an error that prints what connsvc says of a failed call: code and text,
// then reason, metadata, fields, steps, when to retry and the request ID, one a line. Other
// errors are returned as they are.
func Explain(err error) error { return explain(err, true) }

// explain is Explain; without steps where the command prints them itself.
func explain(err error, steps bool) error {
	var failed interface{ GRPCStatus() *status.Status }
	if err == nil || !errors.As(err, &failed) {
		return err
	}
	st := failed.GRPCStatus()
	text := strings.TrimSuffix(err.Error(), failedText(failed)) // what was being done
	text = retriesExhausted.ReplaceAllString(text, "")
	text += fmt.Sprintf("%v: %s", st.Code(), clean(st.Message()))
	return errors.New(strings.Join(append([]string{text}, details(st, steps)...), "\n  "))
}

func failedText(failed any) string {
	err, _ := failed.(error)
	return err.Error()
}

// details returns the details of a status that a person can use.
func details(st *status.Status, steps bool) []string {
	var lines []string
	explained := false
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			explained = true
			lines = append(lines, "reason: "+d.GetReason())
			for _, key := range slices.Sorted(maps.Keys(d.GetMetadata())) {
				if value := d.GetMetadata()[key]; value != "" && !strings.HasPrefix(key, "dli_") {
					lines = append(lines, clean(key+": "+value))
				}
			}
			if flag := flagFor[d.GetReason()]; flag != "" {
				lines = append(lines, flag)
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				lines = append(lines, fmt.Sprintf("field %s: %s (%s)", v.GetField(), v.GetDescription(), v.GetReason()))
			}
		case *connsvcv1.ApplyReport:
			for _, step := range d.GetSteps() {
				if steps && step.GetState() != connsvcv1.ApplyStep_NOT_NEEDED {
					lines = append(lines, clean(strings.TrimSpace(fmt.Sprintf("%s: %s %s", words(step.GetAction()), words(step.GetState()), stepSubject(step)))))
				}
			}
		case *errdetails.RetryInfo:
			lines = append(lines, fmt.Sprintf("retry after: %v", d.GetRetryDelay().AsDuration()))
		case *errdetails.RequestInfo:
			lines = append(lines, "request ID: "+d.GetRequestId())
		case *errdetails.Help:
			for _, link := range d.GetLinks() {
				lines = append(lines, "see "+link.GetUrl())
			}
		}
	}
	switch {
	case explained:
	case st.Code() == codes.Unavailable:
		lines = append(lines, "is connsvc's gRPC listener there? Check the address, and whether it has TLS: --plaintext, --ca-file")
	case st.Code() == codes.DeadlineExceeded:
		lines = append(lines, "connsvc did not respond in time; --timeout gives it longer")
	}
	return lines
}

// flagFor are the flags that help with a reason, whose text has the names of the contract.
var flagFor = map[string]string{
	connsvcv1.ErrorReason_REPLACE_NEEDED.String():         "connsvc connections apply has the flag --allow-replace",
	connsvcv1.ErrorReason_EMPTY_NOT_ALLOWED.String():      "connsvc connections hosts has the flag --allow-empty",
	connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED.String(): "connsvc connections sends a token with --token-file or CONNSVC_TOKEN, connsvc call with --bearer-env",
}

// report returns the ApplyReport of an error, nil if it has none.
func report(err error) *connsvcv1.ApplyReport {
	for _, detail := range status.Convert(err).Details() {
		if r, ok := detail.(*connsvcv1.ApplyReport); ok {
			return r
		}
	}
	return nil
}

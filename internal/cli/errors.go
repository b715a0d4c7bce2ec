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
// then reason, metadata, what to do, fields, steps, when to retry and the request ID, one a line. Other
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
			if todo := whatToDo(d); todo != "" {
				lines = append(lines, clean("what to do: "+todo))
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

// whatToDo returns what helps with an error, as the command line names it.
func whatToDo(d *errdetails.ErrorInfo) string {
	reason := connsvcv1.ErrorReason(connsvcv1.ErrorReason_value[d.GetReason()])
	metadata := d.GetMetadata()
	switch {
	case reason == connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED && metadata["header"] != "":
		return "give DLI's IAM token: --iam-token-file or CONNSVC_IAM_TOKEN"
	case reason == connsvcv1.ErrorReason_REPLACE_NEEDED && metadata["would_lose"] != "":
		return "give all that the connection has in " + metadata["would_lose"] + ", or name these lists in allow_empty of the file"
	case reason == connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN && metadata["request_id_stored"] == "false":
		return "list the connections of this name before creating again"
	default:
		return advice[reason]
	}
}

// advice is what to do about each reason. docs/errors.md says the same as the contract names it.
var advice = map[connsvcv1.ErrorReason]string{
	connsvcv1.ErrorReason_VALIDATION_FAILED:               "correct the fields that are listed here",
	connsvcv1.ErrorReason_BODY_TOO_LARGE:                  "send less at once",
	connsvcv1.ErrorReason_METHOD_NOT_FOUND:                "check the address: what listens there does not know this call",
	connsvcv1.ErrorReason_METHOD_NOT_ALLOWED:              "check the address: what listens there does not allow this call",
	connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED:          "give your token for connsvc: --token-file or CONNSVC_TOKEN",
	connsvcv1.ErrorReason_POLICY_DENIED:                   "ask connsvc's operator, whose policy decides",
	connsvcv1.ErrorReason_UPSTREAM_DENIED:                 "ask connsvc's operator to have the permission granted in IAM",
	connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED:          "check the project, or ask connsvc's operator to add it",
	connsvcv1.ErrorReason_CONNECTION_NOT_FOUND:            "check the ID: connsvc connections list shows those that exist",
	connsvcv1.ErrorReason_QUEUE_NOT_FOUND:                 "check the name of the queue, or create it",
	connsvcv1.ErrorReason_ELASTIC_RESOURCE_POOL_NOT_FOUND: "check the name of the elastic resource pool, or create it",
	connsvcv1.ErrorReason_RESOURCE_NOT_FOUND:              "check what the request names, as a route or a VPC",
	connsvcv1.ErrorReason_NAME_TAKEN:                      "choose another name or request ID, or use the existing connection",
	connsvcv1.ErrorReason_CONNECTION_BUSY:                 "wait until no peering is CREATING, as connsvc connections wait does, then repeat",
	connsvcv1.ErrorReason_PEERING_FAILED:                  "delete the connection, or contact DLI's support",
	connsvcv1.ErrorReason_OPERATION_NOT_SUPPORTED:         "use another resource or operation",
	connsvcv1.ErrorReason_RESOURCE_UNAVAILABLE:            "check the state of the resource in DLI, then repeat",
	connsvcv1.ErrorReason_UPSTREAM_REFUSED:                "correct what DLI's text above says",
	connsvcv1.ErrorReason_UPSTREAM_QUOTA:                  "delete what is not needed, or have the cloud raise the quota",
	connsvcv1.ErrorReason_CALLER_QUOTA:                    "repeat later, with fewer calls at once",
	connsvcv1.ErrorReason_OVERLOADED:                      "repeat later: nothing was sent to DLI",
	connsvcv1.ErrorReason_UPSTREAM_THROTTLED:              "repeat later: nothing was done",
	connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE:            "repeat later; if the outcome of a change is unknown, check it first",
	connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS:            "ask connsvc's operator to fix its credentials",
	connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN:          "repeat with the same request ID; without one, list the connections of this name before creating again",
	connsvcv1.ErrorReason_UPSTREAM_TIMEOUT:                "repeat; of a queue that is bound or unbound and of a new route, check first whether it took place",
	connsvcv1.ErrorReason_UPSTREAM_FAULT:                  "repeat later; if it persists, ask connsvc's operator",
	connsvcv1.ErrorReason_ANSWER_TOO_LARGE:                "ask for less",
	connsvcv1.ErrorReason_INTERNAL:                        "report it with the request ID: it is a defect of connsvc",
	connsvcv1.ErrorReason_REQUEST_TIMEOUT:                 "repeat",
	connsvcv1.ErrorReason_CONCURRENT_CHANGE:               "read the connection again, then repeat",
	connsvcv1.ErrorReason_REPLACE_NEEDED:                  "have connsvc connections apply replace it with --allow-replace, or choose another name",
	connsvcv1.ErrorReason_NAME_AMBIGUOUS:                  "delete the connections of this name that are not wanted",
	connsvcv1.ErrorReason_EMPTY_NOT_ALLOWED:               "if no host is to be left, give connsvc connections hosts the flag --allow-empty",
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

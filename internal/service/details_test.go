package service_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/connsvc/connsvc/internal/validation"
)

func TestDetails(t *testing.T) {
	const docs = "https://github.com/connsvc/connsvc/blob/main/docs/errors.md#"
	help := func(anchor string) *errdetails.Help {
		return &errdetails.Help{Links: []*errdetails.Help_Link{{Description: "what it means and what to do", Url: docs + anchor}}}
	}
	info := func(reason string, metadata map[string]string) *errdetails.ErrorInfo {
		return &errdetails.ErrorInfo{Reason: reason, Domain: "connsvc.v1", Metadata: metadata}
	}
	fromDLI := func(httpStatus, code string) map[string]string {
		return map[string]string{"dli_error_code": code, "dli_request_id": "dli-1", "http_status": httpStatus}
	}
	for name, c := range map[string]struct {
		rpc  rpc
		dli  error
		want []proto.Message
	}{
		"NOT_FOUND": {get, answered(404, "DLI.0023", "No related resources were found."), []proto.Message{
			info("CONNECTION_NOT_FOUND", fromDLI("404", "DLI.0023")),
			&errdetails.ResourceInfo{ResourceType: "connsvc.v1/EnhancedConnection", ResourceName: connectionID},
			help("connection_not_found"),
		}},
		"ALREADY_EXISTS": {createRoute, answered(400, "DLI.0006", "The object exists."), []proto.Message{
			info("NAME_TAKEN", fromDLI("400", "DLI.0006")),
			&errdetails.ResourceInfo{
				ResourceType: "connsvc.v1/Route", ResourceName: "r1", Description: "route of connection " + connectionID,
			},
			help("name_taken"),
		}},
		"FAILED_PRECONDITION": {remove, answered(400, "DLI.0007", "no"), []proto.Message{
			info("CONNECTION_BUSY", fromDLI("400", "DLI.0007")),
			&errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{{
				Type: "CONNECTION_BUSY", Subject: "connsvc.v1/EnhancedConnection/" + connectionID,
				Description: "a peering of the connection is still being created",
			}}},
			help("connection_busy"),
		}},
		"quota": {createConnection, answered(400, "DLI.1028", "The quota is insufficient."), []proto.Message{
			info("UPSTREAM_QUOTA", fromDLI("400", "DLI.1028")),
			&errdetails.QuotaFailure{Violations: []*errdetails.QuotaFailure_Violation{{
				Subject: "project:" + projectID, Description: "a quota of the DLI account is used up",
			}}},
			help("upstream_quota"),
		}},
		"UNAVAILABLE": {get, answered(503, "", ""), []proto.Message{
			info("UPSTREAM_UNAVAILABLE", map[string]string{"dli_request_id": "dli-1", "http_status": "503"}),
			&errdetails.RetryInfo{RetryDelay: durationpb.New(2 * time.Second)},
			help("upstream_unavailable"),
		}},
		"no answer": {get, errors.New("a defect"), []proto.Message{info("INTERNAL", nil), help("internal")}},
		"invalid": {get, &validation.Error{Violations: []validation.Violation{{Field: "hosts[3]", RuleID: "host.name", Message: "hosts[3]"}}, Total: 1}, []proto.Message{
			info("VALIDATION_FAILED", map[string]string{"violations_total": "1"}),
			&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{
				Field: "hosts[3]", Description: "hosts[3]", Reason: "HOST_NAME",
			}}},
			help("validation_failed"),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := script(t, c.dli)
			_, err := c.rpc.do(t.Context(), s)
			var got []proto.Message
			for _, d := range asError(t, err).GRPCStatus().Details() {
				got = append(got, d.(proto.Message))
			}
			if d := cmp.Diff(c.want, got, protocmp.Transform()); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

package apierror_test

import (
	"testing"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/upstream"
)

// TestTakenName: a name is taken if DLI says so of the name of what the call makes, and of
// nothing else that may exist already.
func TestTakenName(t *testing.T) {
	const (
		create     = apierror.CreateConnection
		route      = apierror.CreateRoute
		taken      = connsvcv1.ErrorReason_NAME_TAKEN
		invalid    = connsvcv1.ErrorReason_VALIDATION_FAILED
		rejected   = connsvcv1.ErrorReason_UPSTREAM_REFUSED
		fault      = connsvcv1.ErrorReason_UPSTREAM_FAULT
		unknown    = connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN
		unsuitable = connsvcv1.ErrorReason_OPERATION_NOT_SUPPORTED
	)
	for _, c := range []struct {
		operation apierror.Operation
		status    int
		code      string
		text      string
		want      connsvcv1.ErrorReason
	}{
		{create, 400, "DLI.0006", "The object exists.", taken},
		{create, 400, "DLI.0006", "x", taken},
		{create, 400, "DLI.0999", "The object exists.", taken},
		{create, 500, "DLI.0999", "The object exists.", taken},
		{create, 200, "", "The object exists.", taken},
		{create, 400, "DLI.0001", "Connection orders already exists.", taken},
		{create, 400, "DLI.0001", "A connection with this name exists in the project.", taken},
		{create, 400, "DLI.0001", "ORDERS already exists", taken},
		{create, 200, "", "Duplicate name", taken},
		{create, 400, "DLI.0001", "Duplicate host name ecs-1.", invalid},
		{create, 400, "DLI.0001", "Duplicated host names", invalid},
		{create, 400, "DLI.0001", "The peering connection of orders already exists.", invalid},
		{create, 400, "DLI.0001", "The route table exists for connection orders.", invalid},
		{create, 400, "DLI.0007", "The queue q1 already exists.", unsuitable},
		{create, 400, "DLI.0001", "Duplicate entry", invalid},
		{create, 200, "", "Duplicate IP addresses of orders", rejected},
		{create, 400, "DLI.0999", "A tag already exists", unknown},
		{create, 500, "DLI.0999", "A tag already exists", unknown},
		{route, 400, "DLI.0006", "The object exists.", taken},
		{route, 500, "DLI.0999", "The object exists.", taken},
		{route, 400, "DLI.0001", "Route to_db already exists", taken},
		{route, 400, "DLI.0001", "Duplicate name to_db", taken},
		{route, 400, "DLI.0001", "The peering of this route already exists", invalid},
		{route, 400, "DLI.0001", "A duplicate CIDR", invalid},
		{apierror.Other, 400, "DLI.0006", "The object exists.", rejected},
		{apierror.Other, 500, "DLI.0999", "The object exists.", fault},
		{apierror.Other, 400, "DLI.0001", "Connection orders already exists.", invalid},
		{apierror.DisassociateQueues, 400, "DLI.0006", "x", rejected},
	} {
		kind := upstream.Status
		if c.status == 200 {
			kind = upstream.Unsuccessful
		}
		err := apierror.FromDLI(
			&upstream.Error{Kind: kind, HTTPStatus: c.status, Code: c.code, Message: c.text, Sent: true},
			apierror.Subject{Operation: c.operation, Change: true, Name: "orders", Route: "to_db"})
		if got := apierror.From(err).Reason; got != c.want {
			t.Errorf("operation %d, %d %s %q: got %v, want %v", c.operation, c.status, c.code, c.text, got, c.want)
		}
	}
}

// TestMissingOfTest: a connectivity test can miss its queue, or what it is about itself, but
// no connection.
func TestMissingOfTest(t *testing.T) {
	const (
		create   = apierror.CreateConnectivityTest
		get      = apierror.GetConnectivityTest
		queue    = connsvcv1.ErrorReason_QUEUE_NOT_FOUND
		resource = connsvcv1.ErrorReason_RESOURCE_NOT_FOUND
		rejected = connsvcv1.ErrorReason_UPSTREAM_REFUSED
	)
	for _, c := range []struct {
		operation apierror.Operation
		code      string
		text      string
		want      connsvcv1.ErrorReason
	}{
		{create, "DLI.0002", "There is no queue named q1", queue},
		{create, "DLI.0001", "Queue q1 does not exist.", queue},
		{create, "DLI.0002", "The address db.example does not exist for queue q1.", resource},
		{create, "DLI.0002", "There is no project p1", rejected},
		{get, "DLI.0002", "There is no queue named q1", queue},
		{get, "DLI.0002", "The task 9 of queue q1 does not exist.", resource},
		{get, "DLI.0002", "There is no connectivity test with the task ID 9", resource},
		{get, "DLI.0002", "connection-test 9 does not exist", resource},
		{get, "DLI.0002", "addressId:9 not found", resource},
		{get, "DLI.0002", "The object does not exist.", resource},
		{get, "DLI.0023", "No related resources were found.", resource},
		{get, "DLI.0001", "The project p1 does not exist.", rejected},
	} {
		err := apierror.FromDLI(
			&upstream.Error{Kind: upstream.Status, HTTPStatus: 400, Code: c.code, Message: c.text, Sent: true},
			apierror.Subject{Operation: c.operation, Queues: []string{"q1"}, Task: 9})
		if got := apierror.From(err).Reason; got != c.want {
			t.Errorf("operation %d, %s %q: got %v, want %v", c.operation, c.code, c.text, got, c.want)
		}
	}
}

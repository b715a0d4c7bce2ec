package create_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/service/create"
	"github.com/connsvc/connsvc/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	projectID    = "48cc2c48765f481480c7db940d6409d1"
	connectionID = "503fc86a-5e60-4349-92c2-7e399404fa8a"
	networkID    = "fd0a4a6c-8ba3-4a4c-a9ac-ed3e3cdd2e6b"
	vpcID        = "22094d8f-c310-4621-913d-4c4d655d8495"
)

func createRequest() *connsvcv1.CreateEnhancedConnectionRequest {
	return &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId: projectID, Name: "c1", DestVpcId: vpcID, DestNetworkId: networkID,
		Queues: []string{"q1", "q2"}, ElasticResourcePools: []string{"p1"},
		Hosts: []*connsvcv1.Host{{Name: "ecs-1", Ip: "192.168.0.1"}, {Name: "ecs-2", Ip: "192.168.0.2"}},
	}
}

func answered(httpStatus int, code, message string) *upstream.Error {
	return &upstream.Error{Kind: upstream.Status, HTTPStatus: httpStatus, Code: code, Message: message, RequestID: "dli-1", Sent: true}
}

func refused(message string) *upstream.Error {
	return &upstream.Error{Kind: upstream.Unsuccessful, HTTPStatus: 200, Message: message, Sent: true}
}

// asError fails the test unless err is an apierror.Error.
func asError(t *testing.T, err error) *apierror.Error {
	t.Helper()
	var e *apierror.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *apierror.Error", err)
	}
	return e
}

// wantReason fails the test unless err has the reason.
func wantReason(t *testing.T, what string, err error, want connsvcv1.ErrorReason) *apierror.Error {
	t.Helper()
	e := asError(t, err)
	if e.Reason != want {
		t.Errorf("%s: got %v, want %v", what, e, want)
	}
	return e
}

// A replica is a Creator in front of a DLI.
type replica struct {
	creator *create.Creator
	dli     create.DLI
}

func (r replica) create(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	return r.creator.Create(ctx, r.dli, req)
}

// createIn creates by the deadline, which is checked.
func createIn(t *testing.T, r replica, d time.Duration, req *connsvcv1.CreateEnhancedConnectionRequest) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	resp, err := r.create(ctx, req)
	if ctx.Err() != nil {
		t.Errorf("the call took all of its %v", d)
	}
	return resp, err
}

func within(d time.Duration) *configv1.Idempotency {
	return &configv1.Idempotency{ReconcileTimeout: durationpb.New(d)}
}

// quickly is within, where lists lag by so much at most.
func quickly(d, listLag time.Duration) *configv1.Idempotency {
	return &configv1.Idempotency{ReconcileTimeout: durationpb.New(d), ListLag: durationpb.New(listLag)}
}

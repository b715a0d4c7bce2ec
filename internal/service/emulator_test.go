package service_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/iam"
	"github.com/connsvc/connsvc/internal/service"
	"github.com/connsvc/connsvc/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "token-of-the-test"

// overEmulator makes a service over the real client of DLI and an emulator.
func overEmulator(t *testing.T, o emulator.Options) *service.Service {
	t.Helper()
	o.Tokens = []string{token}
	server := httptest.NewServer(emulator.New(o))
	t.Cleanup(server.Close)
	return overEndpoint(t, server.URL, token)
}

func overEndpoint(t *testing.T, url, token string) *service.Service {
	t.Helper()
	router, err := upstream.New([]*configv1.Upstream{{
		Endpoint:    url,
		Projects:    []string{projectID},
		Credentials: &configv1.Upstream_Token{Token: &configv1.Secret{}},
	}}, upstream.Options{Secret: func(*configv1.Secret) (string, error) { return token, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { router.Close(context.Background()) })
	return newService(t, router)
}

// created creates a connection and returns its ID.
func created(t *testing.T, s *service.Service, change func(*connsvcv1.CreateEnhancedConnectionRequest)) string {
	t.Helper()
	req := createRequest()
	change(req)
	resp, err := s.CreateEnhancedConnection(t.Context(), req)
	if err != nil {
		t.Fatalf("creating a connection: %v", err)
	}
	return resp.GetConnectionId()
}

func unchanged(*connsvcv1.CreateEnhancedConnectionRequest) {}

// wantReason fails the test unless err has the reason.
func wantReason(t *testing.T, what string, err error, want connsvcv1.ErrorReason) *apierror.Error {
	t.Helper()
	e := asError(t, err)
	if e.Reason != want {
		t.Errorf("%s: got %v, want %v", what, e, want)
	}
	return e
}

func TestLifeOfAConnection(t *testing.T) {
	s := overEmulator(t, emulator.Options{})
	ctx := t.Context()
	id := created(t, s, unchanged)

	c, err := s.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: projectID, ConnectionId: id})
	if err != nil {
		t.Fatal(err)
	}
	if c.GetName() != "c1" || len(c.GetHosts()) != 2 || c.GetCreateTime().AsTime().IsZero() {
		t.Errorf("got %v", c)
	}
	steps := map[string]func(context.Context) error{
		"hosts": func(ctx context.Context) error {
			_, err := s.UpdateEnhancedConnectionHosts(ctx, &connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: projectID, ConnectionId: id})
			return err
		},
		"bind": func(ctx context.Context) error {
			_, err := s.AssociateQueues(ctx, &connsvcv1.AssociateQueuesRequest{ProjectId: projectID, ConnectionId: id, Queues: []string{"q3"}})
			return err
		},
		"unbind": func(ctx context.Context) error {
			_, err := s.DisassociateQueues(ctx, &connsvcv1.DisassociateQueuesRequest{ProjectId: projectID, ConnectionId: id, Queues: []string{"q1"}})
			return err
		},
		"route": func(ctx context.Context) error {
			_, err := s.CreateRoute(ctx, &connsvcv1.CreateRouteRequest{ProjectId: projectID, ConnectionId: id, Name: "r1", Cidr: "10.169.0.0/24"})
			return err
		},
		"grant": func(ctx context.Context) error {
			_, err := s.UpdatePrivileges(ctx, &connsvcv1.UpdatePrivilegesRequest{
				ProjectId: projectID, GranteeProjectId: "grantee", Action: "grant",
				Privileges: []*connsvcv1.UpdatePrivilegesRequest_ObjectPrivileges{{Object: "edsconnections." + id, Privileges: []string{"BIND_QUEUE"}}},
			})
			return err
		},
	}
	for name, step := range steps {
		if err := step(ctx); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	p, err := s.ListPrivileges(ctx, &connsvcv1.ListPrivilegesRequest{ProjectId: projectID, ConnectionId: id})
	if err != nil || len(p.GetPrivileges()) != 1 || p.GetPrivileges()[0].GetProjectId() != "grantee" ||
		p.GetPrivileges()[0].GetApplicantProjectId() != "grantee" {
		t.Errorf("privileges: %v, %v", p, err)
	}
	l, err := s.ListEnhancedConnections(ctx, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: projectID})
	if err != nil || l.GetCount() != 1 || len(l.GetConnections()[0].GetHosts()) != 0 || len(l.GetConnections()[0].GetRoutes()) != 1 ||
		len(l.GetConnections()[0].GetAvailableQueueInfo()) != 2 {
		t.Errorf("list: %v, %v", l, err)
	}
	if _, err := s.DeleteEnhancedConnection(ctx, &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: projectID, ConnectionId: id}); err != nil {
		t.Errorf("delete: %v", err)
	}
	_, err = s.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: projectID, ConnectionId: id})
	wantReason(t, "get after delete", err, connsvcv1.ErrorReason_CONNECTION_NOT_FOUND)
}

func TestEmulatorMissesConnection(t *testing.T) {
	for name, quirks := range map[string]emulator.Quirks{"400": {}, "404": {MissingIs404: true}} {
		s := overEmulator(t, emulator.Options{Quirks: quirks})
		for _, r := range aboutConnection() {
			t.Run(name+"/"+r.name, func(t *testing.T) {
				_, err := r.do(t.Context(), s)
				e := wantReason(t, r.name, err, connsvcv1.ErrorReason_CONNECTION_NOT_FOUND)
				if e.Message != missingText || e.DLICode != "DLI.0001" || e.HTTPStatus != http.StatusNotFound {
					t.Errorf("got %d %s %q", e.HTTPStatus, e.DLICode, e.Message)
				}
				if e.Response == nil || e.Response.RequestID == "" {
					t.Errorf("DLI's request ID is lost: %+v", e.Response)
				}
			})
		}
	}
}

func TestEmulatorRefusesCreate(t *testing.T) {
	s := overEmulator(t, emulator.Options{Queues: []string{"q1", "q2"}, Pools: []string{"p1"}})
	id := created(t, s, unchanged)
	for name, c := range map[string]struct {
		change func(*connsvcv1.CreateEnhancedConnectionRequest)
		want   connsvcv1.ErrorReason
	}{
		"taken name": {unchanged, connsvcv1.ErrorReason_NAME_TAKEN},
		"no such pool": {func(r *connsvcv1.CreateEnhancedConnectionRequest) {
			r.Name, r.ElasticResourcePools = "c3", []string{"p9"}
		}, connsvcv1.ErrorReason_ELASTIC_RESOURCE_POOL_NOT_FOUND},
		"no such queue": {func(r *connsvcv1.CreateEnhancedConnectionRequest) { r.Name, r.Queues = "c4", []string{"q9"} }, connsvcv1.ErrorReason_QUEUE_NOT_FOUND},
		"bad name":      {func(r *connsvcv1.CreateEnhancedConnectionRequest) { r.Name = "c-5" }, connsvcv1.ErrorReason_VALIDATION_FAILED},
	} {
		t.Run(name, func(t *testing.T) {
			req := createRequest()
			c.change(req)
			_, err := s.CreateEnhancedConnection(t.Context(), req)
			e := wantReason(t, name, err, c.want)
			if c.want == connsvcv1.ErrorReason_NAME_TAKEN &&
				(e.Metadata["existing_connection_id"] != id || e.Metadata["same_spec"] != "true") {
				t.Errorf("metadata %v, want %s", e.Metadata, id)
			}
		})
	}
}

func TestEmulatorQuota(t *testing.T) {
	s := overEmulator(t, emulator.Options{MaxConnections: 1})
	created(t, s, func(r *connsvcv1.CreateEnhancedConnectionRequest) { r.Name = "c0" })
	_, err := createConnection.do(t.Context(), s)
	wantReason(t, "over the quota", err, connsvcv1.ErrorReason_UPSTREAM_QUOTA)
}

func TestEmulatorRefusesByState(t *testing.T) {
	slow := overEmulator(t, emulator.Options{PeeringDelay: time.Hour})
	id := created(t, slow, unchanged)
	_, err := slow.DeleteEnhancedConnection(t.Context(), &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: projectID, ConnectionId: id})
	wantReason(t, "delete while CREATING", err, connsvcv1.ErrorReason_CONNECTION_BUSY)

	failing := overEmulator(t, emulator.Options{Network: emulator.Network{Peerings: []emulator.PeeringRule{{Name: "q1", Fails: "Failed to get subnet"}}}})
	id = created(t, failing, unchanged)
	_, err = failing.DisassociateQueues(t.Context(), &connsvcv1.DisassociateQueuesRequest{ProjectId: projectID, ConnectionId: id, Queues: []string{"q1"}})
	wantReason(t, "unbind of a FAILED peering", err, connsvcv1.ErrorReason_PEERING_FAILED)

	route := &connsvcv1.CreateRouteRequest{ProjectId: projectID, ConnectionId: id, Name: "r1", Cidr: "10.169.0.0/24"}
	if _, err := failing.CreateRoute(t.Context(), route); err != nil {
		t.Fatal(err)
	}
	_, err = failing.CreateRoute(t.Context(), route)
	wantReason(t, "a route twice", err, connsvcv1.ErrorReason_NAME_TAKEN)
	_, err = failing.DeleteRoute(t.Context(), &connsvcv1.DeleteRouteRequest{ProjectId: projectID, ConnectionId: id, Name: "r9"})
	wantReason(t, "an unknown route", err, connsvcv1.ErrorReason_RESOURCE_NOT_FOUND)
}

func TestEmulatorConnectivity(t *testing.T) {
	s := overEmulator(t, emulator.Options{Queues: []string{"q1", "q2"}, Pools: []string{"p1"}})
	created(t, s, unchanged)
	made, err := createTest.do(t.Context(), s)
	if err != nil || made.(*connsvcv1.CreateConnectivityTestResponse).GetTaskId() != 1 { //nolint:forcetypeassert // it is what the RPC returns
		t.Fatalf("got %v, %v", made, err)
	}
	got, err := s.GetConnectivityTest(t.Context(), &connsvcv1.GetConnectivityTestRequest{ProjectId: projectID, QueueName: "q1", TaskId: 1})
	if err != nil || got.GetConnectivity() != "REACHABLE" {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = s.CreateConnectivityTest(t.Context(), &connsvcv1.CreateConnectivityTestRequest{ProjectId: projectID, QueueName: "q9", Address: "db:1"})
	e := wantReason(t, "a test of an unknown queue", err, connsvcv1.ErrorReason_QUEUE_NOT_FOUND)
	if d := cmp.Diff(&apierror.Resource{Type: apierror.TypeQueue, Name: "q9"}, e.Resource); d != "" {
		t.Errorf("resource (-want +got)\n%s", d)
	}
	_, err = s.GetConnectivityTest(t.Context(), &connsvcv1.GetConnectivityTestRequest{ProjectId: projectID, QueueName: "q9", TaskId: 1})
	wantReason(t, "of an unknown queue", err, connsvcv1.ErrorReason_QUEUE_NOT_FOUND)
	_, err = s.GetConnectivityTest(t.Context(), &connsvcv1.GetConnectivityTestRequest{ProjectId: projectID, QueueName: "q2", TaskId: 1})
	e = wantReason(t, "of another queue", err, connsvcv1.ErrorReason_RESOURCE_NOT_FOUND)
	if d := cmp.Diff(&apierror.Resource{Type: apierror.TypeConnectivityTest, Name: "1", Description: "of queue q2"}, e.Resource); d != "" {
		t.Errorf("resource (-want +got)\n%s", d)
	}
}

func TestUpstreamThatIsNotThere(t *testing.T) {
	server := httptest.NewServer(emulator.New(emulator.Options{Identities: iam.Identities{Tokens: []string{token}}}))
	wrong := overEndpoint(t, server.URL, "another-token")
	_, err := get.do(t.Context(), wrong)
	e := wantReason(t, "a wrong token", err, connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS)
	if e.HTTPStatus != http.StatusInternalServerError {
		t.Errorf("a wrong token of connsvc's is HTTP %d to the caller", e.HTTPStatus)
	}
	_, err = wrong.GetEnhancedConnection(t.Context(), &connsvcv1.GetEnhancedConnectionRequest{ProjectId: "other", ConnectionId: connectionID})
	wantReason(t, "another project", err, connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED)

	server.Close()
	// A new client: the old one could write into the connection that it kept.
	_, err = createConnection.do(t.Context(), overEndpoint(t, server.URL, token))
	wantReason(t, "nobody listens", err, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = get.do(cancelled, wrong)
	wantReason(t, "cancelled", err, connsvcv1.ErrorReason_CALLER_CANCELLED)
}

func TestCreateWithoutAnAnswer(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"hangs up":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"HTML":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"bare 201":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) },
		"empty 500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"a 400 cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error_code":"DLI.00`))
		},
		"no connection_id": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(`{"is_success":true,"message":""}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(answer)
			t.Cleanup(server.Close)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := createConnection.do(ctx, overEndpoint(t, server.URL, token))
			wantReason(t, name, err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
		})
	}
}

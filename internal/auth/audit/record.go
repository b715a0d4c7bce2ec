package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// The events of records.
const (
	Change  = "change"  // a call that changes something, whatever its outcome
	Refusal = "refusal" // a call that was rejected because of its caller
)

// Started is the outcome of a record that is written before a change.
const Started = "STARTED"

// A Record is one call.
type Record struct {
	Time          time.Time `json:"time"`
	Event         string    `json:"event"`
	RequestID     string    `json:"request_id"`
	Caller        string    `json:"caller"` // kind:id; empty: not authenticated
	Groups        []string  `json:"groups,omitempty"`
	Peer          string    `json:"peer,omitempty"`
	API           string    `json:"api"`
	Method        string    `json:"method"`
	Project       string    `json:"project,omitempty"`
	ResourceID    string    `json:"resource_id,omitempty"` // of the connection
	RequestSHA256 string    `json:"request_sha256,omitempty"`
	// Request is the request as JSON, without its hosts: there may be 20,000.
	Request      json.RawMessage `json:"request,omitempty"`
	Hosts        int             `json:"hosts,omitempty"`
	HostsSHA256  string          `json:"hosts_sha256,omitempty"`
	Steps        []string        `json:"steps,omitempty"` // of an apply, that were needed: "SET_HOSTS DONE 3"
	Outcome      string          `json:"outcome"`         // a gRPC code, or Started
	Reason       string          `json:"reason,omitempty"`
	Rule         string          `json:"rule,omitempty"` // of the policy
	DLIRequestID string          `json:"dli_request_id,omitempty"`
	DurationUS   int64           `json:"duration_us"`
	// Suppressed is how many records of rejected callers were left out before this one.
	Suppressed int64 `json:"suppressed,omitempty"`
}

// flood reports whether a stranger can cause any number of such records.
func (r *Record) flood() bool {
	return r.Event == Refusal && (r.Reason == connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED.String() ||
		r.Reason == connsvcv1.ErrorReason_CALLER_QUOTA.String())
}

var specName = (*connsvcv1.EnhancedConnectionSpec)(nil).ProtoReflect().Descriptor().FullName()

// SetRequest adds a request to the record.
func (r *Record) SetRequest(req proto.Message) {
	if req == nil {
		return
	}
	rest, hosts := withoutHosts(req.ProtoReflect())
	if named, ok := req.(interface{ GetConnectionId() string }); ok && r.ResourceID == "" {
		r.ResourceID = named.GetConnectionId()
	}
	sum := sha256.New()
	if len(hosts) > 0 {
		r.Hosts = len(hosts)
		r.HostsSHA256 = hashOf(hosts)
		sum.Write([]byte(r.HostsSHA256))
	}
	if wire, err := (proto.MarshalOptions{Deterministic: true}).Marshal(rest.Interface()); err == nil {
		sum.Write(wire)
		r.RequestSHA256 = hex.EncodeToString(sum.Sum(nil))
	}
	if text, err := protojson.Marshal(rest.Interface()); err == nil {
		r.Request = text
	}
}

// withoutHosts returns a copy of a message that shares all fields but the hosts, also those
// of the connections in it, and the hosts. A RemoveHosts may name them without addresses.
func withoutHosts(m protoreflect.Message) (rest protoreflect.Message, hosts []*connsvcv1.Host) {
	rest = m.New()
	if with, ok := m.Interface().(interface{ GetHosts() []*connsvcv1.Host }); ok {
		hosts = with.GetHosts()
	}
	remove, removes := m.Interface().(*connsvcv1.RemoveHostsRequest)
	if removes {
		hosts = slices.Clone(hosts)
		for _, name := range remove.GetNames() {
			hosts = append(hosts, &connsvcv1.Host{Name: name})
		}
	}
	within := func(spec protoreflect.Message) protoreflect.Value {
		inner, its := withoutHosts(spec)
		hosts = append(hosts, its...)
		return protoreflect.ValueOfMessage(inner)
	}
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.Name() == "hosts", removes && field.Name() == "names":
		case field.Message() == nil || field.Message().FullName() != specName:
			rest.Set(field, value)
		case field.IsList():
			list := rest.Mutable(field).List()
			for i := range value.List().Len() {
				list.Append(within(value.List().Get(i).Message()))
			}
		default:
			rest.Set(field, within(value.Message()))
		}
		return true
	})
	return rest, hosts
}

// SetSteps adds the steps of an apply that were needed.
func (r *Record) SetSteps(steps []*connsvcv1.ApplyStep) {
	for _, s := range steps {
		if s.GetState() != connsvcv1.ApplyStep_NOT_NEEDED {
			r.Steps = append(r.Steps, fmt.Sprintf("%s %s %d", s.GetAction(), s.GetState(), s.GetCount()))
		}
	}
}

// hashOf returns the SHA-256 of hosts: of a line for each, with its name, a space and its
// address.
func hashOf(hosts []*connsvcv1.Host) string {
	sum := sha256.New()
	var line []byte
	for _, h := range hosts {
		line = append(line[:0], h.GetName()...)
		line = append(line, ' ')
		line = append(line, h.GetIp()...)
		sum.Write(append(line, '\n'))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

package emulator

import (
	"strings"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/emulator/iam"
	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// Options configure an emulator. The zero value is the documented default.
type Options struct {
	// Identities are the known callers.
	iam.Identities
	// Queues, Pools and Projects list those that exist; nil: any name does.
	Queues, Pools, Projects []string
	// Subnets lists the subnets (dest_network_id) that exist; nil: any does. A
	// peering to one that does not exist is FAILED.
	Subnets []string
	// IPv6Subnets lists the subnets with IPv6: connections to others have ipv6_enable
	// false and reject IPv6 routes. Nil: all have ipv6_enable false and accept them.
	IPv6Subnets []string
	// PoolOfQueue maps queues to the elastic resource pools that contain them. Such a
	// queue exists, and binding it binds its pool.
	PoolOfQueue map[string]string
	// PeeringDelay is the time from CREATING to ACTIVE or FAILED; 0: at once.
	PeeringDelay time.Duration
	// TestDelay is the time until a connectivity test has a result; 0: none.
	TestDelay time.Duration
	// Network has the first rules of peerings and addresses. New panics if they are
	// invalid, which ParseNetwork and SetNetwork report as an error.
	Network Network
	// MaxConnections is the quota of connections of a project; 0: no quota.
	MaxConnections int
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// NewID makes the UUIDs of connections and peerings, and is called by one
	// goroutine at a time; nil: random ones, or with a Seed repeatable ones.
	NewID func() string
	// Seed makes the IDs of two emulators equal; 0: they differ. With Now too, the same
	// requests in the same order have the same responses.
	Seed uint64
	// Faults are the first rules of what goes wrong. New panics if they are invalid,
	// which faults.Parse and SetFaults report as an error.
	Faults []faults.Rule
	// Quirks decide what DLI's documents leave open.
	Quirks Quirks
}

// Quirks are the questions that DLI's documents leave open. The zero value is
// this emulator's guess at DLI.
type Quirks struct {
	// AllowDuplicateNames lets connections of a project share a name; by default the
	// second is rejected with DLI.0006.
	AllowDuplicateNames bool
	// MissingIs404 is 404 DLI.0023 for a connection that does not exist; by default it
	// is 400 DLI.0001, as documented for privileges.
	MissingIs404 bool
	// DeletedRetention is how long GET and list show a deleted connection; 0: for
	// ever, negative: not at all.
	DeletedRetention time.Duration
	// ListHidesDeleted leaves deleted connections out of a list without a status;
	// by default it has both, since there is a filter.
	ListHidesDeleted bool
	// NewestFirst reverses the order of lists; by default the oldest comes first.
	NewestFirst bool
	// CountIsTotal makes a list's count the number of all matching connections; by
	// default it is the number returned, as documented.
	CountIsTotal bool
	// MaxLimit is the largest limit of a list; 0: any.
	MaxLimit int
	// RebindFails rejects binding what is bound with DLI.0006; by default that
	// succeeds and changes nothing.
	RebindFails bool
	// UnbindUnboundFails rejects unbinding what is not bound with DLI.0002; by default
	// that succeeds and changes nothing.
	UnbindUnboundFails bool
	// PartialBind binds the existing queues although another does not exist, which is
	// the error; by default a rejected call changes nothing.
	PartialBind bool
	// UnknownQueueCode is the code for an unknown queue or pool; empty: DLI.0002.
	// Other calls of DLI were seen with DLI.0008.
	UnknownQueueCode string
	// UnknownQueueFails makes the peering of an unknown queue or pool FAILED; by
	// default the request is rejected.
	UnknownQueueFails bool
	// UnknownSubnetRejected rejects a create with an unknown subnet with DLI.0002; by
	// default only its peerings are FAILED.
	UnknownSubnetRejected bool
	// MaxRoutes is the most routes of a connection; 0: any number.
	MaxRoutes int
	// ProjectHeaderChecked rejects a request whose X-Project-Id is not the project of
	// the path; by default the header has no effect.
	ProjectHeaderChecked bool
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = newIDSource(o.Seed, resourceIDStream).uuid
	}
	if o.Quirks.UnknownQueueCode == "" {
		o.Quirks.UnknownQueueCode = wire.CodeNoObject
	}
	o.PoolOfQueue = lowerMap(o.PoolOfQueue)
	return o
}

func lowerMap(m map[string]string) map[string]string {
	lower := make(map[string]string, len(m))
	for k, v := range m {
		lower[strings.ToLower(k)] = strings.ToLower(v)
	}
	return lower
}

// names are those that exist; nil: any does.
type names map[string]bool

func exactNames(list []string) names {
	if list == nil {
		return nil
	}
	n := make(names, len(list))
	for _, name := range list {
		n[name] = true
	}
	return n
}

// lowerNames is for queues and pools, whose names DLI converts to lower case.
func lowerNames(list []string) names {
	if list == nil {
		return nil
	}
	n := make(names, len(list))
	for _, name := range list {
		n[strings.ToLower(name)] = true
	}
	return n
}

func (n names) exist(name string) bool { return n == nil || n[name] }

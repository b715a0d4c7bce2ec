package emulator

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/emulator/strictjson"
	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// A Network is how peerings and addresses behave. Of the rules that match, the first one
// applies. The zero value: peerings become ACTIVE after Options.PeeringDelay, and a queue
// reaches every address while it has an ACTIVE peering.
type Network struct {
	Peerings  []PeeringRule `json:"peerings"`
	Addresses []AddressRule `json:"addresses"`
}

// A PeeringRule is how the peerings of a queue or pool behave, also those that exist
// already.
type PeeringRule struct {
	// Name is the queue or the pool, in any case. A queue inside of a pool has the pool's
	// peering, to which the rule then applies.
	Name string `json:"name"`
	// Delay is how long they are CREATING; 0: Options.PeeringDelay.
	Delay faults.Duration `json:"delay,omitzero"`
	// Fails is the err_msg with which they are FAILED then; empty: they are ACTIVE.
	Fails string `json:"fails,omitzero"`
	// Up and Down make them flap: after Delay they are ACTIVE for Up, then FAILED for
	// Down, or without Fails CREATING, and so on.
	Up   faults.Duration `json:"up,omitzero"`
	Down faults.Duration `json:"down,omitzero"`
}

// An AddressRule is what connectivity tests of an address find.
type AddressRule struct {
	// Address is as in a test, db.example.com:5432; empty: every one.
	Address string `json:"address,omitzero"`
	// Queue is the queue, in any case; empty: every one.
	Queue string `json:"queue,omitzero"`
	// Connectivity is the result; empty: REACHABLE if the queue has had an ACTIVE peering
	// for After, else UNREACHABLE.
	Connectivity string          `json:"connectivity,omitzero"`
	After        faults.Duration `json:"after,omitzero"`
	// Takes is how long a test has no result; 0: Options.TestDelay.
	Takes faults.Duration `json:"takes,omitzero"`
}

// ParseNetwork reads rules from JSON, as in {"peerings":[{"name":"q1","fails":"no
// route"}]}, and checks them. An error names the field, as in peerings[0].name.
func ParseNetwork(document []byte) (Network, error) {
	var n Network
	if err := strictjson.Unmarshal(document, &n); err != nil {
		return Network{}, err
	}
	return n, n.check()
}

func (n Network) check() error {
	for i, r := range n.Peerings {
		if field, text := r.problem(); field != "" {
			return fmt.Errorf("peerings[%d].%s: %s", i, field, text)
		}
	}
	for i, r := range n.Addresses {
		if field, text := r.problem(); field != "" {
			return fmt.Errorf("addresses[%d].%s: %s", i, field, text)
		}
	}
	return nil
}

func (r *PeeringRule) problem() (field, text string) {
	const positive = "must be longer than 0"
	switch {
	case r.Name == "":
		return "name", "is required"
	case r.Delay < 0:
		return "delay", positive
	case r.Up < 0, r.Up == 0 && r.Down != 0:
		return "up", positive
	case r.Down < 0, r.Down == 0 && r.Up != 0:
		return "down", positive
	case r.Delay == 0 && r.Fails == "" && r.Up == 0:
		return "name", "the rule has no effect without delay, fails, or up and down"
	}
	return "", ""
}

func (r *AddressRule) problem() (field, text string) {
	const positive = "must be longer than 0"
	switch {
	case r.After < 0:
		return "after", positive
	case r.Takes < 0:
		return "takes", positive
	case r.Connectivity != "" && r.After != 0:
		return "after", "cannot be combined with connectivity"
	case r.Connectivity == "" && r.After == 0 && r.Takes == 0:
		return "connectivity", "is required without after and takes"
	}
	return "", ""
}

// peering returns the rule of a peering; the zero value: none.
func (n *Network) peering(p *peering) PeeringRule {
	i := slices.IndexFunc(n.Peerings, func(r PeeringRule) bool {
		return strings.EqualFold(r.Name, p.asked) || strings.EqualFold(r.Name, p.name)
	})
	if i < 0 {
		return PeeringRule{}
	}
	return n.Peerings[i]
}

// flapping returns the state of a peering that has settled.
func (r *PeeringRule) flapping(settled, now time.Time) peeringState {
	up, down := time.Duration(r.Up), time.Duration(r.Down)
	age := now.Sub(settled)
	phase := age % (up + down)
	begun := now.Add(-phase)
	switch {
	case phase < up:
		return peeringState{wire.StatusActive, begun, ""}
	case r.Fails != "":
		return peeringState{wire.StatusFailed, begun.Add(up), r.Fails}
	default:
		return peeringState{wire.StatusCreating, begun.Add(up), ""}
	}
}

// address returns the rule of an address; the zero value: none.
func (n *Network) address(queue, address string) AddressRule {
	i := slices.IndexFunc(n.Addresses, func(r AddressRule) bool {
		return strings.EqualFold(cmp.Or(r.Address, address), address) && strings.EqualFold(cmp.Or(r.Queue, queue), queue)
	})
	if i < 0 {
		return AddressRule{}
	}
	return n.Addresses[i]
}

// SetNetwork replaces the rules of peerings and addresses. Tests that have begun keep
// their result. An error names the field, and leaves the old rules.
func (e *Emulator) SetNetwork(n Network) error {
	if err := n.check(); err != nil {
		return fmt.Errorf("setting the network: %w", err)
	}
	n.Peerings, n.Addresses = slices.Clone(n.Peerings), slices.Clone(n.Addresses)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.network = n
	return nil
}

// Network returns the rules of peerings and addresses.
func (e *Emulator) Network() Network {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Network{wire.List(slices.Clone(e.network.Peerings)), wire.List(slices.Clone(e.network.Addresses))}
}

// NetworkHandler serves the rules of peerings and addresses on any path, as FaultsHandler
// does those of faults.
func (e *Emulator) NetworkHandler() http.Handler {
	return rulesHandler(
		func() any { return e.Network() },
		func(document []byte) error {
			n, err := ParseNetwork(document)
			if err != nil {
				return err
			}
			return e.SetNetwork(n)
		},
		func() error { return e.SetNetwork(Network{}) },
	)
}

package config

import (
	"fmt"
	"strings"

	"buf.build/go/protovalidate"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// contradictions reports keys that contradict each other; effective is cfg with its
// defaults. The violation is at the key that is more likely to be set.
func contradictions(cfg, effective *configv1.Config) []*protovalidate.Violation {
	var all []*protovalidate.Violation
	limits := effective.GetLimits()
	if limits.GetMaxCallsBytes() < limits.GetMaxRequestBytes() {
		all = append(all, violation("limits.max_calls_bytes",
			fmt.Sprintf("must be at least max_request_bytes, which is %d", limits.GetMaxRequestBytes()),
			name("limits"), name("max_calls_bytes")))
	}
	all = append(all, sharedAddresses(effective)...)
	named := make(map[string]int)
	for i, u := range effective.GetUpstreams() {
		named[u.GetName()]++
		retry := u.GetRetry()
		if longest := retry.GetMaxDelay().AsDuration(); retry.GetBaseDelay().AsDuration() > longest {
			all = append(all, violation("retry.base_delay",
				fmt.Sprintf("must be at most max_delay, which is %v", longest),
				item("upstreams", i), name("retry"), name("base_delay")))
		}
	}
	for i, u := range cfg.GetUpstreams() {
		if u.GetName() != "" && named[u.GetName()] > 1 {
			all = append(all, violation("upstreams.name", "another upstream has this name",
				item("upstreams", i), name("name")))
		}
	}
	return all
}

// sharedAddresses reports addresses that two listeners use.
func sharedAddresses(effective *configv1.Config) []*protovalidate.Violation {
	var all []*protovalidate.Violation
	taken := make(map[string]string)
	for _, l := range []struct {
		name    string
		address string
	}{
		{"grpc", effective.GetGrpc().GetAddress()},
		{"rest", effective.GetRest().GetAddress()},
		{"admin", effective.GetAdmin().GetAddress()},
	} {
		if other, ok := taken[l.address]; ok {
			all = append(all, violation("listener.shared", "is the address of "+other+" already", name(l.name), name("address")))
		}
		if !strings.HasSuffix(l.address, ":0") {
			taken[l.address] = l.name
		}
	}
	return all
}

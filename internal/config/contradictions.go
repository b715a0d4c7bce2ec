package config

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/types/known/durationpb"

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
	all = append(all, callerContradictions(cfg.GetLimits().GetPerCaller(), limits)...)
	stop, call := effective.GetShutdown().GetTimeout().AsDuration(), limits.GetCallTimeout().AsDuration()
	switch {
	case stop >= call:
	case cfg.GetShutdown().GetTimeout() != nil:
		all = append(all, violation("shutdown.timeout",
			fmt.Sprintf("must be at least limits.call_timeout, which is %v, or it cuts calls off", call),
			name("shutdown"), name("timeout")))
	default:
		all = append(all, violation("limits.call_timeout",
			fmt.Sprintf("must be at most shutdown.timeout, which is %v and cuts calls off", stop),
			name("limits"), name("call_timeout")))
	}
	if cfg.GetReload().GetDisableWatch() && isSet(cfg.GetReload().GetInterval(), defaultReloadInterval) {
		all = append(all, violation("reload.interval", "has no effect with disable_watch", name("reload"), name("interval")))
	}
	all = append(all, authContradictions(cfg)...)
	all = append(all, sharedAddresses(effective)...)
	return append(all, upstreamContradictions(cfg, effective)...)
}

// callerContradictions reports quotas of a caller that have no effect.
func callerContradictions(own *configv1.CallerLimits, limits *configv1.Limits) []*protovalidate.Violation {
	var all []*protovalidate.Violation
	report := func(field, message string) {
		all = append(all, violation("limits.per_caller."+field, message, name("limits"), name("per_caller"), name(field)))
	}
	const needsRate = "has no effect without "
	if own.GetCallsBurst() > 0 && own.GetCallsPerSecond() == 0 {
		report("calls_burst", needsRate+"calls_per_second")
	}
	if own.GetCreatesBurst() > 0 && own.GetCreatesPerMinute() == 0 {
		report("creates_burst", needsRate+"creates_per_minute")
	}
	calls, bytes := limits.GetMaxCalls()-limits.GetMaxCalls()/4, limits.GetMaxCallsBytes()-limits.GetMaxCallsBytes()/4
	if own.GetMaxCalls() > max(calls, 1) {
		report("max_calls", fmt.Sprintf("must be at most three quarters of limits.max_calls, which is %d", calls))
	}
	if own.GetMaxCalls() > 0 && own.GetMaxCreates() > own.GetMaxCalls() {
		report("max_creates", fmt.Sprintf("must be at most max_calls, which is %d", own.GetMaxCalls()))
	}
	if own.GetMaxBytes() > max(bytes, 1) {
		report("max_bytes", fmt.Sprintf("must be at most three quarters of limits.max_calls_bytes, which is %d", bytes))
	}
	return all
}

// upstreamContradictions reports the contradictions of each upstream, and names that two
// of them have.
func upstreamContradictions(cfg, effective *configv1.Config) []*protovalidate.Violation {
	var all []*protovalidate.Violation
	named := make(map[string]int)
	for _, u := range effective.GetUpstreams() {
		named[u.GetName()]++
	}
	for i, u := range cfg.GetUpstreams() {
		report := func(rule, message string, path ...string) {
			at := []*validate.FieldPathElement{item("upstreams", i)}
			for _, field := range path {
				at = append(at, name(field))
			}
			all = append(all, violation(rule, message, at...))
		}
		retry := effective.GetUpstreams()[i].GetRetry()
		if longest := retry.GetMaxDelay().AsDuration(); retry.GetBaseDelay().AsDuration() > longest {
			report("retry.base_delay", fmt.Sprintf("must be at most max_delay, which is %v", longest), "retry", "base_delay")
		}
		polling := effective.GetUpstreams()[i].GetPolling()
		if longest := polling.GetMaxInterval().AsDuration(); polling.GetMinInterval().AsDuration() > longest {
			report("polling.min_interval", fmt.Sprintf("must be at most max_interval, which is %v", longest), "polling", "min_interval")
		}
		if u.GetName() != "" && named[u.GetName()] > 1 {
			report("upstreams.name", "another upstream has this name", "name")
		}
		if u.GetIdempotency().GetDisableTag() && cmp.Or(u.GetIdempotency().GetTagKey(), DefaultTagKey) != DefaultTagKey {
			report("idempotency.tag_key", "has no effect with disable_tag", "idempotency", "tag_key")
		}
		search := effective.GetUpstreams()[i].GetIdempotency()
		neverShown := func(d *durationpb.Duration, byDefault time.Duration) bool {
			return isSet(d, byDefault) && d.AsDuration() >= search.GetReconcileTimeout().AsDuration()
		}
		searched := fmt.Sprintf("must be less than reconcile_timeout, which is %v and ends the search", search.GetReconcileTimeout().AsDuration())
		if neverShown(u.GetIdempotency().GetListLag(), DefaultListLag) {
			report("idempotency.list_lag", searched, "idempotency", "list_lag")
		}
		if neverShown(u.GetIdempotency().GetRivalWindow(), 0) {
			report("idempotency.rival_window", searched, "idempotency", "rival_window")
		}
		egressContradictions(u, report)
		call := cfg.GetLimits().GetCallTimeout().AsDuration()
		tooLong := func(d *durationpb.Duration, byDefault time.Duration) bool {
			return call > 0 && d.AsDuration() > call && isSet(d, byDefault)
		}
		ends := fmt.Sprintf("must be at most limits.call_timeout, which is %v and ends the call", call)
		if tooLong(u.GetTimeout(), DefaultTimeout) {
			report("upstreams.timeout", ends, "timeout")
		}
		if tooLong(u.GetIdempotency().GetReconcileTimeout(), DefaultReconcileTimeout) {
			report("idempotency.reconcile_timeout", ends, "idempotency", "reconcile_timeout")
		}
	}
	return all
}

// egressContradictions reports the contradictions of the way to an upstream.
func egressContradictions(u *configv1.Upstream, report func(rule, message string, path ...string)) {
	if u.GetProxyCredentials() != nil && u.GetProxyUrl() == "" {
		report("proxy.credentials", "has no effect without proxy_url", "proxy_credentials")
	}
	if u.GetTls() == nil {
		return
	}
	cert, key := u.GetTls().GetCertFile(), u.GetTls().GetKeyFile()
	switch {
	case u.GetTls().GetCaFile() == "" && cert == "" && key == "":
		report("tls.empty", "must set ca_file, or cert_file and key_file", "tls")
	case key == "" && cert != "":
		report("tls.key_file", "is required with cert_file", "tls", "key_file")
	case cert == "" && key != "":
		report("tls.cert_file", "is required with key_file", "tls", "cert_file")
	}
	if !slices.ContainsFunc([]string{
		u.GetEndpoint(), u.GetIamPassword().GetEndpoint(), u.GetIamAgency().GetEndpoint(), u.GetProxyUrl(),
	}, isHTTPS) {
		report("tls.plaintext", "has no effect: nothing of this upstream is https", "tls")
	}
}

// isHTTPS reads a scheme as package url does, in any case.
func isHTTPS(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https"
}

// isSet reports whether a duration says something. The default does not: "config print"
// adds it to every configuration.
func isSet(d *durationpb.Duration, byDefault time.Duration) bool {
	return d != nil && d.AsDuration() != byDefault
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

// Authenticates reports whether any kind of callers' credentials is configured.
func Authenticates(cfg *configv1.Auth) bool {
	return len(cfg.GetTokens())+len(cfg.GetJwt())+len(cfg.GetAccessKeys()) > 0 || cfg.GetMtls() != nil
}

// hasGroup reports whether an operator of the configuration is no group, or one that
// somebody can have.
func hasGroup(a *configv1.Auth, operator string) bool {
	group, ok := strings.CutPrefix(operator, "group:")
	issuer, _, qualified := strings.Cut(group, "/")
	return !ok || slices.ContainsFunc(a.GetTokens(), func(t *configv1.CallerToken) bool { return slices.Contains(t.GetGroups(), group) }) ||
		qualified && slices.ContainsFunc(a.GetJwt(), func(j *configv1.JWT) bool { return j.GetName() == issuer && j.GetGroupsClaim() != "" })
}

// authContradictions reports keys of auth that have no effect.
func authContradictions(cfg *configv1.Config) []*protovalidate.Violation {
	var all []*protovalidate.Violation
	report := func(rule, message, field string) {
		all = append(all, violation(rule, message, name("auth"), name(field)))
	}
	a := cfg.GetAuth()
	if a.GetMtls() != nil && cfg.GetGrpc().GetTls().GetClientCaFile() == "" &&
		cfg.GetRest().GetTls().GetClientCaFile() == "" && cfg.GetAdmin().GetTls().GetClientCaFile() == "" {
		report("auth.mtls", "has no effect: no listener has tls.client_ca_file", "mtls")
	}
	if !Authenticates(a) && len(a.GetOperators()) > 0 {
		report("auth.operators", "has no effect: callers are not authenticated; set tokens, jwt or mtls", "operators")
	}
	for i, operator := range a.GetOperators() {
		if Authenticates(a) && !hasGroup(a, operator) {
			all = append(all, violation("auth.operators.group", "matches nobody: no token has this group, and one of JWTs is group:issuer/name, with the name of an entry of jwt that has groups_claim",
				name("auth"), item("operators", i)))
		}
	}
	if len(a.GetAllowUnauthenticated()) > 0 && (!Authenticates(a) || a.GetAnonymous()) {
		report("auth.allow_unauthenticated", "has no effect: everything is open to everyone", "allow_unauthenticated")
	}
	return all
}

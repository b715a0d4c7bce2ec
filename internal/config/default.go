package config

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// Defaults that other packages need for configurations that are not from a file.
const (
	// DefaultTimeout limits an attempt to call DLI.
	DefaultTimeout = 30 * time.Second
	// DefaultMaxResponseBytes limits a response: 64 MiB.
	DefaultMaxResponseBytes = 64 << 20
	// DefaultReconcileTimeout limits the search for the outcome of a create.
	DefaultReconcileTimeout = 10 * time.Second
	// DefaultListLag limits how long DLI's lists may not show a new connection.
	DefaultListLag = 5 * time.Second
	// DefaultTagKey is the key of the tag that carries a request_id.
	DefaultTagKey = "connsvc.request_id"
	// DefaultMinInterval and DefaultMaxInterval limit the interval of polls.
	DefaultMinInterval = time.Second
	DefaultMaxInterval = 30 * time.Second
	// DefaultPollsPerMinute limits the calls of polls to one upstream.
	DefaultPollsPerMinute = 300
)

// defaultReloadInterval is the time between two looks at the configuration file.
const defaultReloadInterval = 5 * time.Second

// maxNameLength is the schema's limit of an upstream's name.
const maxNameLength = 63

// Default returns the configuration of a file that contains only these upstreams.
func Default(upstreams ...*configv1.Upstream) *configv1.Config {
	cfg := &configv1.Config{Upstreams: upstreams}
	fillDefaults(cfg)
	return cfg
}

// fillDefaults sets missing keys to the defaults that the schema documents.
func fillDefaults(cfg *configv1.Config) {
	cfg.Grpc = listener(cfg.GetGrpc(), "127.0.0.1:9090")
	cfg.Rest = listener(cfg.GetRest(), "127.0.0.1:8080")
	cfg.Admin = listener(cfg.GetAdmin(), "127.0.0.1:9091")
	for _, upstream := range cfg.GetUpstreams() {
		fillUpstreamDefaults(upstream)
	}
	nameUpstreams(cfg.GetUpstreams())

	for _, issuer := range cfg.GetAuth().GetJwt() {
		issuer.Leeway = duration(issuer.GetLeeway(), 30*time.Second)
		issuer.IdClaim = cmp.Or(issuer.GetIdClaim(), "sub")
	}

	if policy := cfg.GetPolicy(); policy != nil {
		policy.CostLimit = cmp.Or(policy.GetCostLimit(), 1_000_000)
		for _, rule := range policy.GetRules() {
			rule.Effect = cmp.Or(rule.GetEffect(), configv1.PolicyRule_ALLOW)
		}
	}

	if audit := cfg.GetAudit(); audit != nil {
		audit.MaxMegabytes = cmp.Or(audit.GetMaxMegabytes(), 100)
		audit.MaxBackups = cmp.Or(audit.GetMaxBackups(), 10)
		audit.OnFailure = cmp.Or(audit.GetOnFailure(), configv1.Audit_ALARM)
	}

	limits := cmp.Or(cfg.GetLimits(), &configv1.Limits{})
	limits.MaxRequestBytes = cmp.Or(limits.GetMaxRequestBytes(), 16<<20)
	limits.MaxResponseBytes = cmp.Or(limits.GetMaxResponseBytes(), DefaultMaxResponseBytes)
	limits.MaxCalls = cmp.Or(limits.GetMaxCalls(), 1000)
	limits.MaxLongCalls = cmp.Or(limits.GetMaxLongCalls(), 3000)
	limits.MaxCallsBytes = cmp.Or(limits.GetMaxCallsBytes(), 256<<20)
	limits.MaxConnections = cmp.Or(limits.GetMaxConnections(), 10_000)
	limits.CallTimeout = duration(limits.GetCallTimeout(), 60*time.Second)
	limits.MaxWait = duration(limits.GetMaxWait(), 10*time.Minute)
	limits.MaxWatch = duration(limits.GetMaxWatch(), 30*time.Minute)
	limits.MaxConnectionAge = duration(limits.GetMaxConnectionAge(), 30*time.Minute)
	cfg.Limits = limits

	cfg.Log = cmp.Or(cfg.GetLog(), &configv1.Log{})
	cfg.Log.Level = cmp.Or(cfg.GetLog().GetLevel(), configv1.Log_INFO)

	shutdown := cmp.Or(cfg.GetShutdown(), &configv1.Shutdown{})
	shutdown.DrainDelay = duration(shutdown.GetDrainDelay(), 0)
	shutdown.Timeout = duration(shutdown.GetTimeout(), 65*time.Second)
	cfg.Shutdown = shutdown

	cfg.Reload = cmp.Or(cfg.GetReload(), &configv1.Reload{})
	cfg.Reload.Interval = duration(cfg.GetReload().GetInterval(), defaultReloadInterval)
}

func fillUpstreamDefaults(u *configv1.Upstream) {
	u.Timeout = duration(u.GetTimeout(), DefaultTimeout)
	if ecs := u.GetEcsMetadata(); ecs != nil {
		ecs.Endpoint = cmp.Or(ecs.GetEndpoint(), "http://169.254.169.254")
	}

	retry := cmp.Or(u.GetRetry(), &configv1.Retry{})
	retry.MaxAttempts = cmp.Or(retry.GetMaxAttempts(), 5)
	retry.BaseDelay = duration(retry.GetBaseDelay(), 100*time.Millisecond)
	retry.MaxDelay = duration(retry.GetMaxDelay(), 5*time.Second)
	if retry.BudgetPercent == nil {
		retry.BudgetPercent = proto.Int32(20)
	}
	u.Retry = retry

	protection := cmp.Or(u.GetProtection(), &configv1.Protection{})
	protection.MaxConcurrency = cmp.Or(protection.GetMaxConcurrency(), 200)
	protection.BreakerFailures = cmp.Or(protection.GetBreakerFailures(), 20)
	protection.BreakerDelay = duration(protection.GetBreakerDelay(), 2*time.Second)
	u.Protection = protection

	idempotency := cmp.Or(u.GetIdempotency(), &configv1.Idempotency{})
	idempotency.ReconcileTimeout = duration(idempotency.GetReconcileTimeout(), DefaultReconcileTimeout)
	idempotency.ListLag = duration(idempotency.GetListLag(), DefaultListLag)
	idempotency.RivalWindow = duration(idempotency.GetRivalWindow(), 0)
	idempotency.TagKey = cmp.Or(idempotency.GetTagKey(), DefaultTagKey)
	u.Idempotency = idempotency

	polling := cmp.Or(u.GetPolling(), &configv1.Polling{})
	polling.MinInterval = duration(polling.GetMinInterval(), DefaultMinInterval)
	polling.MaxInterval = duration(polling.GetMaxInterval(), DefaultMaxInterval)
	polling.MaxCallsPerMinute = cmp.Or(polling.GetMaxCallsPerMinute(), DefaultPollsPerMinute)
	u.Polling = polling
}

// nameUpstreams names upstreams without a name by their hosts. A number is added to
// a name in use, as metrics would mix up two upstreams of one name.
func nameUpstreams(upstreams []*configv1.Upstream) {
	taken := make(map[string]bool)
	for _, u := range upstreams {
		taken[u.GetName()] = true
	}
	for _, u := range upstreams {
		endpoint, err := url.Parse(u.GetEndpoint())
		if err != nil || u.GetName() != "" {
			continue
		}
		host := nameOf(endpoint.Hostname())
		u.Name = host
		for n := 2; taken[u.GetName()] && host != ""; n++ {
			u.Name = fmt.Sprintf("%s-%d", host[:min(len(host), maxNameLength-4)], n)
		}
		taken[u.GetName()] = true
	}
}

// nameOf returns host as a name that the schema allows.
func nameOf(host string) string {
	name := strings.Map(func(r rune) rune {
		if r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' {
			return r
		}
		return '-'
	}, strings.ToLower(host))
	name = strings.Trim(name, ".-")
	return strings.TrimRight(name[:min(len(name), maxNameLength)], ".-")
}

func listener(l *configv1.Listener, address string) *configv1.Listener {
	l = cmp.Or(l, &configv1.Listener{})
	l.Address = cmp.Or(l.GetAddress(), address)
	return l
}

func duration(d *durationpb.Duration, otherwise time.Duration) *durationpb.Duration {
	return cmp.Or(d, durationpb.New(otherwise))
}

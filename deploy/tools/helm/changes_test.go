package helm_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"
)

// samples are values of keys that take any text, a list or a mapping, by the end of their
// path.
var samples = map[string][]any{
	"secretFiles": {[]any{map[string]any{"name": "a", "secretName": "a"}}},
	"secretEnv":   {[]any{}, []any{map[string]any{"name": "A", "secretName": "a", "key": "a"}}},
	"extraEnv": {
		[]any{map[string]any{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://a:4317"}},
		[]any{map[string]any{"name": "A", "value": "a"}},
	},
	"issuerRef":             {map[string]any{"name": "ca"}},
	"clients":               {[]any{map[string]any{"podSelector": map[string]any{}}}},
	"networkPolicy.metrics": {[]any{map[string]any{"podSelector": map[string]any{}}}},
	"extraEgress":           {[]any{map[string]any{"ports": []any{map[string]any{"port": 4317}}}}},
	"hosts":                 {[]any{"a.example.com"}},
	"hostnames":             {[]any{"a.example.com"}},
	"parentRefs":            {[]any{map[string]any{"name": "a"}}},
	"dnsNames":              {[]any{"a.example.com"}},
	"emulator.args":         {[]any{"--peering-delay=5s"}, []any{"--address=127.0.0.1:1"}},
	"rollingUpdate":         {map[string]any{"maxSurge": 0, "maxUnavailable": 0}},
	"max_creates":           {700},
	"disabled":              {[]any{"ConnsvcDown"}, []any{"a"}},
	"digest":                {"sha256:" + strings.Repeat("0", 64)},
	"tag":                   {"v1"},
	"repository":            {"a/b"},
	"address":               {"127.0.0.1:1"},
	"endpoint":              {"http://127.0.0.1:8090", "https://a.example.com:8443", "http://a.example.com"},
	"projects":              {[]any{"a"}, []any{}},
	"operators":             {[]any{"token:billing"}, []any{"mtls:a"}, []any{"token:none"}},
	"allow_unauthenticated": {[]any{"METRICS"}, []any{"health"}, []any{}},
	"tls":                   {map[string]any{"cert_file": "/etc/connsvc/secrets/a/tls.crt", "key_file": "/etc/connsvc/secrets/a/tls.key"}},
	"renewBefore":           {"1m", "100h"},
	"memory":                {"256Mi", "16Gi"},
}

// credentials are all kinds, with secrets that the base has.
var credentials = map[string]any{
	"access_key":   map[string]any{"id": env("DLI_ACCESS_KEY_ID"), "secret": env("DLI_SECRET_ACCESS_KEY")},
	"token":        env("DLI_ACCESS_KEY_ID"),
	"pass_through": nil,
	"ecs_metadata": nil,
	"iam_password": map[string]any{
		"endpoint": "https://iam.example.com", "domain_name": "a", "user_name": "a", "password": env("DLI_ACCESS_KEY_ID"), "project_id": "a",
	},
}

func env(name string) map[string]any { return map[string]any{"env": name} }

// changesOf returns other values for the keys of the chart, and of the configuration.
func changesOf(c *chart.Chart) []change {
	var schema map[string]any
	if err := json.Unmarshal(c.Schema, &schema); err != nil {
		panic(err)
	}
	changes := below("", schema, c.Values)
	for _, kind := range slices.Sorted(maps.Keys(credentials)) {
		changes = append(changes, change{"config.upstreams[0]." + kind, credentials[kind]})
	}
	return changes
}

// free are keys whose values nothing depends on, or that Kubernetes says the keys of.
var free = regexp.MustCompile(`(?i)(annotations|labels|probe|affinity|tolerations|nodeSelector|behavior|topologySpread|extraObjects|securityContext|tlsConfig)`)

// below returns changes of the keys of a schema. values are the defaults.
func below(prefix string, schema, values map[string]any) []change {
	var changes []change
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		path, of := prefix+name, properties[name].(map[string]any)
		if free.MatchString(path) || slices.Contains(slices.Collect(maps.Keys(credentials)), name) || name == "iam_agency" {
			continue
		}
		found := false
		if strings.HasPrefix(path, "ingress.") && name == "tls" {
			continue
		}
		for suffix, others := range samples {
			if path == suffix || strings.HasSuffix(path, "."+suffix) {
				found = true
				for _, value := range others {
					changes = append(changes, change{path, value})
				}
			}
		}
		if found && name != "tls" {
			continue
		}
		if items, ok := of["items"].(map[string]any); ok {
			if path == "config.upstreams" {
				changes = append(changes, below(path+"[0].", items, nil)...)
			}
			continue
		}
		if of["properties"] != nil {
			inner, _ := values[name].(map[string]any)
			if takes(of, "null") {
				changes = append(changes, change{path, nil})
			}
			changes = append(changes, below(path+".", of, inner)...)
			continue
		}
		for _, value := range others(of, values[name]) {
			changes = append(changes, change{path, value})
		}
	}
	return changes
}

// others returns values of a schema beside the default.
func others(schema map[string]any, value any) []any {
	pattern, _ := schema["pattern"].(string)
	var all []any
	if words, ok := schema["enum"].([]any); ok {
		all = words
	} else {
		switch {
		case takes(schema, "boolean"):
			all = []any{true, false}
		case takes(schema, "integer") && pattern != "": // bytes
			all = []any{1, "1Gi"}
		case takes(schema, "integer"):
			all = []any{0, 600}
		case strings.Contains(pattern, "ms"): // a duration
			all = []any{"1ms", "10m"}
		default:
			all = []any{"a"}
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(v any) bool { return v == value })
}

func takes(schema map[string]any, kind string) bool {
	switch types := schema["type"].(type) {
	case string:
		return types == kind
	case []any:
		return slices.Contains(types, any(kind))
	}
	return false
}

// set sets the value at a path. Of the kinds of credentials only one is left.
func set(values map[string]any, path string, value any) {
	parts := strings.Split(path, ".")
	for _, part := range parts[:len(parts)-1] {
		name, index, isItem := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		if isItem {
			i, _ := strconv.Atoi(index)
			values = values[name].([]any)[i].(map[string]any)
			continue
		}
		inner, ok := values[name].(map[string]any)
		if !ok {
			inner = make(map[string]any)
			values[name] = inner
		}
		values = inner
	}
	last := parts[len(parts)-1]
	if _, ok := credentials[last]; ok {
		for kind := range credentials {
			delete(values, kind)
		}
	}
	values[last] = clone(value)
}

func clone(value any) any {
	switch v := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(v))
		for key, inner := range v {
			copied[key] = clone(inner)
		}
		return copied
	case []any:
		copied := make([]any, len(v))
		for i, inner := range v {
			copied[i] = clone(inner)
		}
		return copied
	}
	return value
}

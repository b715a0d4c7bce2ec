{{- define "connsvc.problems.tls" -}}
{{- $secret := include "connsvc.tlsSecret" . -}}
{{- $grpc := .Values.config.grpc | default dict -}}
{{- $rest := .Values.config.rest | default dict -}}
{{- with .Values.tls.clientCA }}
{{- if and (or .secretName .configMapName) (not $secret) }}
tls.clientCA: {{ if or $grpc.tls $rest.tls }}goes with tls.secretName; set client_ca_file in config.grpc.tls and config.rest.tls instead{{ else }}a port without a certificate asks no caller for one; set tls.secretName or tls.certManager.enabled{{ end }}
{{- end }}
{{- if and (ne .key "ca.crt") (not (or .secretName .configMapName)) }}
tls.clientCA.key: no Secret or ConfigMap is named; set tls.clientCA.secretName or configMapName
{{- end }}
{{- if not (regexMatch "^[-._A-Za-z0-9]+$" .key) }}
tls.clientCA.key: {{ .key }} is no key of a Secret: letters, digits, "-", "_" and "."
{{- end }}
{{- end }}
{{- range $name, $listener := dict "grpc" $grpc "rest" $rest }}
{{- if and $secret $listener.tls }}
config.{{ $name }}.tls and {{ ternary "tls.secretName" "tls.certManager.enabled" (not (empty $.Values.tls.secretName)) }} both name a certificate; leave one out
{{- end }}
{{- if and (hasKey $listener "allow_plaintext") (not $listener.allow_plaintext) (not $listener.tls) (not $secret) }}
config.{{ $name }}.allow_plaintext: false, and the port has no certificate; set tls.secretName or tls.certManager.enabled
{{- end }}
{{- if and $listener.allow_plaintext (or $listener.tls $secret) }}
config.{{ $name }}.allow_plaintext: the port has a certificate; leave it out
{{- end }}
{{- end }}
{{- range $name, $pair := dict "grpc" (list $grpc $rest) "rest" (list $rest $grpc) }}
{{- if and (index $pair 1).tls (not (index $pair 0).tls) (not $secret) (not (index $pair 0).allow_plaintext) }}
config.{{ $name }}: plaintext, while the other port has a certificate; set config.{{ $name }}.tls, or config.{{ $name }}.allow_plaintext: true
{{- end }}
{{- end }}
{{- with .Values.tls.certManager }}
{{- if .enabled }}
{{- $duration := include "connsvc.milliseconds" .duration | float64 }}
{{- $before := include "connsvc.milliseconds" .renewBefore | float64 }}
{{- if ge $before $duration }}
tls.certManager.renewBefore: {{ .renewBefore }} must be less than duration, {{ .duration }}
{{- end }}
{{- if lt $duration 3600000.0 }}
tls.certManager.duration: {{ .duration }} must be at least 1h
{{- end }}
{{- if lt $before 300000.0 }}
tls.certManager.renewBefore: {{ .renewBefore }} must be at least 5m
{{- end }}
{{- end }}
{{- range .dnsNames }}
{{- if not (include "connsvc.isHost" .) }}
tls.certManager.dnsNames: {{ . }} is no DNS name
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* What "connsvc config check" finds contradictory, and what the chart decides. */ -}}
{{- define "connsvc.problems.config" -}}
{{- $config := .Values.config -}}
{{- if not $config.upstreams }}
config.upstreams: at least one is needed
{{- end }}
{{- $auth := $config.auth | default dict }}
{{- if not (or $auth.tokens $auth.jwt (hasKey $auth "mtls") $auth.access_keys $auth.anonymous) }}
config.auth: callers come from outside the pod, and nothing says how they authenticate; set tokens, or another kind of credentials, or anonymous: true to let everyone call
{{- end }}
{{- range $name, $port := dict "grpc" 9090 "rest" 8080 "admin" 9091 }}
{{- if hasKey (get $config $name | default dict) "address" }}
config.{{ $name }}.address: the chart sets the addresses, here to {{ $.Values.listenAddress }}:{{ $port }}; leave it out
{{- end }}
{{- end }}
{{- $groups := list }}
{{- range $auth.tokens }}
{{- range .groups }}
{{- $groups = append $groups . }}
{{- end }}
{{- end }}
{{- $issuers := list }}
{{- range $auth.jwt }}
{{- if .groups_claim }}
{{- $issuers = append $issuers .name }}
{{- end }}
{{- end }}
{{- range $i, $operator := $auth.operators }}
{{- $group := trimPrefix "group:" $operator }}
{{- if and (or $auth.tokens $auth.jwt (hasKey $auth "mtls") $auth.access_keys) (hasPrefix "group:" $operator) (not (has $group $groups)) (not (and (contains "/" $group) (has (first (splitList "/" $group)) $issuers))) }}
config.auth.operators[{{ $i }}]: matches nobody: no token has this group, and one of JWTs is group:issuer/name, with the name of an entry of jwt that has groups_claim
{{- end }}
{{- end }}
{{- if and $auth.anonymous $auth.allow_unauthenticated }}
config.auth.allow_unauthenticated: has no effect, as config.auth.anonymous opens everything; leave one out
{{- end }}
{{- range $key, $ports := dict "pprof" (list "admin") "docs" (list "rest") "cors" (list "rest") "hosts" (list "rest" "admin") }}
{{- range list "grpc" "rest" "admin" }}
{{- if and (get (get $config . | default dict) $key) (not (has . $ports)) }}
config.{{ . }}.{{ $key }}: is of other ports; set it in config.{{ join " or config." $ports }}, or leave it out
{{- end }}
{{- end }}
{{- end }}
{{- $admin := $config.admin | default dict }}
{{- if dig "tls" "client_ca_file" "" $admin }}
config.admin.tls.client_ca_file: the kubelet and Prometheus have no certificate to show; leave it out
{{- end }}
{{- if and $admin.pprof (not .Values.networkPolicy.enabled) }}
config.admin.pprof: every pod of the cluster could read it; enable networkPolicy, and name metrics there
{{- end }}
{{- $limits := $config.limits | default dict }}
{{- $call := $limits.call_timeout | default "60s" }}
{{- $stop := (($config.shutdown | default dict).timeout) | default "65s" }}
{{- if lt (include "connsvc.milliseconds" $stop | float64) (include "connsvc.milliseconds" $call | float64) }}
config.shutdown.timeout: {{ $stop }} cuts calls off, which may take config.limits.call_timeout, {{ $call }}; raise it, or lower call_timeout
{{- end }}
{{- $request := $limits.max_request_bytes | default 16777216 }}
{{- $calls := $limits.max_calls_bytes | default 268435456 }}
{{- if lt (include "connsvc.quantity" $calls | float64) (include "connsvc.quantity" $request | float64) }}
config.limits.max_calls_bytes: must be at least max_request_bytes, {{ include "connsvc.quantity" $request | float64 | int64 }}
{{- end }}
{{- $reload := $config.reload | default dict }}
{{- if and $reload.disable_watch (ne ($reload.interval | default "5s") "5s") }}
config.reload.interval: has no effect with disable_watch; leave one out
{{- end }}
{{- if and $reload.disable_watch (not .Values.restartOnConfigChange) }}
config.reload.disable_watch: without restartOnConfigChange a changed configuration would never be read; leave one out
{{- end }}
{{- $names := list }}
{{- range $i, $upstream := $config.upstreams }}
{{- $at := printf "config.upstreams[%d]" $i }}
{{- range $key, $value := dict "timeout" ($upstream.timeout | default "30s") "idempotency.reconcile_timeout" (($upstream.idempotency | default dict).reconcile_timeout | default "10s") }}
{{- if and $limits.call_timeout (ne $value (ternary "30s" "10s" (eq $key "timeout"))) (gt (include "connsvc.milliseconds" $value | float64) (include "connsvc.milliseconds" $call | float64)) }}
{{ $at }}.{{ $key }}: {{ $value }} is longer than config.limits.call_timeout, {{ $call }}, which ends the call
{{- end }}
{{- end }}
{{- $retry := $upstream.retry | default dict }}
{{- if gt (include "connsvc.milliseconds" ($retry.base_delay | default "100ms") | float64) (include "connsvc.milliseconds" ($retry.max_delay | default "5s") | float64) }}
{{ $at }}.retry.base_delay: must be at most max_delay, {{ $retry.max_delay | default "5s" }}
{{- end }}
{{- $polling := $upstream.polling | default dict }}
{{- if gt (include "connsvc.milliseconds" ($polling.min_interval | default "1s") | float64) (include "connsvc.milliseconds" ($polling.max_interval | default "30s") | float64) }}
{{ $at }}.polling.min_interval: must be at most max_interval, {{ $polling.max_interval | default "30s" }}
{{- end }}
{{- if and $upstream.name (has $upstream.name $names) }}
{{ $at }}.name: another upstream is named {{ $upstream.name }}
{{- end }}
{{- $names = append $names ($upstream.name | default "") }}
{{- $idempotency := $upstream.idempotency | default dict }}
{{- $search := $idempotency.reconcile_timeout | default "10s" }}
{{- range $key, $default := dict "list_lag" "5s" "rival_window" "0s" }}
{{- $value := get $idempotency $key | default $default }}
{{- if and (ne $value $default) (ge (include "connsvc.milliseconds" $value | float64) (include "connsvc.milliseconds" $search | float64)) }}
{{ $at }}.idempotency.{{ $key }}: {{ $value }} must be less than reconcile_timeout, {{ $search }}, which ends the search
{{- end }}
{{- end }}
{{- if and $idempotency.disable_tag (ne ($idempotency.tag_key | default "connsvc.request_id") "connsvc.request_id") }}
{{ $at }}.idempotency.tag_key: has no effect with disable_tag; leave one out
{{- end }}
{{- end }}
{{- end -}}

{{- /* Each file and variable that .of names below the path .at, as a line "path|file or env|value". */ -}}
{{- define "connsvc.sources" -}}
{{- $at := .at -}}
{{- if kindIs "map" .of -}}
{{- range $key, $value := .of -}}
{{- if and (kindIs "string" $value) (has $key (list "env" "file" "cert_file" "key_file" "client_ca_file" "ca_file")) }}
{{ $at }}.{{ $key }}|{{ ternary "env" "file" (eq $key "env") }}|{{ $value }}
{{- else -}}
{{- include "connsvc.sources" (dict "at" (printf "%s.%s" $at $key) "of" $value) -}}
{{- end -}}
{{- end -}}
{{- else if kindIs "slice" .of -}}
{{- range $i, $value := .of -}}
{{- include "connsvc.sources" (dict "at" (printf "%s[%d]" $at $i) "of" $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "connsvc.problems.files" -}}
{{- $folders := dict -}}
{{- range $i, $mount := .Values.secretFiles }}
{{- if hasKey $folders $mount.name }}
secretFiles[{{ $i }}].name: another entry is named {{ $mount.name }}
{{- end }}
{{- $paths := list }}
{{- range $mount.items }}
{{- if or (isAbs .path) (has ".." (splitList "/" .path)) (has .path $paths) }}
secretFiles[{{ $i }}].items: the path {{ .path }} must be relative, without "..", and there once
{{- end }}
{{- if not (regexMatch "^[-._A-Za-z0-9]+$" .key) }}
secretFiles[{{ $i }}].items: {{ .key }} is no key of a Secret: letters, digits, "-", "_" and "."
{{- end }}
{{- $paths = append $paths .path }}
{{- end }}
{{- $_ := set $folders $mount.name $paths }}
{{- end }}
{{- $files := list }}
{{- if include "connsvc.tlsSecret" . }}
{{- $files = concat $files (list "/etc/connsvc/tls/tls.crt" "/etc/connsvc/tls/tls.key" "/etc/connsvc/tls/ca.crt") }}
{{- end }}
{{- if include "connsvc.clientCA" . }}
{{- $files = append $files (printf "/etc/connsvc/client-ca/%s" .Values.tls.clientCA.key) }}
{{- end }}
{{- $variables := list }}
{{- if .Values.emulator.enabled }}
{{- $variables = append $variables "CONNSVC_EMULATOR_TOKEN" }}
{{- end }}
{{- range .Values.secretEnv }}
{{- $variables = append $variables .name }}
{{- end }}
{{- $plain := list }}
{{- range .Values.extraEnv }}
{{- if .valueFrom }}
{{- $variables = append $variables .name }}
{{- else }}
{{- $plain = append $plain .name }}
{{- end }}
{{- end }}
{{- range include "connsvc.sources" (dict "at" "config" "of" .Values.config) | splitList "\n" }}
{{- if . }}
{{- $source := splitList "|" . }}
{{- $path := index $source 0 }}
{{- $value := slice $source 2 | join "|" }}
{{- if eq (index $source 1) "file" }}
{{- $name := regexFind "^/etc/connsvc/secrets/[^/]+/" $value | base }}
{{- $rest := trimPrefix (printf "/etc/connsvc/secrets/%s/" $name) $value }}
{{- $items := get $folders $name }}
{{- if has $value $files }}
{{- else if not (and (hasKey $folders $name) (ne $rest $value)) }}
{{ $path }}: no Secret is mounted at {{ $value }}; name it in secretFiles, which mounts it at /etc/connsvc/secrets/NAME
{{- else if and $items (not (has $rest $items)) }}
{{ $path }}: the items of secretFiles {{ $name }} have no path {{ $rest }}
{{- end }}
{{- else if has $value $plain }}
{{ $path }}: extraEnv has the secret {{ $value }} in plain text; put it into a Secret, and name that in secretEnv
{{- else if not (has $value $variables) }}
{{ $path }}: nothing sets the variable {{ $value }}; name its Secret in secretEnv
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

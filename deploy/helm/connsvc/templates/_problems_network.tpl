{{- define "connsvc.problems.network" -}}
{{- $policy := .Values.networkPolicy }}
{{- if eq (int .Values.service.grpcPort) (int .Values.service.restPort) }}
service.grpcPort and service.restPort are both {{ .Values.service.grpcPort }}; give them different numbers
{{- end }}
{{- if and (hasSuffix "DualStack" .Values.service.ipFamilyPolicy) (ne .Values.listenAddress "[::]") }}
service.ipFamilyPolicy: {{ .Values.service.ipFamilyPolicy }} needs listenAddress "[::]", as pods listen on IPv4 only
{{- end }}
{{- if not $policy.enabled }}
{{- range list "clients" "metrics" "extraEgress" }}
{{- if get $policy . }}
networkPolicy.{{ . }}: has no effect, as networkPolicy.enabled is false
{{- end }}
{{- end }}
{{- else }}
{{- if not $policy.clients }}
{{- $outside := dict "ingress.rest.enabled" .Values.ingress.rest.enabled "ingress.grpc.enabled" .Values.ingress.grpc.enabled
      "gateway.httpRoute.enabled" .Values.gateway.httpRoute.enabled "gateway.grpcRoute.enabled" .Values.gateway.grpcRoute.enabled
      (printf "service.type: %s" .Values.service.type) (ne .Values.service.type "ClusterIP") }}
{{- range $key, $is := $outside }}
{{- if $is }}
{{ $key }}: networkPolicy lets only pods of this namespace call; name the others in networkPolicy.clients
{{- end }}
{{- end }}
{{- end }}
{{- if not $policy.extraEgress }}
{{- $ports := include "connsvc.egressPorts" . | fromYamlArray }}
{{- range .Values.extraEnv }}
{{- if and .value (regexMatch "^(OTEL_EXPORTER_OTLP_([A-Z]+_)?ENDPOINT|HTTPS?_PROXY|https?_proxy)$" .name) }}
{{- $url := urlParse .value }}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (ternary "80" "443" (eq $url.scheme "http")) }}
{{- if not (has (float64 $port) $ports) }}
extraEnv: networkPolicy lets nothing out to the port {{ $port }} of {{ .name }}; add it to networkPolicy.extraEgress
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "connsvc.problems.routes" -}}
{{- range $name, $ingress := .Values.ingress }}
{{- range concat $ingress.hosts (list) }}
{{- if not (include "connsvc.isHost" .) }}
ingress.{{ $name }}.hosts: {{ . }} is no DNS name
{{- end }}
{{- end }}
{{- range $ingress.tls }}
{{- range .hosts }}
{{- if not (include "connsvc.isHost" .) }}
ingress.{{ $name }}.tls: {{ . }} is no DNS name
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- $http := .Values.gateway.httpRoute }}
{{- $grpc := .Values.gateway.grpcRoute }}
{{- range $name, $route := dict "httpRoute" $http "grpcRoute" $grpc }}
{{- range $route.hostnames }}
{{- if not (include "connsvc.isHost" .) }}
gateway.{{ $name }}.hostnames: {{ . }} is no DNS name
{{- end }}
{{- end }}
{{- end }}
{{- if and $http.enabled $grpc.enabled }}
{{- $shared := false }}
{{- range $http.parentRefs }}
{{- $shared = or $shared (has . $grpc.parentRefs) }}
{{- end }}
{{- $host := or (empty $http.hostnames) (empty $grpc.hostnames) }}
{{- range $http.hostnames }}
{{- $host = or $host (has . $grpc.hostnames) }}
{{- end }}
{{- if and $shared $host }}
gateway: httpRoute and grpcRoute want the same hostname of the same parent, which accepts one of them; give them different hostnames
{{- end }}
{{- end }}
{{- end -}}

{{- define "connsvc.problems.watching" -}}
{{- $monitor := .Values.metrics.serviceMonitor }}
{{- $rules := .Values.metrics.prometheusRule }}
{{- if not .Values.metrics.service.enabled }}
{{- range $name, $is := dict "serviceMonitor" $monitor.enabled "prometheusRule" $rules.enabled }}
{{- if $is }}
metrics.{{ $name }} needs metrics.service.enabled
{{- end }}
{{- end }}
{{- end }}
{{- if gt (include "connsvc.milliseconds" $monitor.scrapeTimeout | float64) (include "connsvc.milliseconds" $monitor.interval | float64) }}
metrics.serviceMonitor.scrapeTimeout: {{ $monitor.scrapeTimeout }} is longer than interval, {{ $monitor.interval }}
{{- end }}
{{- if and $monitor.tlsConfig (not (dig "tls" "" (.Values.config.admin | default dict))) }}
metrics.serviceMonitor.tlsConfig: the admin port has no certificate; set config.admin.tls, or leave it out
{{- end }}
{{- $alerts := list }}
{{- range (.Files.Get "files/rules.yaml" | fromYaml).groups }}
{{- range .rules }}
{{- $alerts = append $alerts (.alert | default "") }}
{{- end }}
{{- end }}
{{- range $rules.disabled }}
{{- if not (has . $alerts) }}
metrics.prometheusRule.disabled: no alert is named {{ . }}
{{- end }}
{{- end }}
{{- end -}}

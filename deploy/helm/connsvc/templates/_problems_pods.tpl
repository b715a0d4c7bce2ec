{{- define "connsvc.problems.pods" -}}
{{- $least := include "connsvc.leastGrace" . | int }}
{{- if and (not (kindIs "invalid" .Values.terminationGracePeriodSeconds)) (lt (int .Values.terminationGracePeriodSeconds) $least) }}
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }} cuts calls off: preStopSleepSeconds, drain_delay and timeout add up to {{ $least }}
{{- end }}
{{- range $i, $t := .Values.tolerations }}
{{- if and (eq ($t.operator | default "Equal") "Exists") $t.value }}
tolerations[{{ $i }}]: the operator Exists takes no value
{{- end }}
{{- if and (not $t.key) (ne ($t.operator | default "Equal") "Exists") }}
tolerations[{{ $i }}]: without a key the operator must be Exists
{{- end }}
{{- if and (not (kindIs "invalid" $t.tolerationSeconds)) (ne ($t.effect | default "") "NoExecute") }}
tolerations[{{ $i }}]: tolerationSeconds goes with the effect NoExecute
{{- end }}
{{- if and $t.key (not (regexMatch "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$" $t.key)) }}
tolerations[{{ $i }}]: {{ $t.key }} is no key of a taint
{{- end }}
{{- end }}
{{- range $i, $c := .Values.topologySpreadConstraints }}
{{- if lt (int $c.maxSkew) 1 }}
topologySpreadConstraints[{{ $i }}]: maxSkew must be at least 1
{{- end }}
{{- end }}
{{- $user := ternary .Values.securityContext.runAsUser .Values.podSecurityContext.runAsUser (hasKey .Values.securityContext "runAsUser") }}
{{- if and (or .Values.podSecurityContext.runAsNonRoot .Values.securityContext.runAsNonRoot) (not (kindIs "invalid" $user)) (eq (int $user) 0) }}
podSecurityContext: runAsUser 0 is root, which runAsNonRoot forbids
{{- end }}
{{- if and (not .Values.securityContext.allowPrivilegeEscalation) .Values.securityContext.privileged }}
securityContext: privileged needs allowPrivilegeEscalation
{{- end }}
{{- if and (not .Values.securityContext.allowPrivilegeEscalation) (has "SYS_ADMIN" (dig "capabilities" "add" list .Values.securityContext)) }}
securityContext: the capability SYS_ADMIN needs allowPrivilegeEscalation
{{- end }}
{{- $requests := .Values.resources.requests | default dict }}
{{- range $name, $limit := .Values.resources.limits | default dict }}
{{- if gt (include "connsvc.quantity" (get $requests $name | default 0) | float64) (include "connsvc.quantity" $limit | float64) }}
resources: the limit of {{ $name }}, {{ $limit }}, is below its request, {{ get $requests $name }}
{{- end }}
{{- end }}
{{- $emulator := "http://127.0.0.1:8090" }}
{{- $loopback := list }}
{{- range $i, $upstream := .Values.config.upstreams }}
{{- $host := (urlParse (toString $upstream.endpoint)).hostname }}
{{- if or (regexMatch "^127[.]" $host) (has $host (list "localhost" "::1")) }}
{{- $loopback = append $loopback $upstream.endpoint }}
{{- if not $.Values.emulator.enabled }}
config.upstreams[{{ $i }}].endpoint: nothing but connsvc listens in the pod on {{ $upstream.endpoint }}; set emulator.enabled, or name another host
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.emulator.enabled }}
{{- if or .Values.autoscaling.enabled (gt (int .Values.replicaCount) 1) }}
emulator.enabled: each pod has an embedded DLI of its own, so replicaCount must be 1, without autoscaling
{{- end }}
{{- if not (has $emulator $loopback) }}
emulator.enabled: no upstream has the endpoint {{ $emulator }}
{{- end }}
{{- range .Values.emulator.args }}
{{- if regexMatch "^--(address|token-env)(=|$)" . }}
emulator.args: the chart sets {{ regexFind "^--[a-z-]+" . }}; leave it out
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "connsvc.problems.env" -}}
{{- $seen := list "POD_NAME" -}}
{{- if .Values.emulator.enabled -}}
{{- $seen = append $seen "CONNSVC_EMULATOR_TOKEN" -}}
{{- end -}}
{{- range concat .Values.secretEnv .Values.extraEnv }}
{{- if has .name $seen }}
the variable {{ .name }} is set twice, by the chart, secretEnv or extraEnv; leave one out
{{- end }}
{{- $seen = append $seen .name }}
{{- end }}
{{- range $i, $env := .Values.extraEnv }}
{{- if not (regexMatch "^[-._A-Za-z][-._A-Za-z0-9]*$" $env.name) }}
extraEnv[{{ $i }}].name: {{ $env.name | quote }} is no name of a variable
{{- end }}
{{- if and $env.value $env.valueFrom }}
extraEnv[{{ $i }}]: value and valueFrom are both set; leave one out
{{- end }}
{{- end }}
{{- range $i, $env := .Values.secretEnv }}
{{- if not (regexMatch "^[-._A-Za-z0-9]+$" $env.key) }}
secretEnv[{{ $i }}].key: {{ $env.key }} is no key of a Secret: letters, digits, "-", "_" and "."
{{- end }}
{{- end }}
{{- end -}}

{{- define "connsvc.problems.scaling" -}}
{{- with .Values.autoscaling }}
{{- if .enabled }}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
autoscaling.minReplicas: {{ .minReplicas }} is above maxReplicas, {{ .maxReplicas }}
{{- end }}
{{- if not (or .targetCPUUtilizationPercentage .targetMemoryUtilizationPercentage) }}
autoscaling.enabled: nothing to scale by; set targetCPUUtilizationPercentage or targetMemoryUtilizationPercentage
{{- end }}
{{- range $name, $target := dict "cpu" .targetCPUUtilizationPercentage "memory" .targetMemoryUtilizationPercentage }}
{{- if and $target (not (dig "requests" $name "" $.Values.resources)) }}
autoscaling.enabled: a target for {{ $name }} is a share of resources.requests.{{ $name }}, which is not set
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.updateStrategy }}
{{- $rolling := .rollingUpdate | default dict }}
{{- if and (eq .type "Recreate") $rolling }}
updateStrategy.rollingUpdate: goes with the type RollingUpdate only; leave it out
{{- else if and (regexMatch "^0%?$" (toString (get $rolling "maxSurge"))) (regexMatch "^0?%?$" (toString (get $rolling "maxUnavailable"))) }}
updateStrategy.rollingUpdate: maxUnavailable and maxSurge are both 0, so no pod could be replaced
{{- end }}
{{- end }}
{{- end -}}

{{- define "connsvc.problems.memory" -}}
{{- $limits := .Values.config.limits | default dict -}}
{{- $bytes := include "connsvc.quantity" ($limits.max_calls_bytes | default 268435456) | float64 -}}
{{- with dig "limits" "memory" "" .Values.resources }}
{{- $memory := include "connsvc.quantity" . | float64 }}
{{- if gt (mulf 6 $bytes) $memory }}
resources.limits.memory: {{ . }} is less than six times config.limits.max_calls_bytes, {{ int64 $bytes }}, which requests in flight may take; raise it, or set max_calls_bytes to {{ divf $memory 6 | int64 }} or less
{{- end }}
{{- end }}
{{- end -}}

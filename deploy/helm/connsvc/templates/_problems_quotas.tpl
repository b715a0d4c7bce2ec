{{- /* Quotas of a caller that have no effect. */ -}}
{{- define "connsvc.problems.quotas" -}}
{{- $limits := .Values.config.limits | default dict -}}
{{- $own := $limits.per_caller | default dict -}}
{{- range $burst, $rate := dict "calls_burst" "calls_per_second" "creates_burst" "creates_per_minute" }}
{{- if and (get $own $burst) (not (get $own $rate)) }}
config.limits.per_caller.{{ $burst }}: has no effect without {{ $rate }}
{{- end }}
{{- end }}
{{- range $key, $all := dict "max_calls" ($limits.max_calls | default 1000) "max_bytes" ($limits.max_calls_bytes | default 268435456) }}
{{- $all = include "connsvc.quantity" $all | float64 | int64 }}
{{- $most := max 1 (sub $all (div $all 4)) }}
{{- if gt (include "connsvc.quantity" (get $own $key | default 0) | float64) (float64 $most) }}
config.limits.per_caller.{{ $key }}: {{ get $own $key }} must be at most {{ $most }}, three quarters of config.limits.{{ ternary "max_calls" "max_calls_bytes" (eq $key "max_calls") }}
{{- end }}
{{- end }}
{{- if and $own.max_calls (gt (int64 ($own.max_creates | default 0)) (int64 $own.max_calls)) }}
config.limits.per_caller.max_creates: {{ $own.max_creates }} must be at most max_calls, {{ $own.max_calls }}
{{- end }}
{{- end -}}

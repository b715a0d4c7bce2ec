{{- /* Durations beyond the bounds of the configuration's schema: files/durations.json has them. */ -}}
{{- define "connsvc.problems.durations" -}}
{{- $bounds := .Files.Get "files/durations.json" | fromJson -}}
{{- range include "connsvc.texts" (dict "at" "" "of" .Values.config) | splitList "\n" }}
{{- if . }}
{{- $path := index (splitList "|" .) 0 }}
{{- $value := index (splitList "|" .) 1 }}
{{- with get $bounds (regexReplaceAll "[[][0-9]+[]]" $path "[]") }}
{{- $duration := include "connsvc.milliseconds" $value | float64 }}
{{- if and .above (le $duration (include "connsvc.milliseconds" .above | float64)) }}
config.{{ $path }}: {{ $value }} must be more than {{ .above }}
{{- end }}
{{- if and .least (lt $duration (include "connsvc.milliseconds" .least | float64)) }}
config.{{ $path }}: {{ $value }} must be at least {{ .least }}
{{- end }}
{{- if and .most (gt $duration (include "connsvc.milliseconds" .most | float64)) }}
config.{{ $path }}: {{ $value }} must be at most {{ .most }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Each text that .of has below the path .at, as a line "path|text". */ -}}
{{- define "connsvc.texts" -}}
{{- $at := .at -}}
{{- if kindIs "map" .of -}}
{{- range $key, $value := .of -}}
{{- include "connsvc.texts" (dict "at" (ternary $key (printf "%s.%s" $at $key) (eq $at "")) "of" $value) -}}
{{- end -}}
{{- else if kindIs "slice" .of -}}
{{- range $i, $value := .of -}}
{{- include "connsvc.texts" (dict "at" (printf "%s[%d]" $at $i) "of" $value) -}}
{{- end -}}
{{- else if kindIs "string" .of }}
{{ $at }}|{{ .of }}
{{- end -}}
{{- end -}}

{{- /* Endpoints to which credentials would be sent in the clear. */ -}}
{{- define "connsvc.problems.upstreams" -}}
{{- range $i, $upstream := .Values.config.upstreams }}
{{- if not $upstream.allow_plaintext }}
{{- $endpoints := dict "endpoint" $upstream.endpoint }}
{{- range list "iam_password" "iam_agency" "ecs_metadata" }}
{{- $_ := set $endpoints (printf "%s.endpoint" .) (get $upstream . | default dict).endpoint }}
{{- end }}
{{- range $key, $endpoint := $endpoints }}
{{- $url := urlParse (toString ($endpoint | default "")) }}
{{- $near := or (regexMatch "^127[.]" $url.hostname) (has $url.hostname (list "localhost" "::1")) (and (hasPrefix "ecs" $key) (hasPrefix "169.254." $url.hostname)) }}
{{- if and (eq $url.scheme "http") (not $near) }}
config.upstreams[{{ $i }}].{{ $key }}: {{ $endpoint }} must be https; set allow_plaintext: true to send credentials in the clear
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

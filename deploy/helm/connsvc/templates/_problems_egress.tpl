{{- define "connsvc.problems.egress" -}}
{{- $egress := .Values.egress -}}
{{- range $name, $keyed := dict "proxyCredentials" (list $egress.proxyCredentials "credentials") "ca" (list $egress.ca "ca.crt") }}
{{- $source := index $keyed 0 }}
{{- if and (ne $source.key (index $keyed 1)) (not (or $source.secretName $source.configMapName)) }}
egress.{{ $name }}.key: no Secret is named; set egress.{{ $name }}.secretName
{{- end }}
{{- if not (regexMatch "^[-._A-Za-z0-9]+$" $source.key) }}
egress.{{ $name }}.key: {{ $source.key }} is no key of a Secret: letters, digits, "-", "_" and "."
{{- end }}
{{- end }}
{{- $proxied := false }}
{{- $secure := false }}
{{- range $i, $upstream := .Values.config.upstreams }}
{{- $at := printf "config.upstreams[%d]" $i }}
{{- $tls := $upstream.tls | default dict }}
{{- if $upstream.proxy_url }}
{{- $proxied = true }}
{{- end }}
{{- if include "connsvc.speaksTLS" $upstream }}
{{- $secure = true }}
{{- end }}
{{- if and $egress.proxyCredentials.secretName $upstream.proxy_credentials }}
{{ $at }}.proxy_credentials: egress.proxyCredentials names them, too; leave one out
{{- else if and $upstream.proxy_credentials (not $upstream.proxy_url) }}
{{ $at }}.proxy_credentials: has no effect without proxy_url
{{- end }}
{{- if and (include "connsvc.egressCA" $) $tls.ca_file }}
{{ $at }}.tls.ca_file: egress.ca names the CAs, too; leave one out
{{- end }}
{{- if and $egress.clientCertificate.secretName (or $tls.cert_file $tls.key_file) }}
{{ $at }}.tls.{{ ternary "cert_file" "key_file" (not (empty $tls.cert_file)) }}: egress.clientCertificate names a certificate, too; leave one out
{{- else if and $tls.cert_file (not $tls.key_file) }}
{{ $at }}.tls.key_file: is required with cert_file
{{- else if and $tls.key_file (not $tls.cert_file) }}
{{ $at }}.tls.cert_file: is required with key_file
{{- end }}
{{- if and (hasKey $upstream "tls") (not $tls) (not (include "connsvc.egressCA" $)) (not $egress.clientCertificate.secretName) }}
{{ $at }}.tls: names no file; set ca_file, or cert_file and key_file, or leave it out
{{- end }}
{{- if and $tls (not (include "connsvc.speaksTLS" $upstream)) }}
{{ $at }}.tls: has no effect: nothing of this upstream is https
{{- end }}
{{- end }}
{{- if and $egress.proxyCredentials.secretName (not $proxied) }}
egress.proxyCredentials: no upstream has a proxy; set proxy_url in config.upstreams
{{- end }}
{{- if and (or (include "connsvc.egressCA" $) $egress.clientCertificate.secretName) (not $secure) }}
egress.{{ ternary "ca" "clientCertificate" (not (empty (include "connsvc.egressCA" $))) }}: has no effect: no upstream is https
{{- end }}
{{- end -}}

{{- /*
The configuration: values.config, with the addresses and the certificate of the
ports. What the chart sets is rejected in values.config, not overwritten.
*/ -}}
{{- define "connsvc.config" -}}
{{- include "connsvc.check" . -}}
{{- $config := deepCopy .Values.config -}}
{{- range $config.upstreams -}}
{{- include "connsvc.setEgress" (dict "root" $ "upstream" .) -}}
{{- end -}}
{{- range $name, $port := dict "grpc" 9090 "rest" 8080 "admin" 9091 -}}
{{- $listener := get $config $name | default dict -}}
{{- $_ := set $listener "address" (printf "%s:%d" $.Values.listenAddress $port) -}}
{{- if and (include "connsvc.tlsSecret" $) (ne $name "admin") -}}
{{- $tls := dict "cert_file" "/etc/connsvc/tls/tls.crt" "key_file" "/etc/connsvc/tls/tls.key" -}}
{{- if include "connsvc.clientCA" $ -}}
{{- $_ := set $tls "client_ca_file" (printf "/etc/connsvc/client-ca/%s" $.Values.tls.clientCA.key) -}}
{{- end -}}
{{- $_ := set $listener "tls" $tls -}}
{{- end -}}
{{- /* connsvc wants this explicit beyond loopback, and a pod's callers come from outside the pod. */ -}}
{{- if not $listener.tls -}}
{{- $_ := set $listener "allow_plaintext" true -}}
{{- end -}}
{{- $_ := set $config $name $listener -}}
{{- end -}}
{{- /* Prometheus has no credentials to show; the NetworkPolicy limits who can reach the port. */ -}}
{{- with $config.auth -}}
{{- if not (or .anonymous (hasKey . "allow_unauthenticated")) -}}
{{- $_ := set . "allow_unauthenticated" (list "METRICS") -}}
{{- end -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- /* The milliseconds of a duration as the configuration has it: 90s, 1m30s, 500ms. */ -}}
{{- define "connsvc.milliseconds" -}}
{{- $milliseconds := 0.0 -}}
{{- range regexFindAll "[0-9.]+(h|ms|m|us|ns|s)" (toString .) -1 -}}
{{- $number := float64 (regexFind "[0-9.]+" .) -}}
{{- $unit := regexFind "[a-z]+" . -}}
{{- $milliseconds = addf $milliseconds (mulf $number (get (dict "h" 3600000.0 "m" 60000.0 "s" 1000.0 "ms" 1.0 "us" 0.001 "ns" 0.000001) $unit)) -}}
{{- end -}}
{{- $milliseconds -}}
{{- end -}}

{{- /* Whole seconds, rounded up. */ -}}
{{- define "connsvc.seconds" -}}
{{- ceil (divf (include "connsvc.milliseconds" . | float64) 1000) | int -}}
{{- end -}}

{{- /* The seconds that a pod may take to stop. */ -}}
{{- define "connsvc.leastGrace" -}}
{{- $shutdown := .Values.config.shutdown | default dict -}}
{{- add .Values.preStopSleepSeconds
      (include "connsvc.seconds" ($shutdown.drain_delay | default "0s") | int)
      (include "connsvc.seconds" ($shutdown.timeout | default "65s") | int) -}}
{{- end -}}

{{- define "connsvc.gracePeriod" -}}
{{- if kindIs "invalid" .Values.terminationGracePeriodSeconds -}}
{{- add (include "connsvc.leastGrace" . | int) 10 -}}
{{- else -}}
{{- int .Values.terminationGracePeriodSeconds -}}
{{- end -}}
{{- end -}}

{{- /* The TCP ports that connsvc calls out to, as a YAML list: of the upstreams and IAM, or of their proxy, and of the ECS metadata. */ -}}
{{- define "connsvc.egressPorts" -}}
{{- $ports := list -}}
{{- range .Values.config.upstreams -}}
{{- $endpoints := .proxy_url | default (list .endpoint (dig "iam_password" "endpoint" "" .) (dig "iam_agency" "endpoint" "" .)) -}}
{{- $endpoints = kindIs "string" $endpoints | ternary (list $endpoints) $endpoints -}}
{{- if hasKey . "ecs_metadata" -}}
{{- $endpoints = append $endpoints ((.ecs_metadata | default dict).endpoint | default "http://169.254.169.254") -}}
{{- end -}}
{{- range compact $endpoints -}}
{{- $url := urlParse . -}}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) -}}
{{- $ports = append $ports (int ($port | default (ternary "80" "443" (eq $url.scheme "http")))) -}}
{{- end -}}
{{- end -}}
{{- uniq $ports | toYaml -}}
{{- end -}}

{{- define "connsvc.egressCA" -}}
{{- if or .Values.egress.ca.secretName .Values.egress.ca.configMapName -}}yes{{- end -}}
{{- end -}}

{{- /* "yes" if TLS is spoken on the way to an upstream: to DLI, to IAM, or to the proxy. */ -}}
{{- define "connsvc.speaksTLS" -}}
{{- range list .endpoint (dig "iam_password" "endpoint" "" .) (dig "iam_agency" "endpoint" "" .) .proxy_url -}}
{{- if hasPrefix "https:" (lower (toString .)) -}}yes{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Sets the files of "egress" in an upstream. Takes a dict of root and upstream. */ -}}
{{- define "connsvc.setEgress" -}}
{{- $egress := .root.Values.egress -}}
{{- if and .upstream.proxy_url $egress.proxyCredentials.secretName -}}
{{- $_ := set .upstream "proxy_credentials" (dict "file" (printf "/etc/connsvc/egress-proxy/%s" $egress.proxyCredentials.key)) -}}
{{- end -}}
{{- if include "connsvc.speaksTLS" .upstream -}}
{{- $tls := .upstream.tls | default dict -}}
{{- if include "connsvc.egressCA" .root -}}
{{- $_ := set $tls "ca_file" (printf "/etc/connsvc/egress-ca/%s" $egress.ca.key) -}}
{{- end -}}
{{- if $egress.clientCertificate.secretName -}}
{{- $_ := merge $tls (dict "cert_file" "/etc/connsvc/egress-tls/tls.crt" "key_file" "/etc/connsvc/egress-tls/tls.key") -}}
{{- end -}}
{{- if $tls -}}
{{- $_ := set .upstream "tls" $tls -}}
{{- end -}}
{{- end -}}
{{- end -}}

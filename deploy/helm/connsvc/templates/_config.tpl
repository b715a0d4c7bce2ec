{{- /*
The configuration: values.config, with the addresses and the certificate of the
ports. What the chart decides is refused in values.config, not overwritten.
*/ -}}
{{- define "connsvc.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if not $config.upstreams -}}
{{- fail "config.upstreams: at least one is needed" -}}
{{- end -}}
{{- if dig "admin" "tls" "client_ca_file" "" $config -}}
{{- fail "config.admin.tls.client_ca_file: the kubelet and Prometheus have no certificate to show; leave it out" -}}
{{- end -}}
{{- if and (dig "admin" "pprof" false $config) (not .Values.networkPolicy.enabled) -}}
{{- fail "config.admin.pprof: every pod of the cluster could read it; enable networkPolicy, and name metrics there" -}}
{{- end -}}
{{- range $name, $port := dict "grpc" 9090 "rest" 8080 "admin" 9091 -}}
{{- $listener := dig $name dict $config | default dict -}}
{{- if hasKey $listener "address" -}}
{{- fail (printf "config.%s.address: the chart sets the addresses, here to %s:%d; leave it out" $name $.Values.listenAddress $port) -}}
{{- end -}}
{{- $_ := set $listener "address" (printf "%s:%d" $.Values.listenAddress $port) -}}
{{- $secret := include "connsvc.tlsSecret" $ -}}
{{- if and $secret (ne $name "admin") -}}
{{- if $listener.tls -}}
{{- fail (printf "config.%s.tls and tls.secretName both name a certificate; leave one out" $name) -}}
{{- end -}}
{{- $tls := dict "cert_file" "/etc/connsvc/tls/tls.crt" "key_file" "/etc/connsvc/tls/tls.key" -}}
{{- if include "connsvc.clientCA" $ -}}
{{- $_ := set $tls "client_ca_file" (printf "/etc/connsvc/client-ca/%s" $.Values.tls.clientCA.key) -}}
{{- end -}}
{{- $_ := set $listener "tls" $tls -}}
{{- end -}}
{{- /* Beyond loopback it is said in so many words: a pod's callers come from outside the pod. */ -}}
{{- if not $listener.tls -}}
{{- $_ := set $listener "allow_plaintext" true -}}
{{- end -}}
{{- $_ := set $config $name $listener -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- /* Whole seconds, rounded up, of a duration as the configuration writes it: 90s, 1m30s, 500ms. */ -}}
{{- define "connsvc.seconds" -}}
{{- $milliseconds := 0.0 -}}
{{- range regexFindAll "[0-9.]+(h|ms|m|us|ns|s)" (toString .) -1 -}}
{{- $number := float64 (regexFind "[0-9.]+" .) -}}
{{- $unit := regexFind "[a-z]+" . -}}
{{- $milliseconds = addf $milliseconds (mulf $number (get (dict "h" 3600000.0 "m" 60000.0 "s" 1000.0 "ms" 1.0 "us" 0.001 "ns" 0.000001) $unit)) -}}
{{- end -}}
{{- ceil (divf $milliseconds 1000) | int -}}
{{- end -}}

{{- define "connsvc.gracePeriod" -}}
{{- $shutdown := .Values.config.shutdown | default dict -}}
{{- $least := add .Values.preStopSleepSeconds
      (include "connsvc.seconds" ($shutdown.drain_delay | default "0s") | int)
      (include "connsvc.seconds" ($shutdown.timeout | default "65s") | int) -}}
{{- if kindIs "invalid" .Values.terminationGracePeriodSeconds -}}
{{- add $least 10 -}}
{{- else if lt (int .Values.terminationGracePeriodSeconds) (int $least) -}}
{{- fail (printf "terminationGracePeriodSeconds: %d cuts calls off: preStopSleepSeconds, drain_delay and timeout add up to %d" (int .Values.terminationGracePeriodSeconds) $least) -}}
{{- else -}}
{{- int .Values.terminationGracePeriodSeconds -}}
{{- end -}}
{{- end -}}

{{- /* The TCP ports that connsvc calls out to, as a YAML list: of the upstreams, of IAM, of the ECS metadata. */ -}}
{{- define "connsvc.egressPorts" -}}
{{- $ports := list -}}
{{- range .Values.config.upstreams -}}
{{- $endpoints := list .endpoint (dig "iam_password" "endpoint" "" .) (dig "iam_agency" "endpoint" "" .) -}}
{{- if hasKey . "ecs_metadata" -}}
{{- $endpoints = append $endpoints (dig "ecs_metadata" "endpoint" "http://169.254.169.254" .) -}}
{{- end -}}
{{- range compact $endpoints -}}
{{- $url := urlParse . -}}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) -}}
{{- $ports = append $ports (int ($port | default (ternary "80" "443" (eq $url.scheme "http")))) -}}
{{- end -}}
{{- end -}}
{{- uniq $ports | toYaml -}}
{{- end -}}

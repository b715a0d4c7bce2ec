{{- /*
The values that contradict each other, or that Kubernetes or connsvc would reject
later. Each "connsvc.problems.*" prints one line for each problem; all are reported
at once. Types and keys are checked by values.schema.json.
*/ -}}
{{- define "connsvc.check" -}}
{{- $problems := list -}}
{{- range list "names" "labels" "pods" "env" "scaling" "tls" "egress" "config" "durations" "quotas" "upstreams" "files" "memory" "network" "routes" "watching" -}}
{{- range include (printf "connsvc.problems.%s" .) $ | splitList "\n" -}}
{{- with trim . -}}
{{- $problems = append $problems . -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $problems -}}
{{- fail (join "\n" $problems) -}}
{{- end -}}
{{- end -}}

{{- /* "yes" for a host as an Ingress has it: a DNS name, *. before it where wildcard, no address. */ -}}
{{- define "connsvc.isHost" -}}
{{- if and (le (len .) 253) (not (regexMatch "^[0-9.]+$" .))
      (regexMatch "^([*][.])?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$" .) -}}
yes
{{- end -}}
{{- end -}}

{{- /* The number of a quantity of Kubernetes or of the configuration: 250m, 2Gi, 16M, 1e9. */ -}}
{{- define "connsvc.quantity" -}}
{{- $number := regexFind "^[0-9.]+([eE][+-]?[0-9]+)?" (toString .) | float64 -}}
{{- $units := dict "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18
      "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 -}}
{{- mulf $number (get $units (regexFind "[A-Za-z]+$" (toString .)) | default 1.0) -}}
{{- end -}}

{{- define "connsvc.problems.names" -}}
{{- $label := "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" -}}
{{- if and .Values.nameOverride (not (regexMatch $label .Values.nameOverride)) }}
nameOverride: must be lower-case letters, digits and "-", as in connsvc
{{- else if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" (include "connsvc.fullname" .)) }}
{{ ternary "fullnameOverride" "release name" (not (empty .Values.fullnameOverride)) }}: the Service would be named {{ include "connsvc.fullname" . }}; set fullnameOverride to a letter followed by lower-case letters, digits and "-"
{{- end }}
{{- $names := list
      (list "serviceAccount.name" .Values.serviceAccount.name)
      (list "priorityClassName" .Values.priorityClassName)
      (list "tls.secretName" .Values.tls.secretName)
      (list "tls.clientCA.secretName" .Values.tls.clientCA.secretName)
      (list "tls.clientCA.configMapName" .Values.tls.clientCA.configMapName)
      (list "egress.proxyCredentials.secretName" .Values.egress.proxyCredentials.secretName)
      (list "egress.ca.secretName" .Values.egress.ca.secretName)
      (list "egress.ca.configMapName" .Values.egress.ca.configMapName)
      (list "egress.clientCertificate.secretName" .Values.egress.clientCertificate.secretName)
      (list "ingress.rest.className" .Values.ingress.rest.className)
      (list "ingress.grpc.className" .Values.ingress.grpc.className) -}}
{{- range $i, $item := .Values.imagePullSecrets -}}
{{- $names = append $names (list (printf "imagePullSecrets[%d].name" $i) $item.name) -}}
{{- end -}}
{{- range $i, $item := .Values.secretFiles -}}
{{- $names = append $names (list (printf "secretFiles[%d].secretName" $i) (tpl $item.secretName $)) -}}
{{- end -}}
{{- range $i, $item := .Values.secretEnv -}}
{{- $names = append $names (list (printf "secretEnv[%d].secretName" $i) (tpl $item.secretName $)) -}}
{{- end -}}
{{- range $names }}
{{- $value := index . 1 }}
{{- if and $value (or (gt (len $value) 253) (not (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" $value))) }}
{{ index . 0 }}: {{ $value }} is no name of Kubernetes: lower-case letters, digits, "-" and "."
{{- end }}
{{- end }}
{{- $tag := .Values.image.tag | default .Chart.AppVersion }}
{{- if not (regexMatch "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$" $tag) }}
image.tag: {{ $tag }} is no tag: letters, digits, "_", "." and "-", with no "+"
{{- end }}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9._]*[a-z0-9])?(:[0-9]+/[a-z0-9]+([-._a-z0-9]*[a-z0-9])?)?(/[a-z0-9]+([-._a-z0-9]*[a-z0-9])?)*$" .Values.image.repository) }}
image.repository: {{ .Values.image.repository }} must be a name in lower case without tag and digest, as in ghcr.io/connsvc/connsvc
{{- end }}
{{- end -}}

{{- define "connsvc.problems.labels" -}}
{{- $own := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart" -}}
{{- $key := "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$" -}}
{{- $common := .Values.commonLabels -}}
{{- range list (list "commonLabels" $common) (list "podLabels" .Values.podLabels) (list "nodeSelector" .Values.nodeSelector)
      (list "metrics.serviceMonitor.labels" .Values.metrics.serviceMonitor.labels)
      (list "metrics.prometheusRule.labels" .Values.metrics.prometheusRule.labels)
      (list "metrics.dashboard.labels" .Values.metrics.dashboard.labels) }}
{{- $path := index . 0 }}
{{- range $name, $value := index . 1 }}
{{- if not (regexMatch $key $name) }}
{{ $path }}: {{ $name }} is no key of a label
{{- end }}
{{- if not (regexMatch "^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$" $value) }}
{{ $path }}.{{ $name }}: {{ $value }} is no value of a label: at most 63 letters, digits, "-", "_" and "."
{{- end }}
{{- if and (has $name $own) (ne $path "nodeSelector") }}
{{ $path }}: the chart sets {{ $name }}; leave it out
{{- else if and (hasKey $common $name) (not (has $path (list "commonLabels" "nodeSelector"))) }}
{{ $path }}: commonLabels has {{ $name }}, too; leave one out
{{- end }}
{{- end }}
{{- end }}
{{- range list (list "podAnnotations" .Values.podAnnotations) (list "service.annotations" .Values.service.annotations)
      (list "headlessService.annotations" .Values.headlessService.annotations) (list "serviceAccount.annotations" .Values.serviceAccount.annotations)
      (list "ingress.rest.annotations" .Values.ingress.rest.annotations) (list "ingress.grpc.annotations" .Values.ingress.grpc.annotations)
      (list "gateway.httpRoute.annotations" .Values.gateway.httpRoute.annotations) (list "gateway.grpcRoute.annotations" .Values.gateway.grpcRoute.annotations)
      (list "metrics.service.annotations" .Values.metrics.service.annotations) (list "metrics.dashboard.annotations" .Values.metrics.dashboard.annotations) }}
{{- $path := index . 0 }}
{{- range $name, $_ := index . 1 }}
{{- if not (regexMatch $key $name) }}
{{ $path }}: {{ $name }} is no key of an annotation
{{- else if and (eq $path "podAnnotations") (has $name (list "kubectl.kubernetes.io/default-container" "checksum/config")) }}
podAnnotations: the chart sets {{ $name }}; leave it out
{{- end }}
{{- end }}
{{- end }}
{{- range $name, $_ := .Values.metrics.prometheusRule.alertLabels }}
{{- if not (regexMatch "^[A-Za-z_][A-Za-z0-9_]*$" $name) }}
metrics.prometheusRule.alertLabels: {{ $name }} is no label of Prometheus: letters, digits and "_"
{{- end }}
{{- end }}
{{- if and .Values.serviceAccount.annotations (not .Values.serviceAccount.create) }}
serviceAccount.annotations: the chart makes no service account; set serviceAccount.create, or annotate your own
{{- end }}
{{- end -}}

{{- define "connsvc.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* Leaves room for the longest suffix, -headless. */ -}}
{{- define "connsvc.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 54 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 54 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 54 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "connsvc.selectorLabels" -}}
app.kubernetes.io/name: {{ include "connsvc.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end -}}

{{- /* Labels of every object. Takes a dict of root and component. */ -}}
{{- define "connsvc.labels" -}}
{{- $root := .root -}}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "connsvc.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ .component | default "server" }}
app.kubernetes.io/version: {{ include "connsvc.version" $root | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* The version as a label's value: it begins and ends with a letter or a digit. */ -}}
{{- define "connsvc.version" -}}
{{- .Values.image.tag | default .Chart.AppVersion | trunc 63 | trimAll "._-" -}}
{{- end -}}

{{- define "connsvc.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "connsvc.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "connsvc.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* The Secret with the certificate of gRPC and REST; empty for plaintext. */ -}}
{{- define "connsvc.tlsSecret" -}}
{{- if .Values.tls.secretName -}}
{{- .Values.tls.secretName -}}
{{- else if .Values.tls.certManager.enabled -}}
{{- include "connsvc.fullname" . }}-tls
{{- end -}}
{{- end -}}

{{- define "connsvc.clientCA" -}}
{{- if or .Values.tls.clientCA.secretName .Values.tls.clientCA.configMapName -}}yes{{- end -}}
{{- end -}}

{{- /* The scheme of the port that .port names: HTTP or HTTPS. Takes a dict of root and port. */ -}}
{{- define "connsvc.scheme" -}}
{{- if dig .port "tls" "" (include "connsvc.config" .root | fromYaml) -}}HTTPS{{- else -}}HTTP{{- end -}}
{{- end -}}

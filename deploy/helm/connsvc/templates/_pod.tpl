{{- /* Nothing that changes with the chart's version: a new chart alone restarts no pod. */ -}}
{{- define "connsvc.podLabels" -}}
{{- mergeOverwrite (deepCopy .Values.podLabels) .Values.commonLabels (include "connsvc.selectorLabels" . | fromYaml)
      (dict "app.kubernetes.io/version" (include "connsvc.version" .)) | toYaml -}}
{{- end -}}

{{- define "connsvc.emulatorToken" -}}
# Of this pod alone, and known to no one else.
- name: CONNSVC_EMULATOR_TOKEN
  valueFrom:
    fieldRef:
      fieldPath: metadata.uid
{{- end -}}

{{- define "connsvc.env" -}}
env:
  - name: POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  {{- if .Values.emulator.enabled }}
  {{- include "connsvc.emulatorToken" . | nindent 2 }}
  {{- end }}
  {{- range .Values.secretEnv }}
  - name: {{ .name }}
    valueFrom:
      secretKeyRef:
        name: {{ tpl .secretName $ }}
        key: {{ .key }}
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- /* Folders, never subPath: only a folder is swapped when its content changes. */ -}}
{{- define "connsvc.volumeMounts" -}}
volumeMounts:
  - {name: config, mountPath: /etc/connsvc/config, readOnly: true}
  {{- if include "connsvc.tlsSecret" . }}
  - {name: tls, mountPath: /etc/connsvc/tls, readOnly: true}
  {{- end }}
  {{- if include "connsvc.clientCA" . }}
  - {name: client-ca, mountPath: /etc/connsvc/client-ca, readOnly: true}
  {{- end }}
  {{- range tuple "proxy" "ca" "tls" }}
  {{- if include (printf "connsvc.egressVolume.%s" .) $ }}
  - {name: egress-{{ . }}, mountPath: /etc/connsvc/egress-{{ . }}, readOnly: true}
  {{- end }}
  {{- end }}
  {{- range .Values.secretFiles }}
  - {name: secret-{{ .name }}, mountPath: /etc/connsvc/secrets/{{ .name }}, readOnly: true}
  {{- end }}
{{- end -}}

{{- define "connsvc.volumes" -}}
volumes:
  - name: config
    configMap:
      name: {{ include "connsvc.fullname" . }}
  {{- with include "connsvc.tlsSecret" . }}
  - name: tls
    secret:
      secretName: {{ . }}
      defaultMode: 0440
  {{- end }}
  {{- if .Values.tls.clientCA.secretName }}
  - name: client-ca
    secret:
      secretName: {{ .Values.tls.clientCA.secretName }}
      # Only the CA: the Secret may hold a key too.
      items: [{key: {{ .Values.tls.clientCA.key }}, path: {{ .Values.tls.clientCA.key }}}]
      defaultMode: 0440
  {{- else if .Values.tls.clientCA.configMapName }}
  - name: client-ca
    configMap:
      name: {{ .Values.tls.clientCA.configMapName }}
  {{- end }}
  {{- range tuple "proxy" "ca" "tls" }}
  {{- with include (printf "connsvc.egressVolume.%s" .) $ }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- range .Values.secretFiles }}
  - name: secret-{{ .name }}
    secret:
      secretName: {{ tpl .secretName $ }}
      defaultMode: 0440
      {{- with .items }}
      items:
        {{- toYaml . | nindent 8 }}
      {{- end }}
  {{- end }}
{{- end -}}

{{- define "connsvc.egressVolume.proxy" -}}
{{- with .Values.egress.proxyCredentials -}}
{{- if .secretName -}}
- name: egress-proxy
  secret:
    secretName: {{ .secretName }}
    items: [{key: {{ .key }}, path: {{ .key }}}]
    defaultMode: 0440
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "connsvc.egressVolume.ca" -}}
{{- with .Values.egress.ca -}}
{{- if .secretName -}}
- name: egress-ca
  secret:
    secretName: {{ .secretName }}
    # Only the CA: the Secret may hold a key too.
    items: [{key: {{ .key }}, path: {{ .key }}}]
    defaultMode: 0440
{{- else if .configMapName -}}
- name: egress-ca
  configMap:
    name: {{ .configMapName }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "connsvc.egressVolume.tls" -}}
{{- with .Values.egress.clientCertificate.secretName -}}
- name: egress-tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end -}}
{{- end -}}

{{- define "connsvc.topologySpread" -}}
{{- if .Values.topologySpreadConstraints -}}
{{- toYaml .Values.topologySpreadConstraints -}}
{{- else -}}
{{- range $i, $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" -}}
{{- if $i }}
{{ end -}}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "connsvc.selectorLabels" $ | nindent 6 }}
  # Each revision by itself, so that a rollout ends evenly spread.
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end -}}
{{- end -}}

{{- /* As many charts label: the chart's version stands on pods too, so a changed one restarts them. */ -}}
{{- define "standIn.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "standIn.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}
{{- define "standIn.selector" -}}
app.kubernetes.io/name: {{ .Values.standIn.name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{- define "standIn.pod" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  seccompProfile:
    type: RuntimeDefault
containers:
  - name: main
    image: registry.example.com/{{ .Chart.Name }}:{{ .Chart.Version | replace "+" "_" }}
    securityContext:
      allowPrivilegeEscalation: false
      capabilities:
        drop:
          - ALL
{{- end -}}

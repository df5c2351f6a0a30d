{{/* The charts in charts/ use these too: nothing here may depend on .Values. */}}

{{- define "hyperion.fullname" -}}
{{- if contains "hyperion" .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-hyperion" (.Release.Name | trunc 31 | trimSuffix "-") }}
{{- end -}}
{{- end -}}

{{/* Of a component's pods, for ever: selectors cannot be changed. Takes (list $ "component"). */}}
{{- define "hyperion.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: hyperion
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Of everything else. Takes (list $ "component"). */}}
{{- define "hyperion.labels" -}}
{{- $root := index . 0 -}}
{{ include "hyperion.selector" . }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Name, namespace and labels. Takes (list $ "component" "suffix of the name"). */}}
{{- define "hyperion.metadata" -}}
{{- $root := index . 0 -}}
{{- $suffix := index . 2 -}}
name: {{ include "hyperion.fullname" $root }}{{ with $suffix }}-{{ . }}{{ end }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "hyperion.labels" (list $root (index . 1)) | nindent 2 }}
{{- end -}}

{{/* Takes (list $ image). */}}
{{- define "hyperion.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{ $image.repository }}:{{ $image.tag | default $root.Chart.AppVersion }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end -}}

{{- define "hyperion.image.fields" -}}
image: {{ include "hyperion.image" . }}
imagePullPolicy: {{ (index . 1).pullPolicy }}
{{- end -}}

{{/* What is deployed, as the values say: "true" or nothing. */}}

{{- define "hyperion.database" -}}
{{- $given := .Values.external.database -}}
{{- if or .Values.postgresql.enabled $given.url $given.existingSecret }}true{{ end -}}
{{- end -}}

{{- define "hyperion.redis" -}}
{{- $given := .Values.external.redis -}}
{{- if or .Values.redis.enabled $given.url $given.existingSecret }}true{{ end -}}
{{- end -}}

{{- define "hyperion.milvus" -}}
{{- $given := .Values.external.milvus -}}
{{- if or .Values.milvus.enabled $given.url $given.existingSecret }}true{{ end -}}
{{- end -}}

{{- define "hyperion.originals" -}}
{{- if or .Values.storage.enabled .Values.external.s3.originalsUrl }}true{{ end -}}
{{- end -}}

{{- define "hyperion.sentry" -}}
{{- if or .Values.telemetry.sentry.dsn .Values.telemetry.sentry.existingSecret }}true{{ end -}}
{{- end -}}

{{/* Where there is no database server, all is in one volume, which one pod works on. */}}
{{- define "hyperion.replicated" -}}
{{- include "hyperion.database" . -}}
{{- end -}}

{{/* Whether the chart's own PostgreSQL is yet to come, or it cannot be told: nothing can be migrated before it is there. */}}
{{- define "hyperion.database.to-come" -}}
{{- if .Values.postgresql.enabled -}}
{{- $name := printf "%s-postgresql" (include "hyperion.fullname" .) -}}
{{- if not (lookup "apps/v1" "StatefulSet" .Release.Namespace $name) }}true{{ end -}}
{{- end -}}
{{- end -}}

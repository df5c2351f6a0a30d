{{/* What pods may reach: rules of a NetworkPolicy, each for one thing. */}}

{{/* Takes (list peers ports). No peers are any address. */}}
{{- define "hyperion.egress.rule" -}}
- {{ with index . 0 }}to:
    {{- toYaml . | nindent 4 }}
  {{ end }}ports:
    {{- range index . 1 }}
    - port: {{ . }}
      protocol: TCP
    {{- end }}
{{- end -}}

{{/* To one of the chart's own servers. Takes (list $ "component" port). */}}
{{- define "hyperion.egress.own" -}}
- to:
    - podSelector:
        matchLabels:
          {{- include "hyperion.selector" (list (index . 0) (index . 1)) | nindent 10 }}
  ports:
    - port: {{ index . 2 }}
      protocol: TCP
{{- end -}}

{{- define "hyperion.egress.dns" -}}
- {{ with .Values.networkPolicy.dns }}to:
    {{- toYaml . | nindent 4 }}
  {{ end }}ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end -}}

{{- define "hyperion.egress.database" -}}
{{- if .Values.postgresql.enabled -}}
{{ include "hyperion.egress.own" (list . "postgresql" 5432) }}
{{- else -}}
{{ include "hyperion.egress.rule" (list .Values.networkPolicy.database.to (list .Values.networkPolicy.database.port)) }}
{{- end -}}
{{- end -}}

{{- define "hyperion.egress.s3" -}}
{{- if .Values.storage.enabled -}}
{{ include "hyperion.egress.own" (list . "storage" 9000) }}
{{- else -}}
{{ include "hyperion.egress.rule" (list .Values.networkPolicy.s3.to (list .Values.networkPolicy.s3.port)) }}
{{- end -}}
{{- end -}}

{{/* What every process that serves or reads documents speaks to. */}}
{{- define "hyperion.egress.companions" -}}
{{- $policy := .Values.networkPolicy -}}
{{- if include "hyperion.database" . }}
{{ include "hyperion.egress.database" . }}
{{- end }}
{{- if include "hyperion.originals" . }}
{{ include "hyperion.egress.s3" . }}
{{- end }}
{{- if .Values.redis.enabled }}
{{ include "hyperion.egress.own" (list . "redis" 6379) }}
{{- else if include "hyperion.redis" . }}
{{ include "hyperion.egress.rule" (list $policy.redis.to (list $policy.redis.port)) }}
{{- end }}
{{- if .Values.milvus.enabled }}
{{ include "hyperion.egress.own" (list . "milvus" 19530) }}
{{- else if include "hyperion.milvus" . }}
{{ include "hyperion.egress.rule" (list $policy.milvus.to (list $policy.milvus.port)) }}
{{- end }}
{{- if or (include "hyperion.sentry" .) .Values.telemetry.otlpEndpoint }}
{{ include "hyperion.egress.rule" (list $policy.telemetry.to $policy.telemetry.ports) }}
{{- end }}
{{- end -}}

{{/* Language models and addresses that users give. The cloud's own address, which hands out its keys, is never one. */}}
{{- define "hyperion.egress.models" -}}
{{- $models := .Values.networkPolicy.models -}}
{{- $private := list "10.0.0.0/8" "100.64.0.0/10" "172.16.0.0/12" "192.168.0.0/16" -}}
{{- $ours := list "fc00::/7" -}}
{{- if .Values.settings.allow_private_addresses -}}
{{- $private = list -}}
{{- $ours = list "fd00:ec2::254/128" -}}
{{- end -}}
{{- $four := dict "cidr" "0.0.0.0/0" "except" (append $private "169.254.0.0/16") -}}
{{- $six := dict "cidr" "::/0" "except" (append $ours "fe80::/10") -}}
{{ include "hyperion.egress.rule" (list ($models.to | default (list (dict "ipBlock" $four) (dict "ipBlock" $six))) $models.ports) }}
{{- end -}}

{{- define "hyperion.egress.extra" -}}
{{- with .Values.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

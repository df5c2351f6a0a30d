{{/* Hyperion's containers: their variables, volumes and ports. */}}

{{/* The settings that are not about other servers. */}}
{{- define "hyperion.variables.settings" -}}
{{- $settings := dict "log_format" "json" -}}
{{- if or .Values.ingress.enabled .Values.httpRoute.enabled -}}
{{- $_ := set $settings "trust_proxy" true -}}
{{- end -}}
{{- if or (and .Values.ingress.enabled .Values.ingress.tlsSecret) (and .Values.httpRoute.enabled .Values.httpRoute.https) -}}
{{- $_ := set $settings "secure_cookies" true -}}
{{- end -}}
{{- range $name, $value := mustMergeOverwrite $settings (deepCopy .Values.settings) }}
- name: HYPERION_{{ upper $name }}
  value: {{ if kindIs "float64" $value }}{{ int64 $value | quote }}{{ else }}{{ $value | quote }}{{ end }}
{{- end }}
{{- end -}}

{{- define "hyperion.variables.database" -}}
{{- if .Values.postgresql.enabled }}
{{ include "hyperion.secret.variable" (list "DATABASE_PASSWORD" (include "hyperion.secret.of" (list . "postgresql")) .Values.postgresql.key) }}
- name: HYPERION_DATABASE_URL
  value: postgres://hyperion:$(DATABASE_PASSWORD)@{{ include "hyperion.fullname" . }}-postgresql:5432/hyperion
{{- else }}
{{- with .Values.external.database }}
{{- if .existingSecret }}
{{ include "hyperion.secret.variable" (list "HYPERION_DATABASE_URL" .existingSecret .key) }}
{{- else if .url }}
{{ include "hyperion.secret.variable" (list "HYPERION_DATABASE_URL" (include "hyperion.secret.given" $) "database-url") }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "hyperion.variables.s3" -}}
{{- if .Values.storage.enabled }}
- name: AWS_ENDPOINT_URL
  value: http://{{ include "hyperion.fullname" . }}-storage:9000
- name: AWS_REGION
  value: us-east-1
- name: AWS_ACCESS_KEY_ID
  value: hyperion
{{ include "hyperion.secret.variable" (list "AWS_SECRET_ACCESS_KEY" (include "hyperion.secret.storage" .) .Values.global.storageKey) }}
{{- else }}
{{- with .Values.external.s3 }}
{{- with .endpoint }}
- name: AWS_ENDPOINT_URL
  value: {{ . | quote }}
{{- end }}
- name: AWS_REGION
  value: {{ .region | quote }}
{{- if .existingSecret }}
{{ include "hyperion.secret.variable" (list "AWS_ACCESS_KEY_ID" .existingSecret .accessKeyIdKey) }}
{{ include "hyperion.secret.variable" (list "AWS_SECRET_ACCESS_KEY" .existingSecret .secretAccessKeyKey) }}
{{- else if .secretAccessKey }}
{{ include "hyperion.secret.variable" (list "AWS_ACCESS_KEY_ID" (include "hyperion.secret.given" $) "access-key-id") }}
{{ include "hyperion.secret.variable" (list "AWS_SECRET_ACCESS_KEY" (include "hyperion.secret.given" $) "secret-access-key") }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "hyperion.variables.originals" -}}
{{- if .Values.external.s3.originalsUrl }}
- name: HYPERION_ORIGINALS_URL
  value: {{ .Values.external.s3.originalsUrl | quote }}
{{- else if .Values.storage.enabled }}
- name: HYPERION_ORIGINALS_URL
  value: s3://hyperion/originals
{{- end }}
{{- end -}}

{{/* Redis, Milvus and where telemetry goes: what only processes that serve or read documents speak to. */}}
{{- define "hyperion.variables.companions" -}}
{{- if .Values.redis.enabled }}
{{ include "hyperion.secret.variable" (list "REDIS_PASSWORD" (include "hyperion.secret.of" (list . "redis")) .Values.redis.key) }}
- name: HYPERION_REDIS_URL
  value: redis://:$(REDIS_PASSWORD)@{{ include "hyperion.fullname" . }}-redis:6379
{{- else }}
{{- with .Values.external.redis }}
{{- if .existingSecret }}
{{ include "hyperion.secret.variable" (list "HYPERION_REDIS_URL" .existingSecret .key) }}
{{- else if .url }}
{{ include "hyperion.secret.variable" (list "HYPERION_REDIS_URL" (include "hyperion.secret.given" $) "redis-url") }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.milvus.enabled }}
{{ include "hyperion.secret.variable" (list "MILVUS_PASSWORD" (include "hyperion.secret.of" (list . "milvus")) .Values.milvus.key) }}
- name: HYPERION_MILVUS_URL
  value: http://root:$(MILVUS_PASSWORD)@{{ include "hyperion.fullname" . }}-milvus:19530
{{- else }}
{{- with .Values.external.milvus }}
{{- if .existingSecret }}
{{ include "hyperion.secret.variable" (list "HYPERION_MILVUS_URL" .existingSecret .key) }}
{{- else if .url }}
{{ include "hyperion.secret.variable" (list "HYPERION_MILVUS_URL" (include "hyperion.secret.given" $) "milvus-url") }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.telemetry }}
{{- if .sentry.existingSecret }}
{{ include "hyperion.secret.variable" (list "HYPERION_SENTRY_DSN" .sentry.existingSecret .sentry.key) }}
{{- else if .sentry.dsn }}
{{ include "hyperion.secret.variable" (list "HYPERION_SENTRY_DSN" (include "hyperion.secret.given" $) "sentry-dsn") }}
{{- end }}
{{- with .otlpEndpoint }}
- name: HYPERION_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Of every container of Hyperion's, except the migration's, which needs nothing but the database. */}}
{{- define "hyperion.variables.common" -}}
- name: HYPERION_DATA_DIR
  value: /data
{{ include "hyperion.secret.variable" (list "HYPERION_SECRET_KEY" (include "hyperion.secret.key" .) .Values.secretKey.key) }}
{{- include "hyperion.variables.database" . }}
{{- if include "hyperion.originals" . }}
{{- include "hyperion.variables.s3" . }}
{{- include "hyperion.variables.originals" . }}
{{- end }}
{{- include "hyperion.variables.settings" . }}
{{- end -}}

{{- define "hyperion.variables.extra" -}}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "hyperion.envFrom" -}}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "hyperion.mounts" -}}
volumeMounts:
  - name: data
    mountPath: /data
  - name: tmp
    mountPath: /tmp
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* The volumes of `hyperion.mounts`. Takes (list $ "size of temporary files"). */}}
{{- define "hyperion.volumes" -}}
{{- $root := index . 0 -}}
{{- $size := index . 1 -}}
volumes:
  - name: data
    {{- if include "hyperion.replicated" $root }}
    # Nothing is kept here: the database, the original files and the key are elsewhere.
    emptyDir:
      sizeLimit: {{ $size }}
    {{- else }}
    persistentVolumeClaim:
      claimName: {{ $root.Values.data.existingClaim | default (printf "%s-data" (include "hyperion.fullname" $root)) }}
    {{- end }}
  - name: tmp
    emptyDir:
      sizeLimit: {{ $size }}
  {{- with $root.Values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Room for uploads that are under way, several at once. */}}
{{- define "hyperion.space" -}}
{{ max 4096 (mul 8 (int64 (.Values.settings.max_upload_mib | default 100))) }}Mi
{{- end -}}

{{/* Waits for the chart's own servers, so that pods do not fail, and back off for minutes, before those are there. Takes
(list $ "server" ...). */}}
{{- define "hyperion.wait" -}}
{{- $root := first . -}}
{{- $ports := dict "postgresql" 5432 "redis" 6379 "milvus" 19530 "storage" 9000 -}}
{{- $servers := list -}}
{{- range rest . -}}
{{- if (index $root.Values .).enabled -}}
{{- $servers = append $servers (printf "%s-%s:%v" (include "hyperion.fullname" $root) . (index $ports .)) -}}
{{- end -}}
{{- end -}}
{{- if $servers -}}
initContainers:
  - name: wait
    {{- include "hyperion.image.fields" (list $root $root.Values.busybox) | nindent 4 }}
    command: [sh, -c]
    args:
      - |
        for server in {{ join " " $servers }}; do
          until nc -z -w 2 "${server%:*}" "${server#*:}"; do
            echo "waiting for $server"
            sleep 2
          done
        done
    resources:
      requests: { cpu: 10m, memory: 16Mi }
      limits: { cpu: 100m, memory: 32Mi }
    {{- include "hyperion.container.security" $root | nindent 4 }}
{{- end -}}
{{- end -}}

{{/* The container that serves or reads documents. Takes (list $ "role" values drainSeconds). */}}
{{- define "hyperion.server" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
{{- $values := index . 2 -}}
- name: hyperion
  {{- include "hyperion.image.fields" (list $root $root.Values.image) | nindent 2 }}
  args: [serve]
  env:
    - name: HYPERION_ROLE
      value: {{ $role }}
    - name: HYPERION_LISTEN
      value: 0.0.0.0:8080
    - name: HYPERION_METRICS_LISTEN
      value: 0.0.0.0:9464
    - name: HYPERION_DRAIN_SECONDS
      value: {{ index . 3 | quote }}
    {{- if and (include "hyperion.replicated" $root) (not (include "hyperion.database.to-come" $root)) }}
    - name: HYPERION_MIGRATE
      value: "false"
    {{- end }}
    {{- include "hyperion.variables.common" $root | nindent 4 }}
    {{- include "hyperion.variables.companions" $root | trim | nindent 4 }}
    {{- include "hyperion.variables.extra" $root | trim | nindent 4 }}
  {{- include "hyperion.envFrom" $root | nindent 2 }}
  ports:
    - name: http
      containerPort: 8080
    - name: metrics
      containerPort: 9464
  # Migrating a database of its own, or loading what was searched, may take a while.
  startupProbe:
    httpGet:
      path: /healthz
      port: http
    periodSeconds: 2
    failureThreshold: 300
  livenessProbe:
    httpGet:
      path: /healthz
      port: http
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  readinessProbe:
    httpGet:
      path: /readyz
      port: http
    periodSeconds: 5
    timeoutSeconds: 5
    failureThreshold: 2
  lifecycle:
    preStop:
      sleep:
        seconds: {{ $root.Values.web.preStopSeconds }}
  resources:
    {{- toYaml $values.resources | nindent 4 }}
  {{- include "hyperion.container.security" $root | nindent 2 }}
  {{- include "hyperion.mounts" $root | nindent 2 }}
{{- end -}}

{{/* Annotations of pods that serve or read documents. Takes (list $ podAnnotations). */}}
{{- define "hyperion.server.annotations" -}}
{{- $root := index . 0 -}}
{{- $annotations := dict -}}
{{- if $root.Values.metrics.scrapeAnnotations -}}
{{- $annotations = dict "prometheus.io/scrape" "true" "prometheus.io/port" "9464" "prometheus.io/path" "/metrics" -}}
{{- end -}}
{{- with include "hyperion.given" $root -}}
{{- $_ := set $annotations "checksum/given" (sha256sum .) -}}
{{- end -}}
{{- with mustMergeOverwrite $annotations (deepCopy (index . 1)) -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* Secrets that stand in the values, as a Secret's data; nothing where there are none. */}}
{{- define "hyperion.given" -}}
{{- $given := dict -}}
{{- with .Values.external -}}
{{- if and .database.url (not .database.existingSecret) }}{{ $_ := set $given "database-url" .database.url }}{{ end -}}
{{- if and .redis.url (not .redis.existingSecret) }}{{ $_ := set $given "redis-url" .redis.url }}{{ end -}}
{{- if and .milvus.url (not .milvus.existingSecret) }}{{ $_ := set $given "milvus-url" .milvus.url }}{{ end -}}
{{- if and .s3.secretAccessKey (not .s3.existingSecret) -}}
{{- $_ := set $given "access-key-id" .s3.accessKeyId -}}
{{- $_ := set $given "secret-access-key" .s3.secretAccessKey -}}
{{- end -}}
{{- end -}}
{{- with .Values.telemetry.sentry -}}
{{- if and .dsn (not .existingSecret) }}{{ $_ := set $given "sentry-dsn" .dsn }}{{ end -}}
{{- end -}}
{{- range $key, $value := $given }}
{{ $key }}: {{ $value | b64enc }}
{{- end }}
{{- end -}}

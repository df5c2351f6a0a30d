{{/* A Secret with one generated value that never changes again, for it fits the data. Takes
(list $ "component" "suffix" "key" "new value"). Where the cluster cannot be asked (`helm template`), the value is new each
time. */}}
{{- define "hyperion.generated" -}}
{{- $root := index . 0 -}}
{{- $key := index . 3 -}}
{{- $name := printf "%s-%s" (include "hyperion.fullname" $root) (index . 2) -}}
{{- $kept := dig "data" $key "" (lookup "v1" "Secret" $root.Release.Namespace $name) -}}
apiVersion: v1
kind: Secret
metadata:
  {{- include "hyperion.metadata" (list $root (index . 1) (index . 2)) | nindent 2 }}
  annotations:
    helm.sh/resource-policy: keep
type: Opaque
data:
  {{ $key }}: {{ $kept | default (index . 4 | b64enc) }}
{{- end -}}

{{/* Takes (list "VARIABLE" "Secret" "key"). */}}
{{- define "hyperion.secret.variable" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 }}
      key: {{ index . 2 }}
{{- end -}}

{{/* A Secret of the operator's, or the one that the chart made for a server of its own. Takes (list $ "server"). */}}
{{- define "hyperion.secret.of" -}}
{{- $root := index . 0 -}}
{{- (index $root.Values (index . 1)).existingSecret | default (printf "%s-%s" (include "hyperion.fullname" $root) (index . 1)) -}}
{{- end -}}

{{- define "hyperion.secret.storage" -}}
{{- .Values.global.storageSecret | default (printf "%s-storage" (include "hyperion.fullname" .)) -}}
{{- end -}}

{{- define "hyperion.secret.key" -}}
{{- .Values.secretKey.existingSecret | default (printf "%s-key" (include "hyperion.fullname" .)) -}}
{{- end -}}

{{- define "hyperion.secret.given" -}}
{{ include "hyperion.fullname" . }}-given
{{- end -}}

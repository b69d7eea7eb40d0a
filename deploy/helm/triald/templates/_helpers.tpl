{{- define "triald.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "triald.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "triald.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "triald.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What a selector goes by: never changed by an upgrade. Called with (dict "root" $ "component" "api"). */}}
{{- define "triald.selector" -}}
app.kubernetes.io/name: {{ include "triald.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "triald.labels" -}}
{{ include "triald.selector" . }}
app.kubernetes.io/part-of: triald
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "triald.image" -}}
{{- $image := mergeOverwrite (deepCopy .root.Values.image) (.image | default dict) -}}
{{- printf "%s:%s" $image.repository ($image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}

{{- define "triald.pullPolicy" -}}
{{- (mergeOverwrite (deepCopy .root.Values.image) (.image | default dict)).pullPolicy -}}
{{- end -}}

{{- define "triald.secretName" -}}
{{- .Values.secrets.existingSecret | default (include "triald.fullname" .) -}}
{{- end -}}

{{- define "triald.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "triald.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "triald.metricsOn" -}}
{{- if eq (toString .Values.configMaps.app.ENABLE_METRICS) "true" -}}true{{- end -}}
{{- end -}}

{{- define "triald.concurrency" -}}
{{- (.Values.worker.env.CONCURRENCY | default .Values.worker.concurrency) | int -}}
{{- end -}}

{{/* A setting's value as its variable has it: lists with commas between, maps as name=value. */}}
{{- define "triald.asVariable" -}}
{{- if kindIs "slice" . -}}
{{- join "," . -}}
{{- else if kindIs "map" . -}}
{{- $pairs := list -}}
{{- range $name, $value := . -}}{{- $pairs = append $pairs (printf "%s=%v" $name $value) -}}{{- end -}}
{{- join "," $pairs -}}
{{- else if kindIs "float64" . -}}
{{- if eq (floor .) . -}}{{- printf "%d" (int64 .) -}}{{- else -}}{{- toString . -}}{{- end -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end -}}

{{/* The names in our own URLs; Host and Origin of requests must be one of them. */}}
{{- define "triald.publicUrls" -}}
{{- $urls := .Values.publicUrls -}}
{{- if not $urls -}}
{{- with .Values.api.ingress -}}
{{- if .enabled -}}
{{- $tls := .tls -}}
{{- range .hosts -}}{{- $urls = append $urls (printf "%s://%s" (ternary "https" "http" (gt (len $tls) 0)) .host) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.api.httpRoute -}}
{{- if .enabled -}}
{{- $scheme := ternary "https" "http" .tls -}}
{{- range .hostnames -}}{{- $urls = append $urls (printf "%s://%s" $scheme .) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $name := printf "%s-api" (include "triald.fullname" .) -}}
{{- $port := ternary "" (printf ":%d" (int .Values.api.service.port)) (eq (int .Values.api.service.port) 80) -}}
{{- range list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) (printf "%s.%s.svc.cluster.local" $name .Release.Namespace) -}}
{{- $urls = append $urls (printf "http://%s%s" . $port) -}}
{{- end -}}
{{- end -}}
{{- join "," $urls -}}
{{- end -}}

{{- define "triald.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "triald.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Of each pod of ours. Without enableServiceLinks: false, Kubernetes would put TRIALD_API_SERVICE_HOST and the like
     into the environment, which triald takes for misspelt settings. */}}
{{- define "triald.podBase" -}}
serviceAccountName: {{ include "triald.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- include "triald.podSecurity" . | nindent 2 }}
{{- end -}}

{{- define "triald.scheduling" -}}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .topologySpreadConstraints }}
topologySpreadConstraints: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Secrets come as files, by the names of the settings; never as variables, which children and /proc show. A Secret of
     others need not have all of them: what is not there counts as not given. */}}
{{- define "triald.secretKeys" -}}
{{- if .Values.secrets.existingSecret -}}
database_url token jwt_secret jwt_secret_before listen_url oidc_client_secret sentry_dsn smtp_password pagerduty_key audit_key
{{- else -}}
database_url token jwt_secret audit_key
{{- range list "jwt_secret_before" "listen_url" "oidc_client_secret" "sentry_dsn" "smtp_password" "pagerduty_key" -}}
{{- if get $.Values.secrets.stringData . }} {{ . }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "triald.secretVolume" -}}
- name: secrets
  secret:
    secretName: {{ include "triald.secretName" . }}
    defaultMode: 0440
    {{- if .Values.secrets.existingSecret }}
    optional: true
    {{- end }}
    items:
      {{- range splitList " " (include "triald.secretKeys" .) }}
      - {key: {{ . }}, path: {{ ternary "audit/key" (printf "settings/%s" .) (eq . "audit_key") }}}
      {{- end }}
{{- end -}}

{{- define "triald.volumes" -}}
{{ include "triald.secretVolume" . }}
- name: tmp
  emptyDir: {sizeLimit: 2Gi}
- name: shm
  emptyDir: {medium: Memory, sizeLimit: 256Mi}
- name: data
  {{- if not .Values.storage.enabled }}
  emptyDir: {sizeLimit: 4Gi}
  {{- else if not .Values.storage.persistentVolume.enabled }}
  emptyDir: {sizeLimit: {{ .Values.storage.persistentVolume.size }}}
  {{- else }}
  persistentVolumeClaim:
    claimName: {{ .Values.storage.persistentVolume.existingClaim | default (printf "%s-data" (include "triald.fullname" .)) }}
  {{- end }}
{{- end -}}

{{- define "triald.mounts" -}}
- {name: secrets, mountPath: /run/secrets/triald, readOnly: true}
- {name: tmp, mountPath: /tmp}
- {name: shm, mountPath: /dev/shm}
- {name: data, mountPath: /var/lib/triald}
{{- end -}}

{{- define "triald.baseEnv" -}}
- {name: CREDENTIALS_DIRECTORY, value: /run/secrets/triald/settings}
- {name: TRIALD_DATA_DIR, value: /var/lib/triald}
{{- end -}}

{{/* Of the pods that serve and work: exports of the audit are signed with one key, whichever pod makes them. */}}
{{- define "triald.auditEnv" -}}
{{- if or (not .Values.secrets.existingSecret) .Values.secrets.existingHasAuditKey }}
- {name: TRIALD_AUDIT_KEY_FILE, value: /run/secrets/triald/audit/key}
{{- end }}
{{- end -}}

{{/* kubelet asks by the pod's address: it names the host that is always ours. Called with a path. */}}
{{- define "triald.probe" -}}
httpGet:
  path: {{ . }}
  port: http
  httpHeaders: [{name: Host, value: localhost}]
{{- end -}}

{{/* Variables of one component: maps in values, less those that this chart reads itself. */}}
{{- define "triald.ownEnv" -}}
{{- range $name, $value := omit . "CONCURRENCY" "MAX_MEMORY_RESTART" }}
- {name: {{ $name }}, value: {{ include "triald.asVariable" $value | quote }}}
{{- end }}
{{- end -}}

{{- define "triald.checksum" -}}
checksum/config: {{ include (print .Template.BasePath "/configmap.yaml") . | sha256sum }}
{{- end -}}

{{/* Jobs that wait for workers or run at them: statement worker_load of schema/queries/jobs.sql, in one line. */}}
{{- define "triald.workerLoad" -}}
select count(*) from jobs j join queues q on q.name = j.queue where j.state in ('ready', 'running') and not q.paused and j.queue <> 'importing'
{{- end -}}

{{/* Names. Templates that speak of one role get (dict "root" $ "role" "rollout"); where the role has no values of its own, they come along as "values". */}}
{{- define "cohort.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "cohort.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "cohort.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "cohort.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* At most 52 characters: a StatefulSet's name and the hash of its revision are a label together. */}}
{{- define "cohort.roleName" -}}
{{- printf "%s-%s" (include "cohort.fullname" .root | trunc (int (sub 51 (len .role))) | trimSuffix "-") .role -}}
{{- end -}}

{{/* Labels. Those of a selector never change in the life of a release. */}}
{{- define "cohort.selectorLabels" -}}
app.kubernetes.io/name: {{ include "cohort.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end -}}

{{- define "cohort.labels" -}}
{{ include "cohort.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: cohort
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The labels of the whole release, for NetworkPolicies. */}}
{{- define "cohort.instanceLabels" -}}
app.kubernetes.io/name: {{ include "cohort.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* REGISTRY/REPOSITORY:TAG, or without a registry REPOSITORY:TAG. */}}
{{- define "cohort.imageName" -}}
{{- printf "%s%s:%s" (ternary (printf "%s/" .registry) "" (ne .registry "")) .repository .tag -}}
{{- end -}}

{{- define "cohort.image" -}}
{{- $image := .root.Values.image -}}
{{- $repository := (default (get .root.Values .role) .values).image.repository -}}
{{- include "cohort.imageName" (dict "registry" $image.registry "repository" $repository "tag" (default .root.Chart.AppVersion $image.tag)) -}}
{{- end -}}

{{- define "cohort.serviceAccountName" -}}
{{- if .root.Values.serviceAccount.create -}}
{{- include "cohort.roleName" . -}}
{{- else -}}
default
{{- end -}}
{{- end -}}

{{/* Where the others find a service. */}}
{{- define "cohort.redisAddress" -}}
{{- if eq .Values.redis.mode "bundled" -}}
{{- printf "%s-redis:6379" (include "cohort.fullname" .) -}}
{{- else -}}
{{- required "redis.external.address is missing: the host:port of a Redis 7 server with AOF; for a trial set redis.mode=bundled instead" .Values.redis.external.address -}}
{{- end -}}
{{- end -}}

{{/* With what the services get into Redis: {secret, user, password, ca, certificate, privateKey}, the last four being keys of the Secret; "" where there is none. */}}
{{- define "cohort.redisAccess" -}}
{{- $access := dict "secret" "" "user" "" "password" "" "ca" "" "certificate" "" "privateKey" "" -}}
{{- $external := .Values.redis.external -}}
{{- $bundled := .Values.redis.bundled -}}
{{- if and (eq .Values.redis.mode "external") $external.existingSecret -}}
{{- $access = dict "secret" $external.existingSecret "user" $external.user "password" $external.passwordKey "ca" $external.caKey "certificate" $external.certificateKey "privateKey" $external.privateKeyKey -}}
{{- else if and (eq .Values.redis.mode "bundled") (or $bundled.existingSecret $bundled.password) -}}
{{- $_ := set $access "secret" (default (printf "%s-redis" (include "cohort.fullname" .)) $bundled.existingSecret) -}}
{{- $_ := set $access "password" $bundled.passwordKey -}}
{{- end -}}
{{- toJson $access -}}
{{- end -}}

{{/* Environment, mount and volume of a pod that speaks with Redis. Files, and no values: a changed Secret is taken up at the next connect. */}}
{{- define "cohort.redisEnv" -}}
{{- $access := include "cohort.redisAccess" . | fromJson -}}
{{- if $access.secret -}}
{{- with $access.user }}
- {name: COHORT_REDIS_USER, value: {{ . | quote }}}
{{- end }}
{{- range $variable, $key := dict "PASSWORD_FILE" $access.password "CA" $access.ca "CERT" $access.certificate "KEY" $access.privateKey }}
{{- if $key }}
- {name: COHORT_REDIS_{{ $variable }}, value: /etc/cohort-redis/{{ $key }}}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "cohort.redisMount" -}}
{{- if (include "cohort.redisAccess" . | fromJson).secret }}
- {name: redis-access, mountPath: /etc/cohort-redis, readOnly: true}
{{- end }}
{{- end -}}

{{- define "cohort.redisVolume" -}}
{{- $access := include "cohort.redisAccess" . | fromJson -}}
{{- if $access.secret }}
- name: redis-access
  secret:
    secretName: {{ $access.secret | quote }}
    defaultMode: 0440
    items:
      {{- range compact (list $access.password $access.ca $access.certificate $access.privateKey) | uniq }}
      - {key: {{ . | quote }}, path: {{ . | quote }}}
      {{- end }}
{{- end }}
{{- end -}}

{{/* The Secret with the certificate that the services show each other; "" for plaintext. */}}
{{- define "cohort.tlsSecret" -}}
{{- if .Values.tls.enabled -}}
{{- default (printf "%s-tls" (include "cohort.fullname" .)) .Values.tls.existingSecret -}}
{{- end -}}
{{- end -}}

{{- define "cohort.tlsEnv" -}}
- {name: COHORT_TLS_CERT, value: /etc/cohort-tls/tls.crt}
- {name: COHORT_TLS_KEY, value: /etc/cohort-tls/tls.key}
- {name: COHORT_TLS_CA, value: /etc/cohort-tls/ca.crt}
{{- end -}}

{{- define "cohort.tlsMount" -}}
- {name: service-tls, mountPath: /etc/cohort-tls, readOnly: true}
{{- end -}}

{{- define "cohort.tlsVolume" -}}
- {name: service-tls, secret: {secretName: {{ include "cohort.tlsSecret" . | quote }}, defaultMode: 0440}}
{{- end -}}

{{- define "cohort.learnerAddress" -}}
{{- printf "%s-learner:7000" (include "cohort.fullname" .) -}}
{{- end -}}

{{/* The role that grades this run's completions: coderunner where reward.policy asks for code ("code" or "TEMPLATE:code"), else reward. */}}
{{- define "cohort.grader" -}}
{{- $policy := dig "reward" "policy" "" .Values.run.config -}}
{{- ternary "coderunner" "reward" (regexMatch "^([a-z0-9_]+:)?code$" $policy) -}}
{{- end -}}

{{- define "cohort.rewardAddress" -}}
{{- printf "%s-%s:7001" (include "cohort.fullname" .) (include "cohort.grader" .) -}}
{{- end -}}

{{- define "cohort.adminAddress" -}}
{{- printf "%s-admin:7003" (include "cohort.fullname" .) -}}
{{- end -}}

{{/* "true" when the admin service scales rollout workers: nobody else owns their number, and it has an account of its own. */}}
{{- define "cohort.adminScales" -}}
{{- $admin := .Values.admin -}}
{{- if and $admin.enabled $admin.scaling.enabled .Values.serviceAccount.create (not .Values.rollout.autoscaling.enabled) -}}true{{- end -}}
{{- end -}}

{{/* The roles of this release that have a Deployment or StatefulSet of our own services. */}}
{{- define "cohort.roles" -}}
learner rollout {{ include "cohort.grader" . }}{{ if .Values.admin.enabled }} admin{{ end }}
{{- end -}}

{{- define "cohort.runName" -}}
{{- .Values.run.config.run.name -}}
{{- end -}}

{{/* Metadata of a pod: its labels, and the checksum of the run's file, so that another file makes other pods. */}}
{{- define "cohort.podMetadata" -}}
{{- $values := default (get .root.Values .role) .values -}}
labels:
  {{- include "cohort.labels" . | nindent 2 }}
  {{- with $values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  cohort/run-config: {{ toYaml .root.Values.run.config | sha256sum }}
  {{- with $values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* What every pod's spec begins with: account, security, images, place. */}}
{{- define "cohort.podSpec" -}}
{{- $values := default (get .root.Values .role) .values -}}
serviceAccountName: {{ include "cohort.serviceAccountName" . }}
automountServiceAccountToken: {{ default false .withToken }}
enableServiceLinks: false
securityContext:
  {{- include "cohort.podSecurity" . | nindent 2 }}
terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
{{- with include "cohort.pullSecrets" .root }}
{{ . }}
{{- end }}
{{- with or $values.runtimeClassName (dig "gpu" "runtimeClassName" "" $values) }}
runtimeClassName: {{ . }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- include "cohort.scheduling" . }}
{{- end -}}

{{/* Nothing, or the field of a pod's spec. */}}
{{- define "cohort.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end -}}
{{- end -}}

{{- define "cohort.scheduling" -}}
{{- $values := default (get .root.Values .role) .values -}}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $gpus := and $values.gpu (gt (int $values.gpu.count) 0) }}
{{- if or $values.tolerations $gpus }}
tolerations:
  {{- if $gpus }}
  - {key: {{ $values.gpu.resourceName }}, operator: Exists, effect: NoSchedule}
  {{- end }}
  {{- with $values.tolerations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
topologySpreadConstraints:
  {{- if $values.topologySpreadConstraints }}
  {{- toYaml $values.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "cohort.selectorLabels" . | nindent 8 }}
  {{- end }}
{{- end -}}

{{/* PodSecurity "restricted". */}}
{{- define "cohort.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "cohort.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* What every container of ours has after its command: environment, ports, probes, resources. `port` is that of its gRPC service; `withoutRedis`: it has no
     business with Redis, and gets nothing to get in. */}}
{{- define "cohort.container" -}}
{{- $values := default (get .root.Values .role) .values -}}
image: {{ include "cohort.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- include "cohort.containerSecurity" . | nindent 2 }}
env:
  - name: POD_NAME
    valueFrom: {fieldRef: {fieldPath: metadata.name}}
  - name: POD_IP
    valueFrom: {fieldRef: {fieldPath: status.podIP}}
  # A busy neighbour on the node must not be waited for with a spinning core.
  - {name: OMP_WAIT_POLICY, value: passive}
  {{- if not .withoutRedis }}
  {{- with include "cohort.redisEnv" .root }}
  {{- trim . | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- if .root.Values.tls.enabled }}
  {{- include "cohort.tlsEnv" . | nindent 2 }}
  - {name: COHORT_PROBE_LISTEN, value: "0.0.0.0:9091"}
  {{- end }}
  {{- with $values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
ports:
  - {name: grpc, containerPort: {{ .port }}}
  - {name: metrics, containerPort: 9090}
  {{- if .root.Values.tls.enabled }}
  - {name: probes, containerPort: 9091}
  {{- end }}
  {{- range .morePorts }}
  - {name: {{ .name }}, containerPort: {{ .containerPort }}}
  {{- end }}
{{- include "cohort.probes" . }}
resources:
  {{- include "cohort.resources" $values | nindent 2 }}
{{- end -}}

{{- define "cohort.probe" -}}
{{- if .scope.root.Values.tls.enabled -}}
grpc: {port: 9091, service: {{ .service }}}
{{- else if .scope.httpProbes -}}
httpGet: {port: metrics, path: /healthz}
{{- else -}}
grpc: {port: {{ .scope.port }}, service: {{ .service }}}
{{- end -}}
{{- end -}}

{{- define "cohort.probes" }}
{{- $probes := (default (get .root.Values .role) .values).probes }}
startupProbe:
  {{- include "cohort.probe" (dict "scope" . "service" "liveness") | nindent 2 }}
  periodSeconds: {{ $probes.startup.periodSeconds }}
  failureThreshold: {{ $probes.startup.failureThreshold }}
  timeoutSeconds: 5
readinessProbe:
  {{- include "cohort.probe" (dict "scope" . "service" "readiness") | nindent 2 }}
  periodSeconds: {{ $probes.readiness.periodSeconds }}
  failureThreshold: {{ $probes.readiness.failureThreshold }}
  timeoutSeconds: 5
livenessProbe:
  {{- include "cohort.probe" (dict "scope" . "service" "liveness") | nindent 2 }}
  periodSeconds: {{ $probes.liveness.periodSeconds }}
  failureThreshold: {{ $probes.liveness.failureThreshold }}
  timeoutSeconds: 5
{{- end -}}

{{/* Resources with GPUs as a limit; Kubernetes takes the request from it. Takes the values of a role. */}}
{{- define "cohort.resources" -}}
{{- $resources := deepCopy .resources -}}
{{- if and .gpu (gt (int .gpu.count) 0) -}}
{{- $limits := default dict $resources.limits -}}
{{- $_ := set $limits .gpu.resourceName (int .gpu.count) -}}
{{- $_ := set $resources "limits" $limits -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}

{{/* A Service without an address of its own: whoever asks for its name gets the addresses of all pods. `publishNotReady`: also of those that are not ready.
`annotations` are its own. */}}
{{- define "cohort.headlessService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "cohort.roleName" . }}
  labels:
    {{- include "cohort.labels" . | nindent 4 }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  clusterIP: None
  {{- if .publishNotReady }}
  publishNotReadyAddresses: true
  {{- end }}
  selector:
    {{- include "cohort.selectorLabels" . | nindent 4 }}
  ports:
    - {name: grpc, port: {{ .port }}, targetPort: grpc, appProtocol: grpc}
    - {name: metrics, port: 9090, targetPort: metrics}
{{- end -}}

{{/* The template of a claim `name` for a StatefulSet of the role; `persistence` are its values. */}}
{{- define "cohort.claim" -}}
- metadata:
    name: {{ .name }}
    labels:
      {{- include "cohort.selectorLabels" . | nindent 6 }}
  spec:
    {{- include "cohort.claimSpec" .persistence | nindent 4 }}
{{- end -}}

{{- define "cohort.claimSpec" -}}
accessModes: {{ toJson (default (list "ReadWriteOnce") .accessModes) }}
{{- with .storageClass }}
storageClassName: {{ . }}
{{- end }}
resources: {requests: {storage: {{ .size }}}}
{{- end -}}

{{/* Mounts and volumes of a role: scratch space, shared memory, models and data, what the values add. */}}
{{- define "cohort.volumeMounts" -}}
{{- $values := default (get .root.Values .role) .values -}}
- {name: tmp, mountPath: /tmp}
{{- if not .withoutRedis }}
{{- with include "cohort.redisMount" .root }}
{{- trim . | nindent 0 }}
{{- end }}
{{- end }}
{{- if .root.Values.tls.enabled }}
{{ include "cohort.tlsMount" . }}
{{- end }}
{{- if $values.shmSize }}
- {name: shm, mountPath: /dev/shm}
{{- end }}
{{- if .withRun }}
- {name: run-config, mountPath: /etc/cohort, readOnly: true}
{{- range .root.Values.run.volumes }}
- {name: {{ .name }}, mountPath: {{ .mountPath }}, readOnly: true}
{{- end }}
{{- end }}
{{- with $values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "cohort.volumes" -}}
{{- $values := default (get .root.Values .role) .values -}}
- {name: tmp, emptyDir: {}}
{{- if not .withoutRedis }}
{{- with include "cohort.redisVolume" .root }}
{{- trim . | nindent 0 }}
{{- end }}
{{- end }}
{{- if .root.Values.tls.enabled }}
{{ include "cohort.tlsVolume" .root }}
{{- end }}
{{- with $values.shmSize }}
- {name: shm, emptyDir: {medium: Memory, sizeLimit: {{ . }}}}
{{- end }}
{{- if .withRun }}
- name: run-config
  configMap: {name: {{ include "cohort.fullname" .root }}-run}
{{- range .root.Values.run.volumes }}
- {{ toYaml (omit . "mountPath") | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- with $values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The flags that every service of ours has. */}}
{{- define "cohort.commonArgs" -}}
- --listen=0.0.0.0:{{ .port }}
- --metrics-listen=0.0.0.0:9090
{{- /* Without it a service that finds no certificate ends instead of speaking plaintext. The admin service's page is plain HTTP. */}}
{{- if or (not .root.Values.tls.enabled) (eq .role "admin") }}
- --allow-remote
{{- end }}
{{- /* Who does not speak with Redis is in no registry. */}}
{{- if not .withoutRedis }}
- --advertise-host=$(POD_IP)
{{- end }}
- --name=$(POD_NAME)
{{- range (default (get .root.Values .role) .values).extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{/* A strategy, or the default: no surge with GPUs, since there are none to spare. */}}
{{- define "cohort.strategy" -}}
{{- if .strategy -}}
{{- toYaml .strategy -}}
{{- else if and .gpu (gt (int .gpu.count) 0) -}}
type: RollingUpdate
rollingUpdate: {maxSurge: 0, maxUnavailable: 25%}
{{- else -}}
type: RollingUpdate
rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}
{{- end -}}
{{- end -}}

{{/* A preStop that waits. Clusters before 1.30 run the image's sleep. */}}
{{- define "cohort.preStopSleep" -}}
{{- if semverCompare ">=1.30.0-0" .root.Capabilities.KubeVersion.Version -}}
preStop: {sleep: {seconds: {{ .seconds }}}}
{{- else -}}
preStop: {exec: {command: [sleep, {{ .seconds | quote }}]}}
{{- end -}}
{{- end -}}

{{- define "cohort.redisImage" -}}
{{- $image := .Values.redis.bundled.image -}}
{{- include "cohort.imageName" (dict "registry" (default .Values.image.registry $image.registry) "repository" $image.repository "tag" (default .Chart.AppVersion $image.tag)) -}}
{{- end -}}

{{/* As pods of other namespaces see it, host:port without a scheme. */}}
{{- define "cohort.redisFullAddress" -}}
{{- if eq .Values.redis.mode "bundled" -}}
{{- printf "%s-redis.%s.svc:6379" (include "cohort.fullname" .) .Release.Namespace -}}
{{- else -}}
{{- include "cohort.redisAddress" . | trimPrefix "rediss://" | trimPrefix "redis://" -}}
{{- end -}}
{{- end -}}

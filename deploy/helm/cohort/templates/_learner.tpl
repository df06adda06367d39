{{/* The learner: one process that trains, or a leader and followers that share its updates. How many there are, the run's file alone says. */}}
{{- define "cohort.learners" -}}
{{- dig "optimizer" "data_parallel" 1 .Values.run.config | int -}}
{{- end -}}

{{/* What LeaderWorkerSet or JobSet keep together, and the Service that they make for it. Not the name of the Service that knows the leader alone. */}}
{{- define "cohort.learnerGroup" -}}
{{- /* JobSet adds up to 21 characters for a pod: -follower-0-NNN-abcde. */}}
{{- printf "%s-learners" (include "cohort.fullname" . | trunc 33 | trimSuffix "-") -}}
{{- end -}}

{{/* The leader as `kubectl logs`, `exec` and `port-forward` take it. */}}
{{- define "cohort.leader" -}}
{{- if eq .Values.learner.mode "jobset" -}}
job/{{ include "cohort.learnerGroup" . }}-leader-0
{{- else if eq .Values.learner.mode "leaderworkerset" -}}
{{ include "cohort.learnerGroup" . }}-0
{{- else -}}
{{ include "cohort.roleName" (dict "root" . "role" "learner") }}-0
{{- end -}}
{{- end -}}

{{/* Labels of the object that a queue of Kueue holds back, or nothing. */}}
{{- define "cohort.queueLabel" -}}
{{- with .Values.learner.kueue.queueName -}}
kueue.x-k8s.io/queue-name: {{ . }}
{{- end -}}
{{- end -}}

{{/* What keeps the processes of the learner in mode `mode`, as JSON: its apiVersion, kind, names, and the claim of the run where none is given. */}}
{{- define "cohort.learnerKeeper" -}}
{{- $group := include "cohort.learnerGroup" .root -}}
{{- $leader := include "cohort.roleName" (dict "root" .root "role" "learner") -}}
{{- $follower := include "cohort.roleName" (dict "root" .root "role" "learner-follower") -}}
{{- get (dict
  "statefulset" (dict "apiVersion" "apps/v1" "kind" "StatefulSet" "names" (list $leader $follower) "claim" (printf "state-%s-0" $leader))
  "leaderworkerset" (dict "apiVersion" "leaderworkerset.x-k8s.io/v1" "kind" "LeaderWorkerSet" "names" (list $group) "claim" (printf "state-%s" $group))
  "jobset" (dict "apiVersion" "jobset.x-k8s.io/v1alpha2" "kind" "JobSet" "names" (list $group) "claim" (printf "state-%s" $group))) .mode | toJson -}}
{{- end -}}

{{/* The name of the claim of the run where the learner's StatefulSet does not make it. */}}
{{- define "cohort.learnerClaim" -}}
{{- default (include "cohort.learnerKeeper" (dict "root" . "mode" .Values.learner.mode) | fromJson).claim .Values.learner.persistence.existingClaim -}}
{{- end -}}

{{/* The pod of the leader. `exitWhenDone`: it ends with the run. `claimTemplate`: its StatefulSet adds the volume of the run. `restartPolicy`, if it is not Always. */}}
{{- define "cohort.leaderPod" -}}
{{- $root := .root -}}
{{- $values := .root.Values.learner -}}
{{- $scope := dict "root" .root "role" "learner" "port" 7000 "withRun" true -}}
metadata:
  {{- include "cohort.podMetadata" $scope | nindent 2 }}
spec:
  {{- include "cohort.podSpec" $scope | nindent 2 }}
  {{- with .restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  containers:
    - name: learner
      args:
        - run
        - /etc/cohort/run.yaml
        - --set=run.directory=/var/lib/cohort/{{ include "cohort.runName" $root }}
        - --resume
        - --redis={{ include "cohort.redisAddress" $root }}
        - --reward={{ include "cohort.rewardAddress" $root }}
        - --start-timeout={{ $values.startTimeoutSeconds }}
        {{- if .exitWhenDone }}
        - --exit-when-done
        {{- end }}
        {{- include "cohort.commonArgs" $scope | nindent 8 }}
      {{- include "cohort.container" $scope | nindent 6 }}
      volumeMounts:
        - {name: state, mountPath: /var/lib/cohort}
        {{- include "cohort.volumeMounts" $scope | nindent 8 }}
  volumes:
    {{- if not $values.persistence.enabled }}
    - {name: state, emptyDir: {}}
    {{- else if not .claimTemplate }}
    - {name: state, persistentVolumeClaim: {claimName: {{ include "cohort.learnerClaim" $root }}}}
    {{- end }}
    {{- include "cohort.volumes" $scope | nindent 4 }}
{{- end -}}

{{/* What a follower's pod is made of: the learner's values, but those of learner.follower that are not empty. */}}
{{- define "cohort.followerScope" -}}
{{- $values := deepCopy .Values.learner -}}
{{- range $key, $value := .Values.learner.follower -}}
{{- if $value -}}{{- $_ := set $values $key $value -}}{{- end -}}
{{- end -}}
{{- /* What `run` takes, `follow` does not. */ -}}
{{- $_ := set $values "extraArgs" .Values.learner.follower.extraArgs -}}
{{- toYaml (dict "role" "learner-follower" "port" 7000 "withRun" false "withoutRedis" true "values" $values) -}}
{{- end -}}

{{/* The pod of a follower: no state, no data, no configuration; it dials `leader` (a host) and learns everything from it. `exitWhenDone`: as the leader's. */}}
{{- define "cohort.followerPod" -}}
{{- $scope := merge (dict "root" .root) (include "cohort.followerScope" .root | fromYaml) -}}
metadata:
  {{- include "cohort.podMetadata" $scope | nindent 2 }}
spec:
  {{- include "cohort.podSpec" $scope | nindent 2 }}
  {{- with .restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  containers:
    - name: learner
      args:
        - follow
        - --leader={{ .leader }}:7000
        - --run={{ include "cohort.runName" .root }}
        {{- with .root.Values.learner.follower.threads }}
        - --threads={{ . }}
        {{- end }}
        {{- if .exitWhenDone }}
        - --exit-when-done
        {{- end }}
        {{- include "cohort.commonArgs" $scope | nindent 8 }}
      {{- include "cohort.container" $scope | nindent 6 }}
      volumeMounts:
        {{- include "cohort.volumeMounts" $scope | nindent 8 }}
  volumes:
    {{- include "cohort.volumes" $scope | nindent 4 }}
{{- end -}}

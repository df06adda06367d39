#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/cohort/registry/v1/registry.pb.h"

namespace cohort::admin {

// What deleting the pod of such a worker costs: 0 when it holds no task, else 10 and one more for each doubling of the tasks that it would have to finish or
// give back. So few values that they change seldom, since every change is a write.
int PodDeletionCost(const registry::v1::WorkerLoad& load);

// Writes annotations of pods. Implementations are thread-safe.
class PodAnnotator {
 public:
  virtual ~PodAnnotator() = default;

  // Sets an annotation of the pod. NOT_FOUND: there is no such pod. UNAVAILABLE: nobody answers, and nobody will for another pod.
  virtual absl::Status Annotate(const std::string& pod, const std::string& key, const std::string& value, absl::Time deadline) = 0;
};

// Keeps the annotation controller.kubernetes.io/pod-deletion-cost of the pods of rollout workers, so that of a Deployment that shrinks idle workers go first.
// A worker is called like its pod. Best effort: Kubernetes reads the annotation when it shrinks, and a worker may have become busy since it was written.
//
// Several of it may look after the same pods: they write the same values, and who wrote an older one writes again when it sees the newer state.
// Thread-compatible.
class PodDeletionCosts {
 public:
  explicit PodDeletionCosts(std::unique_ptr<PodAnnotator> pods) : pods_(std::move(pods)) {}

  // Writes what differs from what it wrote last for these live services. Goes on behind an error unless that is UNAVAILABLE; what was not written is tried
  // again the next time, but where there is no such pod (a worker that somebody started elsewhere). Returns the first other error.
  absl::Status Update(const std::vector<registry::v1::ServiceRecord>& services, absl::Time deadline);

 private:
  const std::unique_ptr<PodAnnotator> pods_;
  std::map<std::string, int> written_;  // By worker; of live ones only.
};

}  // namespace cohort::admin

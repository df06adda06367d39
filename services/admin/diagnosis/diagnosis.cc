#include "services/admin/diagnosis/diagnosis.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/redis/access.h"
#include "common/redis/connection.h"
#include "common/redis/endpoint.h"
#include "common/registry/registration.h"
#include "common/rpc/address.h"
#include "common/rpc/server.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/admin/cluster/errors.h"
#include "services/admin/cluster/listing.h"

namespace cohort::admin {
namespace {

using registry::v1::ServiceRecord;

// Clocks that differ by more make times in logs and events hard to compare.
constexpr int64_t kSkewMs = 2'000;
// A worker that has had so long and still holds no weights never gets them.
constexpr int64_t kWeightsMs = 30'000;
// Tasks are settled much sooner in a run that goes on.
constexpr double kOldTaskSeconds = 300;
constexpr double kFullMemory = 0.9;

v1::Finding Make(const std::string& check, v1::Severity severity, const std::string& observation, const std::string& remedy = "") {
  v1::Finding finding;
  finding.set_check(check);
  finding.set_severity(severity);
  finding.set_observation(observation);
  finding.set_remedy(remedy);
  return finding;
}

v1::Finding ExamineRedis(const absl::StatusOr<ServerFacts>& server) {
  if (!server.ok()) {
    const bool refused = ErrorReason(server.status()) == redis::kRefused;
    if (refused) return Make("redis", v1::SEVERITY_ERROR, std::string(server.status().message()), "correct that setting of cohort-admin, and of the other services");
    return Make("redis", v1::SEVERITY_ERROR, std::string(server.status().message()), "start Redis, or correct --redis; the run goes on where it was once it is back");
  }
  if (server->eviction_policy != "noeviction") {
    return Make("redis", v1::SEVERITY_ERROR, absl::StrCat(server->address, " may evict keys (maxmemory-policy ", server->eviction_policy, "): prompts can vanish"),
                "CONFIG SET maxmemory-policy noeviction");
  }
  if (!server->last_write_error.empty()) {
    return Make("redis", v1::SEVERITY_ERROR, absl::StrCat(server->address, " cannot write to its disk: ", server->last_write_error), "make room on the disk of Redis");
  }
  if (server->limit_bytes > 0 && static_cast<double>(server->used_bytes) > kFullMemory * static_cast<double>(server->limit_bytes)) {
    return Make("redis", v1::SEVERITY_WARNING, absl::StrFormat("%s uses %.0f %% of its memory", server->address, 100.0 * server->used_bytes / server->limit_bytes),
                "raise maxmemory");
  }
  if (!server->append_only) {
    return Make("redis", v1::SEVERITY_WARNING, absl::StrCat(server->address, " keeps nothing on disk; when it ends, the learner issues all open prompts again"),
                "appendonly yes");
  }
  if (!server->password && !server->loopback) {
    return Make("redis", v1::SEVERITY_WARNING, absl::StrCat(server->address, " asks for no password: whoever reaches it controls the run"),
                "requirepass or an ACL in Redis, and COHORT_REDIS_PASSWORD_FILE for every service");
  }
  const char* wire = server->tls ? ", encrypted" : server->loopback ? "" : ", not encrypted (rediss:// would be)";
  return Make("redis", v1::SEVERITY_OK,
              absl::StrCat("version ", server->version, " at ", server->address, ", append-only file on, nothing is evicted", server->password ? ", password" : "", wire));
}

v1::Finding ExamineLearner(const ClusterFacts& facts) {
  if (!facts.run.has_value()) {
    return Make("learner", v1::SEVERITY_ERROR, facts.learner_error, "look at the learner's log; start it with --resume to go on");
  }
  if (facts.run->phase() == learner::v1::RUN_PHASE_FAILED) return Make("learner", v1::SEVERITY_ERROR, facts.run->message(), "mend that and start the learner with --resume");
  const std::string at = absl::StrCat("step ", facts.run->steps_done(), " of ", facts.run->steps_total(), ", incarnation ", facts.run->incarnation());
  if (facts.control.has_value() && facts.control->pause_requested()) {
    return Make("learner", v1::SEVERITY_WARNING, absl::StrCat("paused at ", at, ": ", facts.control->pause_reason()), "cohort run resume");
  }
  return Make("learner", v1::SEVERITY_OK, at);
}

v1::Finding ExamineCheckpoints(const ClusterFacts& facts) {
  if (facts.control.has_value() && !facts.control->checkpoint_error().empty()) {
    return Make("checkpoints", v1::SEVERITY_ERROR, facts.control->checkpoint_error(), "make room on the learner's disk, then: cohort checkpoint create");
  }
  if (!facts.run.has_value() || facts.run->checkpoint().empty()) {
    return Make("checkpoints", v1::SEVERITY_WARNING, "none yet; a learner that dies now starts from the initial model", "cohort checkpoint create");
  }
  return Make("checkpoints", v1::SEVERITY_OK, absl::StrCat("the newest is ", facts.run->checkpoint()));
}

v1::Finding ExamineReward(const ClusterFacts& facts) {
  int ready = 0;
  for (const ServiceRecord& service : facts.services) {
    if (service.role() == registry::v1::SERVICE_ROLE_REWARD && service.state() == registry::v1::SERVICE_STATE_READY) ++ready;
  }
  if (ready == 0) return Make("reward", v1::SEVERITY_ERROR, "no reward service is in the registry: groups cannot be scored", "start cohort-reward with --redis and --run");
  return Make("reward", v1::SEVERITY_OK, absl::StrCat(ready, ready == 1 ? " service is ready" : " services are ready"));
}

// What is wrong with one worker, or "".
std::string Complaint(const ServiceRecord& worker, int64_t now_ms) {
  if (absl::Milliseconds(worker.heartbeat_age_ms()) > registry::kSilence) return absl::StrCat("silent for ", worker.heartbeat_age_ms() / 1000, " s");
  const int64_t age_ms = now_ms + worker.clock_skew_ms() - worker.started_at_ms();
  if (worker.load().policy_version() < 0 && worker.started_at_ms() > 0 && age_ms > kWeightsMs) {
    return absl::StrCat("has no weights ", age_ms / 1000, " s after its start");
  }
  if (worker.state() == registry::v1::SERVICE_STATE_NOT_READY) return absl::StrCat("not ready: ", worker.message());
  return "";
}

v1::Finding ExamineWorkers(const ClusterFacts& facts, int64_t now_ms) {
  int all = 0, ready = 0, drained = 0;
  std::string complaints;
  for (const ServiceRecord& service : facts.services) {
    if (service.role() != registry::v1::SERVICE_ROLE_ROLLOUT) continue;
    ++all;
    if (service.state() == registry::v1::SERVICE_STATE_READY) ++ready;
    if (service.state() == registry::v1::SERVICE_STATE_DRAINED || service.state() == registry::v1::SERVICE_STATE_DRAINING) ++drained;
    const std::string complaint = Complaint(service, now_ms);
    if (!complaint.empty()) absl::StrAppend(&complaints, complaints.empty() ? "" : "; ", service.name(), " ", complaint);
  }
  const std::string counts = absl::StrCat(ready, " of ", all, " are ready", drained > 0 ? absl::StrCat(", ", drained, " drained") : "");
  if (!complaints.empty()) return Make("workers", v1::SEVERITY_ERROR, absl::StrCat(counts, "; ", complaints), "look at their logs: can they reach the learner?");
  if (ready == 0) {
    return Make("workers", v1::SEVERITY_ERROR, absl::StrCat(counts, ": nobody generates"),
                drained > 0 ? "cohort worker undrain NAME" : "start cohort-rollout, or: cohort worker scale N");
  }
  return Make("workers", v1::SEVERITY_OK, counts);
}

v1::Finding ExamineQueue(const ClusterFacts& facts) {
  if (!facts.queue.has_value()) return Make("queue", v1::SEVERITY_ERROR, "Redis knows no queue of this run", "has the learner started, and on this Redis?");
  const v1::QueueState& queue = *facts.queue;
  const std::string seen = absl::StrFormat("%d tasks wait, %d are leased, the oldest is %.0f s old", queue.backlog(), queue.leased(), queue.oldest_age_seconds());
  if (queue.backlog() > 0 && queue.leased() == 0 && queue.oldest_age_seconds() > 10) {
    return Make("queue", v1::SEVERITY_ERROR, absl::StrCat("nobody drains it: ", seen), "start or undrain rollout workers of this run on this Redis");
  }
  if (queue.oldest_age_seconds() > kOldTaskSeconds) return Make("queue", v1::SEVERITY_WARNING, seen, "cohort worker list shows who holds tasks for long");
  return Make("queue", v1::SEVERITY_OK, seen);
}

v1::Finding ExamineDeadLetters(const ClusterFacts& facts) {
  const int64_t dead = facts.queue.has_value() ? facts.queue->dead_letters() : 0;
  if (dead == 0) return Make("dead_letters", v1::SEVERITY_OK, "none");
  return Make("dead_letters", v1::SEVERITY_WARNING, absl::StrCat(dead, " prompts were given up"), "cohort dlq list shows why; then dlq requeue or dlq purge");
}

v1::Finding ExamineClocks(const ClusterFacts& facts) {
  std::string skewed;
  for (const ServiceRecord& service : facts.services) {
    if (std::abs(service.clock_skew_ms()) <= kSkewMs) continue;
    absl::StrAppend(&skewed, skewed.empty() ? "" : "; ", service.name(), " is off by ", service.clock_skew_ms(), " ms");
  }
  if (skewed.empty()) return Make("clocks", v1::SEVERITY_OK, "all services agree with Redis within two seconds");
  return Make("clocks", v1::SEVERITY_WARNING, skewed, "synchronise the clocks (NTP); leases do not depend on it, logs and deadlines do");
}

}  // namespace

bool IsOnLoopback(const redis::Endpoint& endpoint) { return rpc::IsLoopback(rpc::Advertised(absl::StrCat(":", endpoint.port), endpoint.host)); }

absl::StatusOr<ServerFacts> LookAtRedis(const std::string& address, absl::Time deadline) {
  redis::Connection connection({.address = address, .client_name = "cohort-doctor"});
  const absl::StatusOr<redis::Reply> reply = connection.Command({"INFO"}, deadline, redis::LostReply::kRepeat);
  if (!reply.ok()) return OfRedis(reply.status());
  ServerFacts facts;
  facts.address = address;
  const absl::StatusOr<redis::Endpoint> endpoint = redis::ParseAddress(address);
  facts.tls = endpoint.ok() && endpoint->tls;
  facts.loopback = endpoint.ok() && IsOnLoopback(*endpoint);
  const auto login = redis::Access::OfProcess()->ReadLogin();
  facts.password = login.ok() && login->has_value();
  for (const absl::string_view line : absl::StrSplit(reply->text, "\r\n")) {
    const std::pair<std::string, std::string> field = absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (field.first == "redis_version") facts.version = field.second;
    if (field.first == "maxmemory_policy") facts.eviction_policy = field.second;
    if (field.first == "used_memory" && !absl::SimpleAtoi(field.second, &facts.used_bytes)) facts.used_bytes = 0;
    if (field.first == "maxmemory" && !absl::SimpleAtoi(field.second, &facts.limit_bytes)) facts.limit_bytes = 0;
    if (field.first == "aof_enabled") facts.append_only = field.second == "1";
    const bool failed = (field.first == "aof_last_write_status" || field.first == "rdb_last_bgsave_status") && field.second != "ok";
    if (failed) facts.last_write_error = absl::StrCat(field.first, " is ", field.second);
  }
  return facts;
}

std::vector<v1::Finding> Examine(const absl::StatusOr<ServerFacts>& server, const absl::StatusOr<ClusterFacts>& facts) {
  std::vector<v1::Finding> findings = {ExamineRedis(server)};
  if (!facts.ok()) return findings;
  findings.push_back(ExamineLearner(*facts));
  findings.push_back(ExamineCheckpoints(*facts));
  findings.push_back(ExamineReward(*facts));
  findings.push_back(ExamineWorkers(*facts, facts->now_ms));
  findings.push_back(ExamineQueue(*facts));
  findings.push_back(ExamineDeadLetters(*facts));
  findings.push_back(ExamineClocks(*facts));
  return findings;
}

}  // namespace cohort::admin

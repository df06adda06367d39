#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/config/config.h"
#include "common/config/schema.h"
#include "common/config/values.h"

namespace cohort::config {
namespace {

// Fields that may change between two starts of one run: how far, where, and with how many hands. "section." stands for the whole section.
constexpr absl::string_view kFree[] = {"run.directory",       "run.steps",
                                       "data.held_out",       "reward.sandbox_workers",
                                       "rollout.workers",     "rollout.threads",
                                       "rollout.max_batch",   "rollout.first_gpu",
                                       "rollout.gpus",        "rollout.kv_megabytes",
                                       "optimizer.threads",   "optimizer.device",
                                       "optimizer.gpu",       "optimizer.activation_checkpointing",
                                       "checkpoint.",         "optimizer.reference_on_host",
                                       "queue.",              "evaluation.",
                                       "weights.",             "data.source_column",
                                       "optimizer.data_parallel"};

bool IsFree(absl::string_view path) {
  return std::any_of(std::begin(kFree), std::end(kFree),
                     [&](absl::string_view free) { return path == free || (free.back() == '.' && path.substr(0, free.size()) == free); });
}

// FNV-1a with 128 bits: chance collisions are out of reach, and nobody attacks his own run directory.
std::string Hash(absl::string_view text) {
  constexpr unsigned __int128 kPrime = (static_cast<unsigned __int128>(1) << 88) + 0x13B;
  unsigned __int128 hash = (static_cast<unsigned __int128>(0x6c62272e07bb0142) << 64) + 0x62b821756295c58d;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  return absl::StrFormat("%016x%016x", static_cast<uint64_t>(hash >> 64), static_cast<uint64_t>(hash));
}

// The last component of a quoted path: files and models may move, but not become others.
std::string LastComponent(std::string path) {
  while (path.size() > 1 && (path.back() == '"' || path.back() == '/')) path.pop_back();
  return path.substr(path.find_last_of("/\"") + 1);
}

}  // namespace

std::string Fingerprint(const v1::RunConfig& config) {
  std::string text;
  v1::RunConfig copy = config;
  for (const Leaf& leaf : Leaves(*v1::RunConfig::descriptor())) {
    if (IsFree(leaf.path)) continue;
    const std::string value = FormatValue(leaf.ParentIn(copy), leaf.field());
    absl::StrAppend(&text, leaf.path, ": ", RulesOf(leaf.field()).path() ? LastComponent(value) : value, "\n");
  }
  return Hash(text);
}

}  // namespace cohort::config

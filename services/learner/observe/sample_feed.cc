#include "services/learner/observe/sample_feed.h"

#include <algorithm>

#include "absl/strings/str_split.h"
#include "google/protobuf/util/json_util.h"

namespace cohort::learner {
namespace {

constexpr size_t kMostSamples = 256;

}  // namespace

void SampleFeed::Add(absl::string_view lines) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  for (const absl::string_view line : absl::StrSplit(lines, '\n', absl::SkipEmpty())) {
    v1::TrainingSample sample;
    if (!google::protobuf::util::JsonStringToMessage(std::string(line), &sample, options).ok()) continue;
    absl::MutexLock lock(&mutex_);
    samples_.push_back(std::move(sample));
    if (samples_.size() > kMostSamples) samples_.pop_front();
  }
}

std::vector<v1::TrainingSample> SampleFeed::Latest(size_t limit) const {
  absl::MutexLock lock(&mutex_);
  std::vector<v1::TrainingSample> latest(samples_.begin(), samples_.end());
  std::stable_sort(latest.begin(), latest.end(), [](const auto& a, const auto& b) { return a.step() > b.step(); });
  if (latest.size() > limit) latest.resize(limit);
  return latest;
}

}  // namespace cohort::learner

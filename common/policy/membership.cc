#include "common/policy/membership.h"

#include <algorithm>

namespace cohort::policy {

int64_t Membership::Join(const std::string& worker_id, absl::Time now) {
  present_[next_member_] = worker_id;
  last_join_ = now;
  return next_member_++;
}

void Membership::Leave(int64_t member) { present_.erase(member); }

absl::Time Membership::DueAt() const {
  if (state_ == State::kForming) return absl::InfiniteFuture();
  const bool left = std::any_of(epoch_.members.begin(), epoch_.members.end(), [&](int64_t member) { return present_.count(member) == 0; });
  const bool joined = std::any_of(present_.begin(), present_.end(), [&](const auto& member) {
    return std::find(epoch_.members.begin(), epoch_.members.end(), member.first) == epoch_.members.end();
  });
  const bool stands = state_ == State::kStanding;
  if (stands && !left && !joined) return absl::InfiniteFuture();
  // Nobody is there, and nothing is left to dissolve.
  if (present_.empty() && !stands) return absl::InfiniteFuture();
  return std::max(not_before_, joined && !left ? last_join_ + options_.gather : absl::InfinitePast());
}

const Membership::Epoch& Membership::Begin() {
  ++epoch_.number;
  epoch_.members.clear();
  for (const auto& [member, worker_id] : present_) epoch_.members.push_back(member);
  state_ = epoch_.members.empty() ? State::kNone : State::kForming;
  reports_.clear();
  return epoch_;
}

void Membership::Stand() { state_ = State::kStanding; }

void Membership::Break(absl::Time now) {
  state_ = State::kBroken;
  absl::Duration delay = absl::ZeroDuration();
  for (int i = 0; i < failures_ && delay < options_.max_delay; ++i) delay = i == 0 ? options_.first_delay : 2 * delay;
  not_before_ = now + std::min(delay, options_.max_delay);
  ++failures_;
}

bool Membership::Report(int64_t member, int64_t epoch, bool good) {
  if (epoch != epoch_.number || present_.count(member) == 0 || std::find(epoch_.members.begin(), epoch_.members.end(), member) == epoch_.members.end()) return false;
  reports_[member] = good;
  return true;
}

bool Membership::Failed() const {
  return std::any_of(epoch_.members.begin(), epoch_.members.end(), [&](int64_t member) {
    const auto report = reports_.find(member);
    return present_.count(member) == 0 || (report != reports_.end() && !report->second);
  });
}

bool Membership::Complete() const {
  return std::all_of(epoch_.members.begin(), epoch_.members.end(), [&](int64_t member) {
    const auto report = reports_.find(member);
    return report != reports_.end() && report->second;
  });
}

std::vector<int64_t> Membership::Silent() const {
  std::vector<int64_t> silent;
  for (const int64_t member : epoch_.members) {
    if (present_.count(member) > 0 && reports_.count(member) == 0) silent.push_back(member);
  }
  return silent;
}

}  // namespace cohort::policy

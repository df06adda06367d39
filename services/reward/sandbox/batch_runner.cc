#include "services/reward/sandbox/batch_runner.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "common/sandbox/monotonic.h"
#include "services/reward/sandbox/limits.h"
#include "services/reward/sandbox/wire.h"

namespace cohort::reward {
namespace {

constexpr absl::Duration kDeliveryPatience = absl::Seconds(10);  // For a worker to take a frame and answer its first check, however busy the machine is.
constexpr absl::Duration kShortestLook = absl::Milliseconds(1);

std::string EncodeFrame(const std::vector<QueuedCheck>& batch) {
  FrameHeader header;
  header.checks = static_cast<uint32_t>(batch.size());
  std::string frame(sizeof(header), '\0');
  for (const QueuedCheck& check : batch) EncodeCheck(check.input(), frame);
  header.bytes = static_cast<uint32_t>(frame.size());
  frame.replace(0, sizeof(header), reinterpret_cast<const char*>(&header), sizeof(header));
  return frame;
}

}  // namespace

BatchResult BatchRunner::Run(const std::vector<QueuedCheck>& batch) {
  BatchResult result;
  cpu_at_begin_ = worker_.CpuTime();
  const int64_t now = sandbox::MonotonicNanos();
  until_ns_ = now + absl::ToInt64Nanoseconds(check_deadline_);
  last_ns_ = now + absl::ToInt64Nanoseconds(std::max(kDeliveryPatience, kWallTimeFactor * check_deadline_));
  if (!worker_.Send(EncodeFrame(batch), absl::Now() + kDeliveryPatience).ok()) {
    result.worker = BatchResult::Worker::kGone;
    return result;
  }
  while (result.outcomes.size() < batch.size()) {
    if (!ReceiveOnce(batch, result)) return result;
  }
  return result;
}

bool BatchRunner::ReceiveOnce(const std::vector<QueuedCheck>& batch, BatchResult& result) {
  std::vector<WorkerProcess::Received> received;
  switch (worker_.Receive(until_ns_, &received)) {
    case WorkerProcess::Event::kGone:
      result.worker = BatchResult::Worker::kGone;
      return false;
    case WorkerProcess::Event::kTimeout:
      if ((until_ns_ = ExtendedDeadline()) != 0) return true;
      // A worker that has answered nothing and used no time has not read its frame.
      result.worker = result.outcomes.empty() && CpuLeft() > kShortestLook ? BatchResult::Worker::kGone : BatchResult::Worker::kKilled;
      worker_.Kill();
      return false;
    case WorkerProcess::Event::kPackets:
      break;
  }
  int64_t began_ns = 0;
  for (const auto& [packet, texts] : received) {
    if (packet.kind != PacketKind::kResult || result.outcomes.size() == batch.size()) {  // No worker says that: it was taken over.
      worker_.Kill();
      result.worker = BatchResult::Worker::kGone;
      return false;
    }
    began_ns = std::min(packet.monotonic_ns, sandbox::MonotonicNanos());
    result.outcomes.push_back(DecodeResult(packet, texts, batch[result.outcomes.size()].input()));
  }
  cpu_at_begin_ = worker_.CpuTime();
  until_ns_ = began_ns + absl::ToInt64Nanoseconds(check_deadline_);
  last_ns_ = began_ns + kWallTimeFactor * absl::ToInt64Nanoseconds(check_deadline_);
  return true;
}

absl::Duration BatchRunner::CpuLeft() const { return check_deadline_ - (worker_.CpuTime() - cpu_at_begin_); }

int64_t BatchRunner::ExtendedDeadline() {
  const int64_t now = sandbox::MonotonicNanos();
  const absl::Duration left = CpuLeft();
  if (left <= kShortestLook || now >= last_ns_) return 0;
  return std::min(last_ns_, now + absl::ToInt64Nanoseconds(left));
}

}  // namespace cohort::reward

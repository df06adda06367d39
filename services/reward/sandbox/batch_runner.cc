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

constexpr absl::Duration kDeliveryPatience = absl::Seconds(10);  // For a worker to take a frame and begin with it.
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
  if (!worker_.Send(EncodeFrame(batch), absl::Now() + kDeliveryPatience).ok()) {
    result.worker = BatchResult::Worker::kGone;
    return result;
  }
  until_ns_ = sandbox::MonotonicNanos() + absl::ToInt64Nanoseconds(kDeliveryPatience);
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
      if (result.began && (until_ns_ = ExtendedDeadline()) != 0) return true;
      worker_.Kill();
      result.worker = result.began ? BatchResult::Worker::kKilled : BatchResult::Worker::kGone;
      return false;
    case WorkerProcess::Event::kPackets:
      break;
  }
  for (const auto& [packet, texts] : received) {
    result.began = true;
    began_ns_ = std::min(packet.monotonic_ns, sandbox::MonotonicNanos());
    if (packet.kind != PacketKind::kResult) continue;
    if (result.outcomes.size() == batch.size()) break;  // More results than checks: a worker that was taken over.
    result.outcomes.push_back(DecodeResult(packet, texts, batch[result.outcomes.size()].input()));
  }
  cpu_at_begin_ = worker_.CpuTime();
  until_ns_ = began_ns_ + absl::ToInt64Nanoseconds(check_deadline_);
  return true;
}

int64_t BatchRunner::ExtendedDeadline() {
  const int64_t now = sandbox::MonotonicNanos();
  const int64_t last = began_ns_ + kWallTimeFactor * absl::ToInt64Nanoseconds(check_deadline_);
  const absl::Duration left = check_deadline_ - (worker_.CpuTime() - cpu_at_begin_);
  if (left <= kShortestLook || now >= last) return 0;
  return std::min(last, now + absl::ToInt64Nanoseconds(left));
}

}  // namespace cohort::reward

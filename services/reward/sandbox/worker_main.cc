#include "services/reward/sandbox/worker_main.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "common/sandbox/monotonic.h"
#include "services/reward/check/check.h"
#include "services/reward/sandbox/limits.h"
#include "services/reward/sandbox/probe.h"
#include "services/reward/sandbox/wire.h"

namespace cohort::reward {
namespace {

constexpr int kSocket = 0;  // Where LockDown leaves it.
constexpr size_t kKeptGolds = 256;  // A batch of groups has fewer.
constexpr size_t kKeptBufferBytes = 4 * kPacketBytes;

[[noreturn]] void Exit(int code) { _exit(code); }

void SendPacket(const WorkerPacket& packet, std::string_view message = {}) {
  std::string bytes(reinterpret_cast<const char*>(&packet), sizeof(packet));
  bytes += message;
  if (send(kSocket, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) Exit(0);
}

void SendReady(int landlock_abi, std::string_view error) {
  WorkerPacket packet;
  packet.kind = PacketKind::kReady;
  packet.landlock_abi = landlock_abi;
  packet.format_ok = error.empty();
  error = error.substr(0, kMaxTextBytes);
  packet.message_bytes = static_cast<uint32_t>(error.size());
  SendPacket(packet, error);
}

// Reads one frame into `frame`; exits when the other end is closed.
void ReceiveFrame(std::string& frame) {
  size_t have = 0;
  size_t want = sizeof(FrameHeader);
  while (have < want) {
    if (frame.size() < have + kPacketBytes) frame.resize(have + kPacketBytes);
    const ssize_t got = recv(kSocket, frame.data() + have, kPacketBytes, 0);
    if (got <= 0) Exit(0);
    have += static_cast<size_t>(got);
    if (have < sizeof(FrameHeader)) Exit(1);
    FrameHeader header;
    std::memcpy(&header, frame.data(), sizeof(header));
    want = header.bytes;
  }
  frame.resize(have);
}

void RunBatch(std::string_view frame, const Faults& faults, uint64_t secret, GoldCache& golds) {
  FrameHeader header;
  std::memcpy(&header, frame.data(), sizeof(header));
  std::vector<CheckInput> checks = DecodeChecks(frame.substr(sizeof(header)), header.checks);
  if (checks.size() != header.checks) Exit(1);
  int64_t began = sandbox::MonotonicNanos();
  for (uint32_t i = 0; i < checks.size(); ++i) {
    faults.Apply(checks[i]);
    checks[i].secret = secret;
    CheckOutcome outcome = RunCheck(checks[i], golds);
    const int64_t ended = sandbox::MonotonicNanos();
    outcome.micros = static_cast<uint32_t>((ended - began + 999) / 1000);
    const std::string packet = EncodeResult(i, ended, outcome);
    if (send(kSocket, packet.data(), packet.size(), MSG_NOSIGNAL) < 0) Exit(0);
    began = ended;
  }
}

[[noreturn]] void RunProbe(Probe probe) {
  WorkerPacket packet;
  packet.kind = PacketKind::kResult;
  packet.index = static_cast<uint32_t>(TryForbidden(probe));
  packet.format_ok = packet.index == 0;
  SendPacket(packet);
  Exit(0);
}

}  // namespace

void RunChild(int socket, ChildTask task, const LockdownOptions& options, const sandbox::SyscallFilter& filter, const Faults& faults,
              uint64_t secret) {
  int landlock_abi = 0;
  const absl::Status locked = LockDown(socket, options, filter, &landlock_abi);
  SendReady(landlock_abi, locked.ok() ? std::string_view() : std::string_view(locked.message().data(), locked.message().size()));
  if (!locked.ok()) Exit(1);
  if (task != kWorkerTask) RunProbe(static_cast<Probe>(task));
  std::string frame;
  GoldCache golds(kKeptGolds);
  for (;;) {
    ReceiveFrame(frame);
    RunBatch(frame, faults, secret, golds);
    if (frame.capacity() > kKeptBufferBytes) std::string().swap(frame);
  }
}

}  // namespace cohort::reward

#include "services/reward/sandbox/wire.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace cohort::reward {
namespace {

struct CheckHeader {
  uint8_t kind = 0;
  uint8_t shape = 0;
  uint8_t think_prefilled = 0;
  uint8_t stopped = 0;
  uint8_t language = 0;
  uint8_t repetition_ngram = 0;
  uint8_t tag_count = 0;
  uint8_t reasoning_steps = 0;
  uint32_t gold_bytes = 0;
  uint32_t completion_bytes = 0;
  uint32_t eos_strings = 0;
};

template <typename T>
void AppendRaw(const T& value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// Reads a frame's body from front to back; everything after the first shortage fails.
class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  template <typename T>
  T Raw() {
    T value{};
    const std::string_view bytes = Bytes(sizeof(T));
    if (!failed_) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  std::string_view Bytes(size_t count) {
    failed_ = failed_ || count > rest_.size();
    if (failed_) return {};
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }
  bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

CheckHeader HeaderOf(const CheckInput& check) {
  CheckHeader header;
  header.kind = static_cast<uint8_t>(check.kind);
  header.shape = static_cast<uint8_t>(check.shape);
  header.think_prefilled = check.think_prefilled;
  header.stopped = check.stopped;
  header.language = static_cast<uint8_t>(check.auxiliary.language);
  header.repetition_ngram = static_cast<uint8_t>(check.auxiliary.repetition_ngram);
  header.tag_count = check.auxiliary.tag_count;
  header.reasoning_steps = check.auxiliary.reasoning_steps;
  header.gold_bytes = static_cast<uint32_t>(check.gold.size());
  header.completion_bytes = static_cast<uint32_t>(check.completion.size());
  header.eos_strings = static_cast<uint32_t>(check.eos_strings.size());
  return header;
}

void PutAuxiliary(const AuxiliaryRewards& rewards, WorkerPacket& packet) {
  const auto put = [&packet](const std::optional<double>& reward, uint8_t bit, double& field) {
    if (reward.has_value()) packet.measured |= bit;
    field = reward.value_or(0);
  };
  put(rewards.language_consistency, WorkerPacket::kLanguageConsistency, packet.language_consistency);
  put(rewards.repetition, WorkerPacket::kRepetition, packet.repetition);
  put(rewards.tag_count, WorkerPacket::kTagCount, packet.tag_count);
  put(rewards.reasoning_steps, WorkerPacket::kReasoningSteps, packet.reasoning_steps);
}

AuxiliaryRewards GetAuxiliary(const WorkerPacket& packet) {
  AuxiliaryRewards rewards;
  const auto get = [&packet](uint8_t bit, double field, std::optional<double>& reward) {
    if ((packet.measured & bit) != 0) reward = field;
  };
  get(WorkerPacket::kLanguageConsistency, packet.language_consistency, rewards.language_consistency);
  get(WorkerPacket::kRepetition, packet.repetition, rewards.repetition);
  get(WorkerPacket::kTagCount, packet.tag_count, rewards.tag_count);
  get(WorkerPacket::kReasoningSteps, packet.reasoning_steps, rewards.reasoning_steps);
  return rewards;
}

}  // namespace

void EncodeCheck(const CheckInput& check, std::string& frame) {
  AppendRaw(HeaderOf(check), frame);
  frame += check.gold;
  frame += check.completion;
  for (const std::string_view eos : check.eos_strings) {
    AppendRaw(static_cast<uint32_t>(eos.size()), frame);
    frame += eos;
  }
}

size_t EncodedBytes(const CheckInput& check) {
  size_t bytes = sizeof(CheckHeader) + check.gold.size() + check.completion.size();
  for (const std::string_view eos : check.eos_strings) bytes += sizeof(uint32_t) + eos.size();
  return bytes;
}

std::vector<CheckInput> DecodeChecks(std::string_view body, uint32_t count) {
  std::vector<CheckInput> checks;
  Reader reader(body);
  for (uint32_t i = 0; i < count && !reader.failed(); ++i) {
    const auto header = reader.Raw<CheckHeader>();
    CheckInput check;
    check.kind = static_cast<CheckKind>(header.kind);
    check.shape = static_cast<v1::Template>(header.shape);
    check.think_prefilled = header.think_prefilled != 0;
    check.stopped = header.stopped != 0;
    check.auxiliary = {static_cast<v1::Language>(header.language), header.repetition_ngram, header.tag_count != 0, header.reasoning_steps != 0};
    check.gold = reader.Bytes(header.gold_bytes);
    check.completion = reader.Bytes(header.completion_bytes);
    for (uint32_t e = 0; e < header.eos_strings && !reader.failed(); ++e) {
      const auto bytes = reader.Raw<uint32_t>();
      check.eos_strings.push_back(reader.Bytes(bytes));
    }
    checks.push_back(std::move(check));
  }
  if (reader.failed()) checks.clear();
  return checks;
}

std::string EncodeResult(uint32_t index, int64_t monotonic_ns, const CheckOutcome& outcome) {
  WorkerPacket packet;
  packet.kind = PacketKind::kResult;
  packet.index = index;
  packet.monotonic_ns = monotonic_ns;
  packet.answer_begin = outcome.answer_begin;
  packet.answer_end = outcome.answer_end;
  packet.micros = outcome.micros;
  packet.format_ok = outcome.format_ok;
  packet.format_reason = static_cast<uint8_t>(outcome.format_reason);
  packet.verdict = static_cast<uint8_t>(outcome.verdict);
  packet.method = static_cast<uint8_t>(outcome.method);
  packet.think_bytes = outcome.think_bytes;
  packet.boxes = outcome.boxes;
  PutAuxiliary(outcome.auxiliary, packet);
  packet.message_bytes = static_cast<uint32_t>(std::min(outcome.message.size(), kMaxMessageBytes));
  std::string bytes;
  AppendRaw(packet, bytes);
  bytes.append(outcome.message, 0, packet.message_bytes);
  return bytes;
}

CheckOutcome DecodeResult(const WorkerPacket& packet, std::string_view message) {
  CheckOutcome outcome;
  outcome.format_ok = packet.format_ok != 0;
  outcome.format_reason = static_cast<v1::FormatReason>(packet.format_reason);
  outcome.verdict = static_cast<v1::Verdict>(packet.verdict);
  outcome.method = static_cast<v1::Method>(packet.method);
  outcome.answer_begin = packet.answer_begin;
  outcome.answer_end = packet.answer_end;
  outcome.micros = packet.micros;
  outcome.think_bytes = packet.think_bytes;
  outcome.boxes = packet.boxes;
  outcome.auxiliary = GetAuxiliary(packet);
  outcome.message = std::string(message);
  return outcome;
}

}  // namespace cohort::reward

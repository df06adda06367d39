#include "services/reward/sandbox/wire.h"

#include <bit>
#include <cstring>
#include <optional>

namespace cohort::reward {
namespace {

// Bits of CheckHeader::policy_flags.
constexpr uint8_t kOrderMatters = 1, kAssignmentLhsOptional = 2, kIntervalIsInequality = 4, kFoldText = 8, kLiteralOnly = 16;

uint8_t FlagsOf(const math::Policy& policy) {
  return static_cast<uint8_t>((policy.order_matters ? kOrderMatters : 0) | (policy.assignment_lhs_optional ? kAssignmentLhsOptional : 0) |
                              (policy.interval_is_inequality ? kIntervalIsInequality : 0) | (policy.fold_text ? kFoldText : 0) |
                              (policy.literal_only ? kLiteralOnly : 0));
}

math::Policy PolicyOf(const CheckHeader& header) {
  math::Policy policy;
  const auto has = [&header](uint8_t flag) { return (header.policy_flags & flag) != 0; };
  policy.approximation = static_cast<math::Approximation>(header.approximation);
  policy.relative_tolerance = std::bit_cast<double>(header.relative_tolerance_bits);
  policy.units = static_cast<math::UnitPolicy>(header.units);
  policy.order_matters = has(kOrderMatters);
  policy.assignment_lhs_optional = has(kAssignmentLhsOptional);
  policy.interval_is_inequality = has(kIntervalIsInequality);
  policy.fold_text = has(kFoldText);
  policy.literal_only = has(kLiteralOnly);
  return policy;
}

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

// `text` without what is too long to travel.
std::string_view Cut(const std::string& text) { return std::string_view(text).substr(0, kMaxTextBytes); }

// The next `bytes` of `rest`, which came from a worker that model text may have taken over.
std::string TakeText(std::string_view& rest, uint32_t bytes) {
  const std::string_view text = rest.substr(0, bytes);
  rest.remove_prefix(text.size());
  return std::string(text);
}

}  // namespace

CheckHeader HeaderOf(const CheckInput& check) {
  CheckHeader header;
  header.kind = static_cast<uint8_t>(check.kind);
  header.shape = static_cast<uint8_t>(check.shape);
  header.think_prefilled = check.think_prefilled;
  header.stopped = check.stopped;
  header.explain = check.explain;
  header.language = static_cast<uint8_t>(check.auxiliary.language);
  header.repetition_ngram = static_cast<uint8_t>(check.auxiliary.repetition_ngram);
  header.tag_count = check.auxiliary.tag_count;
  header.reasoning_steps = check.auxiliary.reasoning_steps;
  header.approximation = static_cast<uint8_t>(check.policy.approximation);
  header.units = static_cast<uint8_t>(check.policy.units);
  header.policy_flags = FlagsOf(check.policy);
  header.min_think_characters = check.min_think_characters;
  header.relative_tolerance_bits = std::bit_cast<uint64_t>(check.policy.relative_tolerance);
  header.gold_bytes = static_cast<uint32_t>(check.gold.size());
  header.completion_bytes = static_cast<uint32_t>(check.completion.size());
  header.eos_strings = static_cast<uint32_t>(check.eos_strings.size());
  return header;
}

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
    check.policy = PolicyOf(header);
    check.min_think_characters = static_cast<uint32_t>(header.min_think_characters);
    check.explain = header.explain != 0;
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
  const std::string_view texts[] = {Cut(outcome.message), Cut(outcome.gold_canonical), Cut(outcome.answer_canonical),
                                    Cut(outcome.rule)};
  packet.message_bytes = static_cast<uint32_t>(texts[0].size());
  packet.gold_canonical_bytes = static_cast<uint32_t>(texts[1].size());
  packet.answer_canonical_bytes = static_cast<uint32_t>(texts[2].size());
  packet.rule_bytes = static_cast<uint32_t>(texts[3].size());
  std::string bytes;
  AppendRaw(packet, bytes);
  for (const std::string_view text : texts) bytes += text;
  return bytes;
}

CheckOutcome DecodeResult(const WorkerPacket& packet, std::string_view texts, const CheckInput& check) {
  CheckOutcome outcome;
  if (!v1::Verdict_IsValid(packet.verdict) || !v1::Method_IsValid(packet.method) || !v1::FormatReason_IsValid(packet.format_reason) ||
      packet.answer_begin > packet.answer_end || packet.answer_end > check.completion.size()) {
    outcome.verdict = v1::VERDICT_INTERNAL;
    return outcome;
  }
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
  outcome.message = TakeText(texts, packet.message_bytes);
  outcome.gold_canonical = TakeText(texts, packet.gold_canonical_bytes);
  outcome.answer_canonical = TakeText(texts, packet.answer_canonical_bytes);
  outcome.rule = TakeText(texts, packet.rule_bytes);
  return outcome;
}

}  // namespace cohort::reward

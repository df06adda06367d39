#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "services/reward/check/check.h"

namespace cohort::reward {

// What travels between the service and a worker, over a SOCK_SEQPACKET pair. Both ends are the same binary, so numbers are in the machine's own order.
//
// Service to worker: frames. A frame is FrameHeader and checks (EncodeCheck), cut into packets of at most kPacketBytes.
// Worker to service: one packet each: kReady once, kResult per check.

inline constexpr size_t kPacketBytes = 64 * 1024;

struct FrameHeader {
  uint32_t bytes = 0;   // Of the whole frame, this header included.
  uint32_t checks = 0;  // At least 1.
};

// How a check begins in a frame; gold, completion and end-of-sequence strings follow. Holds everything that decides its outcome besides those texts.
struct CheckHeader {
  uint64_t relative_tolerance_bits = 0;
  uint64_t min_think_characters = 0;  // So wide that no padding is left.
  uint32_t gold_bytes = 0;
  uint32_t completion_bytes = 0;
  uint32_t eos_strings = 0;
  uint8_t kind = 0;
  uint8_t shape = 0;
  uint8_t think_prefilled = 0;
  uint8_t stopped = 0;
  uint8_t explain = 0;
  uint8_t language = 0;
  uint8_t repetition_ngram = 0;
  uint8_t tag_count = 0;
  uint8_t reasoning_steps = 0;
  uint8_t approximation = 0;
  uint8_t units = 0;
  uint8_t policy_flags = 0;
};
static_assert(std::has_unique_object_representations_v<CheckHeader>);
CheckHeader HeaderOf(const CheckInput& check);

enum class PacketKind : uint32_t { kReady = 1, kResult = 2 };

// A packet from a worker; message, canonical forms and rule follow the struct.
struct WorkerPacket {
  // Bits of `measured`.
  static constexpr uint8_t kLanguageConsistency = 1, kRepetition = 2, kTagCount = 4, kReasoningSteps = 8;

  PacketKind kind = PacketKind::kReady;
  uint32_t index = 0;         // kResult: which check of the batch.
  int64_t monotonic_ns = 0;   // kResult: CLOCK_MONOTONIC when this check ended and the next one began.
  uint32_t answer_begin = 0;
  uint32_t answer_end = 0;
  uint32_t micros = 0;
  uint8_t format_ok = 0;
  uint8_t format_reason = 0;
  uint8_t verdict = 0;
  uint8_t method = 0;
  int32_t landlock_abi = 0;   // kReady: ABI of the rule set in force; 0 without Landlock.
  uint32_t message_bytes = 0;
  uint32_t gold_canonical_bytes = 0;
  uint32_t answer_canonical_bytes = 0;
  uint32_t rule_bytes = 0;
  uint32_t think_bytes = 0;
  uint32_t boxes = 0;
  uint32_t measured = 0;      // Which auxiliary rewards follow.
  double language_consistency = 0;
  double repetition = 0;
  double tag_count = 0;
  double reasoning_steps = 0;
};
// Longest message and longest canonical form that travel.
inline constexpr size_t kMaxTextBytes = 4096;
inline constexpr size_t kMaxPacketTextBytes = 4 * kMaxTextBytes;

// Appends the check to a frame.
void EncodeCheck(const CheckInput& check, std::string& frame);
// How many bytes EncodeCheck appends.
size_t EncodedBytes(const CheckInput& check);
// The checks of a frame without its header, as views into it; empty when it is malformed.
std::vector<CheckInput> DecodeChecks(std::string_view body, uint32_t count);

// The packet of a result; its texts are cut at kMaxTextBytes.
std::string EncodeResult(uint32_t index, int64_t monotonic_ns, const CheckOutcome& outcome);
// The outcome of `check` as a worker reports it; `texts` is what follows the packet. INTERNAL when it says what no worker says.
CheckOutcome DecodeResult(const WorkerPacket& packet, std::string_view texts, const CheckInput& check);

}  // namespace cohort::reward

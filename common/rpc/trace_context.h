#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace cohort::rpc {

// Where an operation stands in a distributed trace, as the W3C recommendation Trace Context (https://www.w3.org/TR/trace-context/) carries it in the header
// `traceparent`: the id that everything caused by one thing has in common, and the id of the operation itself, its span. A value.
class TraceContext {
 public:
  // A new trace with random ids, sampled.
  static TraceContext Begin();
  // The trace with these ids, sampled; the caller sees to it that neither is 0.
  TraceContext(uint64_t trace_high, uint64_t trace_low, uint64_t span) : trace_high_(trace_high), trace_low_(trace_low), span_(span) {}

  // What a header says; nullopt when it is not valid, so that whoever receives it begins a trace of its own. Strict: version 00 has exactly 55 characters,
  // lower-case hexadecimal, no id of zeros only. Of a higher version the first 55 characters are read, as the recommendation asks for.
  static std::optional<TraceContext> Parse(absl::string_view traceparent);

  // What a header says, or a new trace where it is not valid.
  static TraceContext ParseOrBegin(absl::string_view traceparent);

  // An operation that this one causes: the same trace, a new random span.
  TraceContext Child() const;

  // "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
  std::string Traceparent() const;
  // "0af7651916cd43dd8448eb211c80319c"
  std::string TraceId() const;

  friend bool operator==(const TraceContext&, const TraceContext&) = default;

 private:
  uint64_t trace_high_;  // The first eight bytes of the id, most significant first.
  uint64_t trace_low_;
  uint64_t span_;
  bool sampled_ = true;  // Of the flags, the only one that version 00 defines.
};

// How an entry of the log ends that belongs to a trace: " trace=0af7651916cd43dd8448eb211c80319c".
std::string TraceTag(const TraceContext& trace);
// The same for the id in a message; "" when there is none.
std::string TraceTag(const std::string& trace_id);
// The trace id in a header, "" when it is not valid.
std::string TraceIdOf(absl::string_view traceparent);

}  // namespace cohort::rpc

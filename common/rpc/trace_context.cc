#include "common/rpc/trace_context.h"

#include <random>

#include "absl/strings/str_cat.h"

namespace cohort::rpc {
namespace {

// version "-" trace id "-" span id "-" flags
constexpr size_t kTraceAt = 3;
constexpr size_t kSpanAt = 36;
constexpr size_t kFlagsAt = 53;
constexpr size_t kLength = 55;
constexpr uint64_t kInvalidVersion = 0xff;
constexpr uint64_t kSampledFlag = 1;

uint64_t RandomId() {
  thread_local std::mt19937_64 generator = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  for (;;) {
    if (const uint64_t id = generator(); id != 0) return id;
  }
}

// Lower-case hexadecimal digits only, 16 at most.
std::optional<uint64_t> ParseHex(absl::string_view digits) {
  uint64_t value = 0;
  for (const char c : digits) {
    const bool decimal = c >= '0' && c <= '9';
    if (!decimal && !(c >= 'a' && c <= 'f')) return std::nullopt;
    value = value << 4 | static_cast<uint64_t>(decimal ? c - '0' : c - 'a' + 10);
  }
  return value;
}

absl::Hex Digits(uint64_t id) { return absl::Hex(id, absl::kZeroPad16); }

}  // namespace

TraceContext TraceContext::Begin() { return TraceContext(RandomId(), RandomId(), RandomId()); }

TraceContext TraceContext::Child() const {
  TraceContext child = *this;
  child.span_ = RandomId();
  return child;
}

std::optional<TraceContext> TraceContext::Parse(absl::string_view text) {
  if (text.size() < kLength || text[kTraceAt - 1] != '-' || text[kSpanAt - 1] != '-' || text[kFlagsAt - 1] != '-') return std::nullopt;
  const auto version = ParseHex(text.substr(0, 2));
  const auto high = ParseHex(text.substr(kTraceAt, 16));
  const auto low = ParseHex(text.substr(kTraceAt + 16, 16));
  const auto span = ParseHex(text.substr(kSpanAt, 16));
  const auto flags = ParseHex(text.substr(kFlagsAt, 2));
  if (!version || !high || !low || !span || !flags || *version == kInvalidVersion) return std::nullopt;
  if (text.size() > kLength && (*version == 0 || text[kLength] != '-')) return std::nullopt;
  if ((*high == 0 && *low == 0) || *span == 0) return std::nullopt;
  TraceContext trace(*high, *low, *span);
  trace.sampled_ = (*flags & kSampledFlag) != 0;
  return trace;
}

TraceContext TraceContext::ParseOrBegin(absl::string_view traceparent) {
  const std::optional<TraceContext> trace = Parse(traceparent);
  return trace.has_value() ? *trace : Begin();
}

std::string TraceContext::Traceparent() const { return absl::StrCat("00-", TraceId(), "-", Digits(span_), sampled_ ? "-01" : "-00"); }

std::string TraceContext::TraceId() const { return absl::StrCat(Digits(trace_high_), Digits(trace_low_)); }

std::string TraceTag(const TraceContext& trace) { return absl::StrCat(" trace=", trace.TraceId()); }

std::string TraceTag(const std::string& trace_id) { return trace_id.empty() ? "" : absl::StrCat(" trace=", trace_id); }

std::string TraceIdOf(absl::string_view traceparent) {
  const std::optional<TraceContext> trace = TraceContext::Parse(traceparent);
  return trace.has_value() ? trace->TraceId() : "";
}

}  // namespace cohort::rpc

// Parser and canonical form: end on any bytes, say the same twice, and a text with a canonical form is a possible reference answer.
#include "services/reward/math/compare.h"
#include "services/reward/math/limits.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort::reward;
  const std::string_view text = TextOf(data, size);
  math::Fuel first(math::kMaxFuel), second(math::kMaxFuel), third(math::kMaxFuel);
  const math::Canonicalized once = math::Canonicalize(text, first);
  const math::Canonicalized twice = math::Canonicalize(text, second);
  Require(once.ok == twice.ok && once.canonical == twice.canonical && once.error == twice.error);
  Require(once.ok == once.error.empty());
  math::GoldError(text, third);
  return 0;
}

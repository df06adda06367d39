// The lexer: ends on any bytes, with tokens up to an end mark or with an error.
#include "services/reward/math/lexer.h"

#include "services/reward/math/limits.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort::reward;
  math::Fuel fuel(math::kMaxFuel);
  math::Lexed lexed;
  math::Lex(TextOf(data, size), fuel, lexed);
  Require(!lexed.error.empty() || !lexed.tokens.empty());
  return 0;
}

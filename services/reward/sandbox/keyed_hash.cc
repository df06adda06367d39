#include "services/reward/sandbox/keyed_hash.h"

#include <string_view>

#include "services/reward/sandbox/wire.h"

namespace cohort::reward {

CheckKey KeyOf(const CheckInput& check, hash::HashSecret secret) {
  hash::KeyedHasher hasher(secret);
  const CheckHeader header = HeaderOf(check);
  hasher.UpdatePiece({reinterpret_cast<const char*>(&header), sizeof(header)});
  hasher.UpdatePiece(check.gold);
  hasher.UpdatePiece(check.completion);
  for (const std::string_view eos : check.eos_strings) hasher.UpdatePiece(eos);
  return hasher.Finish();
}

}  // namespace cohort::reward

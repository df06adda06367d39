#include "services/reward/sandbox/landlock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "services/reward/sandbox/unique_fd.h"

namespace cohort::reward {
namespace {

// Numbers of the kernel's interface, written out because the headers of the build machine may be older than the kernel it runs on.
constexpr long kCreateRuleset = 444;
constexpr long kRestrictSelf = 446;
constexpr uint32_t kAskVersion = 1;

struct RulesetAttributes {
  uint64_t handled_access_fs = 0;
  uint64_t handled_access_net = 0;  // From ABI 4.
  uint64_t scoped = 0;              // From ABI 6.
};

// Rights are numbered from bit 0; each ABI knows so many of them.
constexpr uint64_t FirstBits(int count) { return (uint64_t{1} << count) - 1; }

uint64_t FileRights(int abi) {
  if (abi >= 5) return FirstBits(16);  // ioctl on devices
  if (abi >= 3) return FirstBits(15);  // truncate
  if (abi >= 2) return FirstBits(14);  // refer
  return FirstBits(13);
}

size_t AttributeBytes(int abi) {
  if (abi >= 6) return sizeof(RulesetAttributes);
  return abi >= 4 ? offsetof(RulesetAttributes, scoped) : offsetof(RulesetAttributes, handled_access_net);
}

}  // namespace

absl::StatusOr<int> DenyAllByLandlock() {
  const long abi = syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM || errno == EACCES)) return 0;
  if (abi < 0) return absl::ErrnoToStatus(errno, "landlock_create_ruleset");
  RulesetAttributes attributes;
  attributes.handled_access_fs = FileRights(static_cast<int>(abi));
  if (abi >= 4) attributes.handled_access_net = FirstBits(2);
  if (abi >= 6) attributes.scoped = FirstBits(2);
  const UniqueFd rules(static_cast<int>(syscall(kCreateRuleset, &attributes, AttributeBytes(static_cast<int>(abi)), 0)));
  if (!rules.valid()) return absl::ErrnoToStatus(errno, "landlock_create_ruleset");
  if (syscall(kRestrictSelf, rules.get(), 0) != 0) return absl::ErrnoToStatus(errno, "landlock_restrict_self");
  return static_cast<int>(abi);
}

}  // namespace cohort::reward

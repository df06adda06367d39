#include "common/rpc/address.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace cohort::rpc {

std::string Advertised(const std::string& address, const std::string& host) {
  if (host.empty()) return address;
  const std::string port = address.substr(address.rfind(':') + 1);
  const bool bare_ipv6 = absl::StrContains(host, ':') && host.front() != '[';
  return bare_ipv6 ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

}  // namespace cohort::rpc

#pragma once

#include <string>

namespace cohort::rpc {

// `address` ("host:port") with its host replaced by `host`, in brackets where that is an IPv6 address; `address` itself when `host` is empty. What a
// service that listens on 0.0.0.0 tells others to connect to.
std::string Advertised(const std::string& address, const std::string& host);

}  // namespace cohort::rpc

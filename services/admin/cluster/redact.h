#pragma once

#include <string>

namespace cohort::admin {

// The YAML of a config without its secrets: user and password of addresses ("redis://user:pass@host", "pass@host:6379") become "***", as do the values of
// keys that name a secret (password, secret, credential, api_key, access_token).
std::string Redact(const std::string& yaml);

}  // namespace cohort::admin

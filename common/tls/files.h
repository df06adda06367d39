#pragma once

#include <string>

#include "absl/status/status.h"

namespace cohort::tls {

// PEM files of one end of a TLS connection.
struct Files {
  std::string certificate;  // This end's chain; goes together with `key`.
  std::string key;          // Its private key, without a passphrase.
  std::string ca;           // Whom to trust, one authority or several. On a server: callers must show a certificate signed by one of these (mutual TLS).

  bool any() const { return !certificate.empty() || !key.empty() || !ca.empty(); }
};

// Whether the files that are named can be used now; of several authorities one that is valid will do. The error names the file: that of reading it (NOT_FOUND where
// there is none), or INVALID_ARGUMENT when it is no PEM, has expired, or does not fit.
absl::Status Check(const Files& files);

}  // namespace cohort::tls

#include "common/testing/certificate_authority.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace cohort::testing {
namespace {

constexpr char kNewKey[] = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

std::string TextOf(const std::string& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

CertificateAuthority::CertificateAuthority(std::string directory) : directory_(std::move(directory)) {
  Run(absl::StrCat("openssl req -x509 ", kNewKey, " -keyout ca.key -out ca.pem -days 10 -subj /CN=authority"));
}

void CertificateAuthority::Issue(const std::string& name, const std::string& subject, int days, const std::string& names) {
  Run(absl::StrCat("echo 'subjectAltName=", names, "' >names"));
  Run(absl::StrCat("openssl req ", kNewKey, " -keyout ", name, ".key.new -out ", name, ".csr -subj '", subject, "'"));
  Run(absl::StrCat("openssl x509 -req -in ", name, ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -out ", name, ".pem.new -days ", days, " -extfile names"));
  Run(absl::StrCat("mv ", name, ".key.new ", name, ".key && mv ", name, ".pem.new ", name, ".pem"));
}

std::string CertificateAuthority::path(const std::string& file) const { return absl::StrCat(directory_, "/", file); }

void CertificateAuthority::Run(const std::string& command) {
  EXPECT_EQ(std::system(absl::StrCat("mkdir -p ", directory_, " && cd ", directory_, " && (", command, ") 2>>openssl.log").c_str()), 0)
      << command << "\n" << TextOf(path("openssl.log"));
}

}  // namespace cohort::testing

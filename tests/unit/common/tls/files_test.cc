#include "common/tls/files.h"

#include <string>

#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/testing/certificate_authority.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "common/tls/certificate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::tls {
namespace {

using ::cohort::testing::CertificateAuthority;
using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::HasSubstr;

class TlsFilesTest : public ::testing::Test {
 protected:
  std::string Read(const std::string& file) const { return io::ReadFile(authority_.path(file)).value_or(""); }
  std::string Write(const std::string& name, const std::string& text) const {
    EXPECT_OK(io::WriteFileAtomically(directory_ / name, text));
    return directory_ / name;
  }
  // A certificate that has expired.
  std::string Expired() {
    authority_.Issue("late", "/CN=late", 0);
    absl::SleepFor(absl::Milliseconds(1100));
    return Read("late.pem");
  }

  const TempDir directory_;
  CertificateAuthority authority_{directory_ / "authority"};
};

TEST_F(TlsFilesTest, OneAuthorityThatIsValidIsEnough) {
  const std::string expired = Expired();
  EXPECT_OK(Check({.ca = Write("expired_first.pem", expired + Read("ca.pem"))}));
  EXPECT_OK(Check({.ca = Write("expired_last.pem", Read("ca.pem") + expired)}));
  EXPECT_THAT(Check({.ca = Write("expired.pem", expired + expired)}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expired.pem: the certificate expired at")));
}

TEST_F(TlsFilesTest, OfAChainTheOwnCertificateMustBeValid) {
  const std::string expired = Expired();
  const std::string chain = Write("chain.pem", expired + Read("ca.pem"));
  EXPECT_THAT(Check({.certificate = chain, .key = authority_.path("late.key")}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("chain.pem: the certificate expired at")));
}

TEST_F(TlsFilesTest, AFileThatIsMissingOrHoldsSomethingElseIsNamed) {
  EXPECT_THAT(Check({.ca = directory_ / "none.pem"}), StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.pem")));
  EXPECT_THAT(Check({.ca = Write("text.pem", "nothing")}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("text.pem: holds no PEM certificate")));
}

TEST_F(TlsFilesTest, AllCertificatesOfAFileAreRead) {
  authority_.Issue("one", "/CN=one");
  authority_.Issue("two", "/CN=two");
  ASSERT_OK_AND_ASSIGN(const std::vector<Certificate> certificates, ParseCertificates(Read("one.pem") + "between\n" + Read("two.pem")));
  ASSERT_EQ(certificates.size(), 2u);
  EXPECT_EQ(certificates[0].common_name, "one");
  EXPECT_EQ(certificates[1].common_name, "two");
}

}  // namespace
}  // namespace cohort::tls

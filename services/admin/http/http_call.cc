#include "services/admin/http/http_call.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/status_macros.h"
#include "curl/curl.h"

namespace cohort::admin {
namespace {

constexpr size_t kMostBytesOfGet = 64u << 20;

struct Answer {
  HttpResponse response;
  size_t most_bytes = 0;
  bool too_long = false;
};

size_t Append(char* data, size_t size, size_t count, void* target) {
  auto& answer = *static_cast<Answer*>(target);
  answer.too_long = answer.response.body.size() + size * count > answer.most_bytes;
  if (answer.too_long) return 0;  // Ends the transfer with an error.
  answer.response.body.append(data, size * count);
  return size * count;
}

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

absl::Status Check(const HttpRequest& request) {
  const bool encrypted = absl::StartsWith(request.url, "https://");
  if (!encrypted && !absl::StartsWith(request.url, "http://")) return absl::InvalidArgumentError(absl::StrCat(request.url, ": neither http:// nor https://"));
  if (encrypted && request.ca_file.empty()) return absl::InvalidArgumentError(absl::StrCat(request.url, ": no authority is named that may vouch for the server"));
  if (!encrypted && !request.token.empty()) return absl::InvalidArgumentError(absl::StrCat(request.url, ": a token is not sent without encryption"));
  return absl::OkStatus();
}

void SetSafety(CURL* curl, const HttpRequest& request) {
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, request.ca_file.empty() ? "http" : "https");
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca_file.c_str());
  curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
}

Headers HeadersOf(const HttpRequest& request) {
  Headers headers(nullptr, &curl_slist_free_all);
  const auto add = [&headers](const std::string& line) { headers.reset(curl_slist_append(headers.release(), line.c_str())); };
  add(absl::StrCat("Accept: ", request.accept));
  add("Expect:");
  if (!request.token.empty()) add(absl::StrCat("Authorization: Bearer ", request.token));
  if (!request.content_type.empty()) add(absl::StrCat("Content-Type: ", request.content_type));
  return headers;
}

absl::Status ErrorOf(CURLcode code, const char* why, const HttpRequest& request, const Answer& answer) {
  if (code == CURLE_OK) return absl::OkStatus();
  if (answer.too_long) return absl::ResourceExhaustedError(absl::StrCat(request.url, ": the answer is longer than ", request.most_bytes, " bytes"));
  if (code == CURLE_OPERATION_TIMEDOUT) return absl::DeadlineExceededError(absl::StrCat(request.url, ": no answer in time"));
  return absl::UnavailableError(absl::StrCat(request.url, ": ", why[0] != '\0' ? why : curl_easy_strerror(code)));
}

}  // namespace

absl::StatusOr<HttpResponse> CallHttp(const HttpRequest& request, absl::Time deadline) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  COHORT_RETURN_IF_ERROR(Check(request));
  const int64_t left = absl::ToInt64Milliseconds(std::min(deadline - absl::Now(), absl::Hours(1)));
  if (left <= 0) return absl::DeadlineExceededError(absl::StrCat(request.url, ": no time is left to ask"));
  const Handle curl(curl_easy_init(), &curl_easy_cleanup);
  if (curl == nullptr) return absl::ResourceExhaustedError("libcurl has no memory");

  SetSafety(curl.get(), request);
  Answer answer{.most_bytes = request.most_bytes};
  char why[CURL_ERROR_SIZE] = "";
  const Headers headers = HeadersOf(request);
  curl_easy_setopt(curl.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(left));
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, why);
  if (!request.body.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, request.body.c_str());
  }
  COHORT_RETURN_IF_ERROR(ErrorOf(curl_easy_perform(curl.get()), why, request, answer));
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.response.code);
  return std::move(answer.response);
}

absl::StatusOr<std::string> HttpGet(const std::string& address, const std::string& path, absl::Time deadline) {
  const HttpRequest request{.url = absl::StrCat("http://", address, path), .most_bytes = kMostBytesOfGet};
  COHORT_ASSIGN_OR_RETURN(HttpResponse response, CallHttp(request, deadline));
  if (response.code != 200) return absl::UnavailableError(absl::StrCat(request.url, ": HTTP ", response.code));
  return std::move(response.body);
}

}  // namespace cohort::admin

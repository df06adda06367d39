// Megabytes of text that one core encodes and decodes in a second: tokenizer_bench TOKENIZER_DIRECTORY TEXT_FILE
// Prints a JSON line. The text goes through in pieces of a prompt's size; time is what the thread computed, so that neighbours do not count.
// make_tokenizer.py beside this file makes a tokenizer to measure.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/io/files.h"
#include "common/text/tokenizer.h"

namespace cohort::text {
namespace {

constexpr size_t kPieceBytes = 4096;
constexpr double kAtLeastSeconds = 3;

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Pieces that end between characters.
std::vector<absl::string_view> Pieces(absl::string_view text) {
  std::vector<absl::string_view> pieces;
  while (!text.empty()) {
    size_t end = std::min(kPieceBytes, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return pieces;
}

int Run(const std::string& directory, const std::string& file) {
  const auto tokenizer = Tokenizer::Load(directory);
  const auto text = io::ReadFile(file);
  if (!tokenizer.ok() || !text.ok()) {
    std::fprintf(stderr, "%s\n", (tokenizer.ok() ? text.status() : tokenizer.status()).ToString().c_str());
    return 1;
  }
  const auto pieces = Pieces(*text);
  int64_t bytes = 0, tokens = 0;
  double encoding = 0, decoding = 0;
  while (encoding < kAtLeastSeconds) {
    for (const absl::string_view piece : pieces) {
      const double begin = ThreadSeconds();
      const auto ids = (*tokenizer)->Encode(piece, /*add_special_tokens=*/false);
      const double middle = ThreadSeconds();
      if (!ids.ok() || !(*tokenizer)->Decode(*ids, /*skip_special_tokens=*/true).ok()) return 1;
      encoding += middle - begin;
      decoding += ThreadSeconds() - middle;
      bytes += static_cast<int64_t>(piece.size());
      tokens += static_cast<int64_t>(ids->size());
    }
  }
  std::printf("{\"bench\": \"tokenizer\", \"vocabulary\": %lld, \"bytes_per_token\": %.2f, \"encode_mb_per_s\": %.2f, \"decode_mb_per_s\": %.2f}\n",
              static_cast<long long>((*tokenizer)->vocab_size()), static_cast<double>(bytes) / static_cast<double>(tokens),
              static_cast<double>(bytes) / encoding / 1e6, static_cast<double>(bytes) / decoding / 1e6);
  return 0;
}

}  // namespace
}  // namespace cohort::text

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: tokenizer_bench TOKENIZER_DIRECTORY TEXT_FILE\n");
    return 2;
  }
  return cohort::text::Run(argv[1], argv[2]);
}

// Megabytes of text that one core encodes and decodes in a second: tokenizer_bench TOKENIZER_DIRECTORY TEXT_FILE
// Prints a JSON line. The text goes through in pieces of a prompt's size.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/text/tokenizer.h"

namespace cohort::text {
namespace {

constexpr size_t kPieceBytes = 4096;
constexpr absl::Duration kAtLeast = absl::Seconds(3);

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
  while (encoding < absl::ToDoubleSeconds(kAtLeast)) {
    for (const absl::string_view piece : pieces) {
      const absl::Time begin = absl::Now();
      const auto ids = (*tokenizer)->Encode(piece, /*add_special_tokens=*/false);
      const absl::Time middle = absl::Now();
      if (!ids.ok() || !(*tokenizer)->Decode(*ids, /*skip_special_tokens=*/true).ok()) return 1;
      encoding += absl::ToDoubleSeconds(middle - begin);
      decoding += absl::ToDoubleSeconds(absl::Now() - middle);
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

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/cli/grade/line_reader.h"

namespace cohort::cli {

// Limits of the rows that `cohort grade` and `cohort parse` take.
inline constexpr size_t kMaxLineBytes = 16 << 20;
inline constexpr size_t kMaxBatchRows = 256;
inline constexpr size_t kMaxBatchBytes = 1 << 20;

// What becomes of the rows of one command. A row has `error`, a text that is empty when the row is fine.
template <typename Row>
struct RowHandlers {
  std::function<Row(const std::string& line, int64_t number)> read;  // `number` is that of the line, from 1.
  std::function<size_t(const Row&)> bytes;
  std::function<absl::Status(std::vector<Row>)> batch;
  // Called while whoever writes the input has not written yet and no row waits; true when there is nothing to do. May be null.
  std::function<absl::StatusOr<bool>()> idle;
  size_t max_rows = kMaxBatchRows;  // Of a batch.
};

// Reads all rows and hands them over in batches, small ones when the writer of the input waits for answers; blank lines are passed over. Answers whether every row
// was fine, or the first error of a handler.
template <typename Row>
absl::StatusOr<bool> ReadRows(LineReader& reader, const RowHandlers<Row>& handlers) {
  std::vector<Row> batch;
  size_t bytes = 0;
  bool all_fine = true;
  std::string line;
  for (int64_t number = 1;; ++number) {
    const LineReader::Result result = reader.Next(&line);
    if (result == LineReader::Result::kEnd) break;
    if (result == LineReader::Result::kTooLong) {
      batch.emplace_back().error = absl::StrCat("line ", number, ": it is longer than ", kMaxLineBytes, " bytes");
    } else if (line.find_first_not_of(" \t\r") != std::string::npos) {
      batch.push_back(handlers.read(line, number));
      bytes += handlers.bytes(batch.back());
    }
    all_fine = all_fine && (batch.empty() || batch.back().error.empty());
    if (batch.size() >= handlers.max_rows || bytes >= kMaxBatchBytes || (!batch.empty() && reader.WouldBlock())) {
      COHORT_RETURN_IF_ERROR(handlers.batch(std::exchange(batch, {})));
      bytes = 0;
    }
    for (bool idle = handlers.idle == nullptr; !idle && reader.WouldBlock();) {
      COHORT_ASSIGN_OR_RETURN(idle, handlers.idle());
    }
  }
  if (!batch.empty()) COHORT_RETURN_IF_ERROR(handlers.batch(std::move(batch)));
  return all_fine;
}

}  // namespace cohort::cli

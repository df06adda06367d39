#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cohort::data {

// A Parquet file as lines of JSON, by the crate `parquet`: nested columns become objects and lists, dates and decimals text. Compressed with snappy or
// zstd, or not at all. Not thread-safe. Errors name the file.
class ParquetFile {
 public:
  // NOT_FOUND when there is no such file, INVALID_ARGUMENT when it is no Parquet.
  static absl::StatusOr<std::unique_ptr<ParquetFile>> Open(const std::string& path);
  ~ParquetFile();

  const std::vector<std::string>& columns() const { return columns_; }

  // Reads only `columns` from here on; they exist. Before the first row.
  absl::Status Select(const std::vector<std::string>& columns);

  // The next rows, at most `most`, one JSON object a line, each ended by a line break; empty behind the last row.
  absl::StatusOr<std::string> Next(int64_t most);

 private:
  struct Impl;
  explicit ParquetFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  std::vector<std::string> columns_;
};

}  // namespace cohort::data

#include "common/data/parquet_file.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/data/parquet_c.h"
#include "common/rust/rust_text.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::data {

struct ParquetFile::Impl {
  struct Close {
    void operator()(CohortParquet* file) const { cohort_parquet_close(file); }
  };
  std::string context;  // What errors begin with.
  std::unique_ptr<CohortParquet, Close> file;
};

ParquetFile::ParquetFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParquetFile::~ParquetFile() = default;

absl::StatusOr<std::unique_ptr<ParquetFile>> ParquetFile::Open(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return absl::NotFoundError(absl::StrCat(path, ": no such file"));
  auto impl = std::make_unique<Impl>();
  impl->context = absl::StrCat(path, ": cannot be read as Parquet");
  CohortParquet* opened = nullptr;
  COHORT_RETURN_IF_ERROR(rust::Check(cohort_parquet_open(path.data(), path.size(), &opened), impl->context));
  impl->file.reset(opened);
  CohortText names{nullptr, 0};
  COHORT_RETURN_IF_ERROR(rust::Check(cohort_parquet_columns(opened, &names), impl->context));
  std::unique_ptr<ParquetFile> file(new ParquetFile(std::move(impl)));
  file->columns_ = nlohmann::json::parse(rust::Take(names)).get<std::vector<std::string>>();
  return file;
}

absl::Status ParquetFile::Select(const std::vector<std::string>& columns) {
  const std::string names = nlohmann::json(columns).dump();
  return rust::Check(cohort_parquet_select(impl_->file.get(), names.data(), names.size()), impl_->context);
}

absl::StatusOr<std::string> ParquetFile::Next(int64_t most) {
  CohortText lines{nullptr, 0};
  COHORT_RETURN_IF_ERROR(rust::Check(cohort_parquet_next(impl_->file.get(), static_cast<size_t>(most), &lines), impl_->context));
  return rust::Take(lines);
}

}  // namespace cohort::data

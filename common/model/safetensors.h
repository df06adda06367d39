#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/model/dtype.h"
#include "common/model/mapped_file.h"

namespace cohort::model {

// One tensor of a safetensors file; the bytes belong to the file.
struct TensorView {
  std::string dtype;  // "F32", "F16", "BF16", ….
  std::vector<int64_t> shape;
  absl::Span<const char> bytes;
};

// A safetensors file, mapped for reading. The header is checked as a whole when the file is opened: afterwards every view lies inside the file and
// has as many bytes as its shape and dtype say. Immutable, hence thread-safe.
class SafetensorsFile {
 public:
  // INVALID_ARGUMENT names the file, the tensor and the remedy; NOT_FOUND when there is no such file.
  static absl::StatusOr<SafetensorsFile> Open(const std::string& path);

  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const std::string& path() const { return path_; }

 private:
  SafetensorsFile(std::string path, MappedFile file) : path_(std::move(path)), file_(std::move(file)) {}
  absl::Status Parse();

  std::string path_;
  MappedFile file_;
  std::map<std::string, TensorView> tensors_;
};

// How the format spells a type: "F32", "BF16".
constexpr absl::string_view SafetensorsName(DType dtype) { return dtype == DType::kFloat32 ? "F32" : "BF16"; }

// One tensor to write; the bytes belong to the caller.
struct TensorToWrite {
  TensorToWrite(std::string name, std::vector<int64_t> shape, DType dtype, absl::Span<const char> bytes)
      : name(std::move(name)), shape(std::move(shape)), dtype(dtype), bytes(bytes) {}
  TensorToWrite(std::string name, std::vector<int64_t> shape, absl::Span<const float> values)
      : TensorToWrite(std::move(name), std::move(shape), DType::kFloat32, BytesOf(values)) {}

  std::string name;
  std::vector<int64_t> shape;
  DType dtype;
  absl::Span<const char> bytes;

 private:
  static absl::Span<const char> BytesOf(absl::Span<const float> values) {
    return absl::MakeConstSpan(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  }
};

// Writes a safetensors file and flushes it to disk. Equal tensors give equal bytes. RESOURCE_EXHAUSTED (disk full) and others name the path; a file
// that could not be finished stays behind, so write into a directory that becomes visible later. INVALID_ARGUMENT for two tensors of one name, or a
// shape that does not fit the bytes.
absl::Status WriteSafetensors(const std::string& path, const std::vector<TensorToWrite>& tensors);

// Copies fp32, fp16 or bf16 values to elements of type `dtype`; what is narrower than its source is rounded to nearest even. INVALID_ARGUMENT (without
// file and name) for another type or number of values.
absl::Status CopyConverted(const TensorView& tensor, DType dtype, absl::Span<char> out);
absl::Status CopyAsFloat(const TensorView& tensor, absl::Span<float> out);

// "[2, 3]", for messages.
std::string ShapeText(absl::Span<const int64_t> shape);

}  // namespace cohort::model

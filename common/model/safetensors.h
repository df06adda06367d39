#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
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

// One tensor to write; the values belong to the caller.
struct TensorToWrite {
  std::string name;
  std::vector<int64_t> shape;
  absl::Span<const float> values;
};

// Writes an fp32 safetensors file and flushes it to disk. Equal tensors give equal bytes. RESOURCE_EXHAUSTED (disk full) and others name the path; a
// file that could not be finished stays behind, so write into a directory that becomes visible later. Two tensors of one name: INVALID_ARGUMENT.
absl::Status WriteSafetensors(const std::string& path, const std::vector<TensorToWrite>& tensors);

// Copies fp32, fp16 or bf16 values into `out`, widened to fp32. INVALID_ARGUMENT (without file and name) for another dtype or number of values.
absl::Status CopyAsFloat(const TensorView& tensor, absl::Span<float> out);

// "[2, 3]", for messages.
std::string ShapeText(absl::Span<const int64_t> shape);

}  // namespace cohort::model

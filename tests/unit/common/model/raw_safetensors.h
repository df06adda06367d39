#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace cohort::model {

// A safetensors file taken apart, to be damaged and put together again without the code under test.
struct RawTensor {
  std::string dtype = "F32";
  std::vector<int64_t> shape;
  std::string bytes;
};
using RawTensors = std::map<std::string, RawTensor>;

RawTensors ReadRaw(const std::string& path);
void WriteRaw(const std::string& path, const RawTensors& tensors);
// A file of this header and data, whatever they are.
void WriteRawFile(const std::string& path, const std::string& header, const std::string& data);

// The bytes of values of one type.
template <typename T>
std::string BytesOf(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

}  // namespace cohort::model

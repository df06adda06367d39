#include "tests/unit/common/model/raw_safetensors.h"

#include <cstring>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "nlohmann/json.hpp"

namespace cohort::model {

RawTensors ReadRaw(const std::string& path) {
  const auto content = io::ReadFile(path);
  EXPECT_OK(content);
  uint64_t header_size;
  std::memcpy(&header_size, content->data(), 8);
  RawTensors tensors;
  const auto header = nlohmann::json::parse(content->substr(8, header_size));
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const int64_t begin = entry["data_offsets"][0], end = entry["data_offsets"][1];
    tensors[name] = {entry["dtype"], entry["shape"], content->substr(8 + header_size + begin, end - begin)};
  }
  return tensors;
}

void WriteRaw(const std::string& path, const RawTensors& tensors) {
  nlohmann::json header;
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    header[name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
    data += tensor.bytes;
  }
  WriteRawFile(path, header.dump(), data);
}

void WriteRawFile(const std::string& path, const std::string& header, const std::string& data) {
  const uint64_t header_size = header.size();
  EXPECT_OK(io::WriteFileAtomically(path, std::string(reinterpret_cast<const char*>(&header_size), 8) + header + data));
}

}  // namespace cohort::model

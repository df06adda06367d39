#include "common/model/safetensors.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

// The format (https://github.com/huggingface/safetensors): 8 bytes, the length of the header, little endian; the header, a JSON object from tensor
// name to {"dtype", "shape", "data_offsets": [begin, end)}, offsets counted from the header's end; the tensors, back to back.
namespace cohort::model {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are read as they lie in the file");

constexpr uint64_t kLargestHeader = 100 << 20;  // As the reference implementation has it.
constexpr absl::string_view kRemedy = "; fetch or copy the file again";

// Bytes of one element, 0 for a dtype that is not known.
int64_t ElementSize(absl::string_view dtype) {
  if (dtype == "F64" || dtype == "I64" || dtype == "U64") return 8;
  if (dtype == "F32" || dtype == "I32" || dtype == "U32") return 4;
  if (dtype == "F16" || dtype == "BF16" || dtype == "I16" || dtype == "U16") return 2;
  if (dtype == "I8" || dtype == "U8" || dtype == "BOOL" || dtype == "F8_E4M3" || dtype == "F8_E5M2") return 1;
  return 0;
}

bool ReadCounts(const nlohmann::json& list, std::vector<int64_t>& out) {
  if (!list.is_array()) return false;
  for (const auto& entry : list) {
    if (!entry.is_number_unsigned() || entry.get<uint64_t>() > (uint64_t{1} << 56)) return false;
    out.push_back(entry.get<int64_t>());
  }
  return true;
}

// -1 when the product does not fit.
int64_t ByteCount(absl::Span<const int64_t> shape, int64_t element_size) {
  __int128 product = element_size;
  for (const int64_t extent : shape) {
    product *= extent;
    if (product > (int64_t{1} << 60)) return -1;
  }
  return static_cast<int64_t>(product);
}

// Elements as they lie in the file, which need not be aligned, to elements of the arena.
template <typename From, typename To, typename Function>
void ConvertEach(absl::Span<const char> bytes, absl::Span<char> out, Function convert) {
  const int64_t count = static_cast<int64_t>(bytes.size() / sizeof(From));
  for (int64_t i = 0; i < count; ++i) {
    From from;
    std::memcpy(&from, bytes.data() + i * sizeof(From), sizeof(From));
    const To to = convert(from);
    std::memcpy(out.data() + i * sizeof(To), &to, sizeof(To));
  }
}

struct Extent {
  int64_t begin, end;
  std::string name;
};

}  // namespace

std::string ShapeText(absl::Span<const int64_t> shape) { return absl::StrCat("[", absl::StrJoin(shape, ", "), "]"); }

absl::StatusOr<SafetensorsFile> SafetensorsFile::Open(const std::string& path) {
  COHORT_ASSIGN_OR_RETURN(MappedFile mapped, MappedFile::Open(path));
  SafetensorsFile file(path, std::move(mapped));
  COHORT_RETURN_IF_ERROR(file.Parse());
  return file;
}

absl::Status SafetensorsFile::Parse() {
  const auto bytes = file_.bytes();
  const auto damaged = [&](const auto&... what) { return absl::InvalidArgumentError(absl::StrCat(path_, ": ", what..., kRemedy)); };
  uint64_t header_size = 0;
  if (bytes.size() < sizeof(header_size)) return damaged("is truncated: ", bytes.size(), " bytes cannot hold a safetensors header");
  std::memcpy(&header_size, bytes.data(), sizeof(header_size));
  if (header_size > kLargestHeader) return damaged("is not a safetensors file (its header would have ", header_size, " bytes)");
  if (header_size > bytes.size() - sizeof(header_size)) {
    return damaged("is truncated: the header has ", header_size, " bytes, the whole file ", bytes.size());
  }
  const char* header_begin = bytes.data() + sizeof(header_size);
  const auto header = nlohmann::json::parse(header_begin, header_begin + header_size, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return damaged("has a damaged header (not a JSON object)");

  const auto data = bytes.subspan(sizeof(header_size) + header_size);
  std::vector<Extent> extents;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const auto wrong = [&](const auto&... what) { return damaged("tensor '", name, "' ", what...); };
    std::vector<int64_t> offsets;
    TensorView view;
    if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() || !entry.contains("shape") ||
        !ReadCounts(entry["shape"], view.shape) || !entry.contains("data_offsets") || !ReadCounts(entry["data_offsets"], offsets) ||
        offsets.size() != 2 || offsets[0] > offsets[1]) {
      return wrong("has a damaged header entry");
    }
    view.dtype = entry["dtype"].get<std::string>();
    const int64_t element_size = ElementSize(view.dtype);
    if (element_size == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(path_, ": tensor '", name, "' has the unknown dtype ", view.dtype, "; convert the checkpoint to F32, BF16 or F16"));
    }
    if (ByteCount(view.shape, element_size) != offsets[1] - offsets[0]) {
      return wrong("of shape ", ShapeText(view.shape), " and dtype ", view.dtype, " has ", offsets[1] - offsets[0], " bytes");
    }
    if (offsets[1] > static_cast<int64_t>(data.size())) {
      return wrong("is truncated: it ends at byte ", offsets[1], " of the data, the file has only ", data.size());
    }
    view.bytes = data.subspan(offsets[0], offsets[1] - offsets[0]);
    extents.push_back({offsets[0], offsets[1], name});
    tensors_.emplace(name, std::move(view));
  }

  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  int64_t end = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != end) return damaged("tensor '", extent.name, "' begins at byte ", extent.begin, " of the data where ", end, " is expected");
    end = extent.end;
  }
  if (end != static_cast<int64_t>(data.size())) return damaged("has ", data.size() - end, " bytes that belong to no tensor");
  return absl::OkStatus();
}

absl::Status CopyConverted(const TensorView& tensor, DType dtype, absl::Span<char> out) {
  if (tensor.dtype != "F32" && tensor.dtype != "F16" && tensor.dtype != "BF16") {
    return absl::InvalidArgumentError(absl::StrCat("has the dtype ", tensor.dtype, "; convert the checkpoint to F32, BF16 or F16"));
  }
  const size_t count = tensor.bytes.size() / ElementSize(tensor.dtype), expected = out.size() / SizeOf(dtype);
  if (count != expected) return absl::InvalidArgumentError(absl::StrCat("has ", count, " values where ", expected, " are expected"));
  if (tensor.dtype == SafetensorsName(dtype)) {
    if (!out.empty()) std::memcpy(out.data(), tensor.bytes.data(), out.size());
  } else if (dtype == DType::kFloat32) {
    ConvertEach<uint16_t, float>(tensor.bytes, out, tensor.dtype == "F16" ? HalfToFloat : BfloatToFloat);
  } else if (tensor.dtype == "F16") {
    ConvertEach<uint16_t, uint16_t>(tensor.bytes, out, [](uint16_t half) { return FloatToBfloat(HalfToFloat(half)); });
  } else {
    ConvertEach<float, uint16_t>(tensor.bytes, out, FloatToBfloat);
  }
  return absl::OkStatus();
}

absl::Status CopyAsFloat(const TensorView& tensor, absl::Span<float> out) {
  return CopyConverted(tensor, DType::kFloat32, absl::MakeSpan(reinterpret_cast<char*>(out.data()), out.size() * sizeof(float)));
}

}  // namespace cohort::model

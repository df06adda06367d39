#pragma once

#include <functional>
#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace cohort::cli {

// How a command's answer is printed.
enum class Format { kTable, kWide, kJson, kYaml, kName };

// What a table shows: header and rows; the first column stands left.
struct Grid {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

// How one answer is shown to people.
struct Presentation {
  std::function<std::string(bool wide)> text;           // Tables and whatever else.
  std::function<std::vector<std::string>()> names;      // For -o name.
};

// The answer as text that ends with a newline. JSON is protobuf's mapping with the names of the .proto files, in one line when `compact`; YAML says the same.
std::string Render(const google::protobuf::Message& answer, const Presentation& presentation, Format format, bool compact);

// A grid as lines; without its header when `headers` is off.
std::string RenderGrid(const Grid& grid, bool headers);

// JSON text as YAML.
std::string JsonToYaml(const std::string& json);

}  // namespace cohort::cli

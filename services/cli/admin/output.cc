#include "services/cli/admin/output.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "services/cli/command/printable.h"
#include "services/cli/command/text_table.h"

namespace cohort::cli {
namespace {

using nlohmann::ordered_json;

std::string ToJson(const google::protobuf::Message& answer, bool compact) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = !compact;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(answer, &json, options).ok()) json = "{}";
  if (json.empty() || json.back() != '\n') json += "\n";
  return json;
}

void AppendYaml(const ordered_json& value, int indent, bool in_list, std::string& out) {
  const std::string padding(static_cast<size_t>(indent), ' ');
  if (value.is_object() && !value.empty()) {
    bool first = true;
    for (const auto& [key, item] : value.items()) {
      // The first key of a list's item stands behind its dash.
      absl::StrAppend(&out, first && in_list ? "" : padding, ordered_json(key).dump(), ":");
      first = false;
      const bool nested = (item.is_object() || item.is_array()) && !item.empty();
      out += nested ? "\n" : " ";
      AppendYaml(item, indent + 2, false, out);
    }
  } else if (value.is_array() && !value.empty()) {
    for (const ordered_json& item : value) {
      absl::StrAppend(&out, padding, "- ");
      AppendYaml(item, indent + 2, true, out);
    }
  } else {
    absl::StrAppend(&out, value.dump(), "\n");  // A JSON scalar is a YAML scalar.
  }
}

}  // namespace

std::string JsonToYaml(const std::string& json) {
  const ordered_json value = ordered_json::parse(json, nullptr, /*allow_exceptions=*/false);
  std::string out;
  AppendYaml(value, 0, false, out);
  return out;
}

std::string Render(const google::protobuf::Message& answer, const Presentation& presentation, Format format, bool compact) {
  switch (format) {
    case Format::kJson: return ToJson(answer, compact);
    case Format::kYaml: return JsonToYaml(ToJson(answer, /*compact=*/true)) + (compact ? "---\n" : "");
    case Format::kName: {
      std::string lines;
      if (presentation.names) {
        for (const std::string& name : presentation.names()) absl::StrAppend(&lines, name, "\n");
      }
      return lines;
    }
    default: return Printable(presentation.text(format == Format::kWide));
  }
}

std::string RenderGrid(const Grid& grid, bool headers) {
  TextTable table(grid.header);
  for (const std::vector<std::string>& row : grid.rows) table.Add(row);
  std::string text = table.Render(/*indent=*/0);
  if (headers) return text;
  for (int line = 0; line < 2; ++line) text.erase(0, text.find('\n') + 1);  // Header and rule.
  return text;
}

}  // namespace cohort::cli

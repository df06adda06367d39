#include <string>

#include "absl/strings/str_cat.h"
#include "common/config/config.h"
#include "common/config/schema.h"
#include "common/config/values.h"

namespace cohort::config {
namespace {

namespace pb = ::google::protobuf;

void Append(const pb::Message& message, const std::string& indent, std::string& yaml) {
  const pb::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::FieldDescriptor& field = *type.field(i);
    if (IsSection(field)) {
      absl::StrAppend(&yaml, indent, field.name(), ":\n");
      Append(message.GetReflection()->GetMessage(message, &field), indent + "  ", yaml);
    } else {
      absl::StrAppend(&yaml, indent, field.name(), ": ", FormatValue(message, field), "\n");
    }
  }
}

}  // namespace

std::string ToYaml(const pb::Message& config) {
  std::string yaml;
  Append(config, "", yaml);
  return yaml;
}

}  // namespace cohort::config

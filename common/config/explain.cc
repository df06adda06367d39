#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/config/config.h"
#include "common/config/descriptor_data.h"
#include "common/config/schema.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace cohort::config {
namespace {

namespace pb = ::google::protobuf;

// The schema with its comments. Built once, never destroyed.
const pb::DescriptorPool& CommentedSchema() {
  static const pb::DescriptorPool* const pool = [] {
    pb::FileDescriptorSet files;
    const absl::string_view bytes = ConfigDescriptorBytes();
    files.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    auto* built = new pb::DescriptorPool;
    for (const auto& file : files.file()) built->BuildFile(file);
    return built;
  }();
  return *pool;
}

// The comment above an element of the schema, its lines joined into paragraphs of one line.
template <typename Descriptor>
std::string CommentOf(const Descriptor* commented) {
  pb::SourceLocation location;
  if (commented == nullptr || !commented->GetSourceLocation(&location)) return "";
  std::string comment;
  for (absl::string_view line : absl::StrSplit(location.leading_comments, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty()) absl::StrAppend(&comment, comment.empty() ? "" : " ", line);
  }
  return comment;
}

std::string CommentOf(const pb::FieldDescriptor& field) { return CommentOf(CommentedSchema().FindFieldByName(field.full_name())); }

std::string ConditionsOf(const pb::FieldDescriptor& field) {
  const v1::FieldRules& rules = RulesOf(field);
  const std::string start = rules.required() ? "Required" : absl::StrCat("Default: ", rules.default_value().empty() ? "\"\"" : rules.default_value());
  const std::string range = RangeText(field);
  return absl::StrCat(start, range.empty() ? "" : absl::StrCat(". Allowed: ", range), ".");
}

std::string ExplainLeaf(const std::string& path, const pb::FieldDescriptor& field) {
  const v1::FieldRules& rules = RulesOf(field);
  const bool is_enum = field.cpp_type() == pb::FieldDescriptor::CPPTYPE_ENUM;
  std::string text = absl::StrCat(path, " (", is_enum ? "one of the values below" : TypeText(field),
                                  rules.unit().empty() ? "" : absl::StrCat(", in ", rules.unit()), ")\n\n  ", CommentOf(field), "\n");
  if (rules.path()) absl::StrAppend(&text, "  A relative path starts at the current directory.\n");
  absl::StrAppend(&text, "\n  ", ConditionsOf(field), "\n");
  if (is_enum) {
    absl::StrAppend(&text, "\n");
    for (int i = 1; i < field.enum_type()->value_count(); ++i) {
      const auto* value = field.enum_type()->value(i);
      absl::StrAppend(&text, "  ", ShortName(*value), ": ", CommentOf(CommentedSchema().FindEnumValueByName(value->full_name())), "\n");
    }
  }
  return text;
}

std::string ExplainSection(const std::string& path, const pb::FieldDescriptor& field) {
  const bool is_run = field.containing_type() == v1::RunConfig::descriptor();
  std::string text = absl::StrCat(path, " (a section of the file for `cohort ", is_run ? "run" : "pretrain", "`)\n\n  ", CommentOf(field), "\n\n");
  const pb::Descriptor& section = *field.message_type();
  for (int i = 0; i < section.field_count(); ++i) {
    absl::StrAppend(&text, "  ", path, ".", section.field(i)->name(), ": ", CommentOf(*section.field(i)), "\n");
  }
  return text;
}

// Explanations of `wanted` in one schema; a field may be asked for without its section.
void ExplainIn(const pb::Descriptor& schema, const std::string& wanted, std::vector<std::string>& found, std::vector<std::string>& known) {
  const auto add = [&found](std::string text) {
    if (std::find(found.begin(), found.end(), text) == found.end()) found.push_back(std::move(text));
  };
  for (int i = 0; i < schema.field_count(); ++i) {
    if (!IsSection(*schema.field(i))) continue;
    known.push_back(schema.field(i)->name());
    if (schema.field(i)->name() == wanted) add(ExplainSection(wanted, *schema.field(i)));
  }
  for (const Leaf& leaf : Leaves(schema)) {
    known.push_back(leaf.path);
    if (leaf.path == wanted || leaf.field().name() == wanted) add(ExplainLeaf(leaf.path, leaf.field()));
  }
}

// The known path that is closest to what was asked for, with or without its section; "" when none is close.
std::string NearestPath(const std::string& wanted, const std::vector<std::string>& known) {
  const std::string nearest = Nearest(wanted, known);
  if (!nearest.empty()) return nearest;
  std::vector<std::string> names;
  for (const std::string& path : known) names.push_back(path.substr(path.rfind('.') + 1));
  const auto name = std::find(names.begin(), names.end(), Nearest(wanted, names));
  return name == names.end() ? "" : known[name - names.begin()];
}

std::string SectionNames() {
  const pb::Descriptor& run = *v1::RunConfig::descriptor();
  std::string names;
  for (int i = 0; i < run.field_count(); ++i) absl::StrAppend(&names, i == 0 ? "" : ", ", run.field(i)->name());
  return names;
}

}  // namespace

absl::StatusOr<std::string> Explain(const std::string& field) {
  std::vector<std::string> found, known;
  ExplainIn(*v1::RunConfig::descriptor(), field, found, known);
  ExplainIn(*v1::PretrainConfig::descriptor(), field, found, known);
  if (!found.empty()) {
    std::string text;
    for (const std::string& explanation : found) absl::StrAppend(&text, text.empty() ? "" : "\n", explanation);
    return text;
  }
  const std::string nearest = NearestPath(field, known);
  return absl::NotFoundError(
      absl::StrCat("there is no field '", field, "'; ",
                   nearest.empty() ? absl::StrCat("sections: ", SectionNames()) : absl::StrCat("did you mean ", nearest, "?")));
}

}  // namespace cohort::config

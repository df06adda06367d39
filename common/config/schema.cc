#include "common/config/schema.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace cohort::config {
namespace {

namespace pb = ::google::protobuf;

void Collect(const pb::Descriptor& message, const Leaf& above, std::vector<Leaf>& leaves) {
  for (int i = 0; i < message.field_count(); ++i) {
    Leaf leaf = above;
    leaf.fields.push_back(message.field(i));
    leaf.path = absl::StrCat(above.path, above.path.empty() ? "" : ".", message.field(i)->name());
    if (IsSection(*message.field(i))) {
      Collect(*message.field(i)->message_type(), leaf, leaves);
    } else {
      leaves.push_back(std::move(leaf));
    }
  }
}

// What all value names of an enum begin with: buf's STANDARD rules call the first one PREFIX_UNSPECIFIED.
std::string PrefixOf(const pb::EnumDescriptor& type) { return std::string(absl::StripSuffix(type.value(0)->name(), "UNSPECIFIED")); }

// Levenshtein distance.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

pb::Message& Leaf::ParentIn(pb::Message& root) const {
  pb::Message* message = &root;
  for (size_t i = 0; i + 1 < fields.size(); ++i) message = message->GetReflection()->MutableMessage(message, fields[i]);
  return *message;
}

std::vector<Leaf> Leaves(const pb::Descriptor& root) {
  std::vector<Leaf> leaves;
  Collect(root, {}, leaves);
  return leaves;
}

const v1::FieldRules& RulesOf(const pb::FieldDescriptor& field) { return field.options().GetExtension(v1::rules); }

bool IsSection(const pb::FieldDescriptor& field) { return field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE && !field.is_repeated(); }

std::string ShortName(const pb::EnumValueDescriptor& value) { return std::string(absl::StripPrefix(value.name(), PrefixOf(*value.type()))); }

std::string ShortNames(const pb::EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 1; i < type.value_count(); ++i) names.push_back(ShortName(*type.value(i)));
  return absl::StrJoin(names, ", ");
}

const pb::EnumValueDescriptor* FindEnumValue(const pb::EnumDescriptor& type, absl::string_view name) {
  const std::string wanted(absl::StripPrefix(absl::AsciiStrToUpper(name), PrefixOf(type)));
  for (int i = 1; i < type.value_count(); ++i) {
    if (ShortName(*type.value(i)) == wanted) return type.value(i);
  }
  return nullptr;
}

std::string TypeText(const pb::FieldDescriptor& field) {
  std::string text;
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32:
    case pb::FieldDescriptor::CPPTYPE_INT64:
      text = "a whole number";
      break;
    case pb::FieldDescriptor::CPPTYPE_UINT32:
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      text = "a whole number, not negative";
      break;
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
      text = "a number";
      break;
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      text = "true or false";
      break;
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      text = absl::StrCat("one of ", ShortNames(*field.enum_type()));
      break;
    case pb::FieldDescriptor::CPPTYPE_STRING:
      text = RulesOf(field).path() ? "a path" : "text";
      break;
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      text = "a section";
      break;
  }
  return field.is_repeated() ? absl::StrCat("a list, each entry ", text) : text;
}

std::string RangeText(const pb::FieldDescriptor& field) {
  const v1::FieldRules& rules = RulesOf(field);
  std::vector<std::string> bounds;
  if (rules.has_min()) bounds.push_back(absl::StrCat(rules.above_min() ? "above " : "at least ", rules.min()));
  if (rules.has_max()) bounds.push_back(absl::StrCat("at most ", rules.max()));
  return absl::StrJoin(bounds, " and ");
}

std::string Nearest(absl::string_view word, const std::vector<std::string>& candidates) {
  const std::string lower = absl::AsciiStrToLower(word);
  std::string best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(lower, absl::AsciiStrToLower(candidate));
    if (distance < best_distance) best = candidate, best_distance = distance;
  }
  return best;
}

}  // namespace cohort::config

#include "common/config/settings.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/config/schema.h"

namespace cohort::config {
namespace {

namespace pb = ::google::protobuf;

std::string Join(const std::string& section, const std::string& key) { return section.empty() ? key : absl::StrCat(section, ".", key); }

std::vector<std::string> KeysOf(const pb::Descriptor& schema) {
  std::vector<std::string> keys;
  for (int i = 0; i < schema.field_count(); ++i) keys.push_back(schema.field(i)->name());
  return keys;
}

// The fields of that name in other sections: the commonest mistake is a right key in the wrong place.
std::string Elsewhere(const std::string& key, const pb::Descriptor& root) {
  for (const Leaf& leaf : Leaves(root)) {
    if (leaf.field().name() == key) return leaf.path;
  }
  return "";
}

// Walks a YAML document along the schema.
class Reader {
 public:
  Reader(const pb::Descriptor& root, Settings& settings, Diagnostics& diagnostics) : root_(root), settings_(settings), diagnostics_(diagnostics) {}

  void Read(const YAML::Node& node, const pb::Descriptor& schema, const std::string& section) {
    std::map<std::string, int> lines;
    for (const auto& entry : node) {
      const Place place{entry.first.Mark().line + 1, ""};
      if (!entry.first.IsScalar()) {
        diagnostics_.Add(place, section, "a key must be plain text; write `key: value`");
        continue;
      }
      const std::string& key = entry.first.Scalar();
      const auto [earlier, is_new] = lines.emplace(key, place.line);
      if (!is_new) {
        diagnostics_.Add(place, Join(section, key), absl::StrCat("is set again, first in line ", earlier->second, "; delete one of the two"));
        continue;
      }
      ReadField(key, entry.second, schema.FindFieldByName(key), schema, section, place);
    }
  }

 private:
  void ReadField(const std::string& key, const YAML::Node& value, const pb::FieldDescriptor* field, const pb::Descriptor& schema,
                 const std::string& section, const Place& place) {
    const std::string path = Join(section, key);
    if (field == nullptr) {
      const std::string other = Elsewhere(key, root_), nearest = Nearest(key, KeysOf(schema));
      settings_.misspelt.insert(other.empty() ? Join(section, nearest) : other);
      diagnostics_.Add(place, path,
                       absl::StrCat("is not a known key; ", !other.empty()     ? absl::StrCat("did you mean ", other, "?")
                                                            : !nearest.empty() ? absl::StrCat("did you mean '", nearest, "'?")
                                                                               : absl::StrCat("known here: ", absl::StrJoin(KeysOf(schema), ", "))));
    } else if (!IsSection(*field)) {
      settings_.values[path] = {value, place};
    } else if (value.IsMap() || value.IsNull()) {
      settings_.sections[path] = place;
      Read(value, *field->message_type(), path);
    } else {
      diagnostics_.Add(place, path,
                       absl::StrCat("is a section; write its fields below it, indented: ", KeysOf(*field->message_type()).front(), ": …"));
    }
  }

  const pb::Descriptor& root_;
  Settings& settings_;
  Diagnostics& diagnostics_;
};

// The only place where yaml-cpp throws; a document that cannot be read answers an undefined node.
YAML::Node Parse(const std::string& text, const Place& whole, Diagnostics& diagnostics) {
  try {
    const auto documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      diagnostics.Add({documents[1].Mark().line + 1, ""}, "", "begins a second YAML document; a configuration is one document, remove the '---'");
    }
    return documents.empty() ? YAML::Node(YAML::NodeType::Null) : documents.front();
  } catch (const YAML::Exception& error) {
    const Place place = error.mark.is_null() || !whole.option.empty() ? whole : Place{error.mark.line + 1, ""};
    diagnostics.Add(place, "", absl::StrCat("is not YAML (", error.msg, "); check indentation, quotes and colons near this line"));
    return YAML::Node(YAML::NodeType::Undefined);
  }
}

// The value of an option. Text is taken as it stands, unless it is quoted as in YAML.
YAML::Node OptionValue(const std::string& text, const pb::FieldDescriptor& field, const Place& place, Diagnostics& diagnostics) {
  const bool is_text = field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING && !field.is_repeated();
  const bool is_quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return is_text && !is_quoted ? YAML::Node(text) : Parse(text, place, diagnostics);
}

}  // namespace

Place Settings::PlaceOf(const std::string& path) const {
  if (const auto value = values.find(path); value != values.end()) return value->second.place;
  const auto section = sections.find(path.substr(0, path.rfind('.')));
  return section == sections.end() ? Place{} : section->second;
}

bool Settings::IsMisspelt(const std::string& path) const { return misspelt.contains(path) || misspelt.contains(path.substr(0, path.rfind('.'))); }

Settings ReadSettings(const std::string& text, const pb::Descriptor& schema, Diagnostics& diagnostics) {
  Settings settings;
  const YAML::Node document = Parse(text, Place{}, diagnostics);
  settings.readable = document.IsDefined() && (document.IsMap() || document.IsNull());
  if (document.IsMap()) {
    Reader(schema, settings, diagnostics).Read(document, schema, "");
  } else if (document.IsDefined() && !document.IsNull()) {
    diagnostics.Add({document.Mark().line + 1, ""}, "",
                    absl::StrCat("is not a configuration; it must consist of sections such as `", schema.field(0)->name(), ":`"));
  }
  return settings;
}

void AddOverrides(const std::vector<std::string>& overrides, const pb::Descriptor& schema, Settings& settings, Diagnostics& diagnostics) {
  const std::vector<Leaf> leaves = Leaves(schema);
  std::vector<std::string> paths;
  for (const Leaf& leaf : leaves) paths.push_back(leaf.path);
  for (const std::string& override_text : overrides) {
    const Place place{0, absl::StrCat("--set ", override_text)};
    const size_t equals = override_text.find('=');
    if (equals == std::string::npos) {
      diagnostics.Add(place, "", "has no '='; write --set section.field=value");
      continue;
    }
    const std::string path = override_text.substr(0, equals);
    const auto leaf = std::find_if(leaves.begin(), leaves.end(), [&](const Leaf& candidate) { return candidate.path == path; });
    if (leaf != leaves.end()) {
      settings.values[path] = {OptionValue(override_text.substr(equals + 1), leaf->field(), place, diagnostics), place};
      continue;
    }
    const std::string other = Elsewhere(path, schema), nearest = other.empty() ? Nearest(path, paths) : other;
    settings.misspelt.insert(nearest);
    diagnostics.Add(place, path,
                    absl::StrCat("is not a known field; ", nearest.empty() ? "see `cohort config explain SECTION` for the names of its fields"
                                                                           : absl::StrCat("did you mean ", nearest, "?")));
  }
}

}  // namespace cohort::config

#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/config/diagnostics.h"
#include "google/protobuf/descriptor.h"
#include "yaml-cpp/yaml.h"

namespace cohort::config {

// One value that the user wrote.
struct Setting {
  YAML::Node value;
  Place place;
};

// What the user wrote, by field path; and the lines of the sections, for fields that are missing in them.
struct Settings {
  bool readable = true;  // False: the text is no YAML map at all, and everything else is empty.
  std::map<std::string, Setting> values;
  std::map<std::string, Place> sections;
  std::set<std::string>
      misspelt;  // Fields and sections that were probably meant by unknown keys: complaining that they are missing would only confuse.

  // Whether the user meant to set the field but misspelt it or its section.
  bool IsMisspelt(const std::string& path) const;

  // Where the field was written; else its section; else the file as a whole.
  Place PlaceOf(const std::string& path) const;
};

// Reads YAML text against the schema. Unknown and repeated keys, sections that are none and text that is not YAML go to `diagnostics`.
Settings ReadSettings(const std::string& text, const google::protobuf::Descriptor& schema, Diagnostics& diagnostics);

// Adds "section.field=value" options, which win over the file, the last over the earlier ones.
void AddOverrides(const std::vector<std::string>& overrides, const google::protobuf::Descriptor& schema, Settings& settings,
                  Diagnostics& diagnostics);

}  // namespace cohort::config

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json_fwd.hpp"

namespace cohort::data {

// One row of a data set while it is read.
struct Row {
  const nlohmann::json& values;                       // An object by column name.
  const std::string& place;                           // For people: "train.jsonl:12" or "train.parquet: row 12", from 1.
  const std::vector<std::string>* columns = nullptr;  // All columns of the Parquet file it is from, read or not.
};
// What a reader looks for in rows.
struct WantedRow {
  std::vector<std::string> columns;  // Of Parquet files only these are read, where they exist; one may be a path into objects, such as extra.answer.
  std::string example;               // A JSON object, for errors: what a row should look like.
};
using RowVisitor = std::function<absl::Status(const Row& row)>;

// Hands every row of a data set to `visit`, in order: a JSONL file of objects (.jsonl, .json or .ndjson, blank lines are passed over), a Parquet file, or
// a directory of such files, read by name; its other files and those whose names begin with a dot are let be. 
//
// INVALID_ARGUMENT names file, row and remedy: a line that is no JSON object, a damaged file, a directory without data files, a data set without
// rows. NOT_FOUND when there is no such file. The first error of `visit` ends the reading and is returned as it is.
absl::Status ForEachRow(const std::string& path, const WantedRow& wanted, const RowVisitor& visit);

// The value at `column` of a row, which is the name of a key or, where no key is called so, a path of keys with dots; null when it is not there.
const nlohmann::json* Find(const nlohmann::json& row, absl::string_view column);

// "its columns are a, b, c", for errors about a column that is not there.
std::string ColumnsText(const Row& row);

}  // namespace cohort::data

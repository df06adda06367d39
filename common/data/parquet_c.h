#pragma once

#include <stddef.h>

#include "common/rust/rust_text_c.h"

// The C interface of the Rust library (common/rust) to Parquet files; only parquet_file.cc calls it. Calls answer an error text, `data == NULL` when they
// succeeded, and what they hand out belongs to the caller. A file is used by one thread at a time.
#ifdef __cplusplus
extern "C" {
#endif

typedef struct CohortParquet CohortParquet;

CohortText cohort_parquet_open(const char* path, size_t path_size, CohortParquet** file);
void cohort_parquet_close(CohortParquet* file);
// A JSON array of the names of the columns.
CohortText cohort_parquet_columns(const CohortParquet* file, CohortText* names);
// `names` is a JSON array: only these columns are read from here on. Call it before the first row.
CohortText cohort_parquet_select(CohortParquet* file, const char* names, size_t names_size);
// The next rows, `most` of them or what is left, one JSON object a line; empty behind the last.
CohortText cohort_parquet_next(CohortParquet* file, size_t most, CohortText* lines);

#ifdef __cplusplus
}
#endif

#pragma once

#include <stddef.h>

// The text that crosses the C boundary of the Rust library: UTF-8 with its length, never zero-terminated. A text that the library hands out, errors
// included, belongs to the caller and is given back with cohort_text_free.
#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  char* data;  // NULL: none. Never NULL for an empty text that was asked for.
  size_t size;
} CohortText;

void cohort_text_free(CohortText text);

#ifdef __cplusplus
}
#endif

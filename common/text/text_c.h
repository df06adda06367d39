#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/rust/rust_text_c.h"

// The C interface of the Rust library (common/rust) to tokenizers and chat templates; only tokenizer.cc and chat_template.cc call it. Every call that can
// fail answers an error text, `data == NULL` when it succeeded; whatever it hands out, errors included, belongs to the caller and is given back with the
// function of its type. A panic inside is an error like any other. Tokenizers and templates are immutable after loading: share them among threads.
#ifdef __cplusplus
extern "C" {
#endif

typedef struct CohortTokenizer CohortTokenizer;

typedef struct {
  uint32_t* data;
  size_t size;
} CohortIds;

// `json` is the content of tokenizer.json. `special` are `special_count` texts that skip_special_tokens leaves out besides those that the file marks;
// texts that are not in the vocabulary are let be.
CohortText cohort_tokenizer_load(const char* json, size_t json_size, const CohortText* special, size_t special_count, CohortTokenizer** tokenizer);
void cohort_tokenizer_free(CohortTokenizer* tokenizer);

CohortText cohort_tokenizer_encode(const CohortTokenizer* tokenizer, const char* text, size_t text_size, int add_special_tokens, CohortIds* ids);
// The ids must be known: check them against cohort_tokenizer_token_text first.
CohortText cohort_tokenizer_decode(const CohortTokenizer* tokenizer, const uint32_t* ids, size_t count, int skip_special_tokens, CohortText* text);

// One more than the largest id.
size_t cohort_tokenizer_vocab_size(const CohortTokenizer* tokenizer);
// `data == NULL` when there is no such id.
CohortText cohort_tokenizer_token_text(const CohortTokenizer* tokenizer, uint32_t id);
// -1 when there is no such token.
int64_t cohort_tokenizer_token_id(const CohortTokenizer* tokenizer, const char* text, size_t text_size);

typedef struct CohortChatTemplate CohortChatTemplate;

// `source` is Jinja.
CohortText cohort_chat_template_load(const char* source, size_t source_size, CohortChatTemplate** chat_template);
void cohort_chat_template_free(CohortChatTemplate* chat_template);
// `variables` is a JSON object of what the template sees by name.
CohortText cohort_chat_template_render(const CohortChatTemplate* chat_template, const char* variables, size_t variables_size, CohortText* text);

void cohort_ids_free(CohortIds ids);

#ifdef __cplusplus
}
#endif

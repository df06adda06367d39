//! Hugging Face tokenizers.

use std::os::raw::{c_char, c_int};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::{ptr, slice};

use tokenizers::{AddedToken, Tokenizer};

use crate::{bytes_at, guarded, text_at, CohortText};

/// A loaded tokenizer.
pub struct CohortTokenizer {
    tokenizer: Tokenizer,
    vocab_size: usize,
}

/// Token ids.
#[repr(C)]
pub struct CohortIds {
    data: *mut u32,
    size: usize,
}

/// # Safety
/// `json` and `special` are readable at their sizes, `tokenizer` is writable.
#[no_mangle]
pub unsafe extern "C" fn cohort_tokenizer_load(
    json: *const c_char,
    json_size: usize,
    special: *const CohortText,
    special_count: usize,
    tokenizer: *mut *mut CohortTokenizer,
) -> CohortText {
    guarded(|| {
        let mut loaded = Tokenizer::from_bytes(bytes_at(json, json_size)).map_err(|e| e.to_string())?;
        // Truncation and padding that a training script left in the file are no property of the text.
        loaded.with_truncation(None).map_err(|e| e.to_string())?;
        loaded.with_padding(None);
        let specials = if special_count == 0 { &[] } else { slice::from_raw_parts(special, special_count) };
        for entry in specials {
            let text = text_at(entry.data, entry.size)?;
            if loaded.token_to_id(text).is_some() && !loaded.get_added_vocabulary().is_special_token(text) {
                loaded.add_special_tokens([AddedToken::from(text, true)]).map_err(|e| e.to_string())?;
            }
        }
        let vocab_size = loaded.get_vocab(true).values().max().map_or(0, |&id| id as usize + 1);
        *tokenizer = Box::into_raw(Box::new(CohortTokenizer { tokenizer: loaded, vocab_size }));
        Ok(())
    })
}

/// # Safety
/// `tokenizer` came from `cohort_tokenizer_load` and is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn cohort_tokenizer_free(tokenizer: *mut CohortTokenizer) {
    if !tokenizer.is_null() {
        drop(Box::from_raw(tokenizer));
    }
}

/// # Safety
/// `tokenizer` is alive, `text` is readable at its size, `ids` is writable.
#[no_mangle]
pub unsafe extern "C" fn cohort_tokenizer_encode(
    tokenizer: *const CohortTokenizer,
    text: *const c_char,
    text_size: usize,
    add_special_tokens: c_int,
    ids: *mut CohortIds,
) -> CohortText {
    guarded(|| {
        let encoding = (*tokenizer).tokenizer.encode_fast(text_at(text, text_size)?, add_special_tokens != 0);
        let found = encoding.map_err(|e| e.to_string())?.get_ids().to_vec().into_boxed_slice();
        let size = found.len();
        *ids = CohortIds { data: Box::into_raw(found) as *mut u32, size };
        Ok(())
    })
}

/// # Safety
/// `tokenizer` is alive, `ids` is readable at its size, `text` is writable.
#[no_mangle]
pub unsafe extern "C" fn cohort_tokenizer_decode(
    tokenizer: *const CohortTokenizer,
    ids: *const u32,
    count: usize,
    skip_special_tokens: c_int,
    text: *mut CohortText,
) -> CohortText {
    guarded(|| {
        let ids = if count == 0 { &[] } else { slice::from_raw_parts(ids, count) };
        let decoded = (*tokenizer).tokenizer.decode(ids, skip_special_tokens != 0);
        *text = CohortText::new(decoded.map_err(|e| e.to_string())?);
        Ok(())
    })
}

/// # Safety
/// `tokenizer` is alive.
#[no_mangle]
pub unsafe extern "C" fn cohort_tokenizer_vocab_size(tokenizer: *const CohortTokenizer) -> usize {
    (*tokenizer).vocab_size
}

/// # Safety
/// `tokenizer` is alive.
#[no_mangle]
pub unsafe extern "C" fn cohort_tokenizer_token_text(tokenizer: *const CohortTokenizer, id: u32) -> CohortText {
    match catch_unwind(AssertUnwindSafe(|| (*tokenizer).tokenizer.id_to_token(id))) {
        Ok(Some(token)) => CohortText::new(token),
        _ => CohortText::NONE,
    }
}

/// # Safety
/// `tokenizer` is alive, `text` is readable at its size.
#[no_mangle]
pub unsafe extern "C" fn cohort_tokenizer_token_id(tokenizer: *const CohortTokenizer, text: *const c_char, text_size: usize) -> i64 {
    let find = || text_at(text, text_size).ok().and_then(|token| (*tokenizer).tokenizer.token_to_id(token));
    catch_unwind(AssertUnwindSafe(find)).ok().flatten().map_or(-1, i64::from)
}

/// # Safety
/// `ids` came from this library and is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn cohort_ids_free(ids: CohortIds) {
    if !ids.data.is_null() {
        drop(Box::from_raw(ptr::slice_from_raw_parts_mut(ids.data, ids.size)));
    }
}

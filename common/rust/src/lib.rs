//! What Cohort takes from Rust, behind small C interfaces: `rust_text_c.h` beside this crate, `text_c.h` and `parquet_c.h` in the folders that use it.
//!
//! Nothing unwinds out of here: every entry point that runs foreign code catches panics and answers them as error texts.

mod chat_template;
mod parquet_rows;
mod tokenizer;

use std::os::raw::c_char;
use std::panic::{catch_unwind, set_hook, AssertUnwindSafe};
use std::sync::Once;
use std::{ptr, slice, str};

/// Bytes of UTF-8 text; `data` is null for none.
#[repr(C)]
pub struct CohortText {
    data: *mut c_char,
    size: usize,
}

impl CohortText {
    const NONE: CohortText = CohortText { data: ptr::null_mut(), size: 0 };

    fn new(text: String) -> CohortText {
        let bytes = text.into_bytes().into_boxed_slice();
        let size = bytes.len();
        CohortText { data: Box::into_raw(bytes) as *mut c_char, size }
    }
}

/// Runs `body`; answers no text when it succeeds, its error or its panic otherwise.
fn guarded(body: impl FnOnce() -> Result<(), String>) -> CohortText {
    // A panic is answered as an error; printing it besides would only frighten.
    static QUIET: Once = Once::new();
    QUIET.call_once(|| set_hook(Box::new(|_| {})));
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => CohortText::NONE,
        Ok(Err(message)) => CohortText::new(message),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
            CohortText::new(format!("the Rust library panicked: {}", text.unwrap_or_default()))
        }
    }
}

unsafe fn bytes_at<'a>(data: *const c_char, size: usize) -> &'a [u8] {
    if size == 0 {
        return &[];
    }
    slice::from_raw_parts(data as *const u8, size)
}

unsafe fn text_at<'a>(data: *const c_char, size: usize) -> Result<&'a str, String> {
    str::from_utf8(bytes_at(data, size)).map_err(|e| format!("the text is not UTF-8 (at byte {})", e.valid_up_to()))
}

/// # Safety
/// `text` came from this library and is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn cohort_text_free(text: CohortText) {
    if !text.data.is_null() {
        drop(Box::from_raw(ptr::slice_from_raw_parts_mut(text.data as *mut u8, text.size)));
    }
}

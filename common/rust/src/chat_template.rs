//! Chat templates as Hugging Face transformers renders them: Jinja with Python's methods, spelling of values and JSON.

use std::os::raw::c_char;

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State};
use serde_json::Value as Json;

use crate::{bytes_at, guarded, text_at, CohortText};

const NAME: &str = "chat";

/// A compiled chat template.
pub struct CohortChatTemplate {
    environment: Environment<'static>,
}

/// Blocks that mark what the assistant generated change nothing about the text; here they are conditions that always hold.
fn without_generation_marks(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(begin) = rest.find("{%") {
        let Some(length) = rest[begin..].find("%}") else { break };
        let block = &rest[begin..begin + length + 2];
        let inner = block[2..block.len() - 2].trim_matches(|c| c == '-' || c == '+').trim();
        text.push_str(&rest[..begin]);
        match inner {
            "generation" => text.push_str(&block.replacen("generation", "if true", 1)),
            "endgeneration" => text.push_str(&block.replacen("endgeneration", "endif", 1)),
            _ => text.push_str(block),
        }
        rest = &rest[begin + block.len()..];
    }
    text + rest
}

/// Values where they stand in the text are spelled as Python does.
fn write_value(out: &mut minijinja::Output, state: &State, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Bool => Ok(out.write_str(if value.is_true() { "True" } else { "False" })?),
        ValueKind::None => Ok(out.write_str("None")?),
        _ => minijinja::escape_formatter(out, state, value),
    }
}

/// `json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)` of Python.
struct PythonJson {
    indent: Option<usize>,
    between_items: String,
    after_key: String,
}

impl PythonJson {
    fn write(&self, value: &Json, depth: usize, out: &mut String) {
        match value {
            Json::Array(items) => self.write_items('[', ']', items.iter().map(|item| (None, item)), depth, out),
            Json::Object(items) => self.write_items('{', '}', items.iter().map(|(key, item)| (Some(key), item)), depth, out),
            scalar => out.push_str(&scalar.to_string()),
        }
    }

    fn write_items<'a>(&self, open: char, close: char, items: impl Iterator<Item = (Option<&'a String>, &'a Json)>, depth: usize, out: &mut String) {
        out.push(open);
        let mut empty = true;
        for (key, item) in items {
            if !empty {
                out.push_str(&self.between_items);
            }
            empty = false;
            self.new_line(depth + 1, out);
            if let Some(key) = key {
                out.push_str(&Json::String(key.clone()).to_string());
                out.push_str(&self.after_key);
            }
            self.write(item, depth + 1, out);
        }
        if !empty {
            self.new_line(depth, out);
        }
        out.push(close);
    }

    fn new_line(&self, depth: usize, out: &mut String) {
        if let Some(indent) = self.indent {
            out.push('\n');
            out.extend(std::iter::repeat(' ').take(indent * depth));
        }
    }
}

fn to_json(value: &Value, options: Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let separators: Option<Vec<String>> = options.get("separators")?;
    // Sorting and escaping beyond ASCII are what no template asks for with another value than transformers' default.
    let _: Option<bool> = options.get("ensure_ascii")?;
    let _: Option<bool> = options.get("sort_keys")?;
    options.assert_all_used()?;
    let [between_items, after_key] = match separators.as_deref() {
        Some([between, after]) => [between.clone(), after.clone()],
        Some(_) => return Err(Error::new(ErrorKind::InvalidOperation, "tojson: separators are two texts")),
        None => [if indent.is_some() { "," } else { ", " }.to_string(), ": ".to_string()],
    };
    let json = serde_json::to_value(value).map_err(|e| Error::new(ErrorKind::BadSerialization, e.to_string()))?;
    let mut text = String::new();
    PythonJson { indent, between_items, after_key }.write(&json, 0, &mut text);
    Ok(text)
}

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

fn compile(source: &str) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(write_value);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_filter("tojson", to_json);
    environment.add_function("raise_exception", raise_exception);
    environment.add_template_owned(NAME, without_generation_marks(source))?;
    Ok(environment)
}

/// What is wrong and in which line.
fn describe(error: &Error) -> String {
    let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_string);
    error.line().map_or(what.clone(), |line| format!("{what} (line {line} of the template)"))
}

/// # Safety
/// `source` is readable at its size, `chat_template` is writable.
#[no_mangle]
pub unsafe extern "C" fn cohort_chat_template_load(
    source: *const c_char,
    source_size: usize,
    chat_template: *mut *mut CohortChatTemplate,
) -> CohortText {
    guarded(|| {
        let environment = compile(text_at(source, source_size)?).map_err(|e| describe(&e))?;
        *chat_template = Box::into_raw(Box::new(CohortChatTemplate { environment }));
        Ok(())
    })
}

/// # Safety
/// `chat_template` came from `cohort_chat_template_load` and is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn cohort_chat_template_free(chat_template: *mut CohortChatTemplate) {
    if !chat_template.is_null() {
        drop(Box::from_raw(chat_template));
    }
}

/// # Safety
/// `chat_template` is alive, `variables` is readable at its size, `text` is writable.
#[no_mangle]
pub unsafe extern "C" fn cohort_chat_template_render(
    chat_template: *const CohortChatTemplate,
    variables: *const c_char,
    variables_size: usize,
    text: *mut CohortText,
) -> CohortText {
    guarded(|| {
        let variables: Json = serde_json::from_slice(bytes_at(variables, variables_size)).map_err(|e| e.to_string())?;
        let template = (*chat_template).environment.get_template(NAME).map_err(|e| describe(&e))?;
        *text = CohortText::new(template.render(Value::from_serialize(&variables)).map_err(|e| describe(&e))?);
        Ok(())
    })
}

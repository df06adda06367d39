//! Rows of a Parquet file as lines of JSON.

use std::fs::File;
use std::os::raw::c_char;
use std::path::Path;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde_json::{Map, Number, Value};

use crate::{guarded, text_at, CohortText};

/// An open Parquet file and the place that reading has come to.
pub struct CohortParquet {
    columns: Vec<String>,
    schema: Type,
    rows: Option<RowIter<'static>>,
}

fn describe(error: ParquetError) -> String {
    let text = error.to_string();
    if text.contains("Disabled feature") || text.contains("NYI") {
        return format!("{text}; write the file with compression snappy or zstd, or none");
    }
    text
}

fn open(path: &str) -> Result<CohortParquet, String> {
    let file = File::open(Path::new(path)).map_err(|e| e.to_string())?;
    let reader = SerializedFileReader::new(file).map_err(describe)?;
    let schema = reader.metadata().file_metadata().schema().clone();
    let columns = schema.get_fields().iter().map(|field| field.name().to_string()).collect();
    Ok(CohortParquet { columns, schema, rows: Some(RowIter::from_file_into(Box::new(reader))) })
}

/// Reads only what is in the columns of these names.
fn select(file: &mut CohortParquet, names: &[String]) -> Result<(), String> {
    let wanted = file.schema.get_fields().iter().filter(|field| names.iter().any(|name| name == field.name()));
    let kept = Type::group_type_builder(file.schema.name()).with_fields(wanted.cloned().collect()).build().map_err(describe)?;
    let rows = file.rows.take().ok_or("the file is closed after an error")?;
    file.rows = Some(rows.project(Some(kept)).map_err(describe)?);
    Ok(())
}

fn float(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn to_json(field: &Field) -> Result<Value, String> {
    Ok(match field {
        Field::Null => Value::Null,
        Field::Bool(value) => Value::Bool(*value),
        Field::Byte(value) => Value::from(*value),
        Field::Short(value) => Value::from(*value),
        Field::Int(value) => Value::from(*value),
        Field::Long(value) => Value::from(*value),
        Field::UByte(value) => Value::from(*value),
        Field::UShort(value) => Value::from(*value),
        Field::UInt(value) => Value::from(*value),
        Field::ULong(value) => Value::from(*value),
        Field::Float16(value) => float(value.to_f64()),
        Field::Float(value) => float(f64::from(*value)),
        Field::Double(value) => float(*value),
        Field::Str(value) => Value::String(value.clone()),
        // Some writers leave out that a column is text.
        Field::Bytes(value) => Value::String(String::from_utf8(value.data().to_vec()).map_err(|_| "bytes that are no UTF-8 text")?),
        Field::Group(row) => row_to_json(row)?,
        Field::ListInternal(list) => Value::Array(list.elements().iter().map(to_json).collect::<Result<_, _>>()?),
        Field::MapInternal(map) => {
            let mut object = Map::new();
            for (key, value) in map.entries() {
                let key = match to_json(key)? {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                object.insert(key, to_json(value)?);
            }
            Value::Object(object)
        }
        // Dates, times and decimals, spelled for people.
        other => Value::String(other.to_string()),
    })
}

fn row_to_json(row: &Row) -> Result<Value, String> {
    let mut object = Map::new();
    for (name, field) in row.get_column_iter() {
        let value = to_json(field).map_err(|e| if e.starts_with('\'') { e } else { format!("'{name}' holds {e}") })?;
        object.insert(name.clone(), value);
    }
    Ok(Value::Object(object))
}

/// Up to `most` rows as lines; nothing when all have been read.
fn next(file: &mut CohortParquet, most: usize) -> Result<String, String> {
    let rows = file.rows.as_mut().ok_or("the file is closed after an error")?;
    let mut lines = String::new();
    for row in rows.take(most) {
        lines.push_str(&row_to_json(&row.map_err(describe)?)?.to_string());
        lines.push('\n');
    }
    Ok(lines)
}

/// # Safety
/// `path` is readable at its size, `file` is writable.
#[no_mangle]
pub unsafe extern "C" fn cohort_parquet_open(path: *const c_char, path_size: usize, file: *mut *mut CohortParquet) -> CohortText {
    guarded(|| {
        *file = Box::into_raw(Box::new(open(text_at(path, path_size)?)?));
        Ok(())
    })
}

/// # Safety
/// `file` came from `cohort_parquet_open` and is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn cohort_parquet_close(file: *mut CohortParquet) {
    if !file.is_null() {
        drop(Box::from_raw(file));
    }
}

/// # Safety
/// `file` is alive, `names` is writable.
#[no_mangle]
pub unsafe extern "C" fn cohort_parquet_columns(file: *const CohortParquet, names: *mut CohortText) -> CohortText {
    guarded(|| {
        *names = CohortText::new(Value::from((*file).columns.clone()).to_string());
        Ok(())
    })
}

/// # Safety
/// `file` is alive and used by no other thread, `names` is readable at its size.
#[no_mangle]
pub unsafe extern "C" fn cohort_parquet_select(file: *mut CohortParquet, names: *const c_char, names_size: usize) -> CohortText {
    guarded(|| {
        let names: Vec<String> = serde_json::from_str(text_at(names, names_size)?).map_err(|e| e.to_string())?;
        select(&mut *file, &names)
    })
}

/// # Safety
/// `file` is alive and used by no other thread, `lines` is writable.
#[no_mangle]
pub unsafe extern "C" fn cohort_parquet_next(file: *mut CohortParquet, most: usize, lines: *mut CohortText) -> CohortText {
    guarded(|| {
        *lines = CohortText::new(next(&mut *file, most)?);
        Ok(())
    })
}

//! JSON as people read it: lines of names and values, records that are alike as a table, notebooks as their cells.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{ExtractError, markdown, writer::TextWriter};

/// A value with its members in the order of the file.
enum Value {
    Scalar(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

pub(super) fn write(text: &str, writer: &mut TextWriter) -> Result<(), ExtractError> {
    match serde_json::from_str(text).map_err(ExtractError::corrupt)? {
        Value::List(records) => write_records(&records, writer),
        value => match notebook_cells(&value) {
            Some(cells) => cells.iter().try_for_each(|cell| write_cell(cell, writer)),
            None => writer.code(&lines_of(&value)),
        },
    }
}

pub(super) fn write_lines(text: &str, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let records: Result<Vec<Value>, _> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(serde_json::from_str)
        .collect();
    write_records(&records.map_err(ExtractError::corrupt)?, writer)
}

fn write_records(records: &[Value], writer: &mut TextWriter) -> Result<(), ExtractError> {
    if let Some(rows) = as_table(records) {
        return writer.table(&rows);
    }
    records.iter().try_for_each(|record| writer.code(&lines_of(record)))
}

/// Records that all have the same members, none of them nested.
fn as_table(records: &[Value]) -> Option<Vec<Vec<String>>> {
    let Value::Object(first) = records.first()? else {
        return None;
    };
    let names: Vec<String> = first.iter().map(|(name, _)| name.clone()).collect();
    let mut rows = vec![names.clone()];
    for record in records {
        let Value::Object(members) = record else { return None };
        if !members.iter().map(|(name, _)| name).eq(&names) {
            return None;
        }
        let cells: Option<Vec<String>> = members
            .iter()
            .map(|(_, value)| match value {
                Value::Scalar(text) => Some(text.clone()),
                _ => None,
            })
            .collect();
        rows.push(cells?);
    }
    (rows.len() > 2 && names.len() > 1).then_some(rows)
}

fn lines_of(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, 0, &mut out);
    out
}

fn write_value(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Scalar(text) => out.push_str(&format!("{indent}{text}\n")),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::Scalar(text) => out.push_str(&format!("{indent}{name}: {text}\n")),
                    nested => {
                        out.push_str(&format!("{indent}{name}:\n"));
                        write_value(nested, depth + 1, out);
                    }
                }
            }
        }
        Value::List(items) => {
            for item in items {
                let start = out.len();
                write_value(item, depth + 1, out);
                // The dash takes the place of the last two spaces before the item.
                if out.len() > start {
                    out.replace_range(start + depth * 2..start + depth * 2 + 2, "- ");
                }
            }
        }
    }
}

fn member<'v>(value: &'v Value, wanted: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value),
        _ => None,
    }
}

/// The cells of a Jupyter notebook.
fn notebook_cells(value: &Value) -> Option<&[Value]> {
    member(value, "nbformat")?;
    match member(value, "cells")? {
        Value::List(cells) => Some(cells),
        _ => None,
    }
}

fn write_cell(cell: &Value, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let source = match member(cell, "source") {
        Some(Value::Scalar(text)) => text.clone(),
        // Each string ends with its own line end.
        Some(Value::List(lines)) => lines
            .iter()
            .filter_map(|line| match line {
                Value::Scalar(text) => Some(text.as_str()),
                _ => None,
            })
            .collect(),
        _ => return Ok(()),
    };
    match member(cell, "cell_type") {
        Some(Value::Scalar(kind)) if kind == "markdown" => markdown::write(&source, writer),
        _ => writer.code(&source),
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Scalar(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Limits;

    fn read(text: &str, write: impl Fn(&str, &mut TextWriter) -> Result<(), ExtractError>) -> String {
        let limits = Limits::default();
        let mut writer = TextWriter::new(&limits);
        write(text, &mut writer).unwrap();
        let document = writer.finish().unwrap();
        document.validate().unwrap();
        document.text
    }

    #[test]
    fn nested_values_become_lines() {
        let json = r#"{"tea": {"kind": "gr\u00fcn", "at": [80, {"x": null, "y": true}]}, "b": []}"#;
        assert_eq!(
            read(json, write),
            "tea:\n  kind: grün\n  at:\n    - 80\n    - x: \n      y: true\nb:"
        );
    }

    #[test]
    fn records_that_are_alike_become_a_table() {
        let lines = "{\"a\": 1, \"b\": \"x\"}\n{\"a\": 2, \"b\": \"y\"}\n";
        assert_eq!(
            read(lines, write_lines),
            "| a | b |\n| --- | --- |\n| 1 | x |\n| 2 | y |"
        );
    }

    #[test]
    fn a_notebook_is_read_cell_by_cell() {
        let notebook = r##"{"nbformat": 4, "cells": [
            {"cell_type": "markdown", "source": ["# Tea\n", "\n", "Hot."]},
            {"cell_type": "code", "source": ["a = 1\n", "  b"], "outputs": [{"data": "noise"}]}]}"##;
        assert_eq!(read(notebook, write), "Tea\n\nHot.\n\na = 1\n  b");
    }
}

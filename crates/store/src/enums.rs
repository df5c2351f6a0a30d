//! Enumerations as the names the API gives them.

use serde::{Serialize, de::DeserializeOwned};

use crate::StoreError;

pub(crate) fn name_of<T: Serialize>(value: T) -> Result<String, StoreError> {
    Ok(serde_json::from_value(serde_json::to_value(value)?)?)
}

pub(crate) fn from_name<T: DeserializeOwned>(name: String) -> Result<T, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(name))?)
}

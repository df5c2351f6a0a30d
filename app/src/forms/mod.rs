//! Forms that talk to the API: sending, fields, refusals, and questions before something is destroyed.

mod api_form;
mod confirm;
mod fields;
mod modal;

pub use api_form::{ApiForm, SubmitButton, ready, refusal};
pub use confirm::Confirm;
pub use fields::{CheckField, NumberField, PasswordField, SelectField, TextArea, TextField};
pub use modal::Modal;

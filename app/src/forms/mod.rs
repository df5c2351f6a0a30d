//! Forms that talk to the API: sending, fields, refusals, and questions before something is destroyed.

mod api_form;
mod check;
mod confirm;
mod done;
mod fields;
mod group;
mod modal;
mod model_field;

pub use api_form::{ApiForm, FormState, SubmitButton, ready, refusal};
pub use confirm::Confirm;
pub use done::Done;
pub use fields::{CheckField, NumberField, PasswordField, SelectField, TextArea, TextField};
pub use group::Group;
pub use modal::Modal;
pub use model_field::ModelField;

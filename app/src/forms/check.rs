//! What can be found wrong with a form before it is sent.

use api::Problem;
use js_sys::Reflect;
use web_sys::{Element, HtmlFormElement};

/// Every field that is not filled in as its attributes ask for, in the order of the page.
pub fn incomplete(form: &HtmlFormElement) -> Option<Problem> {
    let elements = form.elements();
    let problem = (0..elements.length())
        .filter_map(|index| elements.item(index))
        .filter(|element| {
            element
                .matches("input:invalid, select:invalid, textarea:invalid")
                .unwrap_or(false)
        })
        .fold(
            Problem::new(
                422,
                "incomplete",
                "Something in the form is not filled in as it should be",
            ),
            |problem, field| problem.with_field(&field.get_attribute("name").unwrap_or_default(), complaint(&field)),
        );
    (!problem.fields.is_empty()).then_some(problem)
}

/// What is wrong with an invalid field, by what it asks for.
fn complaint(field: &Element) -> String {
    let asks = |attribute: &str| field.get_attribute(attribute);
    if let (Some(min), Some(max)) = (asks("min"), asks("max")) {
        let kind = if asks("step").as_deref() == Some("1") {
            "a whole number"
        } else {
            "a number"
        };
        return format!("Enter {kind} from {min} to {max}.");
    }
    if property(field, "value").is_empty() {
        let verb = if field.tag_name() == "SELECT" {
            "Choose one"
        } else {
            "Fill this in"
        };
        return format!("{verb}.");
    }
    match (asks("type").as_deref(), asks("minlength")) {
        (Some("email"), _) => "Enter an email address like name@example.org.".to_owned(),
        (Some("url"), _) => "Enter an address that begins with http:// or https://.".to_owned(),
        (_, Some(least)) => format!("Use at least {least} characters."),
        _ => property(field, "validationMessage"),
    }
}

fn property(field: &Element, name: &str) -> String {
    Reflect::get(field, &name.into())
        .ok()
        .and_then(|value| value.as_string())
        .unwrap_or_default()
}

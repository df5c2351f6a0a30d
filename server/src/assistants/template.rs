//! Prompt templates: text with `{context}`, `{question}` and `{date}`.

use chrono::Utc;

const CONTEXT: &str = "context";
const QUESTION: &str = "question";
const DATE: &str = "date";

enum Piece<'t> {
    Text(&'t str),
    Variable(&'t str),
}

/// A variable is a name of letters and `_` in braces; all other braces are text.
fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut text_from, mut search_from) = (0, 0);
    while let Some(open) = template[search_from..].find('{').map(|at| search_from + at) {
        let inside = &template[open + 1..];
        let name = inside
            .find(|c: char| !c.is_alphabetic() && c != '_')
            .map_or(inside, |end| &inside[..end]);
        search_from = open + 1 + name.len();
        if !name.is_empty() && template[search_from..].starts_with('}') {
            search_from += 1;
            pieces.push(Piece::Text(&template[text_from..open]));
            pieces.push(Piece::Variable(name));
            text_from = search_from;
        }
    }
    pieces.push(Piece::Text(&template[text_from..]));
    pieces
}

/// Says what is wrong with a template.
pub fn check(template: &str) -> Result<(), String> {
    let variables: Vec<&str> = pieces(template)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Variable(name) => Some(name),
            Piece::Text(_) => None,
        })
        .collect();
    if let Some(unknown) = variables.iter().find(|name| ![CONTEXT, QUESTION, DATE].contains(*name)) {
        return Err(format!(
            "{{{unknown}}} is not a variable: there are {{context}}, {{question}} and {{date}}."
        ));
    }
    if !variables.contains(&CONTEXT) || !variables.contains(&QUESTION) {
        return Err("The template must hold {context} and {question}.".to_owned());
    }
    Ok(())
}

/// The template with its variables filled in; what is filled in is never taken for a variable itself.
pub fn filled(template: &str, context: &str, question: &str) -> String {
    let date = Utc::now().format("%Y-%m-%d").to_string();
    let value = |piece: Piece<'_>| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Variable(CONTEXT) => context.to_owned(),
        Piece::Variable(QUESTION) => question.to_owned(),
        Piece::Variable(DATE) => date.clone(),
        Piece::Variable(other) => format!("{{{other}}}"),
    };
    pieces(template).into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_once_and_other_braces_stay() {
        let filled = filled(
            "As {\"a\": 1}: {question} {}\n{context}{",
            "It says {question}.",
            "Is {date} so?",
        );
        assert_eq!(filled, "As {\"a\": 1}: Is {date} so? {}\nIt says {question}.{");
    }

    #[test]
    fn the_date_is_todays() {
        let filled = filled("{date}", "", "");
        assert!(
            chrono::NaiveDate::parse_from_str(&filled, "%Y-%m-%d").is_ok(),
            "{filled}"
        );
    }

    #[test]
    fn a_template_without_what_it_needs_or_with_what_there_is_not_is_refused() {
        assert!(check("{context} {question} {date} {1} { x }").is_ok());
        assert!(check("{context}").unwrap_err().contains("{question}"));
        let unknown = check("{context} {question} {user_name}").unwrap_err();
        assert!(unknown.starts_with("{user_name} is not a variable"), "{unknown}");
    }
}

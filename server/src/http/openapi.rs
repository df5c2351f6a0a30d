//! The description of the API: what all routes have in common. The routes themselves are described where they are.

use api::Problem;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, ContentBuilder, Ref, RefOr, ResponseBuilder,
        path::Operation,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::caller::SESSION_COOKIE;

#[derive(OpenApi)]
#[openapi(
    info(title = "Hyperion", description = "Ask questions of your own documents. Everything a page does can be done here."),
    components(schemas(Problem)),
    security(("session" = []), ("api_key" = [])),
    modifiers(&SecuritySchemes)
)]
pub struct ApiDescription;

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, description: &mut openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        let cookie = ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        components.add_security_scheme("api_key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// Says of every route that what goes wrong is told as a problem document.
pub fn with_problems(mut description: openapi::OpenApi) -> openapi::OpenApi {
    for item in description.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            add_problem(operation);
        }
    }
    description
}

fn add_problem(operation: &mut Operation) {
    let content = ContentBuilder::new()
        .schema(Some(RefOr::Ref(Ref::from_schema_name("Problem"))))
        .build();
    let response = ResponseBuilder::new()
        .description("What went wrong and what to do about it (RFC 9457).")
        .content("application/problem+json", content)
        .build();
    operation
        .responses
        .responses
        .entry("default".to_owned())
        .or_insert(RefOr::T(response));
}

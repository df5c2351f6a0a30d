//! How commands reach Hyperion: a server over HTTP, or, when none runs, the same routes inside this process.

use std::time::Duration;

use api::{PageQuery, Problem, Role, User};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderName, Method, Request, Response, StatusCode, header},
};
use serde::{Serialize, de::DeserializeOwned};
use store::{NewSession, Store};
use tower::ServiceExt;
use url::Url;

use super::Failure;
use crate::{
    accounts::tokens,
    config::Config,
    data_folder::{self, Lock},
    http::caller::SESSION_COOKIE,
    jobs::Workers,
    outbound::provide_cryptography,
    serve,
    state::AppState,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Waited between tries when the server asks for patience without saying how much.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where to reach Hyperion, and as whom.
#[derive(clap::Args)]
pub struct Whereabouts {
    /// Go through the server at this address rather than work on the data folder itself
    #[arg(long, value_name = "URL", env = "HYPERION_SERVER", requires = "api_key")]
    server: Option<Url>,
    /// API key for that server; better given in the variable, which other users of the machine cannot see
    #[arg(long, value_name = "KEY", env = "HYPERION_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// Act for the user with this e-mail address, on the data folder; the first administrator unless given
    #[arg(long, value_name = "EMAIL", conflicts_with = "server")]
    user: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    #[error("{}", told(.0))]
    Refused(Problem),
    #[error("{url} could not be reached: {source}. Check that the server runs and that its address is right")]
    Unreachable { url: Url, source: reqwest::Error },
    #[error("the answer could not be read: {0}. Check that the address is that of a Hyperion of this version")]
    Unreadable(String),
}

/// What happened, and what to do about it.
fn told(problem: &Problem) -> String {
    match &problem.detail {
        Some(detail) if *detail != problem.title => format!("{}. {detail}", problem.title),
        _ => problem.title.clone(),
    }
}

pub enum Door {
    Here(Box<Here>),
    There {
        http: reqwest::Client,
        server: Url,
        api_key: String,
    },
}

/// Hyperion inside this process, which therefore holds the data folder.
pub struct Here {
    router: Router,
    state: AppState,
    /// What the user's session is known by; it ends with the command.
    cookie: String,
    workers: Option<Workers>,
    _lock: Lock,
}

impl Door {
    /// `command` describes this process to others that want the data folder. With `reading`, documents are read too.
    pub async fn open(config: Config, to: &Whereabouts, command: &str, reading: bool) -> Result<Self, Failure> {
        if let (Some(server), Some(api_key)) = (&to.server, &to.api_key) {
            provide_cryptography();
            let http = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).build()?;
            let (server, api_key) = (server.clone(), api_key.clone());
            return Ok(Self::There { http, server, api_key });
        }
        require_database(&config)?;
        let lock = data_folder::lock(&config.data_dir, command)?;
        let state = AppState::open(config, std::env::current_exe()?).await?;
        let user = acting_user(&state.store, to.user.as_deref()).await?;
        let token = tokens::random();
        let session = NewSession {
            user: user.id,
            token_hash: &tokens::hash(&token),
            user_agent: &format!("{command}, on the command line"),
        };
        state.store.create_session(session).await?;
        Ok(Self::Here(Box::new(Here {
            router: serve::router(state.clone()),
            cookie: format!("{SESSION_COOKIE}={token}"),
            workers: reading.then(|| Workers::start(&state)),
            state,
            _lock: lock,
        })))
    }

    /// Ends what was begun with the command.
    pub async fn close(self) -> Result<(), DoorError> {
        if let Self::Here(_) = &self {
            self.send::<()>(Method::POST, "/auth/sign-out", None).await?;
        }
        if let Self::Here(here) = self {
            if let Some(workers) = here.workers {
                workers.stop().await;
            }
            here.state.store.close().await;
        }
        Ok(())
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, DoorError> {
        read(self.send::<()>(Method::GET, path, None).await?).await
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, DoorError> {
        read(self.send(Method::POST, path, Some(body)).await?).await
    }

    async fn send<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<Response<Body>, DoorError> {
        let json = body.map(serde_json::to_vec).transpose();
        let json = json.map_err(|error| DoorError::Unreadable(error.to_string()))?;
        loop {
            let headers = json
                .as_ref()
                .map(|_| (header::CONTENT_TYPE, "application/json".to_owned()));
            let body = json.clone().map_or_else(Body::empty, Body::from);
            match self.request(method.clone(), path, headers, body).await? {
                Answer::Given(response) => return Ok(response),
                Answer::Later(pause) => tokio::time::sleep(pause).await,
            }
        }
    }

    /// Sends one request below `/api/v1`. An answer that is a problem becomes an error, unless it asks to come again.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        headers: impl IntoIterator<Item = (HeaderName, String)>,
        body: Body,
    ) -> Result<Answer, DoorError> {
        let path = format!("/api/v1{path}");
        let response = match self {
            Self::Here(here) => here.request(method, &path, headers, body).await?,
            Self::There { http, server, api_key } => {
                let url = server
                    .join(&path)
                    .map_err(|error| DoorError::Unreadable(error.to_string()))?;
                let mut request = http.request(method, url.clone()).bearer_auth(api_key);
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                let sent = request
                    .body(reqwest::Body::wrap_stream(body.into_data_stream()))
                    .send()
                    .await;
                let sent = sent.map_err(|source| DoorError::Unreachable { url, source })?;
                let mut response = Response::new(Body::empty());
                *response.status_mut() = sent.status();
                *response.headers_mut() = sent.headers().clone();
                response.map(|_| Body::from_stream(sent.bytes_stream()))
            }
        };
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            let seconds = response.headers().get(header::RETRY_AFTER);
            let seconds = seconds.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
            return Ok(Answer::Later(seconds.map_or(PATIENCE, Duration::from_secs)));
        }
        if response.status().is_client_error() || response.status().is_server_error() {
            return Err(refusal(response).await);
        }
        Ok(Answer::Given(response))
    }
}

/// What a request met with.
pub enum Answer {
    Given(Response<Body>),
    /// The server has had enough requests for now: come again after this time.
    Later(Duration),
}

impl Here {
    async fn request(
        &self,
        method: Method,
        path: &str,
        headers: impl IntoIterator<Item = (HeaderName, String)>,
        body: Body,
    ) -> Result<Response<Body>, DoorError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, &self.cookie);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request
            .body(body)
            .map_err(|error| DoorError::Unreadable(error.to_string()))?;
        match self.router.clone().oneshot(request).await {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    }
}

async fn refusal(response: Response<Body>) -> DoorError {
    let status = response.status();
    let Ok(body) = to_bytes(response.into_body(), 1 << 20).await else {
        return DoorError::Unreadable(format!("it broke off, with status {status}"));
    };
    match serde_json::from_slice(&body) {
        Ok(problem) => DoorError::Refused(problem),
        Err(_) => DoorError::Unreadable(format!("it is no answer of Hyperion's, with status {status}")),
    }
}

/// An empty body reads as `null`.
pub async fn read<T: DeserializeOwned>(response: Response<Body>) -> Result<T, DoorError> {
    let body = to_bytes(response.into_body(), usize::MAX).await;
    let body = body.map_err(|error| DoorError::Unreadable(error.to_string()))?;
    let body: &[u8] = if body.is_empty() { b"null" } else { &body };
    serde_json::from_slice(body).map_err(|error| DoorError::Unreadable(error.to_string()))
}

/// A mistyped folder is not made into an empty Hyperion.
fn require_database(config: &Config) -> Result<(), Failure> {
    let folder = &config.data_dir;
    if config.database_url.is_some() || folder.join("hyperion.db").exists() {
        return Ok(());
    }
    Err(format!(
        "there is no Hyperion in the data folder {}: name another with --data-dir, or make the first account with \
         `hyperion user add EMAIL --admin`",
        folder.display()
    )
    .into())
}

async fn acting_user(store: &Store, email: Option<&str>) -> Result<User, Failure> {
    if let Some(email) = email {
        return match store.user_by_email(email.trim()).await? {
            Some(found) if !found.user.disabled => Ok(found.user),
            Some(_) => Err(format!("the account of {email} is disabled").into()),
            None => {
                Err(format!("nobody here has the e-mail address {email}: `hyperion user list` shows who does").into())
            }
        };
    }
    let mut query = PageQuery::default();
    loop {
        let page = store.users(&query).await?;
        let admin = page
            .items
            .into_iter()
            .find(|user| user.role == Role::Admin && !user.disabled);
        match (admin, page.next_cursor) {
            (Some(admin), _) => return Ok(admin),
            (None, Some(cursor)) => query.cursor = Some(cursor),
            (None, None) => {
                return Err(
                    "there is no administrator yet to act for: make one with `hyperion user add EMAIL --admin`".into(),
                );
            }
        }
    }
}

//! A typed client over any transport.

use std::{future::Future, pin::Pin, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use crate::Problem;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request to a path below the server's root, with a JSON body or none.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    /// Path and query, for example `/api/v1/me`.
    pub path: String,
    pub body: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub body: Vec<u8>,
}

pub type TransportFuture = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

/// Carries a request to the server and brings the response back, whatever its status.
pub trait Transport: Send + Sync {
    fn send(&self, request: Request) -> TransportFuture;
}

/// Calls the API and reads its answers; failures are the server's own [`Problem`]s.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
}

impl Client {
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self { transport }
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        read(self.send(Method::Get, path, None).await?)
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Problem> {
        read(self.send(Method::Post, path, Some(write(body)?)).await?)
    }

    pub async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Problem> {
        read(self.send(Method::Put, path, Some(write(body)?)).await?)
    }

    pub async fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Problem> {
        read(self.send(Method::Patch, path, Some(write(body)?)).await?)
    }

    pub async fn delete(&self, path: &str) -> Result<(), Problem> {
        self.send(Method::Delete, path, None).await.map(drop)
    }

    async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Response, Problem> {
        let response = self
            .transport
            .send(Request {
                method,
                path: format!("/api/v1{path}"),
                body,
            })
            .await?;
        if response.status < 400 {
            return Ok(response);
        }
        Err(serde_json::from_slice(&response.body).unwrap_or_else(|_| {
            Problem::new(
                response.status,
                "unexpected_response",
                "The server answered with an error",
            )
            .with_detail(format!(
                "The server answered with status {}. Try again in a moment.",
                response.status
            ))
        }))
    }
}

fn write(body: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(body).map_err(|error| {
        Problem::new(400, "invalid_request", "The request could not be written").with_detail(error.to_string())
    })
}

/// Reads a JSON body; an empty one reads as `null`, so that `()` is a valid answer type.
fn read<T: DeserializeOwned>(response: Response) -> Result<T, Problem> {
    let body: &[u8] = if response.body.is_empty() {
        b"null"
    } else {
        &response.body
    };
    serde_json::from_slice(body).map_err(|error| {
        Problem::new(502, "unreadable_response", "The server's answer could not be read").with_detail(format!(
            "The page and the server may be of different versions: reload the page. ({error})"
        ))
    })
}

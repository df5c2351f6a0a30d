//! A file as the form that the API takes.

use std::{io, path::Path};

use axum::body::Body;
use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

/// A `multipart/form-data` body with one file, which is read as it is sent, and the body's content type.
pub async fn with_file(path: &Path, name: &str) -> io::Result<(String, Body)> {
    let file = tokio::fs::File::open(path).await?;
    // Random, so that no file holds it.
    let edge = format!("hyperion-{}", Uuid::new_v4().simple());
    let head = format!(
        "--{edge}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\r\n",
        escaped(name)
    );
    let tail = format!("\r\n--{edge}--\r\n");
    let around = |text: String| stream::once(async move { Ok(Bytes::from(text)) });
    let body = around(head).chain(ReaderStream::new(file)).chain(around(tail));
    Ok((format!("multipart/form-data; boundary={edge}"), Body::from_stream(body)))
}

/// What a quoted name may not hold, as browsers escape it.
fn escaped(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

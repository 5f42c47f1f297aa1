//! A bucket that speaks as much S3 as the service needs: objects are put, got and deleted, each as a whole.

use api::kernel::files::Files;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{post, put};
use object_store::aws::AmazonS3Builder;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What is in the bucket, by name.
pub type Objects = Arc<Mutex<BTreeMap<String, Bytes>>>;

async fn keep(State(objects): State<Objects>, Path(name): Path<String>, bytes: Bytes) -> impl IntoResponse {
    objects.lock().unwrap().insert(name, bytes);
    [("etag", "\"1\"")]
}

async fn give(State(objects): State<Objects>, Path(name): Path<String>) -> impl IntoResponse {
    let object = objects.lock().unwrap().get(&name).cloned();
    let head = [
        ("etag", "\"1\""),
        ("last-modified", "Sat, 20 Jun 2026 02:00:00 GMT"),
    ];
    object.map(|bytes| (head, bytes)).ok_or(StatusCode::NOT_FOUND)
}

/// `POST /bucket?delete`, with the names in XML.
async fn remove(State(objects): State<Objects>, list: String) -> String {
    let names = list
        .split("<Key>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap());
    let told = names.map(|name| {
        objects.lock().unwrap().remove(name);
        format!("<Deleted><Key>{name}</Key></Deleted>")
    });
    format!("<DeleteResult>{}</DeleteResult>", told.collect::<String>())
}

/// Opens an empty bucket.
pub async fn open() -> (Files, Objects) {
    let objects = Objects::default();
    let service = Router::new()
        .route("/bucket", post(remove))
        .route("/bucket/{*name}", put(keep).get(give))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(Arc::clone(&objects));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let builder = AmazonS3Builder::new()
        .with_endpoint(format!("http://{}", listener.local_addr().unwrap()))
        .with_allow_http(true)
        .with_bucket_name("bucket")
        .with_access_key_id("test")
        .with_secret_access_key("test");
    tokio::spawn(async move { axum::serve(listener, service).await });
    (Files::on(Arc::new(builder.build().unwrap())), objects)
}

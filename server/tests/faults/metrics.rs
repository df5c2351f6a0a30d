//! What is told to Prometheus.

use crate::{
    installation::Shared,
    person::{File, Person},
    program::{Program, free_port},
};

/// The value of a line of metrics, named with its labels.
fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_to_be_read_is_told_and_who_searched() {
    let address = format!("127.0.0.1:{}", free_port());
    let settings = [("HYPERION_ROLE", "web"), ("HYPERION_METRICS_LISTEN", &*address)];
    let mut web = Program::with_settings(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
    web.start();
    let metrics = async || {
        let answer = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
        answer.text().await.unwrap()
    };
    let person = Person::sign_up(&web).await;
    assert_eq!(value(&metrics().await, "hyperion_jobs{state=\"waiting\"}"), 0.0);
    let files: Vec<File> = (0..3)
        .map(|n| File::new(format!("{n}.txt"), format!("Parcel {n}")))
        .collect();
    person.upload(&web, &files).await;
    person.found(&web, "parcel").await;
    let text = metrics().await;
    assert_eq!(value(&text, "hyperion_jobs{state=\"waiting\"}"), 3.0);
    assert_eq!(value(&text, "hyperion_jobs{state=\"running\"}"), 0.0);
    assert!(value(&text, "hyperion_jobs_lag_seconds") > 0.0);
    assert_eq!(value(&text, "hyperion_searches_total{cache=\"off\"}"), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_redis_remembered_of_searches_is_told() {
    let shared = Shared::new().await;
    let address = format!("127.0.0.1:{}", free_port());
    let mut replica = shared.replica("all", &[("HYPERION_METRICS_LISTEN", &*address)]);
    replica.start();
    let person = Person::sign_up(&replica).await;
    for question in ["parcel", "parcel", "letter", "parcel"] {
        person.found(&replica, question).await;
    }
    let answer = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
    let text = answer.text().await.unwrap();
    assert_eq!(value(&text, "hyperion_searches_total{cache=\"miss\"}"), 2.0);
    assert_eq!(value(&text, "hyperion_searches_total{cache=\"hit\"}"), 2.0);
}

//! What is told to Prometheus.

use std::{path::Path, process::Command, sync::atomic::Ordering};

use crate::{
    installation::Shared,
    person::{File, Person},
    program::{Program, free_port},
    slow_model::{SlowModel, ask, follow, last, next_delta},
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

/// A program whose metrics are told, and where.
fn measured() -> (Program, String) {
    let address = format!("127.0.0.1:{}", free_port());
    let settings = [
        ("HYPERION_METRICS_LISTEN", &*address),
        ("HYPERION_ALLOW_PRIVATE_ADDRESSES", "true"),
    ];
    let mut program = Program::with_settings(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
    program.start();
    (program, format!("http://{address}/metrics"))
}

async fn metrics_at(url: &str) -> String {
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn work_of_every_kind_is_told_with_how_long_it_took_and_how_it_ended() {
    let (program, url) = measured();
    let person = Person::sign_up(&program).await;
    let model = SlowModel::start().await;
    model.serve(&person, &program).await;
    let answer = ask(&person, &program).await;
    let mut events = follow(&person, &program, &answer, 0).await;
    next_delta(&mut events).await;
    assert_eq!(value(&metrics_at(&url).await, "hyperion_streams{kind=\"answer\"}"), 1.0);
    model.hurry.store(true, Ordering::Relaxed);
    last(events).await;
    let broken = person
        .upload_one(&program, File::new("broken.pdf", "%PDF-1.7 no more"))
        .await;
    assert_eq!(person.ended(&program, &broken).await["status"], "failed");

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for arguments in [
        ["backup", "--to", &path("snapshots"), "--keep", "2"],
        ["verify", "--from", &path("snapshots"), "--drill", &path("drill.db")],
    ] {
        let (done, printed) = program.run(&arguments);
        assert!(done, "{arguments:?}: {printed}");
    }

    let text = metrics_at(&url).await;
    for told in [
        "hyperion_http_request_duration_seconds_count{method=\"POST\",route=\"/api/v1/conversations\",status=\"202\"}",
        "hyperion_database_query_duration_seconds_count{query=\"accept_document\"}",
        "hyperion_database_connections_max",
        "hyperion_search_stage_duration_seconds_count{stage=\"embed\"}",
        "hyperion_search_stage_duration_seconds_count{stage=\"find\"}",
        "hyperion_search_stage_duration_seconds_count{stage=\"read\"}",
        "hyperion_embedding_duration_seconds_count{of=\"question\"}",
        "hyperion_embedding_duration_seconds_count{of=\"passages\"}",
        "hyperion_embedded_passages_total",
        "hyperion_ingest_stage_duration_seconds_count{stage=\"extract\"}",
        "hyperion_ingest_stage_duration_seconds_count{stage=\"index\"}",
        "hyperion_job_attempts_total{outcome=\"done\"}",
        "hyperion_job_attempts_total{outcome=\"failed\"}",
        "hyperion_model_request_duration_seconds_count{outcome=\"done\"}",
        "hyperion_model_first_token_seconds_count",
        "hyperion_model_tokens_total{kind=\"completion\"}",
        "hyperion_answers_total{kind=\"generated\",outcome=\"done\"}",
        "hyperion_dependency_up{dependency=\"database\"}",
        "hyperion_dependency_up{dependency=\"originals\"}",
        "hyperion_backup_last_success_timestamp_seconds",
        "hyperion_backup_drill_last_success_timestamp_seconds",
        "hyperion_users",
        "hyperion_active_users",
        "hyperion_data_folder_size_bytes",
        "hyperion_data_folder_free_bytes",
        "process_resident_memory_bytes",
        "process_open_fds",
    ] {
        assert!(value(&text, told) > 0.0, "{told}");
    }
    assert_eq!(value(&text, "hyperion_streams{kind=\"answer\"}"), 0.0);
    // In whole seconds.
    value(&text, "process_cpu_seconds_total");
    // Everything that dashboards and alerts ask for is among it, and a real Prometheus takes it.
    let address = url.trim_start_matches("http://").trim_end_matches("/metrics");
    for arguments in [&["check", "--metrics", &url][..], &["scrape", address]] {
        let checked = Command::new("scripts/monitoring.sh")
            .args(arguments)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .status();
        assert!(checked.unwrap().success(), "scripts/monitoring.sh {arguments:?}");
    }
    let build = format!(
        "hyperion_build_info{{revision=\"unknown\",version=\"{}\"}}",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(value(&text, &build), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_for_there_are_no_more_labels_than_routes() {
    let (program, url) = measured();
    let person = Person::sign_up(&program).await;
    let ask = async |n: usize| {
        for path in [
            format!("/knowledge-bases/{n}"),
            format!("/nothing/{n}"),
            format!("/documents/00000000-0000-0000-0000-{n:012}"),
        ] {
            person.status("GET", &program, &path).await.unwrap();
            person.status(&format!("FETCH{n}"), &program, &path).await.unwrap();
        }
        let page = format!("{}/documents/{n}?page={n}", program.address());
        reqwest::get(page).await.unwrap();
        person.found(&program, &format!("question {n}")).await;
    };
    let series = async || metrics_at(&url).await.lines().count();
    ask(0).await;
    series().await;
    let before = series().await;
    for n in 1..20 {
        ask(n).await;
    }
    assert_eq!(series().await, before);
}

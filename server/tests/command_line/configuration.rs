use std::process::Stdio;

use crate::installation::{Installation, lines};

#[test]
fn flags_are_stronger_than_variables_and_variables_than_the_file() {
    let installation = Installation::new();
    installation.write("hyperion.toml", "workers = 3\nmax_upload_mib = 7\nsign_up = false\n");
    let mut command = installation.command(&["config", "--config", "hyperion.toml", "--workers", "5"]);
    command.env("HYPERION_WORKERS", "4").env("HYPERION_MAX_UPLOAD_MIB", "8");
    let printed = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let line = |name: &str| printed.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("workers = 5 ").ends_with("# flag --workers"), "{printed}");
    assert!(
        line("max_upload_mib = 8 ").ends_with("# variable HYPERION_MAX_UPLOAD_MIB"),
        "{printed}"
    );
    assert!(
        line("sign_up = false ").ends_with("# hyperion.toml, line 3"),
        "{printed}"
    );
    assert!(line("listen = \"127.0.0.1:8080\" ").ends_with("# default"), "{printed}");
}

#[test]
fn the_printed_configuration_holds_no_secret_and_can_be_used_as_a_file() {
    let installation = Installation::new();
    let key = "5ec3e7".repeat(11)[..64].to_owned();
    let mut command = installation.command(&["config"]);
    let printed = command.env("HYPERION_SECRET_KEY", &key).output().unwrap().stdout;
    let text = String::from_utf8_lossy(&printed).into_owned();
    assert!(text.contains("********") && !text.contains(&key), "{text}");
    installation.write("printed.toml", printed);
    let again = installation.run(&["config", "--config", "printed.toml"]).success();
    assert!(again.contains("workers = "), "{again}");
}

#[test]
fn nobody_reading_what_is_printed_is_no_failure() {
    let installation = Installation::new();
    let mut command = installation.command(&["config", "--example"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}

#[test]
fn what_is_not_accepted_is_refused_with_its_place_and_what_would_be() {
    let installation = Installation::new();
    installation.write("unknown.toml", "sign_up = true\nsing_up = false\n");
    let said = installation.run(&["serve", "--config", "unknown.toml"]).failure();
    assert!(
        said.contains("unknown.toml, line 2: sing_up is not a setting"),
        "{said}"
    );
    assert!(said.contains("Settings are listen, metrics_listen, "), "{said}");

    installation.write("bad.toml", "workers = 0\n");
    let said = installation.run(&["serve", "--config", "bad.toml"]).failure();
    assert!(
        said.contains("bad.toml, line 1: workers must be a whole number from 1 to 256, but is 0"),
        "{said}"
    );

    let said = installation.run(&["config", "--sign-up", "perhaps"]).failure();
    assert!(
        said.contains("--sign-up must be true or false, but is \"perhaps\""),
        "{said}"
    );

    let mut command = installation.command(&["config"]);
    let said = command.env("HYPERION_LISTN", "127.0.0.1:1").output().unwrap();
    assert_eq!(said.status.code(), Some(1));
    assert!(
        String::from_utf8(said.stderr)
            .unwrap()
            .contains("HYPERION_LISTN is not a setting")
    );
}

#[test]
fn every_setting_is_in_the_help_and_in_the_example() {
    let installation = Installation::new();
    let help = installation.run(&["serve", "--help"]).success();
    let example = installation.run(&["config", "--example"]).success();
    for setting in server::config::SETTINGS {
        assert!(help.contains(&setting.variable()), "{help}");
        assert!(
            help.contains(&format!("--{}", setting.name.replace('_', "-"))),
            "{help}"
        );
        assert!(example.contains(&format!("# {} = ", setting.name)), "{example}");
    }
}

#[test]
fn the_log_can_be_lines_of_json() {
    let installation = Installation::with_account();
    installation.write("files/a.txt", "A text.");
    let args = [
        "ingest",
        "files",
        "--knowledge-base",
        "A",
        "--log",
        "debug",
        "--log-format",
        "json",
    ];
    let ran = installation.run(&args);
    let logged: String = ran
        .err
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| format!("{line}\n"))
        .collect();
    let logged = lines(&logged);
    assert!(logged.iter().any(|line| line["level"] == "DEBUG"), "{logged:?}");
    ran.success();
}

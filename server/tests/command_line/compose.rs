use std::{path::Path, process::Command};

use crate::installation::Installation;

/// The environment of a service in `compose.yaml`, with made-up secrets.
fn variables(service: &str) -> Vec<(String, String)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/compose.sh");
    let printed = Command::new(script).args(["variables", service]).output().unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let printed = String::from_utf8(printed.stdout).unwrap();
    let pairs = printed.lines().map(|line| line.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_program_accepts_every_variable_that_compose_yaml_sets() {
    let installation = Installation::new();
    for service in ["web", "worker"] {
        let mut command = installation.command(&["config"]);
        let output = command.envs(variables(service)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{service}: {said}");
        let printed = String::from_utf8(output.stdout).unwrap();
        let role = printed.lines().find(|line| line.starts_with("role = ")).unwrap();
        assert!(
            role.contains(service) && role.ends_with("# variable HYPERION_ROLE"),
            "{printed}"
        );
    }
}

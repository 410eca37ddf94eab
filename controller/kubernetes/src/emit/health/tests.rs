//! Which checks the kubelet can do itself, and which must stay the programs that they are.

use skiff_api::ContainerPort;

use super::*;

fn listening() -> Container {
    let ports = vec![ContainerPort { container_port: 8000, ..ContainerPort::default() }];
    Container { ports, ..Container::default() }
}

/// `GET :8000/path`, or the words of the command.
fn shown(test: &[&str]) -> Option<String> {
    let test: Vec<String> = test.iter().map(|word| (*word).to_owned()).collect();
    let probe = action(&test, &listening())?;
    if let Some(HTTPGetAction { path: Some(path), port: IntOrString::Int(port), .. }) = probe.http_get {
        return Some(format!("GET :{port}{path}"));
    }
    Some(probe.exec?.command?.join(" "))
}

#[test]
fn a_check_that_only_asks_a_declared_port_is_a_request_of_the_kubelets() {
    let url = "http://localhost:8000/health";
    assert_eq!(shown(&["CMD", "curl", "-f", url]).as_deref(), Some("GET :8000/health"));
    assert_eq!(shown(&["CMD-SHELL", &format!("curl -fsS {url} || exit 1")]).as_deref(), Some("GET :8000/health"));
    assert_eq!(
        shown(&["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8000"]).as_deref(),
        Some("GET :8000/")
    );
}

#[test]
fn whatever_says_more_than_a_request_stays_the_program_that_it_is() {
    let url = "http://localhost:8000/health";
    // Without -f curl passes whatever the answer is.
    assert_eq!(shown(&["CMD", "curl", "-s", url]).as_deref(), Some("curl -s http://localhost:8000/health"));
    assert_eq!(
        shown(&["CMD-SHELL", "curl -f localhost:9000/x"]).as_deref(),
        Some("/bin/sh -c curl -f localhost:9000/x")
    );
    let posted = shown(&["CMD", "curl", "-f", "-X", "POST", url]);
    assert!(posted.is_some_and(|text| text.starts_with("curl")), "a POST is no GET");
    assert_eq!(shown(&["CMD-SHELL", "kill -0 $$(cat /pid)"]).as_deref(), Some("/bin/sh -c kill -0 $$$$(cat /pid)"));
}

#[test]
fn no_check_is_made_of_none() {
    assert_eq!(shown(&["NONE"]), None);
    assert_eq!(shown(&[]), None);
    assert_eq!(shown(&["CMD"]), None);
}

//! The request of a build. It is written by hand, because bollard's knows neither limits of processes nor several names and hosts.

use std::collections::HashMap;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use bollard::auth::DockerCredentials;
use bytes::Bytes;
use futures_util::Stream;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request};
use serde_json::{Value, json};
use skiff_api::{Build, HostEntry};
use skiff_core::{BuildImage, EngineError};

use super::super::client::{Body, Client};
use super::super::container::host_config::ulimits;
use super::super::path;
use crate::context;

const REGISTRIES: HeaderName = HeaderName::from_static("x-registry-config");

/// Asks for an image to be built from an archive that is still being written.
pub(super) fn request(
    client: &Client,
    build: &BuildImage,
    logins: &HashMap<String, DockerCredentials>,
    archive: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Result<Request<Body>, EngineError> {
    let pairs = pairs(build);
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut request = client.upload(Method::POST, &format!("/build{}", path::query(&pairs)), archive)?;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-tar"));
    // Texts alone are always JSON, and base64 is always a header.
    let logins = serde_json::to_vec(logins).unwrap_or_default();
    if let Ok(mut logins) = HeaderValue::from_str(&URL_SAFE.encode(logins)) {
        logins.set_sensitive(true);
        request.headers_mut().insert(REGISTRIES, logins);
    }
    Ok(request)
}

/// What is asked for, as the engine reads it: lists as several of a name, or as JSON.
fn pairs(BuildImage { image, base: _, build, platform }: &BuildImage) -> Vec<(&'static str, String)> {
    let Build {
        context: _,
        dockerfile: _,
        dockerfile_inline: _,
        args,
        target,
        network,
        extra_hosts,
        shm_size,
        ulimits: limits,
        labels,
        cache_from,
        no_cache,
        pull,
        tags,
    } = build;
    let yes = || "1".to_owned();
    let mut pairs = vec![("rm", yes()), ("forcerm", yes()), ("dockerfile", context::dockerfile(build))];
    pairs.extend(std::iter::once(image).chain(tags).map(|name| ("t", name.clone())));
    let words = [("target", target), ("networkmode", network), ("platform", platform)];
    pairs.extend(words.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    pairs.extend(extra_hosts.iter().flat_map(HostEntry::lines).map(|line| ("extrahosts", line)));
    pairs.extend(shm_size.map(|size| ("shmsize", size.get().to_string())));
    pairs.extend(no_cache.then(|| ("nocache", yes())));
    pairs.extend(pull.then(|| ("pull", yes())));
    let lists = [
        ("buildargs", json!(args)),
        ("ulimits", Value::Array(ulimits(limits))),
        ("labels", json!(labels)),
        ("cachefrom", json!(cache_from)),
    ];
    let says_something = |value: &Value| *value != json!([]) && *value != json!({});
    pairs.extend(lists.into_iter().filter(|(_, value)| says_something(value)).map(|(name, it)| (name, it.to_string())));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(build: Value) -> Vec<String> {
        let build = serde_json::from_value(build).expect("a build");
        let build = BuildImage { image: "web:1".to_owned(), base: String::new(), build, platform: None };
        pairs(&build).into_iter().skip(2).map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn what_says_nothing_is_not_asked_for() {
        assert_eq!(asked(json!({ "context": "." })), ["dockerfile=Dockerfile", "t=web:1"]);
    }

    #[test]
    fn every_setting_is_asked_for_as_the_engine_reads_it() {
        let build = json!({
            "context": ".", "args": { "V": "1" }, "target": "prod", "network": "none", "shmSize": "1Mi",
            "extraHosts": [{ "ip": "10.0.0.9", "hostnames": ["a", "b"] }], "ulimits": { "nofile": { "soft": 1, "hard": 2 } },
            "labels": { "team": "web" }, "cacheFrom": ["web:0"], "noCache": true, "pull": true, "tags": ["shop/web:2"],
        });
        let limits = format!("ulimits={}", json!([{ "Name": "nofile", "Soft": 1, "Hard": 2 }]));
        assert_eq!(
            asked(build),
            [
                "dockerfile=Dockerfile",
                "t=web:1",
                "t=shop/web:2",
                "target=prod",
                "networkmode=none",
                "extrahosts=a:10.0.0.9",
                "extrahosts=b:10.0.0.9",
                "shmsize=1048576",
                "nocache=1",
                "pull=1",
                r#"buildargs={"V":"1"}"#,
                &limits,
                r#"labels={"team":"web"}"#,
                r#"cachefrom=["web:0"]"#,
            ]
        );
    }
}

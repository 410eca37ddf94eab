//! Images: named or built, and what follows a tag.

use super::*;

#[test]
fn an_image_is_named_or_built_and_what_is_built_has_no_tag_of_its_own() {
    let of = |container: Value| {
        complaints("Deployment", json!({ "spec": { "template": { "container": container } } }))
            .replace("/spec/template/container", "")
    };
    let context = json!({ "context": "./api" });
    let said = [
        of(json!({})),
        of(json!({ "image": "a", "build": context })),
        of(json!({ "build": context })),
        of(json!({ "image": "r.io/shop/api:1.2", "build": context, "imagePullPolicy": "Always" })),
        of(json!({ "image": "api:0123456789abcdef", "build": context })),
        of(json!({ "build": { "context": "" } })),
        of(json!({ "build": {
            "context": "https://example.com/x.git", "dockerfile": "../Dockerfile", "args": { "A=B": "1" }, "target": "",
        } })),
        of(json!({ "build": "./api" })),
    ];
    insta::assert_snapshot!(said.join("\n--\n"), @r"
    : `image` is missing (add `image`: the image, with tag or digest; or `build`, to have it built)
    --

    --

    --
    /image: `image` has a tag or digest beside `build`, where the tag says what it was built from (write `image: r.io/shop/api`, or leave it out)
    /imagePullPolicy: `imagePullPolicy: Always` beside `build` (leave it out: what is built is not pulled)
    --

    --
    /build/context: `context` is empty (name the folder: `.` is that of the manifest)
    --
    /build/context: `context` must be a folder, found `https://example.com/x.git` (fetch it beside the manifest, and name the folder)
    /build/dockerfile: `dockerfile` must lie in the context, found `../Dockerfile` (write its path from the context's folder)
    /build/args/A=B: `A=B` cannot be the name of an `ARG`
    /build/target: `target` is empty (leave it out to build the last stage)
    --
    /build: `build` must be an object, found the text `./api` (write `{ context: ./api }`)
    ");
}

#[test]
fn what_follows_a_tag_must_have_one_that_can_move() {
    let of = |policy: &str, container: Value| {
        let update = json!({ "policy": policy });
        complaints("Deployment", json!({ "spec": { "imageUpdate": update, "template": { "container": container } } }))
    };
    let digest = format!("shop/api:1@sha256:{}", "0".repeat(64));
    let said = [
        of("Digest", json!({ "image": "nginx" })),
        of("Semver", json!({ "image": "registry.lan:5000/nginx:1.25.3-alpine" })),
        of("Semver", json!({ "image": "nginx:latest" })),
        of("Semver", json!({ "image": "registry.lan:5000/nginx" })),
        of("Digest", json!({ "image": digest })),
        of("Digest", json!({ "build": { "context": "." } })),
        of("Digest", json!({ "image": "nginx", "imagePullPolicy": "Never" })),
        of("Newest", json!({ "image": "nginx" })),
        complaints(
            "Deployment",
            json!({ "spec": {
            "imageUpdate": { "policy": "Digest", "interval": "10ms" }, "template": { "container": { "image": "nginx" } },
        } }),
        ),
    ];
    insta::assert_snapshot!(said.join("\n--\n"), @r"

    --

    --
    /spec/imageUpdate/policy: `policy: Semver` follows versions, and the tag of `nginx:latest` is none (write a tag like `1.2.3`, `v1.2` or `1.25.3-alpine`; or `policy: Digest`, which follows any tag)
    --
    /spec/imageUpdate/policy: `policy: Semver` follows versions, and the tag of `registry.lan:5000/nginx` is none (write a tag like `1.2.3`, `v1.2` or `1.25.3-alpine`; or `policy: Digest`, which follows any tag)
    --
    /spec/imageUpdate: `imageUpdate` follows a tag, and `image` names a digest (write the tag alone; which digest runs is recorded with each revision)
    --
    /spec/imageUpdate: `imageUpdate` beside `build` (leave it out: what is built changes with its files)
    --
    /spec/imageUpdate: `imageUpdate` with `imagePullPolicy: Never` (leave one of them out: an image that has moved must be pulled)
    --
    /spec/imageUpdate/policy: `policy` cannot be `Newest`: it is Digest or Semver
    --
    /spec/imageUpdate/interval: `interval` is below a second (5m, the default, is often enough for most images)
    ");
}

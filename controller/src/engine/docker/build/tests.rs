//! What the engine says of a build, in words that help.

use super::*;

#[test]
fn the_images_that_a_dockerfile_begins_with_are_those_that_are_written_out() {
    let text =
        "ARG V=1\nFROM --platform=linux/amd64 reg.example.com/base:1 AS build\nfrom alpine\nFROM x:$V\n# FROM no\n";
    assert_eq!(bases(text), ["reg.example.com/base:1", "alpine"]);
}

#[test]
fn a_failure_names_the_step_and_the_last_word_and_says_what_to_do() {
    let mut said = Said::default();
    for text in [
        "Step 1/2 : FROM alpine\n",
        " ---> 1234\n",
        "Step 2/2 : RUN make\n",
        "/bin/sh: make: not found\n",
        "Removing intermediate container 12\n",
    ] {
        said.take(text);
    }
    assert_eq!(
        said.failure("The command '/bin/sh -c make' returned a non-zero code: 127"),
        "Step 2/2 : RUN make: The command '/bin/sh -c make' returned a non-zero code: 127 (/bin/sh: make: not found); mend the \
         Dockerfile or its context: what has changed is tried at once"
    );
}

#[test]
fn what_only_buildkit_can_do_is_said_to_be_that() {
    let said = Said::default().failure("the --mount option requires BuildKit");
    assert!(said.contains("Skiff builds without BuildKit"), "{said}");
}

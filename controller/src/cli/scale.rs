//! `skiff scale`: says where the number of replicas is decided.
//!
//! The manifests decide it, and a number that they do not know would be put back at the next pass. What is not declared
//! cannot be scaled either, for there is nothing to make replicas from.

use skiff_api::Kind;

use super::paths::Scale;
use super::{CliError, Context, Exit, engine, get};
use crate::view::{Body, View};

/// Say how many replicas a deployment shall have, or where that is decided
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff scale web=3\n\n\
    Manifests decide: where they say something else, this is refused and names the line to edit.\n  \
    skiff up ./manifests --scale web=3   runs three once, whatever the manifest says")]
pub(super) struct Args {
    /// Deployments and how many replicas each shall have.
    #[arg(required = true, value_name = "NAME=N")]
    targets: Vec<Scale>,
}

/// Refuses with the place to edit, unless everything is so already.
///
/// # Errors
/// When a deployment does not have that many replicas declared.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let views = engine::objects_now(&context.settings)?;
    for target in &args.targets {
        let view = get::named(&views, &format!("{}/{}", Kind::Deployment.lower(), target.name), context)?;
        check(view, target)?;
        context.ui.say(&answer(view, target.replicas));
    }
    Ok(Exit::Done)
}

fn answer(view: &View, wanted: u32) -> String {
    let there = match &view.body {
        Body::Workload(workload) => workload.replicas.len(),
        Body::Network(_) | Body::Volume(_) | Body::Declared => 0,
    };
    if u32::try_from(there).is_ok_and(|there| there == wanted) {
        format!("{} has {}", view.object, replica_count(wanted))
    } else {
        let declared = replica_count(wanted);
        format!("{} is declared with {declared} and has {there}; the next `skiff up` makes it so", view.object)
    }
}

fn replica_count(count: u32) -> String {
    format!("{count} replica{}", if count == 1 { "" } else { "s" })
}

fn check(view: &View, target: &Scale) -> Result<(), CliError> {
    let wanted = match &view.body {
        Body::Workload(workload) => workload.wanted,
        Body::Network(_) | Body::Volume(_) | Body::Declared => 0,
    };
    if wanted == target.replicas {
        return Ok(());
    }
    let Scale { name, replicas } = target;
    Err(match &view.at {
        Some(at) => CliError::refused(
            format!(
                "the manifest of {} says {}, and would be followed again at once",
                view.object,
                replica_count(wanted)
            ),
            format!(
                "write `replicas: {replicas}` into the manifest at {at}, or run `skiff up PATH --scale {name}={replicas}`"
            ),
        ),
        None => CliError::refused(
            format!("the manifest of {} is not known here", view.object),
            format!("run `skiff up PATH --scale {name}={replicas}` with its manifests"),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Workload;
    use skiff_api::ObjectKey;

    fn refusal(at: Option<&str>) -> String {
        let object = ObjectKey::new(Kind::Deployment, "shop", "web");
        let body = Body::Workload(Workload { wanted: 2, ..Workload::default() });
        let view = View {
            object,
            source: "shop".to_owned(),
            at: at.map(str::to_owned),
            trouble: None,
            checks: Vec::new(),
            conditions: Vec::new(),
            faults: Vec::new(),
            body,
        };
        let error = check(&view, &Scale { name: "web".to_owned(), replicas: 5 }).expect_err("two are declared");
        format!("{error} ({})", error.help().unwrap_or_default())
    }

    #[test]
    fn a_refusal_names_the_line_to_edit() {
        insta::assert_snapshot!(refusal(Some("shop/web.yaml:4")), @"the manifest of deployment/shop/web says 2 replicas, and would be followed again at once (write `replicas: 5` into the manifest at shop/web.yaml:4, or run `skiff up PATH --scale web=5`)");
        insta::assert_snapshot!(refusal(None), @"the manifest of deployment/shop/web is not known here (run `skiff up PATH --scale web=5` with its manifests)");
    }
}

//! `skiff pull-images` and `skiff build`: the images that manifests name, had beforehand.
//!
//! Nothing that runs is touched: a revision goes on with the image that it has. What is new of a tag is run by whatever is made from its
//! reference next, such as a new revision or what `skiff rollout restart` makes.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::PullPolicy;
use skiff_core::{Action, BuildImage, ContentStore, EngineError, Outcome, PullImage, Workload};
use tokio::sync::mpsc;

use super::{ApplyArgs, CliError, Context, Exit, signals};
use crate::engine::{Engine, Progress};
use crate::session::{Access, Session, load, refuse_mistakes, target};
use crate::ui::Ui;

/// Pull the images that manifests name; nothing that runs is touched
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff pull-images ./manifests\n  \
    skiff pull-images ./manifests web && skiff rollout restart web   run what is new of the tag\n\n\
    It ends with 1 and names what could not be pulled. `imageUpdate` in a manifest has `skiff run` do it by itself.")]
pub(super) struct PullArgs {
    /// Whose images.
    #[command(flatten)]
    apply: ApplyArgs,
}

/// Build the images that manifests build; nothing that runs is touched
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff build ./manifests\n  \
    skiff build compose.yaml web\n\n\
    It ends with 1 and names what could not be built. `up` builds by itself what it needs.")]
pub(super) struct BuildArgs {
    /// Whose images.
    #[command(flatten)]
    apply: ApplyArgs,
}

/// Pulls.
///
/// # Errors
/// When something could not be pulled, when there is a mistake in the manifests, when the engine does not answer.
pub(super) fn pull(args: &PullArgs, context: &mut Context) -> Result<Exit, CliError> {
    get(&args.apply, context, "pulled", pulls)
}

/// Builds.
///
/// # Errors
/// When something could not be built, when there is a mistake in the manifests, when the engine does not answer.
pub(super) fn build(args: &BuildArgs, context: &mut Context) -> Result<Exit, CliError> {
    get(&args.apply, context, "built", builds)
}

fn get(
    apply: &ApplyArgs,
    context: &mut Context,
    done: &str,
    of: fn(&Workload) -> Vec<(String, Action)>,
) -> Result<Exit, CliError> {
    let settings = context.settings.clone();
    Context::block_on(async {
        let session = Session::open(&settings, Access::Read).await?;
        let loads = signals::unless_ended(async |cancel| load(&session, apply.source(&settings), cancel).await).await?;
        refuse_mistakes(&loads, &mut context.ui)?;
        let target = target(&loads, &session.state, &session.state.history(), &settings.instance, &apply.target())?;
        let actions: BTreeMap<String, Action> = target.desired.with_containers().flat_map(of).collect();
        if actions.is_empty() {
            context.ui.say(&format!("nothing of it is {done}"));
        }
        let mut failed = BTreeSet::new();
        for (image, action) in &actions {
            match perform(&session, action, &mut context.ui).await {
                Ok(Outcome::Already) => context.ui.answer(&format!("{image} is there already\n"))?,
                Ok(_) => context.ui.answer(&format!("{image} {done}\n"))?,
                Err(error @ EngineError::Unreachable(_)) => return Err(error.into()),
                Err(error) => {
                    context.ui.say(&format!("error: {error}"));
                    failed.insert(image);
                }
            }
        }
        if failed.is_empty() { Ok(Exit::Done) } else { Err(CliError::Reported) }
    })
}

/// Has one image, and says how far it is where that is news.
async fn perform(session: &Session, action: &Action, ui: &mut Ui) -> Result<Outcome, EngineError> {
    let (sender, mut progress) = mpsc::unbounded_channel::<Progress>();
    let content = ContentStore::default();
    let getting = session.docker.perform(action, &content, sender);
    tokio::pin!(getting);
    let mut last = String::new();
    loop {
        tokio::select! {
            biased;
            Some(news) = progress.recv() => {
                if news.what != last {
                    last.clone_from(&news.what);
                    ui.say(&news.what);
                }
            }
            outcome = &mut getting => return outcome,
        }
    }
}

/// The images that a workload is made from: its own, and those of what runs before it.
fn pulls(workload: &Workload) -> Vec<(String, Action)> {
    let main = &workload.template.pod.container;
    let inits = workload.inits.iter().map(|init| &init.template.pod.container);
    let pulled = std::iter::once(main).chain(inits).filter(|container| {
        container.build.is_none()
            && container.image_pull_policy != PullPolicy::Never
            && *container.image != *built(main)
    });
    let action = |container: &skiff_api::Container| {
        let (image, platform) = (container.image.clone(), container.platform.clone());
        (image.clone(), Action::PullImage(PullImage { image, platform, policy: PullPolicy::Always }))
    };
    pulled.map(action).collect()
}

/// The name of what is built; init containers that have it need not be pulled.
fn built(container: &skiff_api::Container) -> &str {
    if container.build.is_some() { &container.image } else { "" }
}

fn builds(workload: &Workload) -> Vec<(String, Action)> {
    let container = &workload.template.pod.container;
    let Some(build) = container.build.clone() else { return Vec::new() };
    let (image, base, platform) = (container.image.clone(), workload.base.clone(), container.platform.clone());
    vec![(image.clone(), Action::BuildImage(BuildImage { image, base, build, platform }))]
}

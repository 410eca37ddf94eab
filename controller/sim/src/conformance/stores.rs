//! Images, volumes, files.

use skiff_api::{Kind, ObjectKey, PullPolicy};
use skiff_core::{Action, ContainerState, CreateVolume, FileSet, FromImage, Mount, MountSource, Nameless, RemoveImage};

use super::stage::same;
use super::{Entry, Stage};

pub(super) const SCRIPTS: &[Entry] = &[
    ("an image that is there is not pulled, and one that is not there fails", images),
    ("a container is made from the image that was chosen, by its name or its id", chosen_images),
    ("an image that is not there is built, once, and containers are made from it", built_images),
    ("an image loses its names unless a container uses it, and only once", removed_images),
    ("the mounts of another container are had for good, and by its id", borrowed),
    ("a volume in use stays, and the engine makes those that are missing as they are defined", volumes),
    (
        "a volume without a name is carried over while the first container is there, and goes only where that is said",
        nameless,
    ),
    ("a container whose files are missing is not made", files),
    ("files that are updated in place change under what mounts them", files_in_place),
];

fn nameless(stage: &mut Stage<'_>) -> Result<(), String> {
    let mounting = |stage: &Stage<'_>, name: &str| {
        let at = |target: &str, is_carried| Mount {
            target: target.to_owned(),
            read_only: false,
            sub_path: None,
            source: MountSource::Anonymous(Nameless { is_carried, ..Nameless::default() }),
        };
        let mut create = stage.sleeper(name);
        create.spec.mounts = vec![at("/data", true), at("/scratch", false)];
        create
    };
    let seen = |stage: &mut Stage<'_>, name: &str| {
        stage.container(name)?.detail.map(|detail| detail.nameless).ok_or_else(|| format!("no detail of {name}"))
    };
    let first = mounting(stage, "hands-on");
    stage.makes(first)?;
    let old = seen(stage, "hands-on")?;
    same("whether they were asked for", &old.values().map(|it| it.is_asked).collect::<Vec<_>>(), &vec![true, true])?;
    let of = |path: &str| old.get(path).map(|it| it.volume.clone()).ok_or_else(|| format!("nothing at {path}"));
    let (data, scratch) = (of("/data")?, of("/scratch")?);
    let mut next = mounting(stage, "gets-on");
    next.spec.carried = [("/data".to_owned(), data.clone()), ("/unasked".to_owned(), scratch.clone())].into();
    stage.makes(next)?;
    let new = seen(stage, "gets-on")?;
    let has = |path: &str| new.get(path).map(|it| (it.volume.clone(), it.is_asked));
    same("what it has at /data", &has("/data"), &Some((data.clone(), false)))?;
    same("what nobody asks for", &has("/unasked"), &None)?;
    same("whether its scratch is another", &(has("/scratch") != Some((scratch.clone(), true))), &true)?;
    let Action::RemoveContainer { container, .. } = stage.remove("hands-on") else {
        return Err("no removal".to_owned());
    };
    stage.does(Action::RemoveContainer { container, volumes: vec![data.clone(), scratch.clone()] })?;
    let left = stage.observed()?.volumes;
    let is_left = |name: &String| left.iter().any(|volume| volume.name == *name);
    same("what is in use and what is not", &(is_left(&data), is_left(&scratch)), &(true, false))
}

fn images(stage: &mut Stage<'_>) -> Result<(), String> {
    stage.has_done(stage.pull(None, PullPolicy::IfNotPresent))?;
    stage.has_done(stage.pull(None, PullPolicy::Never))?;
    stage.fails(stage.pull(Some("skiff-test/nothing:1"), PullPolicy::Never), "ImagePullFailed")?;
    let mut create = stage.sleeper("imageless");
    create.spec.image = FromImage::whatever("skiff-test/nothing:1");
    stage.fails(Action::CreateContainer(Box::new(create)), "ImagePullFailed")
}

fn files_in_place(stage: &mut Stage<'_>) -> Result<(), String> {
    let object = ObjectKey::new(Kind::ConfigMap, "test", "conf");
    let of = |version: &str| FileSet {
        id: "configmap-conf-2".to_owned(),
        version: Some(version.to_owned()),
        object: object.clone(),
        secret: false,
        files: Vec::new(),
    };
    for version in ["one", "two"] {
        stage.does(Action::WriteFiles(of(version)))?;
        stage.has_done(Action::WriteFiles(of(version)))?;
        let seen = stage.observed()?.files.get("configmap-conf-2").cloned();
        same("the version that is seen", &seen, &Some(Some(version.to_owned())))?;
    }
    let mut create = stage.sleeper("reader");
    let source = MountSource::Files(of("two"));
    create.spec.mounts = vec![Mount { target: "/conf".to_owned(), read_only: true, sub_path: None, source }];
    stage.makes(create)?;
    stage.does(stage.start("reader"))?;
    stage.does(Action::WriteFiles(of("three")))?;
    same("its files", &stage.container("reader")?.files, &["configmap-conf-2".to_owned()].into())?;
    same("its state", &stage.container("reader")?.state, &ContainerState::Running)
}

fn chosen_images(stage: &mut Stage<'_>) -> Result<(), String> {
    let reference = stage.image();
    let images = stage.observed()?.images;
    let found = images.iter().find(|image| image.is_named(&reference)).ok_or("the image is not listed")?;
    let from = |reference: &str, id: &str| FromImage { reference: reference.to_owned(), id: Some(id.to_owned()) };
    for (name, image) in [("named", from(&reference, &found.id)), ("by-id", from(&found.id, &found.id))] {
        let mut create = stage.sleeper(name);
        create.spec.image = image;
        stage.makes(create)?;
        same("the id of its image", &stage.container(name)?.image_id, &found.id)?;
    }
    let mut create = stage.sleeper("moved");
    create.spec.image = from(&reference, "sha256:another");
    stage.fails(Action::CreateContainer(Box::new(create)), "Stale")?;
    let pull = stage.pull(Some(&found.id), PullPolicy::Never);
    stage.has_done(pull)
}

fn built_images(stage: &mut Stage<'_>) -> Result<(), String> {
    let build = stage.build();
    let has = |stage: &mut Stage<'_>| {
        Ok::<_, String>(stage.observed()?.images.iter().any(|seen| seen.is_named(&build.image)))
    };
    same("whether it is there", &has(stage)?, &false)?;
    stage.does(Action::BuildImage(build.clone()))?;
    same("whether it is there", &has(stage)?, &true)?;
    stage.has_done(Action::BuildImage(build.clone()))?;
    let mut create = stage.sleeper("built");
    create.spec.image = FromImage::whatever(&build.image);
    stage.makes(create)
}

fn removed_images(stage: &mut Stage<'_>) -> Result<(), String> {
    let build = stage.build();
    stage.does(Action::BuildImage(build.clone()))?;
    let find = |stage: &mut Stage<'_>| {
        Ok::<_, String>(stage.observed()?.images.iter().find(|seen| seen.is_named(&build.image)).cloned())
    };
    let found = find(stage)?.ok_or("it was built and is not there")?;
    let remove = Action::RemoveImage(RemoveImage { id: found.id.clone(), names: found.tags.clone() });
    let mut create = stage.sleeper("user");
    create.spec.image = FromImage::whatever(&build.image);
    stage.makes(create)?;
    stage.has_done(remove.clone())?;
    same("the image that a container uses", &find(stage)?.map(|image| image.id), &Some(found.id))?;
    let gone = stage.remove("user");
    stage.does(gone)?;
    stage.does(remove.clone())?;
    same("the image", &find(stage)?, &None)?;
    stage.has_done(remove)
}

fn mounts(stage: &Stage<'_>, volume: &str, definition: Option<CreateVolume>) -> Vec<Mount> {
    let source = MountSource::Volume {
        object: ObjectKey::new(Kind::Volume, "test", volume),
        name: stage.name(volume),
        per_replica: false,
        no_copy: false,
        definition: definition.map(Box::new),
    };
    vec![Mount { target: "/data".to_owned(), read_only: false, sub_path: None, source }]
}

fn borrowed(stage: &mut Stage<'_>) -> Result<(), String> {
    let mut guest = stage.sleeper("guest");
    guest.spec.volumes_from = vec![format!("{}:ro", stage.name("host"))];
    stage.fails(Action::CreateContainer(Box::new(guest.clone())), "Stale")?;
    stage.does(stage.create_volume("data"))?;
    let mut host = stage.sleeper("host");
    host.spec.mounts = mounts(stage, "data", None);
    stage.makes(host)?;
    let id = stage.container("host")?.id;
    // Made, and never started: that is enough.
    stage.runs("guest", guest)?;
    same("whose mounts it has", &stage.detail("guest")?.volumes_from, &vec![format!("{id}:ro")])?;
    same("its volumes", &stage.container("guest")?.volumes, &[stage.name("data")].into())?;
    stage.does(stage.remove("host"))?;
    stage.does(stage.stop("guest"))?;
    stage.does(stage.start("guest"))?;
    same("its volumes", &stage.container("guest")?.volumes, &[stage.name("data")].into())
}

fn volumes(stage: &mut Stage<'_>) -> Result<(), String> {
    stage.does(stage.create_volume("data"))?;
    stage.has_done(stage.create_volume("data"))?;
    let mut create = stage.sleeper("writer");
    create.spec.mounts = mounts(stage, "data", None);
    stage.makes(create)?;
    let name = stage.name("data");
    same("its volumes", &stage.container("writer")?.volumes, &[name.clone()].into())?;
    let remove = Action::RemoveVolume { name };
    stage.fails(remove.clone(), "EngineFailed")?;
    stage.does(stage.remove("writer"))?;
    stage.does(remove.clone())?;
    stage.has_done(remove)?;
    let mut create = stage.sleeper("maker");
    create.spec.mounts = mounts(stage, "unmade", None);
    // An external one may be in use by others and must not come back empty.
    stage.fails(Action::CreateContainer(Box::new(create.clone())), "Stale")?;
    same(
        "whether the volume was made",
        &stage.observed()?.volumes.iter().any(|found| found.name == stage.name("unmade")),
        &false,
    )?;
    create.spec.mounts = mounts(stage, "unmade", Some(stage.volume("unmade")));
    stage.makes(create)?;
    // It is as if we had made it.
    stage.has_done(stage.create_volume("unmade"))
}

fn files(stage: &mut Stage<'_>) -> Result<(), String> {
    let object = ObjectKey::new(Kind::ConfigMap, "test", "conf");
    let set = FileSet { id: "configmap-conf-1".to_owned(), version: None, object, secret: false, files: Vec::new() };
    let mut create = stage.sleeper("reader");
    let source = MountSource::Files(set.clone());
    create.spec.mounts = vec![Mount { target: "/conf".to_owned(), read_only: true, sub_path: None, source }];
    stage.fails(Action::CreateContainer(Box::new(create.clone())), "Invalid")?;
    stage.does(Action::WriteFiles(set.clone()))?;
    stage.has_done(Action::WriteFiles(set.clone()))?;
    same("the files that are seen", &stage.observed()?.files.get(&set.id).cloned(), &Some(None))?;
    stage.makes(create)?;
    same("its files", &stage.container("reader")?.files, &[set.id.clone()].into())?;
    stage.does(Action::RemoveFiles { id: set.id.clone() })?;
    stage.has_done(Action::RemoveFiles { id: set.id })?;
    match stage.try_to(&stage.start("reader")) {
        Err(_) => Ok(()),
        Ok(outcome) => Err(format!("it started without its files: {outcome:?}")),
    }
}

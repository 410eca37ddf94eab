//! etcd is away for longer than a lease and comes back: keys of leases by which nobody acts any more hold nobody up.

use super::*;

/// Within this time after etcd is started again somebody leads: 2 s until it is asked again, and what a busy machine takes. A lease is longer.
const BACK: Duration = Duration::from_secs(6);
const TERM: [&str; 2] = ["--lease", "12s"];

fn etcd_dies(stage: &Shared) -> Act {
    with(stage, |stage| stage.members.iter_mut().try_for_each(Etcd::kill))
}

fn etcd_is_back(stage: &Shared) -> Act {
    with(stage, |stage| stage.members.iter_mut().try_for_each(Etcd::run))
}

/// Calls `etcdctl` at the first member.
fn ctl(stage: &Stage, args: &[&str]) -> Result<String> {
    stage.members.first().context("no member")?.ctl(args)
}

/// A controller was elected since what was done last, and no later than so long after it.
fn leads_anew(stage: &Shared, number: usize) -> Check {
    let stage = Rc::clone(stage);
    let anew = check(move |world| {
        let stage = stage.borrow();
        let (name, turns) = (stage.name(number)?, turns(world)?);
        let mut elected = turns.iter().filter(|(at, _, reason)| *at >= stage.since && reason == "Leading");
        let (at, by, _) = elected.next().context("nobody was elected since")?;
        ensure!(*by == name, "{by} leads, and not {name}");
        let took = at.duration_since(stage.since)?;
        ensure!(took <= BACK, "it took {took:?}");
        Ok(())
    });
    within(BACK + Duration::from_secs(2), anew)
}

/// Something was told since what was done last.
fn is_told(stage: &Shared, reason: &'static str) -> Check {
    let stage = Rc::clone(stage);
    check(move |world| {
        let since = jiff::Timestamp::try_from(stage.borrow().since)?;
        let told = history(world)?.into_iter().filter(|event| event.get("reason") == Some(&reason.into()));
        let at = |event: &Value| event.get("at")?.as_str()?.parse::<jiff::Timestamp>().ok();
        ensure!(told.filter_map(|event| at(&event)).any(|at| at >= since), "{reason} was not told");
        Ok(())
    })
}

/// Nothing of a kind was ever told.
fn never_told(reason: &'static str) -> Check {
    check(move |world| {
        let told = history(world)?.into_iter().find(|event| event.get("reason") == Some(&reason.into()));
        ensure!(told.is_none(), "it was told: {told:#?}");
        Ok(())
    })
}

#[test]
fn nobody_waits_behind_a_dead_key_of_this_host_once_etcd_is_back() {
    let stage = one_member();
    scenario("nobody waits behind a dead key of this host once etcd is back")
        .step(
            "one leads",
            all([push(&stage, 1), start(&stage, &TERM)]),
            [leads(&stage, 0, HAND_OVER), eventually(ready("web", 1))],
        )
        .step("as it is now", remember(), [])
        .step("etcd is away for longer than the lease", etcd_dies(&stage), [eventually(is_told(&stage, "LeaseLost"))])
        .step("etcd is back", etcd_is_back(&stage), [leads_anew(&stage, 0), untouched("web")])
        .step("it is away again", etcd_dies(&stage), [eventually(is_told(&stage, "LeaseLost"))])
        .step("meanwhile the controller is started again", all([kill(&stage, 0), start(&stage, &TERM)]), [])
        .step("etcd is back again", etcd_is_back(&stage), [leads_anew(&stage, 1), untouched("web")])
        .step("nobody stood by, as nobody else was there", look(), [never_told("StandingBy")])
        .step(
            "what is pushed then is done",
            push(&stage, 2),
            [eventually(ready("web", 2)), each_acted_in_its_turn(&stage)],
        );
}

#[test]
fn whoever_stands_by_on_the_host_of_a_killed_leader_does_not_wait_for_its_lease() {
    let stage = one_member();
    scenario("whoever stands by on the host of a killed leader does not wait for its lease")
        .step("one leads", all([push(&stage, 1), start(&stage, &["--lease", "10m"])]), [leads(&stage, 0, HAND_OVER)])
        .step(
            "another one stands by",
            start(&stage, &["--lease", "8s"]),
            [eventually(has_logged(&stage, 1, "ready to lead"))],
        )
        .step(
            "the leader freezes: that is not the end of it",
            signal(&stage, 0, Signal::STOP),
            [throughout(Duration::from_secs(5), leads(&stage, 0, Duration::ZERO))],
        )
        .step("it is killed", kill(&stage, 0), [leads(&stage, 1, BACK), eventually(ready("web", 1))]);
}

#[test]
fn whoever_waits_behind_a_key_of_its_own_name_does_not_say_that_it_leads() {
    let stage = one_member();
    let election = |stage: &Stage| {
        let keys = ctl(stage, &["get", "--prefix", "--keys-only", &format!("{PREFIX}-leader/")])?;
        keys.lines().find(|key| !key.is_empty()).map(str::to_owned).context("nobody stands")
    };
    let name = "another-key";
    scenario("whoever waits behind a key of its own name does not say that it leads")
        .step("one leads", all([push(&stage, 1), start(&stage, &TERM)]), [leads(&stage, 0, HAND_OVER)])
        .step(
            "its key is taken away, and there is another one of its name",
            with(&stage, move |stage| {
                let key = election(stage)?;
                let (folder, _) = key.rsplit_once('/').context("a folder")?;
                ctl(stage, &["put", &format!("{folder}/{name}"), &stage.name(0)?])?;
                ctl(stage, &["del", &key]).map(drop)
            }),
            [
                eventually(has_logged(&stage, 0, "does not lead yet: a lease of the same name")),
                never_told("StandingBy"),
            ],
        )
        .step(
            "that is said to others",
            call(&["get"]),
            [exits(0), says("nobody leads"), says("a lease of the same name")],
        )
        .step(
            "that one is gone",
            with(&stage, move |stage| {
                let keys = ctl(stage, &["get", "--prefix", "--keys-only", &format!("{PREFIX}-leader/")])?;
                let key = keys.lines().find(|key| key.ends_with(name)).context("no such key")?.to_owned();
                ctl(stage, &["del", &key]).map(drop)
            }),
            [leads_anew(&stage, 0)],
        );
}

#[test]
fn of_two_that_are_elected_by_two_clusters_one_acts() {
    let (stage, other) = (one_member(), Rc::new(RefCell::new(vec![Etcd::start().expect("etcd")])));
    let elsewhere = {
        let other = Rc::clone(&other);
        with(&stage, move |stage| {
            std::mem::swap(&mut stage.members, &mut *other.borrow_mut());
            Ok(())
        })
    };
    scenario("of two that are elected by two clusters one acts")
        .step(
            "one leads",
            all([push(&stage, 1), start(&stage, &["--lease", "4s"])]),
            [leads(&stage, 0, HAND_OVER), eventually(ready("web", 1))],
        )
        .step("as it is now", remember(), [])
        .step(
            "another one is elected by another cluster, where the prefix holds another set",
            all([elsewhere, push(&stage, 2), start(&stage, &[])]),
            [
                eventually(has_logged(&stage, 1, "give both the same address in etcd")),
                throughout(Duration::from_secs(3), ready("web", 1)),
                untouched("web"),
                has_not_acted(&stage, 1),
                has_not_acted(&stage, 0),
            ],
        );
}

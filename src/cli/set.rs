//! `landform set`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::add::available;
use super::confirm::unwritten;
use super::edit::{
    Edit, Ended, Guard, WriteFlags, carry_out, clusters, may_add_needs, new, rebuilt, tell_needs,
};
use super::interview::Interview;
use super::next::quote;
use super::opened::Opened;
use super::versions::on_cluster;
use crate::catalog::{Catalogue, value_text};
use crate::error::{Error, Problem, Problems, Result};
use crate::model::{
    Answer, AnswerOrigin, Answers, Cluster, Environment, Platform, Resolution, revise,
};
use crate::ui::{Printer, Table, width};

/// Change answers later, or list them all
///
/// What depends on an answer is written anew, and your edits are kept. An empty value takes the default again.
/// What an answer makes necessary to know is asked on a terminal. Without arguments every key is listed, with its value
/// and where that came from.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform set\n  \
    landform set prod.dns=route53 prod.domain=acme.io\n  \
    landform set cert-manager.issuer=private --on staging\n  \
    landform set email=\n\n\
    Origins: answered, assumed (a default was taken), fixed (it cannot be changed later).")]
pub(super) struct Args {
    /// Keys as in the answers file, each with its value in YAML
    #[arg(value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The clusters that keys without a cluster are for
    #[arg(long, value_name = "CLUSTER", value_delimiter = ',')]
    on: Vec<String>,
    /// Add what is needed with the new answers without asking
    #[arg(long)]
    with_needs: bool,
    /// Change even what means to build a cluster anew
    #[arg(long)]
    rebuild: bool,
    #[command(flatten)]
    write: WriteFlags,
}

/// Every answer of a platform.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Settings {
    /// Version of this form: 1.
    format: u32,
    /// The answers, as `landform set` takes them.
    settings: Vec<Setting>,
}

/// One answer.
#[derive(Debug, Serialize, JsonSchema)]
struct Setting {
    /// The key.
    key: String,
    /// The value.
    value: Value,
    /// `answered`, `assumed` or `fixed`.
    origin: String,
    /// Why it is fixed.
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<String>,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    if args.set.is_empty() {
        let opened = Opened::open(&args.write.folder)?;
        return list(&opened, args.write.json, printer);
    }
    let opened = Opened::to_change(&args.write)?;
    let specs = specs(args, &opened)?;
    let mut answers = Answers::of(&opened.platform, &opened.catalogue, &opened.catalogue);
    let mut problems = Problems::default();
    for spec in &specs {
        refuse_fixed(spec).unwrap_or_else(|problem| problems.push(problem));
        answers
            .set_by("landform set", spec)
            .unwrap_or_else(|error| problems.extend(error));
    }
    problems.into_result()?;
    // What an answer makes necessary may not be here yet. A catalogue of the user's own is not accepted on the way.
    let with_more = available(&opened, false).ok();
    let catalogue = with_more.as_ref().unwrap_or(&opened.catalogue);
    let before = Answers::of(&opened.platform, &opened.catalogue, catalogue);
    let environment = Environment::default();
    let mut interview = Interview::about_opened(&before, answers, &environment, catalogue)?;
    let mut terminal = args.write.terminal();
    if terminal.is_none() {
        interview.must_be_answered(|setting| {
            let key = |spec: &str| spec.split('=').next().map(str::to_owned);
            let others = specs.iter().filter(|spec| key(spec) != key(setting));
            let mut all: Vec<String> = others.map(|spec| quote(spec)).collect();
            all.push(setting.to_owned());
            format!("give it too: landform set {}", all.join(" "))
        })?;
    }
    let asks = terminal.is_some() && interview.is_open()?;
    if asks {
        // Nobody answers in vain.
        rebuilt(&opened, &interview.platform()?, args.rebuild)?;
    }
    loop {
        if let Some(terminal) = terminal.as_mut().filter(|_| asks) {
            interview.run(terminal)?;
        }
        let answers = interview.answers();
        let resolution = revise(&opened.platform, &opened.catalogue, answers, catalogue)
            .map_err(without_flag)?;
        let agreed = args.with_needs || terminal.is_some() || args.write.dry_run;
        let mut edit = edit(args, &opened, catalogue, resolution, &specs, agreed)?;
        match carry_out(&mut edit, &args.write, printer, terminal.as_mut())? {
            Ended::Done(code) => return Ok(code),
            // Without a question to go back to, Escape is a no.
            Ended::Back => interview.back().ok_or_else(unwritten)?,
        };
    }
}

/// What the new answers come to.
fn edit<'a>(
    args: &Args,
    opened: &'a Opened,
    catalogue: &'a Catalogue,
    resolution: Resolution,
    specs: &[String],
    agreed: bool,
) -> Result<Edit<'a>> {
    let mut edit = Edit::new("set", opened, title(specs));
    edit.catalogue = catalogue;
    edit.platform = resolution.platform;
    edit.assumed = resolution.assumed;
    edit.notes = resolution.notes;
    let new = new(&opened.platform, &edit.platform);
    may_add_needs(&new, agreed)?;
    tell_needs(&mut edit, &new);
    let rebuilt = rebuilt(opened, &edit.platform, args.rebuild)?;
    edit.notes.extend(rebuilt);
    moved_states(opened, &mut edit);
    still_sealed(opened, &mut edit);
    later(opened, &mut edit);
    let (was, is) = (&opened.platform.git, &edit.platform.git);
    if (&was.url, &was.branch) != (&is.url, &is.branch) {
        edit.notes.push(
            "the clusters learn where to read from the place they read now, so both places need this commit, the new one first"
                .to_owned(),
        );
    }
    if was.auth != is.auth {
        edit.notes.push(
            "Flux logs in with what Terraform gave it: make the Secret flux-system/flux-system anew for the new login, or raise `revision` in terraform/<cluster>/main.tf and apply"
                .to_owned(),
        );
    }
    Ok(edit)
}

/// What is missing is answered by a further argument here, not by a flag.
fn without_flag(mut error: Error) -> Error {
    for problem in &mut error.problems {
        if let Some(hint) = &mut problem.hint {
            *hint = hint.replace("by --set ", "too: landform set … ");
        }
    }
    error
}

/// The settings, each with its cluster.
fn specs(args: &Args, opened: &Opened) -> Result<Vec<String>> {
    if args.on.is_empty() {
        return Ok(args.set.clone());
    }
    let on = clusters(opened, &args.on)?;
    let mut specs = Vec::new();
    for spec in &args.set {
        let key = spec.split('=').next().unwrap_or_default();
        if key.contains(':') {
            return Err(Error::refused(
                Problem::new(format!("`{key}` names a cluster already"))
                    .hint("leave out --on, or the cluster"),
            ));
        }
        let component = key.split('.').next().unwrap_or_default();
        let colon = opened.platform.components.contains_key(component);
        let between = if colon { ':' } else { '.' };
        specs.extend(on.iter().map(|cluster| format!("{cluster}{between}{spec}")));
    }
    Ok(specs)
}

fn title(specs: &[String]) -> String {
    let parts = specs.iter().map(|spec| match spec.split_once('=') {
        Some((key, "")) => format!("{key} to its default"),
        Some((key, value)) => format!("{key} to {value}"),
        None => spec.clone(),
    });
    let all = parts.collect::<Vec<_>>().join(", ");
    format!("Set {all}")
}

/// Refuses what is part of too many names to be changed.
fn refuse_fixed(spec: &str) -> Result<(), Problem> {
    let key = spec.split('=').next().unwrap_or_default();
    if key == "name" {
        return Err(Problem::new(NAME).hint("begin a new platform: landform new"));
    }
    if key.ends_with(".provider") {
        return Err(Problem::new(PROVIDER).hint(
            "add another cluster like it: landform add cluster NAME --provider P --like CLUSTER",
        ));
    }
    Ok(())
}

const NAME: &str = "the platform's name is part of the names of everything it has made in clouds";
const PROVIDER: &str = "a cluster cannot change its provider";

/// Terraform's state does not move by itself.
fn moved_states(opened: &Opened, edit: &mut Edit<'_>) {
    for (name, cluster) in &opened.platform.clusters {
        let after = edit.platform.clusters.get(name);
        let backend = |answer: Option<&Answer>| answer.map(|answer| answer.value.clone());
        let is = after.and_then(|after| backend(after.answers.get("backend")));
        if is != backend(cluster.answers.get("backend")) {
            edit.notes.push(format!(
                "Terraform's state of {name} has to move too, or Terraform makes a second cluster: terraform -chdir=terraform/{name} init -migrate-state, before any apply"
            ));
        }
    }
}

/// What sops encrypted is the user's own, and stays when Flux decrypts no more.
fn still_sealed(opened: &Opened, edit: &mut Edit<'_>) {
    for (name, cluster) in &opened.platform.clusters {
        let Some(after) = edit.platform.clusters.get(name) else {
            continue;
        };
        let sops = |cluster: &Cluster| {
            let fact = cluster.facts.get("secrets");
            fact.is_some_and(|secrets| secrets == "sops")
        };
        if !sops(cluster) || sops(after) {
            continue;
        }
        let mut files = Vec::new();
        for (component, placed) in &cluster.components {
            let layer = opened.catalogue.components[component].spec.layer;
            let overlay = format!("clusters/{name}/{layer}/{component}");
            let sealed = placed.sealed.iter();
            files.extend(sealed.map(|file| format!("{overlay}/{file}")));
        }
        if !files.is_empty() {
            edit.notes.push(format!(
                "Flux refuses what sops encrypted once it no longer decrypts on {name}; delete these, with their lines in the kustomization.yaml beside them, before the push: {}",
                files.join(", ")
            ));
        }
    }
}

/// A cluster that is to follow later keeps what it has.
fn later(opened: &Opened, edit: &mut Edit<'_>) {
    for (name, cluster) in &mut edit.platform.clusters {
        let was = opened.platform.clusters.get(name);
        let is_later = cluster.upgrades_later();
        if was.is_none_or(|was| was.upgrades_later() == is_later) {
            continue;
        }
        if !is_later {
            edit.notes.push(format!(
                "what is pinned on {name} stays pinned: landform unpin NAME --on {name}"
            ));
            continue;
        }
        for (component, placed) in &mut cluster.components {
            let versions = on_cluster(opened, component, name);
            if !placed.pinned && !versions.is_empty() {
                placed.pinned = true;
                placed.pins = versions.into_iter().collect();
            }
        }
        edit.notes.push(format!(
            "everything on {name} is pinned to the version it has"
        ));
    }
}

fn list(opened: &Opened, json: bool, printer: &Printer) -> Result<u8> {
    let settings = Settings {
        format: 1,
        settings: settings(opened),
    };
    if json {
        printer.json(&settings)?;
        return Ok(0);
    }
    let header = ["key", "value", "origin"].map(str::to_owned).to_vec();
    let mut table = Table::new(header);
    for setting in &settings.settings {
        let value = value_text(&setting.value);
        table.row(&[setting.key.clone(), value, setting.origin.clone()]);
    }
    printer.raw(&table.draw(width()));
    Ok(0)
}

fn settings(opened: &Opened) -> Vec<Setting> {
    let platform: &Platform = &opened.platform;
    let mut all = Vec::new();
    let mut put = |key: String, value: Value, origin: &str, fixed: Option<&str>| {
        all.push(Setting {
            key,
            value,
            origin: fixed.map_or(origin, |_| "fixed").to_owned(),
            fixed: fixed.map(str::to_owned),
        });
    };
    let given = "answered";
    put(
        "name".to_owned(),
        platform.name.as_str().into(),
        given,
        Some(NAME),
    );
    put(
        "git.url".to_owned(),
        platform.git.url.clone().into(),
        given,
        None,
    );
    put(
        "git.branch".to_owned(),
        platform.git.branch.clone().into(),
        given,
        None,
    );
    put(
        "git.auth".to_owned(),
        platform.git.auth.as_str().into(),
        given,
        None,
    );
    if let Some(email) = &platform.email {
        put("email".to_owned(), email.clone().into(), given, None);
    }
    put("ci".to_owned(), platform.ci.clone().into(), given, None);
    let origin = |answer: &Answer| match answer.origin {
        AnswerOrigin::Answered => "answered",
        AnswerOrigin::Assumed => "assumed",
    };
    let guard = Guard::at_hand(opened);
    for (name, cluster) in &platform.clusters {
        let provider = cluster.provider.clone();
        put(
            format!("{name}.provider"),
            provider.into(),
            given,
            Some(PROVIDER),
        );
        for (key, answer) in &cluster.answers {
            let fixed = guard.fixed(&cluster.provider, key);
            put(
                format!("{name}.{key}"),
                answer.value.clone(),
                origin(answer),
                fixed,
            );
        }
    }
    for (name, chosen) in &platform.components {
        for (key, answer) in &chosen.answers {
            put(
                format!("{name}.{key}"),
                answer.value.clone(),
                origin(answer),
                None,
            );
        }
        for cluster in platform.clusters_of(name) {
            for (key, answer) in &cluster.components[name].answers {
                let key = format!("{}:{name}.{key}", cluster.name);
                put(key, answer.value.clone(), origin(answer), None);
            }
        }
    }
    all
}

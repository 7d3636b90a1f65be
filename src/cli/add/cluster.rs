//! `landform add cluster`.

use std::path::PathBuf;

use super::available;
use super::copied::{copy_answers, take_defaults};
use crate::catalog::{Catalogue, Question, value_text};
use crate::cli::confirm::unwritten;
use crate::cli::edit::{
    Edit, Ended, WriteFlags, carry_out, keep_versions, may_add_needs, new, rebuilt, tell_needs,
    unknown_cluster,
};
use crate::cli::here::Here;
use crate::cli::interview::Interview;
use crate::cli::new::read_answers;
use crate::cli::next::bring_up;
use crate::cli::opened::Opened;
use crate::error::{Error, Place, Problem, Problems, Result};
use crate::model::{
    AnswerOrigin, Answers, Cluster, Environment, Resolution, Survey, revise, survey,
};
use crate::ui::{Item, Printer, Prompter as _, Reply, Terminal};
use crate::yaml::Spanned;

/// Add a cluster
///
/// With --like, what another cluster has is carried over where it fits: components, answers, versions that it keeps,
/// and your edits. What does not fit is listed, with the reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform add cluster edge --provider existing --set context=edge --component cilium\n  \
    landform add cluster prod-us --like prod --set region=us-east-1 --set domain=us.acme.io")]
pub(super) struct Args {
    /// Its name
    name: String,
    /// How it comes to be; that of --like where none is given
    #[arg(long, value_name = "PROVIDER")]
    provider: Option<String>,
    /// Carry over what this cluster has
    #[arg(long, value_name = "CLUSTER")]
    like: Option<String>,
    /// A component for it; repeatable, or several with commas between
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    component: Vec<String>,
    /// Add what they need without asking
    #[arg(long)]
    with_needs: bool,
    /// An answer, as region=us-east-1 or cert-manager.issuer=private; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Read answers from a YAML file
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Accept the Terraform files of a catalogue of your own
    #[arg(long)]
    trust: bool,
    #[command(flatten)]
    write: WriteFlags,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    let opened = Opened::to_change(&args.write)?;
    if let Some(there) = opened.platform.clusters.get(&args.name) {
        if args
            .provider
            .as_ref()
            .is_some_and(|provider| provider != &there.provider)
        {
            return Err(Error::refused(
                Problem::new(format!(
                    "there is a cluster {} already, on {}",
                    args.name, there.provider
                ))
                .hint("choose another name: a cluster cannot change its provider"),
            ));
        }
        printer.note(&format!("there is a cluster {} already", args.name));
        return Ok(0);
    }
    if let Some(like) = &args.like
        && !opened.platform.clusters.contains_key(like)
    {
        return Err(unknown_cluster(&opened, like));
    }
    let catalogue = available(&opened, args.trust)?;
    let answers = answers(args, &opened, &catalogue)?;
    let environment = Environment::default();
    let mut terminal = args.write.terminal();
    if terminal.is_none() {
        must_have_provider(args, &answers, &catalogue)?;
    }
    let mut first = Interview::about_new(answers, &environment, &catalogue);
    loop {
        if let Some(terminal) = &mut terminal {
            first.is_open()?;
            first.run(terminal)?;
        }
        let with = Given {
            args,
            opened: &opened,
            catalogue: &catalogue,
        };
        if let Some(code) = with.components(&first, printer, terminal.as_mut())? {
            return Ok(code);
        }
        let mark = first.back().ok_or_else(unwritten)?;
        if let Some(terminal) = &mut terminal {
            terminal.rewind(mark);
        }
    }
}

/// What is given from the start.
struct Given<'a> {
    args: &'a Args,
    opened: &'a Opened,
    catalogue: &'a Catalogue,
}

impl Given<'_> {
    /// Goes on with the components, once the cluster itself is known. Nothing: back to what was asked of it.
    fn components(
        &self,
        first: &Interview<'_>,
        printer: &Printer,
        mut terminal: Option<&mut Terminal>,
    ) -> Result<Option<u8>> {
        let Self {
            args,
            opened,
            catalogue,
        } = *self;
        let environment = Environment::default();
        let surveyed = survey(first.answers(), &environment, catalogue)?;
        let wrong: Vec<Problem> =
            [surveyed.wrong.clone(), surveyed.wrong_clusters.clone()].concat();
        if !wrong.is_empty() {
            return Err(Error {
                kind: crate::error::Kind::Refused,
                problems: wrong,
            });
        }
        let chosen = components(args, opened, catalogue, &surveyed, terminal.as_deref_mut())?;
        let Some((names, mut left_out)) = chosen else {
            return Ok(None);
        };
        let mut answers = first.answers().clone();
        let at = Place::Flag(format!("add cluster {}", args.name));
        for name in &names {
            answers.place(name, std::slice::from_ref(&args.name), &at);
        }
        if let Some(like) = &args.like {
            let both = (like.as_str(), args.name.as_str());
            left_out.extend(copy_answers(&mut answers, &names, both, catalogue)?);
        }
        for_components(args, &mut answers, catalogue)?;
        if let Some(like) = &args.like {
            let both = (like.as_str(), args.name.as_str());
            left_out.extend(take_defaults(&mut answers, opened, both, catalogue)?);
        }
        let second = Interview::about_new(answers, &environment, catalogue).after(first);
        self.write(second, &left_out, printer, terminal)
    }

    /// Asks what the components need to know, shows the plan and writes. Nothing: back to what was asked before.
    fn write(
        &self,
        mut second: Interview<'_>,
        left_out: &[String],
        printer: &Printer,
        mut terminal: Option<&mut Terminal>,
    ) -> Result<Option<u8>> {
        let Self {
            args,
            opened,
            catalogue,
        } = *self;
        // Nobody named any: the usual ones, and what those need is no surprise among them.
        let takes_usual = args.like.is_none() && args.component.is_empty();
        let asks = terminal.is_some() && second.is_open()?;
        loop {
            if let Some(terminal) = terminal.as_deref_mut().filter(|_| asks)
                && !second.run_or_leave(terminal)?
            {
                return Ok(None);
            }
            let resolution = revise(
                &opened.platform,
                &opened.catalogue,
                second.answers(),
                catalogue,
            )?;
            rebuilt(opened, &resolution.platform, false)?;
            let new = new(&opened.platform, &resolution.platform);
            may_add_needs(
                &new,
                args.with_needs || takes_usual || terminal.is_some() || args.write.dry_run,
            )?;
            let mut edit = edit(args, opened, catalogue, resolution, left_out)?;
            tell_needs(&mut edit, &new);
            match carry_out(&mut edit, &args.write, printer, terminal.as_deref_mut())? {
                Ended::Done(code) => return Ok(Some(code)),
                Ended::Back if second.back().is_none() => return Ok(None),
                Ended::Back => {}
            }
        }
    }
}

/// Refuses a cluster of no provider where nobody can be asked. Said here, because its flag is this command's own.
fn must_have_provider(args: &Args, answers: &Answers, catalogue: &Catalogue) -> Result<()> {
    let said = answers.clusters.as_ref();
    let said = said.and_then(|clusters| clusters.get(&args.name));
    if said.is_some_and(|said| said.provider.is_some()) {
        return Ok(());
    }
    let all: Vec<&str> = catalogue.providers.keys().map(String::as_str).collect();
    Err(Error::refused(
        Problem::new(format!("where does {} run?", args.name)).hint(format!(
            "give it by --provider ({}), or by --like CLUSTER",
            all.join(", ")
        )),
    ))
}

/// What is there, and what is said of the new cluster itself.
fn answers(args: &Args, opened: &Opened, catalogue: &Catalogue) -> Result<Answers> {
    let mut answers = Answers::of(&opened.platform, &opened.catalogue, catalogue);
    let name = &args.name;
    let like = args
        .like
        .as_ref()
        .map(|like| &opened.platform.clusters[like]);
    let provider = args.provider.as_ref().or(like.map(|like| &like.provider));
    let at = Place::Flag(format!("add cluster {name}"));
    answers.begin_cluster(name, provider.map(String::as_str), &at);
    if let (Some(like), Some(provider)) = (like, provider) {
        let own = catalogue.providers.get(provider);
        let own = own
            .map(|own| own.spec.questions.as_slice())
            .unwrap_or_default();
        let common = catalogue.common.cluster.iter();
        // Another provider asks other questions, if under the same names.
        let questions: Vec<&Question> = if provider == &like.provider {
            own.iter().chain(common).collect()
        } else {
            let asked = |q: &Question| own.iter().any(|own| own.name.value == q.name.value);
            common.filter(|question| !asked(question)).collect()
        };
        answers.copy_cluster(like.name.as_str(), name, &questions);
    }
    if let Some(path) = &args.answers {
        answers.take(read_answers(path)?, &args.component);
    }
    let own = args.set.iter();
    answers.set_all(own.filter_map(|spec| cluster_spec(args, spec, catalogue)))?;
    Ok(answers)
}

/// A setting of the cluster itself, with the cluster's name.
fn cluster_spec(args: &Args, spec: &str, catalogue: &Catalogue) -> Option<String> {
    let key = spec.split('=').next().unwrap_or_default();
    let first = key.split(['.', ':']).next().unwrap_or_default();
    if first == args.name {
        return (!key.contains(':')).then(|| spec.to_owned());
    }
    (!catalogue.components.contains_key(first)).then(|| format!("{}.{spec}", args.name))
}

/// Settings of components on the new cluster.
fn for_components(args: &Args, answers: &mut Answers, catalogue: &Catalogue) -> Result<()> {
    let rest = args
        .set
        .iter()
        .filter(|spec| cluster_spec(args, spec, catalogue).is_none());
    answers.set_all(rest.map(|spec| {
        if spec.split('=').next().unwrap_or_default().contains(':') {
            spec.clone()
        } else {
            format!("{}:{spec}", args.name)
        }
    }))
}

/// The components of the new cluster, and those that do not fit with the reason. Nothing: somebody goes back.
fn components(
    args: &Args,
    opened: &Opened,
    catalogue: &Catalogue,
    surveyed: &Survey,
    terminal: Option<&mut Terminal>,
) -> Result<Option<(Vec<String>, Vec<String>)>> {
    let unfit = |name: &str| surveyed.unfit(catalogue, name, &args.name);
    let like = args
        .like
        .as_ref()
        .map(|like| &opened.platform.clusters[like]);
    let mut left_out = Vec::new();
    let mut names = Vec::new();
    if let Some(like) = like {
        for name in like.components.keys() {
            match unfit(name) {
                None => names.push(name.clone()),
                Some(reason) => left_out.push(format!("{name} is left out: {reason}")),
            }
        }
    }
    let mut problems = Problems::default();
    for name in &args.component {
        if !catalogue.components.contains_key(name) {
            let known = catalogue.components.keys().map(String::as_str);
            let hint = crate::error::suggest(name, known);
            problems.push(Problem::new(format!("unknown component `{name}`")).hint(hint));
        } else if let Some(reason) = unfit(name) {
            let message = format!("{name} does not fit {}: {reason}", args.name);
            problems.push(Problem::new(message).hint("leave it out"));
        } else if !names.contains(name) {
            names.push(name.clone());
        }
    }
    problems.into_result()?;
    if like.is_some() || !args.component.is_empty() {
        return Ok(Some((names, left_out)));
    }
    let cluster = surveyed.platform.clusters.get(&args.name);
    let provider = cluster.and_then(|cluster| cluster.provider(catalogue));
    // The platform may call it otherwise than its provider does.
    let called = |name: &Spanned<String>| {
        let component = catalogue.by_object(&name.value)?;
        Some(&component.spec.name.value)
    };
    let usual: Vec<&String> = provider
        .into_iter()
        .flat_map(|provider| &provider.spec.usual)
        .filter_map(called)
        .filter(|name| unfit(name).is_none())
        .collect();
    let Some(terminal) = terminal else {
        return Ok(Some((usual.into_iter().cloned().collect(), left_out)));
    };
    let mut offered: Vec<&String> = usual.clone();
    let suggested = provider
        .into_iter()
        .flat_map(|provider| &provider.spec.suggested);
    let there = opened.platform.components.keys();
    for name in there.chain(suggested.filter_map(called)) {
        if unfit(name).is_none() && !offered.contains(&name) {
            offered.push(name);
        }
    }
    let items: Vec<Item> = offered
        .iter()
        .map(|name| Item::new(*name, &catalogue.components[*name].spec.description))
        .collect();
    let marked: Vec<bool> = offered.iter().map(|name| usual.contains(name)).collect();
    match terminal.multi_select("Components", &items, &marked)? {
        Reply::Given(chosen) => {
            let chosen = chosen.into_iter().map(|index| offered[index].clone());
            Ok(Some((chosen.collect(), left_out)))
        }
        Reply::Back => Ok(None),
    }
}

/// What was answered about one cluster and is the same on the other, as `--set` takes it.
fn same_answers(from: &Cluster, to: &Cluster) -> impl Iterator<Item = String> {
    let given = from
        .answers
        .iter()
        .filter(|(_, answer)| answer.origin == AnswerOrigin::Answered);
    let same = given.filter(|(key, answer)| {
        let now = to.answers.get(*key);
        now.is_some_and(|now| now.value == answer.value)
    });
    same.map(|(key, answer)| format!("{key}={}", value_text(&answer.value)))
}

fn edit<'a>(
    args: &Args,
    opened: &'a Opened,
    catalogue: &'a Catalogue,
    resolution: Resolution,
    left_out: &[String],
) -> Result<Edit<'a>> {
    let name = &args.name;
    let title = match &args.like {
        Some(like) => format!("Add the cluster {name}, like {like}"),
        None => format!("Add the cluster {name}"),
    };
    let mut edit = Edit::new("add", opened, title);
    edit.platform = resolution.platform;
    edit.catalogue = catalogue;
    edit.assumed = resolution.assumed;
    let cluster = edit.platform.clusters.get_mut(name);
    if let (Some(like), Some(cluster)) = (&args.like, cluster) {
        let from = &opened.platform.clusters[like];
        let both = cluster.components.iter_mut();
        let mut same = Vec::new();
        let mut pinned = 0;
        for (component, placed) in both {
            if let Some(was) = from.components.get(component) {
                placed.pinned = was.pinned;
                placed.pins.clone_from(&was.pins);
                pinned += usize::from(was.pinned);
                same.push(component.as_str());
            }
        }
        edit.notes
            .push(format!("as on {like}: {}", same.join(", ")));
        let answers: Vec<String> = same_answers(from, cluster).collect();
        if !answers.is_empty() {
            edit.notes.push(format!(
                "as on {like} too, unless --set says otherwise: {}",
                answers.join(", ")
            ));
        }
        if pinned > 0 {
            edit.notes
                .push(format!("versions: those that {like} keeps ({pinned})"));
        }
        edit.like = Some((like.clone(), name.clone()));
    }
    keep_versions(opened, &mut edit.platform);
    edit.notes.extend(left_out.iter().cloned());
    edit.notes.extend(resolution.notes);
    if let Some(cluster) = edit.platform.clusters.get(name) {
        edit.next = bring_up(&edit.platform, cluster, catalogue, &Here::of(&opened.root))?;
    }
    Ok(edit)
}

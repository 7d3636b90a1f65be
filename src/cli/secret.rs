//! `landform secret`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::edit::{Edit, WriteFlags, carry_out, carry_out_plainly, unknown_cluster};
use super::here::Here;
use super::next::{kubectl, quote, secret_commands};
use super::opened::Opened;
use super::show::secret_entry;
use super::shown::SecretEntry;
use crate::catalog::{Component, Secret};
use crate::error::{Error, Problem, Result, Source};
use crate::index::FluxKustomization;
use crate::model::{Cluster, RepoPath, SecretsFrom};
use crate::tools;
use crate::ui::{Printer, Terminal};
use crate::yaml::{Node, parse_foreign};

/// Make a Secret that a component still misses
///
/// As the cluster keeps its secrets: encrypted by sops, it is written and committed; in an outside store, the command
/// that fills it is shown; by hand, the `kubectl` line. Values are asked for without showing them, or read from files;
/// none is ever on disk in clear or in a command line.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform secret external-dns --on prod\n  \
    landform secret external-dns --on prod --from-file token=./token\n  \
    pass show dns/token | landform secret external-dns --on prod --from-file token=-\n\n\
    --json prints `landform schema secret` where the Secret is made by hand or in a store, and `landform schema \
    change` where sops writes it.")]
pub(super) struct Args {
    /// A component of the platform
    name: String,
    /// The cluster
    #[arg(long, value_name = "CLUSTER")]
    on: String,
    /// Which of its Secrets, where it has several
    #[arg(long, value_name = "SECRET")]
    secret: Option<String>,
    /// A key's value, from a file or from standard input (-); repeatable
    #[arg(long, value_name = "KEY=FILE")]
    from_file: Vec<String>,
    /// Make it anew although it is there
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    write: WriteFlags,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    let opened = Opened::to_change(&args.write)?;
    let Some(name) = opened.named(&args.name) else {
        return Err(opened.unknown(&args.name));
    };
    let Some(cluster) = opened.platform.clusters.get(&args.on) else {
        return Err(unknown_cluster(&opened, &args.on));
    };
    if !cluster.components.contains_key(name) {
        return Err(Error::refused(
            Problem::new(format!("{name} is not on {}", args.on))
                .hint(format!("landform add {name} --on {}", args.on)),
        ));
    }
    let component = &opened.catalogue.components[name];
    let here = cluster.here(&opened.platform, &opened.catalogue);
    let all = opened.platform.secrets(cluster, component, &here);
    let Some(secret) = choose(args, name, &all)? else {
        let note = format!("{name} needs no Secret on {}", args.on);
        return nothing(args, &opened, note, printer);
    };
    match cluster.secrets_from(component) {
        from @ SecretsFrom::Hand => {
            let folder = Here::of(&opened.root);
            let mut lines = secret_commands(cluster, component, secret, from, &folder);
            for (key, file) in given(args, secret)? {
                let file = if file == "-" { "/dev/stdin" } else { file };
                for line in &mut lines {
                    let (open, named) = (format!("={key}=FILE"), format!("={key}={}", quote(file)));
                    *line = line.replace(&open, &named);
                }
            }
            let open = lines.iter().any(|line| line.contains("=FILE"));
            let mut how = how(cluster, component, secret, from, lines);
            how.before = kubectl(&opened.platform, cluster, &opened.catalogue, &folder)?;
            how.tell(
                args,
                if open {
                    "each FILE holds one value, without a line end"
                } else {
                    "each file holds one value, without a line end"
                },
                printer,
            )
        }
        from @ SecretsFrom::Store => {
            let (command, file) = store(&opened, cluster, component, secret)?;
            if !given(args, secret)?.is_empty() {
                printer.note("--from-file is not read: the store takes one file with all keys");
            }
            let how = how(cluster, component, secret, from, vec![command]);
            how.tell(args, &file, printer)
        }
        SecretsFrom::Sops => sops(args, &opened, name, cluster, secret, printer),
    }
}

/// The Secret that is meant; nothing if the component needs none.
fn choose<'s>(args: &Args, name: &str, all: &[&'s Secret]) -> Result<Option<&'s Secret>> {
    if all.is_empty() {
        return Ok(None);
    }
    let names: Vec<&str> = all.iter().map(|secret| secret.name.as_str()).collect();
    match &args.secret {
        Some(wanted) => {
            let found = all.iter().find(|secret| &secret.name == wanted);
            found.map(|secret| Some(*secret)).ok_or_else(|| {
                let hint = crate::error::suggest(wanted, names.iter().copied());
                let message = format!("{name} needs no Secret `{wanted}` on {}", args.on);
                Error::refused(Problem::new(message).hint(hint))
            })
        }
        None if all.len() == 1 => Ok(Some(all[0])),
        None => Err(Error::refused(
            Problem::new(format!("{name} needs several Secrets on {}", args.on))
                .hint(format!("choose one by --secret: {}", names.join(", "))),
        )),
    }
}

/// How a Secret is made that landform does not write: the output of `landform secret --json` where the cluster's
/// secrets are made by hand or live in a store.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HowToMake {
    /// Version of this form: 1.
    format: u32,
    /// The component.
    component: String,
    /// The cluster.
    cluster: String,
    /// The Secret, and the commands that make it.
    secret: SecretEntry,
    /// Commands after which kubectl speaks to the cluster, where it is needed.
    before: Vec<String>,
    /// What the word FILE in a command stands for.
    file: String,
}

fn how(
    cluster: &Cluster,
    component: &Component,
    secret: &Secret,
    from: SecretsFrom,
    commands: Vec<String>,
) -> HowToMake {
    HowToMake {
        format: 1,
        component: component.spec.name.value.clone(),
        cluster: cluster.name.to_string(),
        secret: secret_entry(component, secret, from, commands),
        before: Vec::new(),
        file: String::new(),
    }
}

impl HowToMake {
    fn tell(mut self, args: &Args, file: &str, printer: &Printer) -> Result<u8> {
        file.clone_into(&mut self.file);
        if args.write.json {
            printer.json(&self)?;
            return Ok(0);
        }
        for line in &self.secret.commands {
            printer.product(line);
        }
        for (key, meaning) in &self.secret.keys {
            let meaning = meaning.as_str().unwrap_or_default();
            printer.note(&format!("{key}: {meaning}"));
        }
        printer.note(&self.file);
        if !self.before.is_empty() {
            let before = self.before.join(" && ");
            printer.note(&format!("kubectl must speak to {}: {before}", self.cluster));
        }
        Ok(0)
    }
}

/// Says why there is nothing to be made.
fn nothing(args: &Args, opened: &Opened, note: String, printer: &Printer) -> Result<u8> {
    if args.write.json {
        let mut edit = Edit::new("secret", opened, String::new());
        edit.notes.push(note);
        return carry_out_plainly(&mut edit, &args.write, printer);
    }
    printer.note(&note);
    Ok(0)
}

/// How the store of a cluster gets a secret: the command, and what its file holds.
fn store(
    opened: &Opened,
    cluster: &Cluster,
    component: &Component,
    secret: &Secret,
) -> Result<(String, String)> {
    let key = cluster.store_key(&component.object, &secret.name);
    let fact = |name: &str| cluster.facts.get(name).and_then(|fact| fact.as_str());
    let file = format!("secret-{}.yaml", secret.name);
    let mut rendered = opened.base.keys().filter(|path| path.file_name() == file);
    let of_it = format!("clusters/{}/", cluster.name);
    let mut gone = |path: &RepoPath| {
        path.as_str().starts_with(&of_it) && !opened.index.paths.contains(path.as_str())
    };
    if rendered.any(&mut gone) {
        return Err(Error::refused(
            Problem::new(format!(
                "{file} is deleted, which brings the Secret from the store"
            ))
            .hint("bring it back from Git: git restore"),
        ));
    }
    let fields: Vec<String> = secret
        .keys
        .keys()
        .map(|key| format!("\"{key}\": \"…\""))
        .collect();
    let value = format!("{{{}}}", fields.join(", "));
    let command = match fact("secrets").unwrap_or_default() {
        "aws" => {
            let region = fact("region").map(|region| format!(" --region {region}"));
            format!(
                "aws secretsmanager create-secret{} --name {} --secret-string file://FILE",
                region.unwrap_or_default(),
                quote(&key)
            )
        }
        "google" => {
            let project = fact("project").map(|project| format!(" --project {project}"));
            format!(
                "gcloud secrets create {}{} --data-file=FILE",
                quote(&key),
                project.unwrap_or_default()
            )
        }
        "azure" => format!(
            "az keyvault secret set --vault-name VAULT --name {} --file FILE",
            quote(&key)
        ),
        "vault" => format!("vault kv put secret/{} @FILE", quote(&key)),
        "onepassword" => format!("op item create --title {} --template FILE", quote(&key)),
        other => {
            let message = format!("landform does not know how the store `{other}` is filled");
            return Err(Error::refused(
                Problem::new(message).hint(format!("make an entry {key} with {value}")),
            ));
        }
    };
    Ok((command, format!("FILE holds {value}")))
}

/// Encrypts a Secret into the repository.
fn sops(
    args: &Args,
    opened: &Opened,
    name: &str,
    cluster: &Cluster,
    secret: &Secret,
    printer: &Printer,
) -> Result<u8> {
    let layer = opened.catalogue.components[name].spec.layer;
    let overlay = opened
        .unit(&args.on, name)
        .and_then(FluxKustomization::folder);
    let folder = overlay
        .filter(|folder| folder.starts_with("clusters/"))
        .unwrap_or_else(|| format!("clusters/{}/{layer}/{name}", args.on));
    let file = format!("secret-{}.sops.yaml", secret.name);
    let path = format!("{folder}/{file}");
    if opened.index.paths.contains(&path) && !args.replace {
        let note = format!("{path} is there already; --replace makes it anew");
        return nothing(args, opened, note, printer);
    }
    let mut terminal = args.write.terminal();
    let values = values(args, secret, terminal.as_mut())?;
    let namespace = &opened.catalogue.components[name].spec.namespace.name.value;
    let object = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": secret.name, "namespace": namespace},
        "type": secret.kind.as_deref().unwrap_or("Opaque"),
        "stringData": values,
    });
    let text = tools::encrypt(&opened.root, &path, &object.to_string())?;
    must_be_encrypted(&path, &text)?;
    let mut edit = Edit::new(
        "secret",
        opened,
        format!(
            "Add the Secret {} of {name} on {}",
            secret.name, cluster.name
        ),
    );
    if let Some(placed) = edit.platform.clusters.get_mut(&args.on)
        && let Some(placed) = placed.components.get_mut(name)
    {
        placed.sealed.insert(file);
    }
    let to = RepoPath::new(path).map_err(|reason| Error::refused(Problem::new(reason)))?;
    edit.files.insert(to, text);
    carry_out(&mut edit, &args.write, printer, terminal.as_mut())?.code()
}

/// Refuses what sops gave if a value in it is not encrypted: rules in `.sops.yaml` may leave some out.
fn must_be_encrypted(path: &str, text: &str) -> Result<()> {
    let documents = parse_foreign(&Source::new(path, text))?;
    let values = documents.iter().flat_map(|document| {
        let maps = ["data", "stringData"]
            .iter()
            .filter_map(|key| document.get(key));
        maps.flat_map(Node::entries)
            .map(|(_, value)| value.text().unwrap_or_default())
    });
    let values: Vec<&str> = values.collect();
    if !values.is_empty() && values.iter().all(|value| value.starts_with("ENC[")) {
        return Ok(());
    }
    Err(Error::refused(
        Problem::new(format!(
            "sops left a value of {path} in clear, so nothing was written"
        ))
        .hint("see what `encrypted_regex` and the like say in .sops.yaml"),
    ))
}

/// The keys whose files are given, each with its file.
fn given<'a>(args: &'a Args, secret: &Secret) -> Result<Vec<(&'a str, &'a str)>> {
    let mut given = Vec::new();
    for spec in &args.from_file {
        let Some((key, file)) = spec.split_once('=') else {
            return Err(Error::refused(
                Problem::new(format!("`{spec}` names no file"))
                    .hint("as --from-file token=./token"),
            ));
        };
        if !secret.keys.contains_key(key) {
            let known = secret.keys.keys().map(String::as_str);
            return Err(Error::refused(
                Problem::new(format!("{} has no key `{key}`", secret.name))
                    .hint(crate::error::suggest(key, known)),
            ));
        }
        given.push((key, file));
    }
    Ok(given)
}

/// The values of all keys.
fn values(
    args: &Args,
    secret: &Secret,
    terminal: Option<&mut Terminal>,
) -> Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    for (key, file) in given(args, secret)? {
        values.insert(key.to_owned(), read(&PathBuf::from(file))?);
    }
    let missing: Vec<&String> = secret
        .keys
        .keys()
        .filter(|key| !values.contains_key(*key))
        .collect();
    if missing.is_empty() {
        return Ok(values);
    }
    let Some(terminal) = terminal else {
        let problems = missing.iter().map(|key| {
            let meaning = &secret.keys[*key];
            Problem::new(format!("the value of `{key}` is missing: {meaning}")).hint(format!(
                "--from-file {key}=FILE, or {key}=- for standard input"
            ))
        });
        return Err(Error {
            kind: crate::error::Kind::Refused,
            problems: problems.collect(),
        });
    };
    for key in missing {
        let meaning = &secret.keys[key];
        let value = terminal.secret(&format!("{key} ({meaning})"))?;
        values.insert(key.clone(), value);
    }
    Ok(values)
}

/// A value, without the line end that an editor leaves.
fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| Error::io("read", path, &error))?;
    } else {
        text = std::fs::read_to_string(path).map_err(|error| Error::io("read", path, &error))?;
    }
    if text.lines().count() == 1 {
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
    }
    Ok(text)
}

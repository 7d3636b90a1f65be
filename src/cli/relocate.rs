//! `landform move` and `landform rename`: other folders, the same objects.

use std::collections::BTreeMap;

use super::edit::{Edit, WriteFlags, carry_out_plainly};
use super::opened::Opened;
use super::renaming;
use crate::catalog::{Catalogue, Component, FOREIGN, Layer, Name, Naming, Taken};
use crate::error::{Error, Problem, Result};
use crate::model::{Platform, install_order, units};
use crate::ui::Printer;

/// Move a component to the other layer
///
/// Its Flux Kustomizations keep their names, so nothing is deleted or restarted in a cluster: only files move, and
/// your edits and your own files with them. Your own overlays and paths that lead there follow.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  landform move cert-manager --to infrastructure")]
pub(super) struct MoveArgs {
    /// A component of the platform
    name: String,
    /// Where it goes: apps or infrastructure
    #[arg(long, value_name = "LAYER", value_parser = ["apps", "infrastructure"])]
    to: String,
    #[command(flatten)]
    write: WriteFlags,
}

/// Rename the folders of a component
///
/// The names of its Flux Kustomizations, of its release and of its namespace stay, so nothing is deleted or restarted
/// in a cluster. Your own overlays and paths that lead there follow.
///
/// With --objects the Flux Kustomization gets the new name too, where that can be done without loss: for manifests of
/// your own, as `landform add app NAME --manifests DIR` makes them. It goes in two commits. The first keeps Flux from
/// deleting anything; the second, by --continue once the clusters have caught up with the first, changes the name, and
/// whatever waits for it follows. `landform add NAME --on CLUSTER,…` takes the first one back. What a chart installs,
/// what lies in another repository, and what the catalogue has under its name keeps its objects' names.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform rename grafana dashboards\n  \
    landform rename app grafana dashboards\n  \
    landform rename shop store --objects\n  \
    landform rename shop store --objects --continue")]
pub(super) struct RenameArgs {
    /// The component's name and its new one
    #[arg(value_name = "[app|infrastructure] NAME NEW", num_args = 2..=3, required = true)]
    names: Vec<String>,
    /// Rename its objects in the clusters too, where that can be done without loss
    #[arg(long)]
    objects: bool,
    /// The second of two steps: the clusters have caught up with the first
    #[arg(long = "continue", requires = "objects")]
    go_on: bool,
    #[command(flatten)]
    write: WriteFlags,
}

pub(super) fn relocate(args: &MoveArgs, printer: &Printer) -> Result<u8> {
    let opened = Opened::to_change(&args.write)?;
    let name = &args.name;
    if !opened.platform.components.contains_key(name) {
        return Err(opened.unknown(name));
    }
    let to = if args.to == Layer::Apps.as_str() {
        Layer::Apps
    } else {
        Layer::Infrastructure
    };
    let from = opened.catalogue.components[name].spec.layer;
    may_move(&opened, name, to)?;
    let mut catalogue = copy(&opened.catalogue)?;
    catalogue.call(name, name, to);
    in_order(&opened.platform, &catalogue, name)?;
    let mut edit = Edit::new("move", &opened, format!("Move {name} to {to}"));
    edit.places = places(&opened, name, name, from, to);
    edit.catalogue = &catalogue;
    if from != to {
        edit.notes.push(format!(
            "the Flux Kustomizations keep their names: nothing of {name} is deleted or restarted"
        ));
        edit.notes.push(guard_note(&opened, name, to));
        if to == Layer::Infrastructure {
            edit.notes.push(comes_note(&opened, name));
        }
    }
    carry_out_plainly(&mut edit, &args.write, printer)
}

/// What keeps Flux from deleting a component belongs to the layer.
fn guard_note(opened: &Opened, name: &str, to: Layer) -> String {
    let release = opened.catalogue.components[name].spec.release.is_some();
    let marks = if release {
        "`deletionPolicy: Orphan` and its release's `prune: disabled`"
    } else {
        "`deletionPolicy: Orphan`"
    };
    if to == Layer::Apps {
        format!(
            "with {marks} goes what kept Flux from deleting {name}: from now on it is deleted in the clusters when its Flux Kustomization goes from Git"
        )
    } else {
        format!(
            "from now on Flux does not delete {name} when its Flux Kustomization goes from Git ({marks}); landform remove takes that away first"
        )
    }
}

/// How infrastructure that was an app comes to clusters.
fn comes_note(opened: &Opened, name: &str) -> String {
    let handover = opened.catalogue.components[name].spec.handover.as_ref();
    if handover.is_some_and(|handover| handover.value.none.is_none()) {
        format!(
            "{name} runs already, so Flux goes on running it; on a new cluster Terraform installs it before Flux"
        )
    } else {
        format!(
            "{name} runs already, so Flux goes on running it; on a new cluster Flux installs it too, and only what needs it waits for it"
        )
    }
}

/// What must be there before Flux cannot come with it.
fn may_move(opened: &Opened, name: &str, to: Layer) -> Result<()> {
    let spec = &opened.catalogue.components[name].spec;
    let mut always = opened.catalogue.common.always.iter();
    if to != Layer::Apps {
        return Ok(());
    }
    let refused = |why: String| {
        Err(Error::refused(
            Problem::new(why).hint("leave it in infrastructure"),
        ))
    };
    if always.any(|always| always.value == opened.catalogue.components[name].object) {
        return refused(format!(
            "{name} brings Flux itself, so Flux cannot bring it"
        ));
    }
    if spec.all_provides().any(|ability| ability.name == "cni") {
        return refused(format!(
            "{name} is the network of the pods: without it Flux cannot start, so Flux cannot bring it"
        ));
    }
    Ok(())
}

/// Refuses an order in which infrastructure would wait for an app.
fn in_order(platform: &Platform, catalogue: &Catalogue, name: &str) -> Result<()> {
    for (cluster_name, cluster) in &platform.clusters {
        let units = units(platform, cluster, catalogue);
        for layer in Layer::ALL {
            if let Err(problem) = install_order(&units, layer) {
                let message = format!("{name} cannot move: on {cluster_name} {}", problem.message);
                let hint = problem.hint.unwrap_or_default();
                return Err(Error::refused(Problem::new(message).hint(hint)));
            }
        }
    }
    Ok(())
}

pub(super) fn rename(args: &RenameArgs, printer: &Printer) -> Result<u8> {
    let opened = Opened::to_change(&args.write)?;
    let (layer, name, new) = match args.names.as_slice() {
        [name, new] => (None, name, new),
        [word, name, new] if word == "app" => (Some(Layer::Apps), name, new),
        [word, name, new] if word == "infrastructure" => (Some(Layer::Infrastructure), name, new),
        _ => {
            return Err(Error::refused(
                Problem::new("three words, of which the first is no kind of component")
                    .hint("landform rename NAME NEW"),
            ));
        }
    };
    // By its objects' name too, where those are what is to be renamed.
    let name = if args.objects && is_renamed(&opened, name, new) {
        new
    } else {
        name
    };
    if is_renamed(&opened, name, new) || (args.objects && has_new_objects(&opened, name, new)) {
        let mut edit = Edit::new("rename", &opened, format!("Rename {name} to {new}"));
        return carry_out_plainly(&mut edit, &args.write, printer);
    }
    let Some(component) = opened.catalogue.components.get(name) else {
        return Err(opened.unknown(name));
    };
    if !opened.platform.components.contains_key(name) {
        return Err(opened.unknown(name));
    }
    let is = component.spec.layer;
    if layer.is_some_and(|layer| layer != is) {
        return Err(Error::refused(
            Problem::new(format!("{name} belongs to {is}"))
                .hint(format!("landform rename {name} {new}")),
        ));
    }
    let object = component.object.clone();
    let objects = args.objects && object != *new;
    if objects {
        renaming::must_be_safe(&opened, name)?;
    } else if args.go_on {
        return Err(Error::refused(
            Problem::new(format!("the objects of {name} are called {new} already")).hint(format!(
                "to rename its folders alone: landform rename {name} {new}"
            )),
        ));
    }
    free(&opened, name, new)?;
    if objects && !renaming::goes_on(&opened, name, new, args.go_on)? {
        let mut edit = renaming::first_step(&opened, name, new)?;
        return carry_out_plainly(&mut edit, &args.write, printer);
    }
    let catalogue = if objects {
        renaming::called(&opened, name, new)?
    } else {
        let mut catalogue = copy(&opened.catalogue)?;
        catalogue.call(name, new, is);
        catalogue
    };
    let mut edit = Edit::new("rename", &opened, format!("Rename {name} to {new}"));
    if let Some(chosen) = edit.platform.components.remove(name) {
        edit.platform.components.insert(new.clone(), chosen);
    }
    for cluster in edit.platform.clusters.values_mut() {
        if let Some(mut placed) = cluster.components.remove(name) {
            let pins = std::mem::take(&mut placed.pins);
            placed.pins = pins
                .into_iter()
                .map(|(unit, version)| (renamed(&unit, name, new), version))
                .collect();
            cluster.components.insert(new.clone(), placed);
        }
    }
    edit.places = places(&opened, name, new, is, is);
    edit.catalogue = &catalogue;
    if objects {
        renaming::last_step(&mut edit, name, new)?;
    } else if name != new {
        edit.notes.push(format!(
            "in the clusters everything keeps the name {object}: nothing is deleted or restarted, and {object} stays taken"
        ));
    }
    carry_out_plainly(&mut edit, &args.write, printer)
}

/// Whether a component has its new name already.
fn is_renamed(opened: &Opened, name: &str, new: &str) -> bool {
    let known = &opened.platform.components;
    let object = opened.catalogue.by_object(name);
    !known.contains_key(name)
        && known.contains_key(new)
        && object.is_some_and(|component| component.spec.name.value == new)
}

/// Whether the objects of a component have its new name already.
fn has_new_objects(opened: &Opened, name: &str, new: &str) -> bool {
    let known = &opened.platform.components;
    known.contains_key(new)
        && opened.catalogue.components[new].object == new
        && (name == new || opened.is_gone(name))
}

fn renamed(unit: &str, name: &str, new: &str) -> String {
    match unit.strip_prefix(name) {
        Some(rest) => format!("{new}{rest}"),
        None => unit.to_owned(),
    }
}

/// Refuses a name that is none, or that is taken.
fn free(opened: &Opened, name: &str, new: &str) -> Result<()> {
    Name::new(new, Naming::Component)
        .map_err(|reason| Error::refused(Problem::new(reason).hint("as dashboards")))?;
    let taken = |why: String| {
        Err(Error::refused(
            Problem::new(why).hint("choose another name"),
        ))
    };
    let parts = &opened.catalogue.components[name].spec.parts;
    let mut wanted = vec![new.to_owned()];
    wanted.extend(
        parts
            .iter()
            .map(|part| format!("{new}-{}", part.name.value)),
    );
    for (other, component) in &opened.catalogue.components {
        if other == name {
            continue;
        }
        let mut names = vec![other.clone(), component.object.clone()];
        for part in &component.spec.parts {
            names.push(format!("{other}-{}", part.name.value));
            names.push(component.part_object(part));
        }
        if let Some(name) = names.iter().find(|name| wanted.contains(name)) {
            return taken(format!("`{name}` is taken by the component {other}"));
        }
    }
    let embedded = Catalogue::embedded()?;
    if opened.catalogue.by_object(new).is_none() && embedded.components.contains_key(new) {
        return taken(format!("`{new}` is another component of the catalogue"));
    }
    // What may still be added counts too: nothing else may seem to give its abilities. One of the user's own gives
    // none but its old names.
    let itself = |component: &Component| {
        component.object == new
            || (component.spec.name.value == name && component.spec.category == FOREIGN)
    };
    let all = opened.catalogue.components.values();
    let mut abilities = all
        .chain(embedded.components.values())
        .filter(|component| !itself(component))
        .flat_map(|component| component.spec.all_provides());
    if abilities.any(|ability| ability.name == new) {
        return taken(format!("`{new}` is the name of an ability"));
    }
    let mut foreign = opened.foreign();
    match foreign.find(|unit| wanted.contains(&unit.name.value)) {
        Some(unit) => taken(format!(
            "`{}` is your own Flux Kustomization, in {}",
            unit.name.value, unit.file
        )),
        None => Ok(()),
    }
}

/// A catalogue of its own, to call a component otherwise.
fn copy(catalogue: &Catalogue) -> Result<Catalogue> {
    catalogue.with(catalogue, &Taken::default())
}

/// Where the folders and files of a component go, as landform would have written them.
pub(super) fn places(
    opened: &Opened,
    name: &str,
    new: &str,
    from: Layer,
    to: Layer,
) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    let mut place = |was: String, is: String| {
        if was != is {
            places.insert(was, is);
        }
    };
    place(format!("{from}/{name}"), format!("{to}/{new}"));
    let component = &opened.catalogue.components[name];
    let parts = component
        .spec
        .parts
        .iter()
        .map(|part| format!("-{}", part.name.value));
    let ends: Vec<String> = std::iter::once(String::new()).chain(parts).collect();
    for cluster in opened.platform.clusters_of(name) {
        let cluster = &cluster.name;
        for end in &ends {
            for suffix in ["", ".yaml"] {
                place(
                    format!("clusters/{cluster}/{from}/{name}{end}{suffix}"),
                    format!("clusters/{cluster}/{to}/{new}{end}{suffix}"),
                );
            }
        }
        place(
            format!("terraform/{cluster}/{name}.tf"),
            format!("terraform/{cluster}/{new}.tf"),
        );
    }
    places
}

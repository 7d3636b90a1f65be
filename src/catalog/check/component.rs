//! A component: its specification and every file of its.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::super::component::{Layer, Need, Origin, Part, Scope};
use super::super::load::Component;
use super::super::name::{Name, Naming};
use super::super::place::{OWN_FILES, Place, component_place};
use super::super::scan::{Use, uses};
use super::super::template::SUFFIX;
use super::text::{dns_label, exact_version, minutes};
use super::{Checker, Names, names_of, unknown};
use crate::error::{Source, suggest};

impl Checker<'_> {
    pub(super) fn component(&mut self, component: &Component) {
        let spec = &component.spec;
        let source = &component.source;
        if let Err(reason) = Name::new(&spec.name.value, Naming::Component) {
            self.wrong(
                source,
                spec.name.span.clone(),
                reason,
                "rename the folder too",
            );
        }
        self.origin(component);
        self.handover(component);
        for part in &spec.parts {
            self.part(component, part);
        }
        let names = names_of(component);
        self.questions(source, &spec.questions, &names);
        for need in &spec.needs {
            self.need(source, need, &names);
        }
        for (place, provider) in spec.only.iter().map(|p| (p.span.clone(), &p.value)).chain(
            spec.unfit
                .keys()
                .chain(spec.identity.keys())
                .map(|p| (p.span.clone(), &p.value)),
        ) {
            self.provider_name(source, place, provider);
        }
        for key in spec.unfit_when.keys() {
            self.key(source, &key.span, &key.value, &names);
        }
        for fact in &spec.uses {
            self.used_fact(source, &fact.span, &fact.value);
            self.when(source, &fact.span, &fact.value.when, &names);
        }
        let parts = spec.parts.iter();
        let given = parts.flat_map(|part| part.provides.iter().map(|p| (&part.name.span, p)));
        for (span, ability) in spec
            .provides
            .iter()
            .map(|p| (&spec.name.span, p))
            .chain(given)
        {
            self.when(source, span, &ability.when, &names);
        }
        let conditions = spec.secrets.iter().map(|s| &s.when);
        let conditions = conditions.chain(spec.from_terraform.iter().map(|f| &f.when));
        let whole = 0..0;
        for when in conditions {
            self.when(source, &whole, when, &names);
        }
        for secret in &spec.secrets {
            for name in &secret.unless {
                self.known_name(source, &whole, name);
            }
        }
        self.component_files(component);
    }

    pub(super) fn origin(&mut self, component: &Component) {
        let spec = &component.spec;
        let source = &component.source;
        let span = spec.source.span.clone();
        self.source(source, &span, &spec.source.value);
        match (&spec.release, spec.source.value.is_chart()) {
            (None, true) => self.wrong(
                source,
                span,
                "a chart without `release`".to_owned(),
                "name the Helm release, as the project's own documentation does",
            ),
            (Some(release), true) if release.value.len() > 53 || !dns_label(&release.value) => self
                .wrong(
                    source,
                    release.span.clone(),
                    format!("`{}` is no name of a Helm release", release.value),
                    "at most 53 lower-case letters, digits and dashes",
                ),
            (Some(release), false) => self.wrong(
                source,
                release.span.clone(),
                "a release without a chart".to_owned(),
                "remove `release`",
            ),
            _ => {}
        }
        if !dns_label(&spec.namespace.name.value) {
            self.wrong(
                source,
                spec.namespace.name.span.clone(),
                format!("`{}` is no name of a namespace", spec.namespace.name.value),
                "lower-case letters, digits and dashes",
            );
        }
    }

    pub(super) fn source(&mut self, source: &Arc<Source>, span: &Range<usize>, origin: &Origin) {
        let (url, starts) = match origin {
            Origin::Oci { url, .. } => (url, "oci://"),
            Origin::Helm { repository, .. } => (repository, "https://"),
            Origin::Git { url, .. } => (url, "https://"),
            Origin::Files {} => return,
        };
        if !url.starts_with(starts) {
            self.wrong(
                source,
                span.clone(),
                format!("`{url}` does not start with {starts}"),
                "the address decides how Flux reads it",
            );
        }
        if let Origin::Git { path, .. } = origin
            && (!path.starts_with("./") || path.split('/').any(|s| s == ".."))
        {
            self.wrong(
                source,
                span.clone(),
                format!("`{path}` is no path inside that repository"),
                "start it with ./",
            );
        }
        let exact = !matches!(origin, Origin::Git { .. });
        if let Some(version) = origin.version()
            && (version.is_empty() || exact && !exact_version(version))
        {
            self.wrong(
                source,
                span.clone(),
                format!("`{version}` is no exact version"),
                "write all three numbers, as 1.2.3",
            );
        }
    }

    pub(super) fn handover(&mut self, component: &Component) {
        let spec = &component.spec;
        let source = &component.source;
        match (spec.layer, &spec.handover) {
            (Layer::Apps, Some(handover)) => self.wrong(
                source,
                handover.span.clone(),
                "`handover` on an app".to_owned(),
                "only infrastructure is handed over; remove it, or change the layer",
            ),
            (Layer::Infrastructure, None) => self.wrong(
                source,
                spec.name.span.clone(),
                "an infrastructure component without `handover`".to_owned(),
                "say by which object Terraform sees it (`ready`), or why it cannot be handed over (`none`)",
            ),
            (Layer::Infrastructure, Some(handover)) => {
                let h = &handover.value;
                if h.ready.is_some() == h.none.is_some() {
                    self.wrong(
                        source,
                        handover.span.clone(),
                        "a hand-over needs exactly one of `ready` and `none`".to_owned(),
                        "`ready: {kind, name}`, or `none: the reason`",
                    );
                }
                if h.ready.is_some() && !matches!(spec.source.value, Origin::Oci { .. }) {
                    self.wrong(
                        source,
                        handover.span.clone(),
                        "only a chart in an OCI registry can be handed over".to_owned(),
                        "the bootstrap Job installs nothing else: write `none: the reason`",
                    );
                }
            }
            (Layer::Apps, None) => {}
        }
        let handover = spec
            .handover
            .as_ref()
            .and_then(|h| h.value.timeout.as_ref());
        for timeout in handover.iter().copied().chain(spec.timeout.as_ref()) {
            if minutes(&timeout.value).is_none() {
                self.wrong(
                    source,
                    timeout.span.clone(),
                    format!("`{}` is no time in minutes", timeout.value),
                    "as 10m",
                );
            }
        }
    }

    pub(super) fn part(&mut self, component: &Component, part: &Part) {
        let source = &component.source;
        let span = part.name.span.clone();
        if let Err(reason) = Name::new(&part.name.value, Naming::Part) {
            self.wrong(
                source,
                span.clone(),
                reason,
                "choose another name for the part",
            );
        }
        if let Some(origin) = &part.source {
            self.source(source, &span, origin);
            if !matches!(origin, Origin::Git { .. }) || part.scope != Scope::Shared {
                self.wrong(
                    source,
                    span.clone(),
                    "a part's source is a Git folder, and such a part is shared".to_owned(),
                    "write `scope: shared` and `source: {git: …}`",
                );
            }
        }
        let names = names_of(component);
        for need in &part.needs {
            self.need(source, need, &names);
        }
    }

    pub(super) fn need(&mut self, source: &Arc<Source>, need: &Need, names: &Names<'_>) {
        if !need.optional {
            self.known_name(source, &need.name.span, &need.name.value);
        }
        self.when(source, &need.name.span, &need.when, names);
    }

    pub(super) fn component_files(&mut self, component: &Component) {
        let mut outputs = BTreeSet::new();
        for path in &component.files {
            let full = format!("{}/{path}", component.root);
            let source = Arc::clone(&self.catalogue.files[&full]);
            let Some(place) = component_place(path) else {
                self.wrong(
                    &source,
                    0..0,
                    format!("{full} has no place in the output"),
                    "the places are values.yaml, cluster-values.yaml, manifests/*.yaml, cluster/*.yaml, \
                     parts/<part>/*.yaml and terraform/<provider>.tf",
                );
                continue;
            };
            if !outputs.insert(path.strip_suffix(SUFFIX).unwrap_or(path)) {
                self.wrong(
                    &source,
                    0..0,
                    format!("{full} stands twice"),
                    "once as a template is enough",
                );
            }
            self.own_name(&source, &full, &place);
            if let Place::Terraform(provider) = &place {
                self.provider_name(&source, 0..0, provider);
            }
            if let Place::Part { part, .. } = &place
                && !component.spec.parts.iter().any(|p| &p.name.value == part)
            {
                let parts = component.spec.parts.iter().map(|p| p.name.value.as_str());
                self.wrong(
                    &source,
                    0..0,
                    format!("no part is named `{part}`"),
                    &suggest(part, parts),
                );
            }
            if path.ends_with(SUFFIX) {
                let mut names = names_of(component);
                names.cluster = match &place {
                    Place::Values | Place::Manifest(_) => false,
                    Place::Part { part, .. } => component
                        .spec
                        .parts
                        .iter()
                        .any(|p| &p.name.value == part && p.scope == Scope::Cluster),
                    _ => true,
                };
                let extra: &[&str] = match &place {
                    Place::Values | Place::Manifest(_) => &["platform", "component", "answers"],
                    Place::Part { .. } if !names.cluster => {
                        &["platform", "component", "answers", "part"]
                    }
                    Place::Part { .. } => &[
                        "platform",
                        "cluster",
                        "component",
                        "answers",
                        "here",
                        "part",
                    ],
                    _ => &["platform", "cluster", "component", "answers", "here"],
                };
                self.template(&source, &full, &names, extra);
            }
        }
    }

    pub(super) fn own_name(&mut self, source: &Arc<Source>, full: &str, place: &Place) {
        let (Place::Manifest(file) | Place::Cluster(file) | Place::Part { file, .. }) = place
        else {
            return;
        };
        if OWN_FILES.contains(&file.as_str()) {
            self.wrong(
                source,
                0..0,
                format!("{full} would take the place of a file that landform writes"),
                "give it another name",
            );
        }
    }

    pub(super) fn template(
        &mut self,
        source: &Arc<Source>,
        name: &str,
        names: &Names<'_>,
        roots: &[&str],
    ) {
        for used in uses(&source.text) {
            match used {
                Use::Member { root, name, span } => {
                    if let Some((message, hint)) = unknown(&root, &name, names, true) {
                        self.wrong(source, span, message, &hint);
                    }
                }
                Use::Bare { root, span } => self.wrong(
                    source,
                    span,
                    format!("`{root}` by itself: what is read of it cannot be checked"),
                    &format!("write {root}.<name>"),
                ),
                Use::Here { name, span } => self.known_name(source, &span, &name),
            }
        }
        for variable in self.catalogue.engine.variables(name) {
            if !roots.contains(&variable.as_str())
                && variable != "loop"
                && variable != "__tera_context"
            {
                let at = word(&source.text, &variable).unwrap_or(0);
                self.wrong(
                    source,
                    at..at + variable.len(),
                    format!("unknown variable `{variable}`"),
                    &suggest(&variable, roots.iter().copied()),
                );
            }
        }
    }
}

/// Where a variable stands as a word of its own, not as a member of another.
fn word(text: &str, variable: &str) -> Option<usize> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(variable).map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + variable.len()..].chars().next();
        !before.is_some_and(|c| part(c) || c == '.') && !after.is_some_and(part)
    })
}

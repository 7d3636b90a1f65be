//! What templates see, as `format: 1` fixes it.

use serde_json::{Map, Value, json};

use crate::catalog::{Component, Origin, Part, PodSecurity};
use crate::model::Unit;

/// Minutes by which a Flux Kustomization outlives its release.
const MARGIN: u32 = 5;

/// Minutes that a release may take where nothing else is said.
const RELEASE: u32 = 5;

/// What a component is in just now, beside what its catalogue says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    /// The cluster keeps its own version.
    pub(super) pinned: bool,
    /// The first step of its removal is done.
    pub(super) removing: bool,
    /// The first step of renaming its objects is done.
    pub(super) renaming: bool,
    /// All clusters share values.
    pub(super) has_values: bool,
}

/// `component`.
pub(super) fn component(component: &Component, state: State) -> Value {
    let State {
        pinned,
        removing,
        renaming,
        has_values,
    } = state;
    let spec = &component.spec;
    let mut context = json!({
        "name": spec.name.value,
        "object": component.object,
        "layer": spec.layer,
        "category": spec.category,
        "description": spec.description,
        "homepage": spec.homepage,
        "source": source(&spec.source.value),
        "namespace": namespace(component),
        "timeout": format!("{}m", release_minutes(component)),
        "crds": {"from": spec.crds.from, "removal": spec.crds.removal},
        "pinned": pinned,
        "removing": removing,
        "renaming": renaming,
        "has_values": has_values,
    });
    if let Some(version) = spec.source.value.version() {
        context["version"] = json!(version);
    }
    if let Some(release) = &spec.release {
        context["release"] = json!(release.value);
    }
    if let Some(ready) = ready(component) {
        context["handover"] = json!({
            "ready": {"kind": ready.kind, "name": ready.name},
            "api_version": "apps/v1",
            "timeout": format!("{}m", release_minutes(component)),
        });
    }
    context
}

/// `component` or `part` with the version that a cluster keeps.
pub(super) fn pinned(mut context: Value, pin: Option<&String>) -> Value {
    if let (Some(pin), Some(version)) = (pin, context.get_mut("version")) {
        *version = json!(pin);
    }
    context
}

/// The object by which a component is handed over, if it is.
pub(super) fn ready(component: &Component) -> Option<&crate::catalog::Ready> {
    component.spec.handover.as_ref()?.value.ready.as_ref()
}

fn namespace(component: &Component) -> Value {
    let namespace = &component.spec.namespace;
    let mut context = json!({
        "name": namespace.name.value,
        "create": namespace.pod_security.is_some(),
    });
    if let Some(level) = namespace.pod_security {
        let level: PodSecurity = level;
        context["pod_security"] = json!(level);
    }
    context
}

/// `component.source` and `part.source`.
fn source(origin: &Origin) -> Value {
    match origin {
        Origin::Oci {
            url,
            version,
            secret,
        } => {
            let source = json!({"kind": "oci", "url": url, "tag": version});
            with_login(source, secret.as_deref())
        }
        Origin::Helm {
            repository,
            chart,
            version,
            secret,
        } => {
            let source =
                json!({"kind": "helm", "repository": repository, "chart": chart, "tag": version});
            with_login(source, secret.as_deref())
        }
        Origin::Git { url, tag, path } => {
            json!({"kind": "git", "url": url, "tag": tag, "path": path})
        }
        Origin::Files {} => json!({"kind": "files"}),
    }
}

fn with_login(mut source: Value, secret: Option<&str>) -> Value {
    if let Some(secret) = secret {
        source["secret"] = json!(secret);
    }
    source
}

/// `part`.
pub(super) fn part(component: &Component, part: &Part) -> Value {
    let mut context = json!({
        "name": part.name.value,
        "object": component.part_object(part),
        "scope": part.scope,
        "order": part.order,
    });
    if let Some(origin) = &part.source {
        context["source"] = source(origin);
        context["version"] = json!(origin.version());
    }
    context
}

fn release_minutes(component: &Component) -> u32 {
    let spec = &component.spec;
    let handover = spec
        .handover
        .as_ref()
        .and_then(|h| h.value.timeout.as_ref());
    handover
        .or(spec.timeout.as_ref())
        .and_then(|timeout| timeout.value.strip_suffix('m')?.parse().ok())
        .unwrap_or(RELEASE)
}

/// `health`: how Flux sees that a unit is ready.
pub(super) fn health(unit: &Unit<'_>) -> Value {
    let component = unit.component;
    let minutes = if unit.part.is_some() {
        RELEASE
    } else {
        release_minutes(component)
    };
    let timeout = format!("{}m", minutes + MARGIN);
    let ready = ready(component).filter(|_| unit.part.is_none());
    let Some(ready) = ready else {
        return json!({"timeout": timeout, "wait": true, "checks": []});
    };
    let spec = &component.spec;
    // The bootstrap Job looks at the first one to see whether Flux owns the release yet.
    let checks = json!([
        {
            "apiVersion": "apps/v1",
            "kind": ready.kind,
            "name": ready.name,
            "namespace": spec.namespace.name.value,
        },
        {
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "name": component.object,
            "namespace": spec.namespace.name.value,
        },
    ]);
    json!({"timeout": timeout, "wait": false, "checks": checks})
}

/// Facts with more keys, as one object.
pub(super) fn extend(facts: &Map<String, Value>, more: Value) -> Value {
    let mut object = facts.clone();
    if let Value::Object(more) = more {
        object.extend(more);
    }
    Value::Object(object)
}

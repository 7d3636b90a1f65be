//! What the API server refuses for more than one field: the rules that the definitions of Flux's kinds have beside their
//! schemas. The rule misspelt-field tells of it.

use super::common::has_open_parts;
use std::sync::LazyLock;

use regex_lite::Regex;

use crate::check::finding::{Findings, Severity, Spot};
use crate::index::{Object, group};
use crate::yaml::Node;

/// What Helm takes for the name of a release (helm, `pkg/chartutil/validate_name.go`).
static RELEASE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$").ok()
});

/// How long that may be (helm-controller, `api/v2/helmrelease_types.go`: `MaxLength=53`).
const LENGTH: usize = 53;

/// Looks at an object. `whole` is one that is applied as it is written.
pub(super) fn look(object: &Object<'_>, whole: bool, unread: bool, findings: &mut Findings) {
    let found = if object.is(group::HELM, "HelmRelease") {
        let chart = chart(object.node).filter(|_| whole);
        chart.or_else(|| release_name(object.node))
    } else if object.is(group::OPERATOR, "FluxInstance") {
        instance(object)
    } else {
        None
    };
    let Some(Refused {
        at,
        message,
        effect,
        hint,
    }) = found
    else {
        return;
    };
    let finding = findings.add(Spot::node(object.source, at), message);
    finding.effect(effect).hint(hint);
    if unread {
        finding.severity(Severity::Warning);
    }
}

/// What is refused.
struct Refused<'a> {
    at: &'a Node,
    message: String,
    effect: &'static str,
    hint: &'static str,
}

const REFUSED: &str = "the API server refuses it, and Flux applies nothing of its build";

/// One of `chart` and `chartRef` (helm-controller, `api/v2/helmrelease_types.go`: "either chart or chartRef must be set").
fn chart(node: &Node) -> Option<Refused<'_>> {
    let spec = node.get("spec").filter(|spec| spec.get("<<").is_none())?;
    let (first, _) = spec.entries().first()?;
    let mut keys = spec.entries().iter().map(|(key, _)| key);
    let named = |name: &str| spec.get(name).filter(|node| !node.is_null());
    let (at, message, hint) = match (named("chart"), named("chartRef")) {
        (None, None) => (first, "has neither chart nor chartRef", "add one of them"),
        (Some(_), Some(_)) => (
            keys.find(|key| key.text() == Some("chartRef"))?,
            "has both chart and chartRef",
            "take one of them away",
        ),
        _ => return None,
    };
    Some(Refused {
        at,
        message: format!("HelmRelease {message}"),
        effect: REFUSED,
        hint,
    })
}

fn release_name(node: &Node) -> Option<Refused<'_>> {
    let at = node.at(&["spec", "releaseName"])?;
    let text = at.text().filter(|text| !has_open_parts(text))?;
    if text.len() > LENGTH {
        return Some(Refused {
            at,
            message: format!("releaseName has {} characters", text.len()),
            effect: REFUSED,
            hint: "write no more than 53",
        });
    }
    let fits = RELEASE.as_ref().is_none_or(|form| form.is_match(text));
    (!fits && !text.is_empty()).then(|| Refused {
        at,
        message: format!("releaseName cannot be `{text}`"),
        effect: "Helm refuses it (\"invalid release name\"), and nothing is installed",
        hint: "write small letters, digits and -",
    })
}

/// flux-operator, `api/v1/fluxinstance_types.go`: "the only accepted name for a FluxInstance is 'flux'".
fn instance<'a>(object: &Object<'a>) -> Option<Refused<'a>> {
    let name = object.name;
    (!name.is_empty() && name != "flux" && !has_open_parts(name)).then(|| Refused {
        at: object.name_node(),
        message: format!("a FluxInstance cannot be called {name}"),
        effect: "the API server refuses it: the only accepted name is flux",
        hint: "call it flux",
    })
}

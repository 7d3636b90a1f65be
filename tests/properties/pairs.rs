//! Every pair of components on every provider, and random sets: a thousand where it is to be thorough.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use landform::catalog::Catalogue;
use landform::error::Kind;
use landform::render::render;
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::asking::{CLUSTER, fill, try_resolve};
use crate::kustomize::faults;
use crate::support;

/// How many random sets are tried: where it is to be thorough, and elsewhere.
const SETS: [u32; 2] = [1000, 100];

/// Renders components together on a cluster, with defaults and samples for what has none; gives the reason if they
/// are refused.
fn together(names: &[&String], cluster: &Value, catalogue: &Catalogue) -> Result<(), String> {
    let chosen: BTreeMap<&String, Value> = names
        .iter()
        .map(|name| (*name, json!({"on": [CLUSTER]})))
        .collect();
    let mut answers = json!({
        "name": "acme",
        "git": {"url": "https://git.example.com/acme.git", "auth": "public"},
        "email": "ops@acme.io",
        "clusters": {CLUSTER: cluster},
        "components": chosen,
    });
    fill(&mut answers, catalogue);
    match try_resolve(&answers, catalogue) {
        Ok(resolution) => {
            let tree = render(&resolution.platform, catalogue);
            let tree = tree.unwrap_or_else(|error| panic!("{error}\n{answers}"));
            assert_eq!(faults(&tree), Vec::<String>::new(), "{answers}");
            Ok(())
        }
        Err(error) => {
            assert_eq!(error.kind, Kind::Refused, "{error}\n{answers}");
            let reasons: Vec<&str> = error.problems.iter().map(|p| p.message.as_str()).collect();
            assert!(!reasons.is_empty(), "{answers}");
            Err(reasons.join("; "))
        }
    }
}

/// Each component alone on a kind of cluster, and with each other: how many pairs there are, and a line for each
/// refusal.
fn pairs(
    (provider, cluster): &(String, Value),
    names: &[&String],
    catalogue: &Catalogue,
) -> (usize, String) {
    let (mut pairs, mut text) = (0, String::new());
    let mut alone = BTreeMap::new();
    for name in names {
        let fits = together(&[name], cluster, catalogue);
        if let Err(reason) = &fits {
            writeln!(text, "{provider}: {name}: {reason}").expect("text");
        }
        alone.insert(*name, fits.is_ok());
    }
    for (at, one) in names.iter().enumerate() {
        for other in &names[at + 1..] {
            pairs += 1;
            let fit = together(&[one, other], cluster, catalogue);
            let apart = alone[*one] && alone[*other];
            match fit {
                Ok(()) => {}
                Err(reason) if apart => {
                    writeln!(text, "{provider}: {one} + {other}: {reason}").expect("text");
                }
                // Whoever does not fit alone does not fit together; the reason names it.
                Err(reason) => {
                    let culprits = [one, other].into_iter().filter(|name| !alone[**name]);
                    let blamed = culprits.into_iter().any(|name| reason.contains(*name));
                    assert!(blamed, "{provider}: {one} + {other}: {reason}");
                }
            }
        }
    }
    (pairs, text)
}

/// What is refused, and why, stands in `tests/golden/refused.txt`; `LANDFORM_GOLDEN=overwrite` writes it anew.
#[test]
fn every_pair_on_every_provider_fits_or_is_refused_with_a_reason() {
    let catalogue = Catalogue::embedded().expect("the embedded catalogue holds");
    let names: Vec<&String> = catalogue.components.keys().collect();
    let providers = catalogue.providers.keys();
    let mut kinds: Vec<(String, Value)> = providers
        .map(|provider| (provider.clone(), json!({"provider": provider})))
        .collect();
    // Those that do not fit what a provider has by itself fit these.
    let bare =
        json!({"provider": "existing", "cni": "none", "dns": "cloudflare", "storage_class": false});
    kinds.push(("existing without network and storage".to_owned(), bare));
    let alone = json!({"provider": "eks", "cni": "none"});
    kinds.push(("eks without the network of AWS".to_owned(), alone));
    let of = |kind: &(String, Value)| pairs(kind, &names, &catalogue);
    let tried: Vec<(usize, String)> = kinds.par_iter().map(of).collect();
    let pairs: usize = tried.iter().map(|(pairs, _)| pairs).sum();
    let text: String = tried.into_iter().map(|(_, text)| text).collect();
    assert!(pairs >= 1500, "only {pairs} pairs");
    let file = support::package().join("tests/golden/refused.txt");
    if std::env::var_os("LANDFORM_GOLDEN").is_some_and(|v| v == "overwrite") {
        fs::write(&file, &text).expect("a file that can be written");
    }
    let kept = fs::read_to_string(&file).expect("tests/golden/refused.txt");
    assert_eq!(kept, text);
}

#[test]
fn random_sets_build_in_order() {
    let sets = SETS[usize::from(!support::is_thorough())];
    crate::each(sets, |answers, tree, _| {
        assert_eq!(faults(tree), Vec::<String>::new(), "{answers}");
    });
}

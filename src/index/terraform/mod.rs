//! What Terraform does beside Flux: which charts it installs, which objects it makes, which files it reads. Read from
//! the `.tf` files of any repository; nothing is asked of providers, and what files do not say is unknown.

mod collection;
mod eval;
mod function;
mod machine;
mod module;
mod read;
mod refer;
mod stack;
mod value;
mod whose;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hcl_edit::structure::Body;
use rayon::prelude::*;
use regex_lite::Regex;

pub use eval::{Ails, Trouble};
pub use module::Module;
pub use stack::{Bootstrap, How, Installed, Machine, Made, Network, OldForm, Stack};
pub use value::{Map, Origin, Text, Value};

use super::Index;
use crate::error::Source;

/// The largest file of Terraform that is looked into.
const LARGEST: usize = 400_000;

/// What is wrong with a file of Terraform that cannot be read: the byte, and what is wanted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenHcl {
    /// The byte at which reading ends.
    pub at: usize,
    /// What is wanted there.
    pub message: String,
}

/// The Terraform of a repository.
#[derive(Debug, Default)]
pub struct Terraform<'a> {
    /// Its root modules, as they are applied.
    pub stacks: Vec<Stack<'a>>,
    /// Its modules, by folder.
    pub modules: BTreeMap<&'a str, Module<'a>>,
}

impl<'a> Terraform<'a> {
    /// That of a repository.
    pub(super) fn of(index: &'a Index) -> Self {
        let modules = Module::all(index);
        // A module that another calls is applied with that.
        let mut called: BTreeSet<String> = BTreeSet::new();
        for module in modules.values() {
            let calls = module.of_kind("module");
            called.extend(calls.filter_map(|(_, block)| module.called(block)?.1));
        }
        let roots: Vec<&str> = modules
            .keys()
            .copied()
            .filter(|folder| !called.contains(*folder))
            .collect();
        // Copies that Terragrunt makes lie elsewhere than the files.
        let mut paths = index.paths.iter();
        let moved = paths.any(|path| path.ends_with("terragrunt.hcl"));
        let stacks = roots
            .into_par_iter()
            .flat_map_iter(|folder| stacks(index, &modules, folder, moved))
            .collect();
        Self { stacks, modules }
    }
}

/// A root module as it is applied: once, or for each cluster, if one variable is the cluster's folder.
fn stacks<'a>(
    index: &'a Index,
    modules: &BTreeMap<&'a str, Module<'a>>,
    folder: &'a str,
    moved: bool,
) -> Vec<Stack<'a>> {
    let read = |given| Stack::read(index, modules, folder, given, moved);
    let whole = read(None);
    let open = whole
        .bootstraps
        .iter()
        .any(|bootstrap| matches!(bootstrap.instance, Value::Unknown));
    let variable = modules
        .get(folder)
        .filter(|_| open)
        .and_then(|module| cluster_variable(index, module));
    let Some((name, values)) = variable else {
        return vec![whole];
    };
    let mut all: Vec<Stack<'_>> = values
        .into_iter()
        .map(|value| read(Some((name, value))))
        // Of a folder for which it is not meant nothing is to be said.
        .filter(|stack| stack.troubles.is_empty() && !stack.syncs.is_empty())
        .collect();
    if all.is_empty() {
        all.push(whole);
    }
    all
}

/// How many clusters one root module is tried for at most.
const CLUSTERS: usize = 50;

/// The variable that stands for a folder in paths such as `clusters/${var.cluster}/`, and the folders that there are.
fn cluster_variable<'a>(index: &Index, module: &Module<'a>) -> Option<(&'a str, Vec<String>)> {
    let pattern = Regex::new(r"/([\w.-]+)/\$\{var\.([\w-]+)\}/").ok()?;
    let mut sources = module.blocks.iter().map(|(source, _)| *source);
    let found = sources.find_map(|source| pattern.captures(&source.text))?;
    let (parent, name) = (found.get(1)?.as_str(), found.get(2)?.as_str());
    let parts = index.paths.iter().filter_map(|path| {
        let (before, rest) = path.split_once(&format!("{parent}/"))?;
        let outer = before.is_empty() || before.ends_with('/');
        Some(rest.split_once('/')?.0).filter(|_| outer)
    });
    let folders: BTreeSet<&str> = parts.collect();
    let folders = folders.into_iter().take(CLUSTERS).map(str::to_owned);
    Some((name, folders.collect()))
}

/// Whether a file is one of Terraform or `OpenTofu`.
pub fn is_terraform(path: &str) -> bool {
    path.ends_with(".tf") || path.ends_with(".tofu")
}

/// Parses a file. Nothing for one that is too large to be written by hand.
pub(super) fn parse(source: &Arc<Source>) -> Option<Result<Body, BrokenHcl>> {
    if source.text.len() > LARGEST {
        return None;
    }
    // The mark that editors of Windows put at the beginning: Terraform takes it, the parser does not.
    if source.text.starts_with('\u{feff}') {
        return None;
    }
    Some(match hcl_edit::parser::parse_body(&source.text) {
        Ok(body) => Ok(body),
        Err(error) => Err(BrokenHcl {
            at: error.location().offset(),
            message: error.message().to_owned(),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The root module `terraform/prod` of a small repository, with more in it.
    fn stack(main: &str, more: &[(&str, &str)], look: impl FnOnce(&Stack<'_>)) {
        let files = [
            ("terraform/prod/main.tf", main),
            (
                "apps/web/release.yaml",
                "metadata: {name: web, namespace: shop}\nspec: {releaseName: web}\n",
            ),
            ("apps/web/values.yaml", "a: {x: 1}\n"),
            ("apps/web/more.yaml", "a: {y: 2}\n"),
            ("apps/web/two.yaml", "a: 1\n---\nb: 1\n"),
        ];
        let files = files.iter().chain(more);
        let texts = files.map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let index = Index::of_texts(texts.collect());
        assert!(index.broken_hcl.is_empty(), "{:?}", index.broken_hcl);
        let terraform = Terraform::of(&index);
        let mut stacks = terraform.stacks.iter();
        look(
            stacks
                .find(|stack| stack.folder == "terraform/prod")
                .unwrap(),
        );
    }

    fn ails(main: &str) -> Vec<Ails> {
        let mut found = Vec::new();
        stack(main, &[], |stack| {
            found.extend(stack.troubles.iter().map(|trouble| trouble.ails.clone()));
        });
        found
    }

    #[test]
    fn a_release_is_what_files_and_expressions_say() {
        let main = r#"
            locals {
              repo = abspath("${path.module}/../..")
              hr   = { for c in ["web"] : c => yamldecode(file("${local.repo}/apps/${c}/release.yaml")) }
            }
            resource "helm_release" "web" {
              for_each   = local.hr
              name       = each.value.spec.releaseName
              namespace  = each.value["metadata"].namespace
              repository = "oci://${trimsuffix("r.io/charts/", "/")}"
              chart      = var.chart
              version    = try(each.value.spec.none, "1.0.0")
              values     = [for f in ["values", "more", "none"] : file("${local.repo}/apps/web/${f}.yaml") if fileexists("${local.repo}/apps/web/${f}.yaml")]
              lifecycle { ignore_changes = all }
            }
        "#;
        stack(main, &[], |stack| {
            let [web] = stack.installed.as_slice() else {
                panic!("{:?}", stack.installed);
            };
            let texts = [
                &web.name,
                &web.namespace,
                &web.repository,
                &web.chart,
                &web.version,
            ];
            let texts = texts.map(|value| value.as_text().unwrap_or_default());
            assert_eq!(texts, ["web", "shop", "oci://r.io/charts", "", "1.0.0"]);
            assert!(matches!(
                web.how,
                How::Resource {
                    ignores_all: true,
                    perhaps: false
                }
            ));
            let values: Vec<Value> = web
                .values
                .iter()
                .flatten()
                .filter_map(Value::decoded)
                .collect();
            let merged = values[1].over(&values[0]);
            let wanted = Value::text_of("a: {x: 1, y: 2}").decoded().unwrap();
            assert_eq!((values.len(), merged.difference(&wanted)), (2, None));
            assert!(stack.troubles.is_empty(), "{:?}", stack.troubles);
        });
    }

    #[test]
    fn modules_are_called_with_what_they_are_given() {
        let main = "module \"x\" {\n  source = \"../install\"\n  name = \"web\"\n}\n";
        let inner = r#"
            variable "name" {}
            variable "namespace" { default = "shop" }
            resource "helm_release" "it" {
              name      = var.name
              namespace = var.namespace
              values    = [yamlencode({ a = var.name })]
            }
            resource "kubernetes_namespace_v1" "it" {
              metadata { name = helm_release.it.namespace }
            }
        "#;
        stack(main, &[("terraform/install/main.tf", inner)], |stack| {
            let web = &stack.installed[0];
            assert_eq!(web.name.as_text().as_deref(), Some("web"));
            assert_eq!(web.namespace.as_text().as_deref(), Some("shop"));
            assert_eq!(
                (stack.made[0].kind.as_str(), stack.made[0].name.as_str()),
                ("Namespace", "shop")
            );
        });
    }

    #[test]
    fn what_terraform_stops_at_is_told_and_nothing_else() {
        let read = |path: &str, more: &str| {
            ails(&format!(
                "locals {{\n  x = yamldecode(file(\"${{path.module}}/../../apps/web/{path}\")){more}\n}}\n"
            ))
        };
        assert_eq!(
            read("none.yaml", ""),
            [Ails::NoFile("apps/web/none.yaml".to_owned())]
        );
        assert_eq!(
            read("two.yaml", ""),
            [Ails::Documents("apps/web/two.yaml".to_owned())]
        );
        let lacks = |path: &str, name: &str| {
            [Ails::NoAttribute(
                "apps/web/release.yaml".to_owned(),
                path.to_owned(),
                name.to_owned(),
            )]
        };
        assert_eq!(
            read("release.yaml", ".spec.version"),
            lacks("spec", "version")
        );
        assert_eq!(read("release.yaml", ".spec.releaseName"), []);
        for fine in [
            "x = fileexists(\"${path.module}/none\") ? file(\"${path.module}/none\") : null",
            "x = try(file(\"${path.module}/none\"), null)",
            "x = file(\"${path.module}/${var.name}\")",
            "x = file(\"~/.ssh/id\")",
            "x = file(\"none\")",
        ] {
            assert_eq!(ails(&format!("locals {{\n  {fine}\n}}\n")), [], "{fine}");
        }
        let module = "module \"x\" {\n  source = \"../none\"\n}\n";
        assert_eq!(ails(module), [Ails::NoModule("terraform/none".to_owned())]);
    }

    #[test]
    fn one_module_for_several_clusters_is_applied_for_each() {
        let main = r#"
            module "flux" {
              source           = "controlplaneio-fluxcd/flux-operator-bootstrap/kubernetes"
              gitops_resources = {
                instance_yaml = file("${path.module}/../../clusters/${var.cluster}/flux-instance.yaml")
              }
            }
        "#;
        let instance =
            |name: &str| format!("kind: FluxInstance\nspec: {{sync: {{path: clusters/{name}}}}}\n");
        let texts = [
            ("terraform/all/main.tf", main.to_owned()),
            ("clusters/a/flux-instance.yaml", instance("a")),
            ("clusters/b/flux-instance.yaml", instance("b")),
            ("clusters/none/other.yaml", String::new()),
        ];
        let texts = texts.map(|(path, text)| (path.to_owned(), text));
        let index = Index::of_texts(texts.into());
        let terraform = Terraform::of(&index);
        let stacks = terraform.stacks.iter();
        let syncs: Vec<&str> = stacks
            .flat_map(|stack| &stack.syncs)
            .map(String::as_str)
            .collect();
        assert_eq!(syncs, ["clusters/a", "clusters/b"]);
    }

    #[test]
    fn what_needs_itself_ends() {
        let main = "locals {\n  a = \"${local.b}x\"\n  b = file(local.a)\n}\nmodule \"x\" {\n  source = \"../x\"\n}\n";
        let again = "module \"x\" {\n  source = \"./\"\n}\n";
        stack(main, &[("terraform/x/main.tf", again)], |stack| {
            assert!(stack.troubles.is_empty(), "{:?}", stack.troubles);
        });
    }
}

//! Terraform with faults.

use hcl_edit::expr::Expression;

use super::{finds, folder, made_up_facts};
use crate::facts::hcl_module::Module;
use crate::facts::hcl_type::Type;
use crate::facts::{hcl_value, terraform, versions};

fn terraform_of(main: &str) -> Vec<String> {
    let shared = made_up_facts();
    let module = "variable \"name\" { type = string }\nvariable \"on\" {\n  type    = bool\n  \
                  default = true\n}\noutput \"id\" { value = var.name }\n";
    let tree = folder(&[
        ("terraform/prod/main.tf", main),
        ("terraform/local/main.tf", module),
    ]);
    terraform::check_terraform(tree.path(), shared.path())
}

const GOOD: &str = r#"
terraform {
  required_providers {
    acme = { source = "hashicorp/acme", version = "~> 2.1" }
  }
}
locals {
  zones = { a = { cidr = "10.0.0.0/24", public = true } }
}
data "acme_zone" "this" { name = "x" }
resource "acme_vm" "this" {
  count = 1
  size  = 3
  tags  = merge({ a = "b" }, { c = data.acme_zone.this.id })
  disk { gb = 1 }
  dynamic "disk" {
    for_each = [1]
    content { gb = disk.value }
  }
}
resource "terraform_data" "frozen" {
  input = { x = { cidr = "10.0.0.0/24" } }
  lifecycle { ignore_changes = [input] }
}
module "net" {
  source  = "acme/net/acme"
  version = "~> 1.4"
  name    = module.local.id
  zones   = local.zones
}
module "frozen" {
  source  = "acme/net/acme"
  version = "1.4.0"
  name    = "n"
  zones   = terraform_data.frozen.output
}
module "local" {
  source = "../local"
  name   = "x"
}
"#;

#[test]
fn right_terraform_is_let_through() {
    finds(&terraform_of(GOOD), &[]);
}

/// What is found after one replacement in the good text.
fn terraform_with(before: &str, after: &str) -> Vec<String> {
    assert!(GOOD.contains(before), "{before}");
    terraform_of(&GOOD.replacen(before, after, 1))
}

#[test]
fn wrong_arguments_and_blocks_are_found() {
    finds(
        &terraform_with("size  = 3", "size = 3\n  seize = 4"),
        &["main.tf:14: resource.acme_vm.this: unknown argument \"seize\""],
    );
    finds(&terraform_with("size  = 3", ""), &["\"size\" is missing"]);
    finds(
        &terraform_with("size  = 3", "size = [3]"),
        &["size is a list, a number is wanted"],
    );
    finds(
        &terraform_with("size  = 3", "size = 3\n  id = 4"),
        &["\"id\" can only be read"],
    );
    finds(
        &terraform_with("size  = 3", "size = 3\n  old = \"\""),
        &["\"old\" is deprecated"],
    );
    finds(
        &terraform_with("disk { gb = 1 }", "disk { tb = 1 }"),
        &["unknown argument \"tb\"", "\"gb\" is missing"],
    );
    finds(
        &terraform_with("disk { gb = 1 }", "disc { gb = 1 }"),
        &["\"disc\" is no block of it"],
    );
    finds(
        &terraform_with("disk { gb = 1 }", "disk { gb = 1 }\n  disk { gb = 2 }"),
        &["3 blocks \"disk\""],
    );
    finds(
        &terraform_with("content { gb", "content { tb"),
        &["unknown argument \"tb\"", "\"gb\" is missing"],
    );
    finds(
        &terraform_with("resource \"acme_vm\"", "resource \"acme_wm\""),
        &["nothing is known of acme_wm"],
    );
    finds(
        &terraform_with("resource \"acme_vm\"", "resorce \"acme_vm\""),
        &["no such block in Terraform"],
    );
    finds(
        &terraform_with("ignore_changes", "ignore_change"),
        &["unknown argument \"ignore_change\""],
    );
    finds(
        &terraform_with("\"~> 2.1\"", "\"~> 3.0\""),
        &["leaves out 2.1.0"],
    );
    finds(
        &terraform_with("locals {", "locals { ="),
        &["does not parse"],
    );
}

#[test]
fn wrong_inputs_of_modules_are_found() {
    finds(
        &terraform_with("name    = \"n\"", "nome    = \"n\""),
        &["unknown input \"nome\"", "input \"name\" is missing"],
    );
    finds(
        &terraform_with("public = true", "pubic = true"),
        &["zones (local.zones).a has no key \"pubic\""],
    );
    finds(
        &terraform_with("public = true", "public = {}"),
        &["(local.zones).a.public is an object, a bool is wanted"],
    );
    finds(
        &terraform_with("x = { cidr = ", "x = { cird = "),
        &[
            "(terraform_data.frozen.output).x has no key \"cird\"",
            "x.cidr is missing",
        ],
    );
    finds(
        &terraform_with("source = \"../local\"", "source = \"../lokal\""),
        &["no .tf files in ../lokal"],
    );
    finds(
        &terraform_with("name   = \"x\"", "name   = \"x\"\n  of = true"),
        &["unknown input \"of\""],
    );
    finds(
        &terraform_with("name   = \"x\"", "name   = \"x\"\n  on = \"maybe\""),
        &["on is a string, a bool is wanted"],
    );
    finds(
        &terraform_with("\"~> 1.4\"", "\"~> 2.0\""),
        &["leaves out 1.4.0"],
    );
    finds(
        &terraform_with("acme/net/acme", "acme/nut/acme"),
        &["nothing is known of module acme/nut/acme"],
    );
}

#[test]
fn references_to_what_is_not_there_are_found() {
    finds(
        &terraform_with("local.zones", "local.zone"),
        &["local.zone: no such local"],
    );
    finds(
        &terraform_with("module.local.id", "module.local.ip"),
        &["module.local.ip: no such output"],
    );
    finds(
        &terraform_with("module.local.id", "module.lokal.id"),
        &["module.lokal.id: no such module"],
    );
    finds(
        &terraform_with("module.local.id", "module.net.ip"),
        &["module.net.ip: no such output"],
    );
    finds(
        &terraform_with("module.local.id", "var.x"),
        &["var.x: no such variable"],
    );
    finds(
        &terraform_with("data.acme_zone.this.id", "data.acme_zone.that.id"),
        &["no such data"],
    );
    finds(
        &terraform_with("data.acme_zone.this.id", "acme_vm.this.ip"),
        &["no such attribute"],
    );
    finds(
        &terraform_with("data.acme_zone.this.id", "acme_vm.that.id"),
        &["no such resource"],
    );
}

#[test]
fn values_are_checked_against_types() {
    let check = |wanted: &str, value: &str| {
        let wanted = Type::parse(wanted).expect("a type");
        let value: Expression = value.parse().expect("an expression");
        hcl_value::check(&Module::default(), &wanted, &value, "it")
    };
    let object = "object({ a = string b = optional(list(any), [\"}\", { x = 1 }]) })";
    finds(&check(object, r#"{ a = "x", b = [1] }"#), &[]);
    finds(
        &check(object, r"{ b = {} }"),
        &["it.b is an object, a list", "it.a is missing"],
    );
    finds(
        &check(object, r#"merge({ a = "x" }, { c = 1 })"#),
        &["it has no key \"c\", only a, b"],
    );
    finds(
        &check(
            &format!("list({object})"),
            "[for x in y : { a = x, d = 1 }]",
        ),
        &["it[*] has no key \"d\""],
    );
    finds(
        &check(object, r#"x ? { a = 1 } : { e = "" }"#),
        &["no key \"e\"", "it.a is missing"],
    );
    finds(
        &check("list(string)", "yamlencode({})"),
        &["a string from yamlencode()"],
    );
    finds(
        &check("map(number)", r#"{ a = 1, b = "2", c = "three" }"#),
        &["it.c is a string"],
    );
    finds(
        &check("tuple([string, bool])", r"[1, 2]"),
        &["it[1] is a number, a bool"],
    );
    finds(
        &check("set(string)", "toset({})"),
        &["it is an object, a list"],
    );
    assert!(Type::parse("object({ a = strin })").is_err());
    assert!(Type::parse("list(string").is_err());
}

#[test]
fn version_constraints_are_understood() {
    let cases = [
        ("~> 1.4", "1.9.0", true),
        ("~> 1.4", "2.0.0", false),
        ("~> 1.4.1", "1.4.7", true),
        ("~> 1.4.1", "1.5.0", false),
        (">= 1.2, < 2", "1.2.0", true),
        (">= 1.2, < 2", "2.0.0", false),
        ("1.2.3", "v1.2.3", true),
        ("= 1.2.3", "1.2.4", false),
        ("~> 6", "6.55.0", true),
        ("!= 1.0.0", "1.0.0", false),
    ];
    for (constraint, version, admitted) in cases {
        assert_eq!(
            versions::admits(constraint, version),
            Some(admitted),
            "{constraint} {version}"
        );
    }
    assert_eq!(versions::admits("latest", "1.0.0"), None);
    assert_eq!(
        versions::named_in("1.20.1 (of 2026-08-21) and v1.2.3-rc1."),
        ["1.20.1", "v1.2.3-rc1"]
    );
}

# Brings Flux and the infrastructure components of one cluster into an empty
# cluster, then steps aside. It reads the files that Flux reads.

locals {
  repo    = abspath("${path.module}/../..")
  cluster = "${local.repo}/clusters/${var.cluster}"

  # The list is the order of installation. What is no Flux Kustomization in it
  # is left to Flux.
  lines = [
    for r in yamldecode(file("${local.cluster}/infrastructure/kustomization.yaml")).resources :
    "${local.cluster}/infrastructure/${r}" if endswith(r, ".yaml")
  ]
  files = [for f in local.lines : file(f) if fileexists(f)]
  syncs = [
    for s in [for f in local.files : yamldecode(f) if !strcontains(trimspace(f), "\n---")] : s
    if try(s.kind == "Kustomization" && startswith(s.apiVersion, "kustomize.toolkit.fluxcd.io/"), false)
  ]
  listed = [for s in local.syncs : s.metadata.name]

  # A Kustomization names the component's folder, or an overlay whose first
  # resource outside itself is that folder.
  folder = { for s in local.syncs : s.metadata.name => "${local.repo}/${trimprefix(s.spec.path, "./")}" }
  built  = { for c, f in local.folder : c => yamldecode(file("${f}/kustomization.yaml")) if fileexists("${f}/kustomization.yaml") }
  shared = { for c, f in local.folder : c => concat(
    [for r in try(local.built[c].resources, []) : "${f}/${r}" if startswith(r, "../")], [f]
  )[0] }

  # Charts that come from OCI registries. The Job installs those of which a
  # health check other than the HelmRelease tells that they run.
  charts = [
    for c in local.listed : c
    if fileexists("${local.shared[c]}/ocirepository.yaml") && fileexists("${local.shared[c]}/helmrelease.yaml")
  ]
  health  = { for s in local.syncs : s.metadata.name => try(s.spec.healthChecks[0], { kind = "HelmRelease" }) }
  by_job  = [for c in local.charts : c if local.health[c].kind != "HelmRelease" && c != "flux-operator"]
  release = { for c in local.charts : c => yamldecode(file("${local.shared[c]}/helmrelease.yaml")) }

  # A pinned cluster's version.yaml wins over the shared source.
  pinned = { for c in local.charts : c => yamldecode(file("${local.folder[c]}/version.yaml")).spec if fileexists("${local.folder[c]}/version.yaml") }
  source = { for c in local.charts : c => merge(yamldecode(file("${local.shared[c]}/ocirepository.yaml")).spec, lookup(local.pinned, c, {})) }
  chart = { for c, s in local.source : c => {
    repository = trimprefix(s.url, "oci://")
    version    = try(replace(s.ref.tag, "_", "+"), s.ref.semver) # registries write a plus sign as _
  } }

  # The component's values, then the cluster's. A file of comments counts as
  # none; where only one is left it is passed on word for word.
  values_files = { for c in local.charts : c => [
    for f in distinct(["${local.shared[c]}/values.yaml", "${local.folder[c]}/values.yaml"]) : file(f) if fileexists(f)
  ] }
  values_texts = { for c, fs in local.values_files : c => [
    for t in fs : t if trimspace(replace(t, "/(?m)^(---)?[ \\t\\r]*(#.*)?$/", "")) != ""
  ] }
  values = { for c, ts in local.values_texts : c =>
    length(ts) == 2 ? yamlencode(module.merge[c].merged) : try(ts[0], "{}")
  }
}

module "merge" {
  source   = "./merge"
  for_each = { for c, ts in local.values_texts : c => ts if length(ts) == 2 }

  base = each.value[0]
  over = each.value[1]
}

# Written once and kept: later changes in Git belong to Flux, and must not show
# up as changes in a Terraform plan.
resource "terraform_data" "bootstrap" {
  triggers_replace = [var.revision]

  input = {
    instance_yaml = file("${local.cluster}/flux-system/flux-instance.yaml")
    operator_chart = {
      repository  = local.chart["flux-operator"].repository
      version     = local.chart["flux-operator"].version
      values_yaml = local.values["flux-operator"]
    }
    prerequisites = {
      yamls = [
        for c in local.listed : file("${local.shared[c]}/namespace.yaml")
        if fileexists("${local.shared[c]}/namespace.yaml")
      ]
      charts = [for c in local.by_job : {
        name             = local.release[c].spec.releaseName
        namespace        = local.release[c].metadata.namespace
        repository       = local.chart[c].repository
        version          = local.chart[c].version
        create_namespace = false
        values_yaml      = local.values[c]
        flux_adoption_check = {
          resource  = lower(local.health[c].kind)
          api_group = strcontains(local.health[c].apiVersion, "/") ? split("/", local.health[c].apiVersion)[0] : ""
          name      = local.health[c].name
          namespace = local.health[c].namespace
        }
      }]
    }
  }

  lifecycle {
    ignore_changes = [input]
  }
}

module "flux_operator_bootstrap" {
  source  = "controlplaneio-fluxcd/flux-operator-bootstrap/kubernetes"
  version = "0.8.0"

  revision         = var.revision
  timeout          = "30m"
  gitops_resources = terraform_data.bootstrap.output

  # Nodes are not ready until the CNI runs.
  job = {
    host_network = var.host_network
    tolerations  = [{ operator = "Exists" }]
    env          = var.job_env
  }

  managed_resources = {
    secrets_yaml = join("---\n", compact([
      var.secrets_yaml,
      trimspace(var.sops_age_key) == "" ? "" : yamlencode({
        apiVersion = "v1"
        kind       = "Secret"
        metadata   = { name = "sops-age" }
        stringData = { "age.agekey" = var.sops_age_key }
      }),
    ]))
  }
}

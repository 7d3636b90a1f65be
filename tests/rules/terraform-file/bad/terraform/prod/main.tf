locals {
  repo = abspath("${path.module}/../..")
  net  = "${local.repo}/infrastructure/net"
  hr   = yamldecode(file("${local.net}/helmrelease.yaml"))
  name = local.hr.spec.release
  oci  = yamldecode(file("${local.net}/sources.yaml"))
}

module "flux_operator_bootstrap" {
  source   = "controlplaneio-fluxcd/flux-operator-bootstrap/kubernetes"
  version  = "0.8.0"
  revision = 1
  timeout  = "30m"

  gitops_resources = {
    instance_yaml = file("${local.repo}/clusters/prod/flux-system/flux-instanec.yaml")
    prerequisites = {
      charts = [{
        name        = local.hr.spec.releaseName
        namespace   = local.hr.metadata.namespace
        repository  = trimprefix(local.oci.spec.url, "oci://")
        version     = tostring(local.oci.spec.ref.tag)
        values_yaml = file("${local.net}/values.yaml")
        flux_adoption_check = {
          resource  = "daemonset"
          api_group = "apps"
          name      = "net"
          namespace = "kube-system"
        }
      }]
    }
  }
}

module "names" {
  source = "../names"
}

resource "terraform_data" "key" {
  input = file("${path.module}/id.pub")
}

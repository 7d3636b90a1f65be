locals {
  repo = abspath("${path.module}/../..")
  net  = "${local.repo}/infrastructure/net"
  hr   = yamldecode(file("${local.net}/helmrelease.yaml"))
  oci  = yamldecode(file("${local.net}/ocirepository.yaml"))
}

module "flux_operator_bootstrap" {
  source   = "controlplaneio-fluxcd/flux-operator-bootstrap/kubernetes"
  version  = "0.8.0"
  revision = 1
  timeout  = "30m"

  gitops_resources = {
    instance_yaml = file("${local.repo}/clusters/staging/flux-system/flux-instance.yaml")
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

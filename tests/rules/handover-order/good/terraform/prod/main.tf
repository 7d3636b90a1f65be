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
    instance_yaml = file("${local.repo}/clusters/prod/flux-system/flux-instance.yaml")
    prerequisites = {
      yamls = [file("${local.repo}/infrastructure/store/namespace.yaml")]
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
        }, {
        name             = "store"
        namespace        = "store-system"
        repository       = "registry.example.com/charts/store"
        version          = "1.2.3"
        values_yaml      = file("${local.repo}/infrastructure/store/values.yaml")
        create_namespace = false
        flux_adoption_check = {
          resource  = "deployment"
          api_group = "apps"
          name      = "store"
          namespace = "store-system"
        }
      }]
    }
  }
}

locals {
  kubeconfig = pathexpand("~/.kube/config")
  context    = "prod-admin"
}

# Installs Flux and the infrastructure components once; from then on they
# belong to Flux. Raise revision by one to run it again with the files as they
# are, as when its Job failed.
module "bootstrap" {
  source = "../bootstrap"

  cluster  = "prod"
  revision = 1

  # The name of Flux's pullSecret in flux-instance.yaml.
  secrets_yaml = yamlencode({
    apiVersion = "v1"
    kind       = "Secret"
    metadata   = { name = "flux-system" }
    stringData = {
      githubAppID             = var.github_app_id
      githubAppInstallationID = var.github_app_installation_id
      githubAppPrivateKey     = "${trimspace(var.github_app_private_key)}\n"
    }
  })
}

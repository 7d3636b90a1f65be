locals {
  kubeconfig = pathexpand("~/.kube/config")
  context    = "cloud"
}

# Installs Flux and the infrastructure components once; from then on they
# belong to Flux. Raise revision by one to run it again with the files as they
# are, as when its Job failed.
module "bootstrap" {
  source = "../bootstrap"

  cluster  = "cloud"
  revision = 1

  host_network = true

  # The name of Flux's pullSecret in flux-instance.yaml. Some servers want the
  # name of the token's owner as username, such as a GitLab deploy token's.
  secrets_yaml = yamlencode({
    apiVersion = "v1"
    kind       = "Secret"
    metadata   = { name = "flux-system" }
    stringData = {
      username = "git"
      password = trimspace(var.git_token)
    }
  })
}

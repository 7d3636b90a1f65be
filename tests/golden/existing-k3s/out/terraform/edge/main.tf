locals {
  kubeconfig = pathexpand("~/.kube/config")
  context    = "edge"
}

# Installs Flux and the infrastructure components once; from then on they
# belong to Flux. Raise revision by one to run it again with the files as they
# are, as when its Job failed.
module "bootstrap" {
  source = "../bootstrap"

  cluster  = "edge"
  revision = 1

  host_network = true

  # No kube-proxy serves the kubernetes Service before the CNI does.
  job_env = {
    KUBERNETES_SERVICE_HOST = "127.0.0.1"
    KUBERNETES_SERVICE_PORT = "6444"
  }

  # The name of Flux's pullSecret in flux-instance.yaml.
  secrets_yaml = yamlencode({
    apiVersion = "v1"
    kind       = "Secret"
    metadata   = { name = "flux-system" }
    stringData = {
      identity    = "${trimspace(var.git_ssh_key)}\n"
      known_hosts = "${trimspace(var.git_known_hosts)}\n"
    }
  })
}

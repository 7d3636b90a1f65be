# kind cannot change a cluster: every change here replaces it.
resource "kind_cluster" "this" {
  name            = "acme-platform-dev"
  kubeconfig_path = "kubeconfig"
  wait_for_ready  = true

  kind_config {
    kind        = "Cluster"
    api_version = "kind.x-k8s.io/v1alpha4"

    node {
      role = "control-plane"
    }
  }
}

# Installs Flux and the infrastructure components once; from then on they
# belong to Flux. Raise revision by one to run it again with the files as they
# are, as when its Job failed.
module "bootstrap" {
  source = "../bootstrap"

  cluster  = "dev"
  revision = 1

  sops_age_key = var.sops_age_key
}

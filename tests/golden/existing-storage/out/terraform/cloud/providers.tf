provider "helm" {
  kubernetes = {
    config_path    = local.kubeconfig
    config_context = local.context
  }
}

provider "kubernetes" {
  config_path    = local.kubeconfig
  config_context = local.context
}

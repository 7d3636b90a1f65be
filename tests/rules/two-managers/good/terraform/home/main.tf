resource "flux_bootstrap_git" "this" {
  path = "clusters/home"
}

resource "kubernetes_namespace" "other" {
  metadata {
    name = "other"
  }
}

resource "flux_bootstrap_git" "this" {
  path = "clusters/home"
}

resource "kubernetes_namespace" "flux" {
  metadata {
    name = "flux-system"
  }
  lifecycle {
    ignore_changes = [metadata]
  }
}

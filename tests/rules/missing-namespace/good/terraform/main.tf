resource "kubernetes_namespace_v1" "api" {
  metadata {
    name = "api"
  }
}

resource "helm_release" "api" {
  name      = "api"
  namespace = "default"
  chart     = "oci://registry.example.com/charts/api"
}

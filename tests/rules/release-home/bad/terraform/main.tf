resource "helm_release" "api" {
  name      = "api"
  namespace = "shop"
  chart     = "oci://registry.example.com/charts/api"
}

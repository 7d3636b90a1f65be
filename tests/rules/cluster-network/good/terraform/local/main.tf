resource "kind_cluster" "this" {
  name = "local"

  kind_config {
    kind        = "Cluster"
    api_version = "kind.x-k8s.io/v1alpha4"

    dynamic "networking" {
      for_each = [true]
      content {
        disable_default_cni = networking.value
      }
    }
  }
}

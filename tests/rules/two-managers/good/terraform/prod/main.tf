resource "helm_release" "net" {
  name       = "net"
  namespace  = "kube-system"
  repository = "oci://registry.example.com/charts"
  chart      = "net"
  version    = "1.2.3"
  values     = [file("${path.module}/../../infrastructure/net/values.yaml")]

  lifecycle {
    ignore_changes = all
  }
}

resource "kubernetes_namespace_v1" "store" {
  metadata {
    name = "store"
  }

  lifecycle {
    ignore_changes = [metadata]
  }
}

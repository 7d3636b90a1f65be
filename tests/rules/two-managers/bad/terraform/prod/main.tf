resource "helm_release" "net" {
  name       = "net"
  namespace  = "kube-system"
  repository = "oci://registry.example.com/charts"
  chart      = "net"
  version    = "1.2.3"
  values     = [file("${path.module}/../../infrastructure/net/values.yaml")]
}

resource "kubernetes_namespace_v1" "store" {
  metadata {
    name = "store"
  }
}

resource "kubernetes_config_map_v1" "settings" {
  metadata {
    name      = "settings"
    namespace = kubernetes_namespace_v1.store.metadata[0].name
  }

  data = { size = 1 }
}

resource "kubectl_manifest" "flux" {
  yaml_body = file("${path.module}/../../clusters/prod/flux-system/flux-instance.yaml")
}

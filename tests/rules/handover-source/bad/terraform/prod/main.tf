resource "helm_release" "net" {
  name       = "net"
  namespace  = "kube-system"
  repository = "oci://registry.example.com/charts"
  chart      = "net"
  version    = "1.2.0"
  values     = [file("${path.module}/../../infrastructure/net/values.yaml")]

  lifecycle {
    ignore_changes = all
  }
}

resource "helm_release" "store" {
  name       = "store"
  namespace  = "store"
  repository = "oci://registry.example.com/charts"
  chart      = "store"
  version    = "2.0.0"

  lifecycle {
    ignore_changes = all
  }
}

resource "helm_release" "dns" {
  name       = "dns"
  namespace  = "kube-system"
  repository = "oci://registry.example.com/old-charts"
  chart      = "dns"
  version    = "3.0.0"

  lifecycle {
    ignore_changes = all
  }
}

resource "helm_release" "mesh" {
  name       = "mesh"
  namespace  = "kube-system"
  repository = "https://charts.example.com"
  chart      = "mesh"
  version    = "4.0.0"

  lifecycle {
    ignore_changes = all
  }
}

resource "helm_release" "logs" {
  name       = "logs"
  namespace  = "kube-system"
  repository = "oci://registry.example.com/charts"
  chart      = "logs"
  version    = "3.0.0"

  lifecycle {
    ignore_changes = all
  }
}

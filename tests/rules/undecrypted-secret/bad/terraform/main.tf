locals {
  secrets = yamldecode(file("${path.module}/../apps/web/secret.sops.yaml"))
}

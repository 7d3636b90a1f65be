data "sops_file" "web" {
  source_file = "${path.module}/../apps/web/secret.sops.yaml"
}

resource "local_file" "settings" {
  filename = "${path.module}/../apps/written/cluster.env"
  content  = "a=b"
}

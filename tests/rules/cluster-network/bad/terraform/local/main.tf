resource "kind_cluster" "this" {
  name = "local"
}

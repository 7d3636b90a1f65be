resource "azurerm_kubernetes_cluster" "this" {
  name = "azure"
  network_profile {
    network_plugin = "azure"
  }
}

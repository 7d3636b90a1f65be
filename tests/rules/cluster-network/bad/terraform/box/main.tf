data "talos_machine_configuration" "control_plane" {
  cluster_name = "box"
  machine_type = "controlplane"
  config_patches = [yamlencode({
    cluster = { network = { cni = { name = "none" } } }
  })]
}

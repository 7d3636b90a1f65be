# What Karpenter needs in AWS: a role for itself and one for its machines, the
# right of these to join the cluster, and a queue that tells of interruptions.
module "karpenter" {
  source  = "terraform-aws-modules/eks/aws//modules/karpenter"
  version = "21.19.0"

  cluster_name    = module.eks.cluster_name
  namespace       = "kube-system"
  service_account = "karpenter"

  # Files in Git name the queue and the machines' role.
  queue_name                    = "acme-platform-prod-karpenter"
  iam_role_name                 = "acme-platform-prod-karpenter"
  iam_role_use_name_prefix      = false
  node_iam_role_name            = "acme-platform-prod-karpenter-node"
  node_iam_role_use_name_prefix = false

  # As a policy of its own it can be longer than AWS allows.
  enable_inline_policy = true

  # Cilium has rights of its own.
  node_iam_role_attach_cni_policy = false
}
